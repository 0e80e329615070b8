"""Grants: listed, given, prolonged, ended."""

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Request, Response, delete, get, patch, post
from litestar.params import FromPath
from msgspec import Meta, Struct

from archive.http import cursor, replies
from archive.http.api.pending import PendingAnswer, PrincipalAnswer, waits
from archive.http.api.query import Page, Text
from archive.http.api.schemas import Id, Time
from archive.http.context import acting
from archive.http.describe import Described, opt
from archive.http.forms import json_body, query
from archive.http.idempotency import by_manager, once
from archive.http.revisions import strong
from archive.identity import granted, grants
from archive.identity.ending import etag
from archive.identity.grants import MAX_REASON, Giving
from archive.identity.places import describe_all
from archive.policy.actions import Action, Role
from archive.policy.principal import Basis, Grant, Principal
from archive.ports import PendingChange, Work

AnyRequest = Request[Any, Any, Any]
LIST = "grants"


class After(Struct, frozen=True):
    """Grants given after this one."""

    id: int


class GrantQuery(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`principal`: given to this person, integration or group. `call`: reaching this call. `in_force`: now."""

    principal: Text | None = None
    call: Text | None = None
    in_force: bool = False


class NewGrantBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`to`: the id of a person, an integration or a group; a person's e-mail; or `group:NAME`. Either a `role` or
    `actions`. `scope` reads `all`, `partner:NAME`, `team:NAME`, `client:NAME`, `call:ID` or `own`."""

    to: Text
    scope: Annotated[str, Meta(max_length=2_000)]
    reason: Annotated[str, Meta(min_length=1, max_length=MAX_REASON)]
    role: Role | None = None
    actions: frozenset[Action] = frozenset()
    since: Time | None = None
    until: Time | None = None


class GrantEnd(Struct, frozen=True, forbid_unknown_fields=True):
    """Null: no end."""

    until: Time | None


class GivenAnswer(Struct, frozen=True, kw_only=True):
    """A grant, and to whom. `granted_by` is an id, or `console`; `granted_by_name` is null for the console."""

    id: Id
    to: PrincipalAnswer
    role: Role | None
    actions: tuple[Action, ...]
    scope: str
    since: Time
    until: Time | None
    reason: str
    granted_by: str
    granted_by_name: str | None
    basis: Basis
    revoked_at: Time | None
    etag: str


class GivenPage(Struct, frozen=True):
    items: tuple[GivenAnswer, ...]
    next: str | None


@get(
    "/api/v1/grants",
    opt=opt(
        Described(
            summary="List grants, in the order in which they were given",
            group="Administration",
            query=GrantQuery,
            answer=GivenPage,
        )
    ),
)
async def list_grants(request: AnyRequest) -> Response[bytes]:
    """All of them for those who manage people or approve over all calls; for others their own, and those that they
    gave."""
    parts, caller = acting(request)
    asked = query(request, GrantQuery)
    found = await granted.listed(
        parts,
        caller,
        holder=asked.principal,
        call=asked.call,
        in_force=asked.in_force,
        after=cursor.decode(LIST, asked.cursor, After).id if asked.cursor else 0,
        limit=asked.limit + 1,
    )
    async with parts.database.read() as work:
        shown = await _answers(work, found[: asked.limit])
    more = cursor.following(LIST, found, asked.limit, lambda last: After(last[1].id))
    return replies.json(GivenPage(tuple(shown), more))


@post(
    "/api/v1/grants",
    status_code=201,
    opt=opt(
        Described(
            summary="Give access",
            group="Administration",
            body=NewGrantBody,
            answer=GivenAnswer,
            status=201,
            accepted=PendingAnswer,
            problems=(403, 404),
        )
    ),
)
@once(by_manager)
async def give_grant(request: AnyRequest) -> Response[bytes]:
    """What opens what was said takes a second person, once there is a compliance person: then 202, and nothing changed
    yet. Nobody gives anything to themselves, nor to a group of theirs."""
    parts, caller = acting(request)
    body = await json_body(request, NewGrantBody)
    giving = Giving(
        scope=body.scope,
        role=body.role,
        actions=body.actions,
        since=body.since,
        until=body.until,
        reason=body.reason,
    )
    done = await grants.give(parts, caller, body.to, giving)
    if isinstance(done, PendingChange):
        return await waits(parts, caller, done)
    return await _answered(request, done.uid, 201)


@get(
    "/api/v1/grants/{grant_id:str}",
    opt=opt(Described(summary="Read a grant", group="Administration", answer=GivenAnswer, problems=(404,))),
)
async def read_grant(request: AnyRequest, grant_id: FromPath[str]) -> Response[bytes]:
    """Ended ones too."""
    return await _answered(request, grant_id)


@patch(
    "/api/v1/grants/{grant_id:str}",
    opt=opt(
        Described(
            summary="Change when a grant ends",
            group="Administration",
            body=GrantEnd,
            answer=GivenAnswer,
            accepted=PendingAnswer,
            problems=(403, 404, 409, 412),
        )
    ),
)
async def change_grant(request: AnyRequest, grant_id: FromPath[str]) -> Response[bytes]:
    """A later end for what opens what was said takes a second person (202); a sooner one doesn't. With `If-Match` it is
    refused (412) if somebody changed it meanwhile."""
    parts, caller = acting(request)
    body = await json_body(request, GrantEnd)
    match = strong(request.headers.get("if-match"))
    done = await grants.prolong(parts, caller, grant_id, body.until, match=match)
    if isinstance(done, PendingChange):
        return await waits(parts, caller, done)
    return await _answered(request, grant_id)


@delete(
    "/api/v1/grants/{grant_id:str}",
    status_code=204,
    opt=opt(Described(summary="End a grant", group="Administration", status=204, problems=(403, 404))),
)
async def revoke_grant(request: AnyRequest, grant_id: FromPath[str]) -> Response[None]:
    """At once, for good, and alone: by those who manage people, who approve over all calls, or who gave it."""
    parts, caller = acting(request)
    await grants.revoke(parts, caller, grant_id)
    return replies.nothing()


async def _answered(request: AnyRequest, uid: str, status: int = 200) -> Response[bytes]:
    parts, caller = acting(request)
    found = await granted.get(parts, caller, uid)
    async with parts.database.read() as work:
        (shown,) = await _answers(work, [found])
    headers = {"ETag": shown.etag} | ({"Location": f"/api/v1/grants/{uid}"} if status == 201 else {})
    return replies.json(shown, status, headers)


async def _answers(work: Work, given: Sequence[tuple[Principal, Grant]]) -> list[GivenAnswer]:
    names = await work.principals.named({grant.granted_by for _, grant in given})
    where = await describe_all(work, {grant.scope for _, grant in given})
    return [_answer(*one, where[one[1].scope], names.get(one[1].granted_by)) for one in given]


def _answer(holder: Principal, grant: Grant, where: str, giver: str | None) -> GivenAnswer:
    return GivenAnswer(
        id=grant.uid,
        to=PrincipalAnswer(holder.uid, holder.kind, holder.name),
        role=grant.role,
        actions=tuple(sorted(grant.actions)),
        scope=where,
        since=grant.since,
        until=grant.until,
        reason=grant.reason,
        granted_by=grant.granted_by,
        granted_by_name=giver,
        basis=grant.basis,
        revoked_at=grant.revoked_at,
        etag=etag(grant),
    )


handlers = [list_grants, give_grant, read_grant, change_grant, revoke_grant]
