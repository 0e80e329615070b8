"""People, with what they were granted: for those who manage people."""

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Request, Response, get, patch, post
from litestar.params import FromPath
from msgspec import Meta, Struct

from archive.http import cursor, replies
from archive.http.api.query import Page, Text
from archive.http.api.schemas import Id, Time
from archive.http.context import acting, context_of
from archive.http.describe import Described, opt
from archive.http.forms import json_body, query
from archive.http.idempotency import by_manager, once
from archive.http.revisions import strong
from archive.identity import manage
from archive.identity.grants import MAX_REASON, Giving
from archive.identity.invitations import invite
from archive.identity.people import etag
from archive.identity.places import describe_all
from archive.policy.actions import Action, Role
from archive.policy.principal import Grant, Principal
from archive.ports import Group, Work

AnyRequest = Request[Any, Any, Any]
PEOPLE, INTEGRATIONS = "people", "integrations"


class After(Struct, frozen=True):
    """Principals past this one, in the order in which they were added."""

    id: int


class GrantAnswer(Struct, frozen=True):
    """`role`, or `actions` of its own. `scope` reads `all`, `partner:NAME`, `team:NAME` or `own`."""

    id: Id
    role: Role | None
    actions: tuple[Action, ...]
    scope: str
    since: Time
    until: Time | None
    reason: str
    granted_by: str


class PersonAnswer(Struct, frozen=True):
    id: Id
    name: str
    email: str | None
    grants: tuple[GrantAnswer, ...]
    disabled_at: Time | None
    created_at: Time | None
    etag: str


class PersonPage(Struct, frozen=True):
    items: tuple[PersonAnswer, ...]
    next: str | None


class PeopleQuery(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`q`: what a word of the name or the e-mail begins with."""

    q: Text | None = None


class FirstGrant(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Either a `role` or `actions`. `scope` reads `all`, `partner:NAME`, `team:NAME`, `client:NAME`, `call:ID` or
    `own`."""

    scope: Annotated[str, Meta(max_length=2_000)]
    reason: Annotated[str, Meta(min_length=1, max_length=MAX_REASON)]
    role: Role | None = None
    actions: frozenset[Action] = frozenset()
    since: Time | None = None
    until: Time | None = None


class NewPerson(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`invite`: answer a link by which they set a password; without it they come by the company's sign-in."""

    name: str
    email: str
    invite: bool = True
    grant: FirstGrant | None = None


class AddedPerson(Struct, frozen=True):
    """`link` is shown this once. `pending_change`: the id of the change that waits for a second person; until then
    they may come in, and find nothing."""

    person: PersonAnswer
    link: str | None
    pending_change: Id | None


class PersonEdit(Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays."""

    name: str | None = None
    email: str | None = None


def _route(summary: str, *problems: int, **more: Any) -> dict[str, Any]:
    described: dict[str, Any] = {"answer": PersonAnswer, **more}
    return opt(Described(summary=summary, group="Administration", problems=(403, *problems), **described))


@get(
    "/api/v1/people",
    opt=_route("List people, in the order in which they were added", query=PeopleQuery, answer=PersonPage),
)
async def list_people(request: AnyRequest) -> Response[bytes]:
    parts, caller = acting(request)
    page = query(request, PeopleQuery)
    past = after(PEOPLE, page.cursor)
    found = await manage.people(parts, caller, past, page.limit + 1, like=page.q)
    async with parts.database.read() as work:
        listed = found[: page.limit]
        grants = await grants_of_each(work, listed)
    shown = tuple(_person(*one) for one in zip(listed, grants, strict=True))
    return replies.json(PersonPage(shown, following(PEOPLE, found, page.limit)))


@post(
    "/api/v1/people",
    status_code=201,
    opt=_route("Add a person", 409, body=NewPerson, answer=AddedPerson, status=201),
)
@once(by_manager)
async def add_person(request: AnyRequest) -> Response[bytes]:
    """Where what they get takes a second person first, they are added all the same, and may nothing yet."""
    parts, caller = acting(request)
    body = await json_body(request, NewPerson)
    giving = _giving(body.grant) if body.grant else None
    added = await invite(parts, caller, name=body.name, email=body.email, giving=giving, link=body.invite)
    async with parts.database.read() as work:
        shown = _person(added.person, await grants_of(work, added.person))
    link = link_to(request, added.secret) if added.secret else None
    waiting = added.waiting.uid if added.waiting else None
    headers = {"ETag": shown.etag, "Location": f"/api/v1/people/{shown.id}"}
    return replies.json(AddedPerson(shown, link, waiting), 201, headers)


@get("/api/v1/people/{person_id:str}", opt=_route("Read a person", 404))
async def read_person(request: AnyRequest, person_id: FromPath[str]) -> Response[bytes]:
    """Disabled ones too."""
    return await _answered(request, await manage.person(*acting(request), person_id))


@patch("/api/v1/people/{person_id:str}", opt=_route("Change a person", 404, 409, 412, body=PersonEdit))
async def change_person(request: AnyRequest, person_id: FromPath[str]) -> Response[bytes]:
    """Their name or e-mail; nobody changes their own. With `If-Match` it is refused (412) if somebody changed it
    meanwhile."""
    parts, caller = acting(request)
    body = await json_body(request, PersonEdit)
    match = strong(request.headers.get("if-match"))
    changed = await manage.change_person(
        parts, caller, person_id, name=body.name, email=body.email, match=match
    )
    return await _answered(request, changed)


@post("/api/v1/people/{person_id:str}/disable", status_code=200, opt=_route("Disable a person", 404))
async def disable_person(request: AnyRequest, person_id: FromPath[str]) -> Response[bytes]:
    """Their password, one-time codes, sessions, tokens and links end at once; their grants stay."""
    parts, caller = acting(request)
    await manage.disable_person(parts, caller, person_id)
    return await _answered(request, await manage.person(parts, caller, person_id))


@post("/api/v1/people/{person_id:str}/enable", status_code=200, opt=_route("Let a person in again", 404))
async def enable_person(request: AnyRequest, person_id: FromPath[str]) -> Response[bytes]:
    """With the grants they have; their password is gone, so they need a link or the company's sign-in."""
    return await _answered(request, await manage.enable_person(*acting(request), person_id))


def link_to(request: AnyRequest, secret: str) -> str:
    """The address that a one-time link opens."""
    return context_of(request).link(f"/links/{secret}")


def after(list: str, given: str | None) -> int:
    """The id that a page begins after; 0 without a cursor. Raises `Malformed`."""
    return cursor.decode(list, given, After).id if given else 0


def following(list: str, found: Sequence[Principal], limit: int) -> str | None:
    return cursor.following(list, found, limit, lambda last: After(last.id))


def _person(person: Principal, grants: tuple[GrantAnswer, ...]) -> PersonAnswer:
    return PersonAnswer(
        id=person.uid,
        name=person.name,
        email=person.email,
        grants=grants,
        disabled_at=person.disabled_at,
        created_at=person.created_at,
        etag=etag(person),
    )


async def _answered(request: AnyRequest, person: Principal) -> Response[bytes]:
    parts, _ = acting(request)
    async with parts.database.read() as work:
        shown = _person(person, await grants_of(work, person))
    return replies.json(shown, headers={"ETag": shown.etag})


def _giving(grant: FirstGrant) -> Giving:
    return Giving(
        scope=grant.scope,
        role=grant.role,
        actions=grant.actions,
        since=grant.since,
        until=grant.until,
        reason=grant.reason,
    )


async def grants_of(work: Work, principal: Principal | Group) -> tuple[GrantAnswer, ...]:
    return (await grants_of_each(work, [principal]))[0]


async def grants_of_each(work: Work, holders: Sequence[Principal | Group]) -> list[tuple[GrantAnswer, ...]]:
    """With as few questions for a list as for one."""
    kept = [[one for one in holder.grants if one.revoked_at is None] for holder in holders]
    where = await describe_all(work, {one.scope for some in kept for one in some})
    return [tuple(_grant(one, where[one.scope]) for one in some) for some in kept]


def _grant(grant: Grant, where: str) -> GrantAnswer:
    return GrantAnswer(
        id=grant.uid,
        role=grant.role,
        actions=tuple(sorted(grant.actions)),
        scope=where,
        since=grant.since,
        until=grant.until,
        reason=grant.reason,
        granted_by=grant.granted_by,
    )


handlers = [
    list_people,
    add_person,
    read_person,
    change_person,
    disable_person,
    enable_person,
]
