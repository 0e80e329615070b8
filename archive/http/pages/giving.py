"""The form that gives access: what, which calls, until when, why; with the number of calls it comes to before it does.

A script asks for the number while the form is filled in. Without one, the first press shows it and the second gives.
"""

from collections.abc import Mapping
from datetime import datetime, tzinfo

from litestar import Response, get
from msgspec import Struct

from archive.errors import ArchiveError, Conflict, Invalid
from archive.http import replies
from archive.http.context import acting
from archive.http.pages.answers import OPEN, AnyRequest, frame_of
from archive.http.pages.rendering import texts
from archive.http.pages.times import midnight
from archive.http.pages.views import Choice
from archive.http.problems import handle
from archive.identity.extent import Extent, extent
from archive.identity.grants import Giving
from archive.policy.actions import HEAR, Action, Role
from archive.ports import Work

A = Action
ROLES = tuple(role.value for role in Role)
SOME = {"see": frozenset({A.FIND, A.READ_CALL}), "hear": HEAR}
"""What may be given beside roles, by a word of its own; the least first, as the form offers it."""
FOR_PROGRAMS = (
    A.FIND,
    A.READ_CALL,
    A.READ_TRANSCRIPT,
    A.LISTEN,
    A.DOWNLOAD,
    A.UPLOAD,
    A.EDIT,
    A.EXPORT,
    A.DELETE,
    A.READ_AUDIT,
)
REACHES_NO_CALL = (Role.AUDITOR.value, Role.ADMINISTRATOR.value)
NAMED = ("partner", "team", "client", "call")
NOTHING = "nothing"
OFFERED = 200
"""Names of partners and teams that the form suggests."""


class GiveView(Struct, frozen=True, kw_only=True):
    """`action`: where the form goes. `actions`: boxes for a program; for others there is `what`. `counted`: the scope
    whose number was shown, and `count` that sentence."""

    action: str
    what: tuple[Choice, ...] = ()
    actions: tuple[Choice, ...] = ()
    where: tuple[Choice, ...]
    names: tuple[str, ...]
    name: str
    until: str
    reason: str
    counted: str = ""
    count: str = ""
    problem: str = ""
    field: str = ""


class Uncounted(Conflict):
    """The number of calls was not shown yet. Nothing was given."""

    code = "uncounted"

    def __init__(self, found: Extent) -> None:
        super().__init__(sentence(found))
        self.found = found


@get("/people/count", opt=OPEN, exception_handlers={Exception: handle})
async def count_calls(request: AnyRequest) -> Response[bytes]:
    """What the form's choice comes to, for its script."""
    given = {name: request.query_params.get(name, "") for name in ("what", "where", "name")}
    if given["what"] in REACHES_NO_CALL:
        return replies.json({"counted": "all", "count": texts()("give.no_calls")})
    found = await extent(*acting(request), scope_of(given))
    return replies.json({"counted": found.scope, "count": sentence(found)})


async def given_of(request: AnyRequest, given: Mapping[str, str]) -> Giving:
    """What the form asks to give. Raises `Uncounted` where its number wasn't shown; `Invalid`."""
    role, actions = _what(given)
    giving = Giving(
        scope=scope_of(given),
        role=role,
        actions=actions,
        until=_last_day(given.get("until", ""), frame_of(request).zone),
        reason=given.get("reason", "").strip(),
    )
    if not giving.reason:
        raise Invalid(texts()("give.why_needed"), field="reason")
    if given.get("what") not in REACHES_NO_CALL and given.get("counted") != giving.scope:
        raise Uncounted(await extent(*acting(request), giving.scope))
    return giving


def scope_of(given: Mapping[str, str]) -> str:
    """The scope in words (see `places`). Raises `Invalid` where a name lacks."""
    where, name = given.get("where", ""), given.get("name", "").strip()
    if given.get("what") in REACHES_NO_CALL:
        return "all"
    if where not in NAMED:
        return where
    if not name:
        raise Invalid(texts()("give.name_needed"), field="name")
    return f"{where}:{name}"


def sentence(found: Extent) -> str:
    t = texts()
    return t("give.own") if found.calls is None else t("give.comes_to", count=found.calls)


async def give_view(
    work: Work,
    action: str,
    *,
    given: Mapping[str, str] | None = None,
    error: ArchiveError | None = None,
    program: bool = False,
    own: bool = False,
    nothing: bool = False,
) -> GiveView:
    """`given` and `error`: what was typed, and why it wasn't done. `own`: one's own calls may be given. `nothing`: it
    may be left out."""
    t, given, uncounted = texts(), given or {}, isinstance(error, Uncounted)
    whats = (*((NOTHING,) if nothing else ()), *SOME, *ROLES)
    wheres = (*NAMED[:3], *(("own",) if own else ()), "all", "call")
    return GiveView(
        action=action,
        what=()
        if program
        else tuple(Choice(one, t(f"what.{one}"), one == given.get("what")) for one in whats),
        actions=_boxes(given) if program else (),
        where=tuple(Choice(one, t(f"where.{one}"), one == given.get("where")) for one in wheres),
        names=await _names(work),
        name=given.get("name", ""),
        until=given.get("until", ""),
        reason=given.get("reason", ""),
        counted=error.found.scope if isinstance(error, Uncounted) else "",
        count=error.detail if error and uncounted else "",
        problem=error.detail if error and not uncounted else "",
        field=(error.field or "") if error else "",
    )


def actions_in(given: Mapping[str, str], prefix: str) -> frozenset[Action]:
    """Of boxes that are called `prefix` and an action's name."""
    return frozenset(action for action in FOR_PROGRAMS if f"{prefix}{action}" in given)


def boxes(prefix: str, on: frozenset[Action], offered: tuple[Action, ...]) -> tuple[Choice, ...]:
    t = texts()
    return tuple(Choice(f"{prefix}{one}", t(f"action.{one.value}"), one in on) for one in offered)


def _boxes(given: Mapping[str, str]) -> tuple[Choice, ...]:
    return boxes("may_", actions_in(given, "may_"), FOR_PROGRAMS)


def _what(given: Mapping[str, str]) -> tuple[Role | None, frozenset[Action]]:
    what = given.get("what", "")
    if what in ROLES:
        return Role(what), frozenset()
    actions = SOME.get(what) or actions_in(given, "may_")
    if not actions:
        raise Invalid(texts()("give.what_needed"), field="what")
    return None, actions


async def _names(work: Work) -> tuple[str, ...]:
    found = [*await work.names.partners(), *await work.names.teams()]
    return tuple(dict.fromkeys(one.name for one in found[:OFFERED]))


def _last_day(day: str, zone: tzinfo) -> datetime | None:
    """The end of a day in the reader's zone."""
    if not day:
        return None
    try:
        return midnight(day, 1, zone)
    except (ValueError, OverflowError) as error:
        raise Invalid(texts()("give.no_day"), field="until") from error


routes = [count_calls]
