"""Changes that wait for a second person, with the buttons by which that person decides."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from litestar import Response, get, post
from litestar.params import FromPath
from msgspec import Struct

from archive.calls.caller import Caller
from archive.errors import Conflict
from archive.http.api.pending import after, following
from archive.http.context import acting
from archive.http.pages.answers import OPEN, AnyRequest, failed, go, page
from archive.http.pages.rendering import texts
from archive.identity import changes
from archive.identity.described import Described, all_described
from archive.identity.formerly import Former
from archive.identity.second import Unfit
from archive.policy.principal import PrincipalKind
from archive.ports import Parts, PendingChange, ProlongGrant

CHANGES = "/access/changes"
SHOWN = 20
OTHERS: dict[Unfit | None, str] = {
    Unfit.NEWCOMER: "changes.newcomer",
    Unfit.TOO_SOON: "changes.too_soon",
    Unfit.NOBODY: "changes.nobody",
}
"""What stands instead of the buttons, where nobody who approves decides on it."""


class ChangeView(Struct, frozen=True, kw_only=True):
    """`what` is a sentence; `calls`: how many it comes to, in words. `endless`: a grant that would have no end. `anew`:
    see `Described`. `others`: who decides on it where the reader does not."""

    uid: str
    what: str
    calls: str
    formerly: tuple[Former, ...]
    since: datetime | None
    until: datetime | None
    endless: bool
    reason: str
    asked_by: str
    asked_at: datetime
    lapses_at: datetime
    may_decide: bool
    may_refuse: bool
    may_withdraw: bool
    anew: bool
    others: str


class ChangesView(Struct, frozen=True):
    count: str
    changes: tuple[ChangeView, ...]
    more: str = ""
    problem: str = ""


@get(CHANGES, opt=OPEN, exception_handlers={Exception: failed})
async def changes_page(request: AnyRequest) -> Response[bytes]:
    return await _page(request)


@post(CHANGES + "/{change_id:str}/agree", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def agree_form(request: AnyRequest, change_id: FromPath[str]) -> Response[bytes]:
    return await _decided(request, change_id, changes.agree)


@post(CHANGES + "/{change_id:str}/refuse", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def refuse_form(request: AnyRequest, change_id: FromPath[str]) -> Response[bytes]:
    return await _decided(request, change_id, changes.refuse)


@post(
    CHANGES + "/{change_id:str}/withdraw", status_code=200, opt=OPEN, exception_handlers={Exception: failed}
)
async def withdraw_form(request: AnyRequest, change_id: FromPath[str]) -> Response[bytes]:
    return await _decided(request, change_id, changes.withdraw)


async def _decided(
    request: AnyRequest, uid: str, decide: Callable[[Parts, Caller, str], Awaitable[PendingChange]]
) -> Response[bytes]:
    """Back to the list; with what was in the way above it, where somebody or something else was first."""
    try:
        await decide(*acting(request), uid)
    except Conflict as error:
        return await _page(request, error.detail, status=409)
    return go(CHANGES)


async def _page(request: AnyRequest, problem: str = "", status: int = 200) -> Response[bytes]:
    parts, caller = acting(request)
    waiting, past = await changes.waiting(parts, caller), after(request.query_params.get("cursor"))
    found = [one for one in waiting if one.id > past]
    async with parts.database.read() as work:
        shown = await all_described(work, caller, found[:SHOWN])
    more = following(found, SHOWN)
    view = ChangesView(
        count=texts()("changes.count", count=len(waiting)),
        changes=tuple(map(change_view, shown)),
        more=f"{CHANGES}?cursor={more}" if more else "",
        problem=problem,
    )
    return page(request, "changes.html", view, status)


def change_view(shown: Described) -> ChangeView:
    pending = shown.pending
    grant = shown.role is not None or bool(shown.actions)
    return ChangeView(
        uid=pending.uid,
        what=sentence(shown),
        calls="" if shown.calls is None else texts()("give.comes_to", count=shown.calls),
        formerly=shown.formerly,
        since=shown.since,
        until=shown.until,
        endless=grant and shown.until is None,
        reason=shown.reason or "",
        asked_by=_asker(pending),
        asked_at=pending.asked_at,
        lapses_at=shown.lapses_at,
        may_decide=shown.may_decide,
        may_refuse=shown.may_refuse,
        may_withdraw=shown.may_withdraw,
        anew=shown.anew,
        others=texts()(OTHERS.get(shown.unfit, "changes.others")),
    )


def sentence(shown: Described) -> str:
    """What would be so once somebody agrees."""
    t = texts()
    to, group = (one.name if one else t("audit.somebody") for one in (shown.to, shown.group))
    if shown.to and shown.to.kind is PrincipalKind.GROUP:
        to = t("changes.to_group", name=to)
    match shown.what:
        case "GiveGrant" | "ProlongGrant":
            gives = t(f"role.{shown.role}") if shown.role else _words(shown)
            key = "changes.prolong" if isinstance(shown.pending.change, ProlongGrant) else "changes.give"
            return t(key, to=to, gives=gives, scope=shown.scope or "")
        case "AddMember":
            return t("changes.enter", to=to, group=group)
        case "MapClaim":
            return t("changes.map", group=group, provider=shown.provider or "", value=shown.value or "")
        case "ResetSignIn":
            return t("changes.reset", to=to)
        case "SetRule":
            return t("changes.rule")
    return t("changes.secret", to=to)


def _words(shown: Described) -> str:
    return ", ".join(action.value.replace("_", " ") for action in shown.actions)


def _asker(pending: PendingChange) -> str:
    """At the console, the operating system's user."""
    if pending.asked_by == "console":
        return texts()("changes.at_console", name=pending.asked_name)
    return pending.asked_name


routes = [changes_page, agree_form, refuse_form, withdraw_form]
