"""Who must say why: the reason rules in words, with a form for another and a way to end each."""

from collections.abc import Iterable, Mapping, Sequence

from litestar import Response, get, post
from litestar.params import FromPath
from msgspec import Struct

from archive.calls.call import Kind
from archive.calls.reasons import GUARDED, LONGEST, ReasonRule
from archive.errors import Invalid, Malformed
from archive.http.context import acting
from archive.http.forms import fields
from archive.http.pages.answers import OPEN, AnyRequest, failed, go, page
from archive.http.pages.rendering import texts
from archive.http.pages.views import Choice
from archive.identity import rules
from archive.policy.actions import ROLE_ACTIONS, Action, Role
from archive.policy.decide import may
from archive.ports import Parts, StoredRule

REASONS = "/access/reasons"
LISTS = ("partners", "labels", "masks")
DONE = ("added", "ended", "waits")
"""What the page may say happened, by `?done=`."""


class RuleView(Struct, frozen=True):
    """`sentence`: who, before what; `narrowed`: on which calls, with which case numbers."""

    uid: str
    sentence: str
    narrowed: tuple[str, ...]
    explanation: str


class RulesView(Struct, frozen=True, kw_only=True):
    """`changes`: whether the reader may change rules. `typed`: of a form that was refused, for its `problem`."""

    rules: tuple[RuleView, ...]
    changes: bool
    actions: tuple[Choice, ...]
    roles: tuple[Choice, ...]
    kinds: tuple[Choice, ...]
    longest: int = LONGEST
    done: str = ""
    problem: str = ""
    typed: Mapping[str, str] = {}


@get(REASONS, opt=OPEN, exception_handlers={Exception: failed})
async def rules_page(request: AnyRequest) -> Response[bytes]:
    return await _page(request)


@post(REASONS, status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def add_rule(request: AnyRequest) -> Response[bytes]:
    parts, caller = acting(request)
    given = await _given(request)
    try:
        await rules.add(parts, caller, await _rule(parts, given))
    except Invalid as error:
        return await _page(request, error.detail, given)
    return go(f"{REASONS}?done=added")


@post(REASONS + "/{rule_id:str}/end", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def end_rule(request: AnyRequest, rule_id: FromPath[str]) -> Response[bytes]:
    waiting = await rules.end(*acting(request), rule_id)
    return go(f"{REASONS}?done={'waits' if waiting else 'ended'}")


async def _page(
    request: AnyRequest, problem: str = "", given: Mapping[str, Sequence[str]] | None = None
) -> Response[bytes]:
    parts, caller = acting(request)
    found = await rules.listed(parts, caller)
    chosen = given or {"action": [Action.LISTEN, Action.DOWNLOAD], "role": [], "kind": []}
    t, done = texts(), request.query_params.get("done")
    async with parts.database.read() as work:
        changes = may(caller.principal, Action.MANAGE_PEOPLE, await work.now())
    view = RulesView(
        rules=tuple([await rule_view(parts, stored) for stored in found]),
        changes=changes,
        actions=_choices("before", GUARDED, chosen.get("action", ())),
        roles=_choices("role", _hearing(), chosen.get("role", ())),
        kinds=_choices("kind", Kind, chosen.get("kind", ())),
        done=t(f"reasons.done.{done}") if done in DONE else "",
        problem=problem,
        typed={name: values[0] for name, values in chosen.items() if values},
    )
    return page(request, "reasons.html", view, 422 if problem else 200)


async def rule_view(parts: Parts, stored: StoredRule) -> RuleView:
    t, rule = texts(), stored.rule
    who = _joined(t(f"role.{role.value}") for role in sorted(rule.roles))
    before = _joined(t(f"before.{action.value}") for action in GUARDED if action in rule.actions)
    sentence = t("reasons.some", who=who, before=before) if who else t("reasons.all", before=before)
    partners = await rules.partner_names(parts, rule.partners)
    where = {
        "reasons.of_partners": _joined(partners),
        "reasons.of_labels": _joined(sorted(rule.labels)),
        "reasons.of_kinds": _joined(t(f"kind.{kind.value}") for kind in sorted(rule.kinds)),
        "reasons.by_masks": _joined(rule.masks),
    }
    narrowed = tuple(t(key, names=names) for key, names in where.items() if names)
    return RuleView(stored.uid, sentence, narrowed, rule.explanation)


async def _rule(parts: Parts, given: Mapping[str, Sequence[str]]) -> ReasonRule:
    lists = {name: _split(given.get(name, ())) for name in LISTS}
    try:
        return ReasonRule(
            actions=frozenset(map(Action, given.get("action", ()))),
            roles=frozenset(map(Role, given.get("role", ()))),
            kinds=frozenset(map(Kind, given.get("kind", ()))),
            partners=await rules.partner_ids(parts, lists["partners"]),
            labels=frozenset(lists["labels"]),
            masks=tuple(lists["masks"]),
            explanation=" ".join(given.get("explanation", ())).strip(),
        )
    except ValueError as error:
        raise Malformed("The form names something that there isn't.") from error


async def _given(request: AnyRequest) -> dict[str, list[str]]:
    """A form whose boxes may be ticked several at a time."""
    try:
        pairs = fields((await request.body()).decode(), "form")
    except UnicodeDecodeError as error:
        raise Malformed("The form could not be read.") from error
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        given.setdefault(name, []).append(value)
    return given


def _split(values: Iterable[str]) -> list[str]:
    return [one for value in values for one in map(str.strip, value.split(",")) if one]


def _hearing() -> list[Role]:
    """The roles that let somebody do what reasons are asked for."""
    return [role for role in Role if not ROLE_ACTIONS[role].isdisjoint(GUARDED)]


def _choices(
    family: str, values: Iterable[Action | Role | Kind], chosen: Sequence[str]
) -> tuple[Choice, ...]:
    t = texts()
    return tuple(Choice(one.value, t(f"{family}.{one.value}"), one.value in chosen) for one in values)


def _joined(names: Iterable[str]) -> str:
    """`a, b or c`."""
    *first, last = [*names] or [""]
    return texts()("reasons.or", first=", ".join(first), last=last) if first else last


routes = [rules_page, add_rule, end_rule]
