"""Who can reach a call, and what somebody can reach: grant by grant. Letting somebody hear a call, and ending that."""

from typing import Annotated, Any

from litestar import Request, Response, delete, get, post
from litestar.params import FromPath
from msgspec import Meta, Struct

from archive.http import replies
from archive.http.api.pending import PrincipalAnswer
from archive.http.api.query import Text
from archive.http.api.schemas import Id, Time
from archive.http.context import acting
from archive.http.describe import Described, opt
from archive.http.forms import json_body
from archive.http.idempotency import once
from archive.identity import grants, reach
from archive.identity.grants import MAX_REASON
from archive.identity.reach import CallLine, Line, Standing
from archive.identity.sharing import check_giver, check_names, give_call
from archive.policy.actions import Action, Role
from archive.policy.principal import Basis
from archive.ports import Who

AnyRequest = Request[Any, Any, Any]


class ReachAnswer(Struct, frozen=True, kw_only=True):
    """One grant. `calls`: how many it comes to, null where it reaches none, or past a hundred scopes. `sealed`: those
    that are sealed too. `group`: the name of the group through which they hold it. `granted_by_name` is empty for the
    console."""

    grant: Id
    standing: Standing
    role: Role | None
    actions: tuple[Action, ...]
    scope: str
    calls: int | None
    sealed: bool
    since: Time
    until: Time | None
    reason: str
    basis: Basis
    group: str
    granted_by_name: str


class PersonReachAnswer(Struct, frozen=True):
    """In force, then coming, then ended within 30 days."""

    principal: PrincipalAnswer
    items: tuple[ReachAnswer, ...]


class CallReachAnswer(Struct, frozen=True):
    """`members`: of a group, those who reach the call by this grant."""

    to: PrincipalAnswer
    members: tuple[PrincipalAnswer, ...]
    by: ReachAnswer


class CallGrants(Struct, frozen=True):
    call: Id
    sealed: bool
    items: tuple[CallReachAnswer, ...]


class CallGiving(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`to`: a person's e-mail. `until`: 30 days from now at the latest."""

    to: Text
    until: Time
    reason: Annotated[str, Meta(min_length=1, max_length=MAX_REASON)]


class CallGrantAnswer(Struct, frozen=True, kw_only=True):
    id: Id
    actions: tuple[Action, ...]
    since: Time
    until: Time | None
    reason: str


def _route(summary: str, *problems: int, **more: Any) -> dict[str, Any]:
    return opt(Described(summary=summary, group="Access", problems=problems, **more))


@get(
    "/api/v1/people/{person_id:str}/reach",
    opt=_route("What somebody can reach, and why", 404, answer=PersonReachAnswer),
)
async def read_reach(request: AnyRequest, person_id: FromPath[str]) -> Response[bytes]:
    """One's own, for anybody; another's, of a group or an integration too, for those who manage people, approve over
    all calls or read the log."""
    found = await reach.of_person(*acting(request), person_id)
    who = PrincipalAnswer(found.who.uid, found.who.kind, found.who.name)
    return replies.json(PersonReachAnswer(who, tuple(map(_line, found.lines))))


@get(
    "/api/v1/calls/{call_id:str}/grants",
    opt=_route("Who can reach a call, and why", 403, 404, answer=CallGrants),
)
async def list_call_grants(request: AnyRequest, call_id: FromPath[str]) -> Response[bytes]:
    """All who reach it, for those who approve over it or manage people; the grants that name it alone, for those who
    may let others hear it."""
    found = await reach.of_call(*acting(request), call_id)
    return replies.json(CallGrants(found.uid, found.sealed, tuple(map(_call_line, found.lines))))


async def _by_giver(request: AnyRequest) -> None:
    await check_giver(*acting(request), request.path_params["call_id"])


@post(
    "/api/v1/calls/{call_id:str}/grants",
    status_code=201,
    opt=_route("Let somebody hear a call", 403, 404, body=CallGiving, answer=CallGrantAnswer, status=201),
)
@once(_by_giver)
async def give_call_grant(request: AnyRequest, call_id: FromPath[str]) -> Response[bytes]:
    """Finding, seeing and hearing it, and reading it too if the caller may: nobody gives more than they hold."""
    body = await json_body(request, CallGiving)
    grant = await give_call(*acting(request), call_id, body.to, until=body.until, reason=body.reason)
    actions = reach.actions_of(grant)
    shown = CallGrantAnswer(
        id=grant.uid, actions=actions, since=grant.since, until=grant.until, reason=grant.reason
    )
    return replies.json(shown, 201)


@delete(
    "/api/v1/calls/{call_id:str}/grants/{grant_id:str}",
    status_code=204,
    opt=_route("End a grant that names a call", 403, 404, status=204),
)
async def end_call_grant(
    request: AnyRequest, call_id: FromPath[str], grant_id: FromPath[str]
) -> Response[None]:
    """For whoever gave it, those who manage people, and those who approve over all calls."""
    parts, caller = acting(request)
    await check_names(parts, caller, call_id, grant_id)
    await grants.revoke(parts, caller, grant_id)
    return replies.nothing()


def _line(line: Line) -> ReachAnswer:
    grant = line.grant
    return ReachAnswer(
        grant=grant.uid,
        standing=line.standing,
        role=grant.role,
        actions=line.actions,
        scope=line.scope,
        calls=line.calls,
        sealed=line.sealed,
        since=grant.since,
        until=grant.until,
        reason=grant.reason,
        basis=grant.basis,
        group=line.group,
        granted_by_name=line.by,
    )


def _call_line(one: CallLine) -> CallReachAnswer:
    return CallReachAnswer(_who(one.holder), tuple(map(_who, one.members)), _line(one.line))


def _who(who: Who) -> PrincipalAnswer:
    return PrincipalAnswer(who.uid, who.kind, who.name)


handlers = [read_reach, list_call_grants, give_call_grant, end_call_grant]
