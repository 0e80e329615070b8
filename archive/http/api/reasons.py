"""Saying why before a call is read, heard or taken away, and the rules that ask for it."""

from typing import Annotated, Any

from litestar import Request, Response, delete, get, post, put
from litestar.params import FromPath
from msgspec import Meta, Struct

from archive.calls import grounds
from archive.calls.call import Kind
from archive.calls.reasons import LONGEST, SHORTEST, Mask, ReasonRule
from archive.http import replies
from archive.http.api.pending import PendingAnswer, waits
from archive.http.api.schemas import Id, Time
from archive.http.context import acting
from archive.http.describe import Described, opt
from archive.http.forms import json_body
from archive.http.idempotency import by_manager, once
from archive.http.revisions import strong
from archive.identity import rules
from archive.policy.actions import Action, Role
from archive.ports import PendingChange, StoredRule

AnyRequest = Request[Any, Any, Any]


class ReasonBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Why, or the number of a case where a rule asks for one."""

    reason: Annotated[str, Meta(min_length=SHORTEST, max_length=LONGEST)]


class RuleAnswer(Struct, frozen=True):
    """Asks for a reason before `actions` where all that it names fits; what is empty fits everything. `masks`: forms of
    a case number (`#` a digit, `@` a letter), one of which the reason must have; empty: any text will do."""

    id: Id
    actions: tuple[Action, ...]
    roles: tuple[Role, ...]
    partners: tuple[Id, ...]
    labels: tuple[str, ...]
    kinds: tuple[Kind, ...]
    masks: tuple[Mask, ...]
    explanation: str
    set_at: Time
    set_by: str
    etag: str


class RulePage(Struct, frozen=True):
    """`next` is always null: they come all at once."""

    items: tuple[RuleAnswer, ...]
    next: str | None


@post(
    "/api/v1/calls/{call_id:str}/reasons",
    status_code=201,
    opt=opt(
        Described(
            summary="Say why one turns to a call",
            group="Calls",
            body=ReasonBody,
            answer=ReasonBody,
            status=201,
            problems=(403, 404),
        )
    ),
)
async def state_reason(request: AnyRequest, call_id: FromPath[str]) -> Response[bytes]:
    """Counts for listening to this call, downloading and reading it, for 12 hours, in this session or for this program.
    It stands in the log with each."""
    parts, caller = acting(request)
    body = await json_body(request, ReasonBody)
    await grounds.state(parts, caller, call_id, body.reason)
    return replies.json(body, 201)


@get(
    "/api/v1/reason-rules",
    opt=opt(
        Described(summary="List the reason rules", group="Administration", answer=RulePage, problems=(403,))
    ),
)
async def list_rules(request: AnyRequest) -> Response[bytes]:
    """Oldest first, for those who manage people or approve over all calls."""
    found = await rules.listed(*acting(request))
    return replies.json(RulePage(tuple(map(_answer, found)), None))


@post(
    "/api/v1/reason-rules",
    status_code=201,
    opt=opt(
        Described(
            summary="Add a reason rule",
            group="Administration",
            body=ReasonRule,
            answer=RuleAnswer,
            status=201,
            problems=(403,),
        )
    ),
)
@once(by_manager)
async def add_rule(request: AnyRequest) -> Response[bytes]:
    """It binds at once, whoever is listening: from their next listen on."""
    parts, caller = acting(request)
    added = await rules.add(parts, caller, await json_body(request, ReasonRule))
    return _told(added, 201, {"Location": f"/api/v1/reason-rules/{added.uid}"})


@put(
    "/api/v1/reason-rules/{rule_id:str}",
    opt=opt(
        Described(
            summary="Replace a reason rule",
            group="Administration",
            body=ReasonRule,
            answer=RuleAnswer,
            accepted=PendingAnswer,
            problems=(403, 404, 409, 412),
        )
    ),
)
async def replace_rule(request: AnyRequest, rule_id: FromPath[str]) -> Response[bytes]:
    """202 where the new rule is weaker, and so waits for a second person. With `If-Match` it is refused (412) if
    somebody changed it meanwhile."""
    parts, caller = acting(request)
    rule, match = await json_body(request, ReasonRule), strong(request.headers.get("if-match"))
    replaced = await rules.replace(parts, caller, rule_id, rule, match=match)
    if isinstance(replaced, PendingChange):
        return await waits(parts, caller, replaced)
    return _told(replaced)


@delete(
    "/api/v1/reason-rules/{rule_id:str}",
    status_code=200,  # Litestar's; the answer says 204, or 202
    opt=opt(
        Described(
            summary="End a reason rule",
            group="Administration",
            status=204,
            accepted=PendingAnswer,
            problems=(403, 404, 409),
        )
    ),
)
async def end_rule(request: AnyRequest, rule_id: FromPath[str]) -> Response[Any]:
    """202 where a second person is to agree first."""
    parts, caller = acting(request)
    waiting = await rules.end(parts, caller, rule_id)
    return await waits(parts, caller, waiting) if waiting else replies.nothing()


def _told(stored: StoredRule, status: int = 200, headers: dict[str, str] | None = None) -> Response[bytes]:
    return replies.json(_answer(stored), status, {"ETag": rules.etag(stored), **(headers or {})})


def _answer(stored: StoredRule) -> RuleAnswer:
    rule = stored.rule
    return RuleAnswer(
        id=stored.uid,
        actions=tuple(sorted(rule.actions)),
        roles=tuple(sorted(rule.roles)),
        partners=tuple(sorted(rule.partners)),
        labels=tuple(sorted(rule.labels)),
        kinds=tuple(sorted(rule.kinds)),
        masks=rule.masks,
        explanation=rule.explanation,
        set_at=stored.created_at,
        set_by=stored.created_by,
        etag=rules.etag(stored),
    )


handlers = [state_reason, list_rules, add_rule, replace_rule, end_rule]
