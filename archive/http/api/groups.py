"""Groups: added, renamed, ended; their members; the claims of company sign-ins that make somebody a member."""

from typing import Annotated, Any

from litestar import Request, Response, delete, get, patch, post
from litestar.params import FromPath
from msgspec import Meta, Struct

from archive.http import cursor, replies
from archive.http.api.pending import PendingAnswer, waits
from archive.http.api.people import GrantAnswer, grants_of, grants_of_each
from archive.http.api.query import Page, Text
from archive.http.api.schemas import Id, Time
from archive.http.context import acting
from archive.http.describe import Described, opt
from archive.http.forms import json_body, query
from archive.http.idempotency import by_manager, once
from archive.http.revisions import strong
from archive.identity import groups
from archive.identity.groups import MAX_CLAIM, etag
from archive.ports import Group, Member, PendingChange

AnyRequest = Request[Any, Any, Any]
LIST, MEMBERS = "groups", "members"


class After(Struct, frozen=True):
    id: int


class Past(Struct, frozen=True):
    """Members past this one: by id, then by the way in which they are one."""

    id: int
    provider: str


class GroupName(Struct, frozen=True, forbid_unknown_fields=True):
    name: str


class NewMember(Struct, frozen=True, forbid_unknown_fields=True):
    """`person`: an e-mail, or an id."""

    person: Text


class ClaimBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A value of the groups claim of a company's sign-in. `provider`: its name in the settings."""

    provider: Annotated[str, Meta(min_length=1, max_length=MAX_CLAIM)]
    value: Annotated[str, Meta(min_length=1, max_length=MAX_CLAIM)]


class ClaimAnswer(Struct, frozen=True):
    provider: str
    value: str


class GroupAnswer(Struct, frozen=True):
    """`members` counts people."""

    id: Id
    name: str
    members: int
    grants: tuple[GrantAnswer, ...]
    claims: tuple[ClaimAnswer, ...]
    etag: str


class MemberAnswer(Struct, frozen=True):
    """`provider`: the company's sign-in that made them a member; null where a person did."""

    id: Id
    name: str
    email: str | None
    provider: str | None
    added_at: Time


class GroupPage(Struct, frozen=True):
    items: tuple[GroupAnswer, ...]
    next: str | None


class MemberPage(Struct, frozen=True):
    """Somebody stands here once for each way in which they are a member."""

    items: tuple[MemberAnswer, ...]
    next: str | None


class ClaimPage(Struct, frozen=True):
    """`next` is always null: they come all at once."""

    items: tuple[ClaimAnswer, ...]
    next: str | None


@get(
    "/api/v1/groups",
    opt=opt(
        Described(
            summary="List groups, in the order in which they were added",
            group="Administration",
            query=Page,
            answer=GroupPage,
            problems=(403,),
        )
    ),
)
async def list_groups(request: AnyRequest) -> Response[bytes]:
    parts, caller = acting(request)
    page = query(request, Page)
    after = cursor.decode(LIST, page.cursor, After).id if page.cursor else 0
    found = await groups.listed(parts, caller, after, page.limit + 1)
    async with parts.database.read() as work:
        listed = found[: page.limit]
        grants = await grants_of_each(work, listed)
    shown = [_answer(*one) for one in zip(listed, grants, strict=True)]
    more = cursor.following(LIST, found, page.limit, lambda last: After(last.id))
    return replies.json(GroupPage(tuple(shown), more))


@post(
    "/api/v1/groups",
    status_code=201,
    opt=opt(
        Described(
            summary="Add a group",
            group="Administration",
            body=GroupName,
            answer=GroupAnswer,
            status=201,
            problems=(403, 409),
        )
    ),
)
@once(by_manager)
async def add_group(request: AnyRequest) -> Response[bytes]:
    parts, caller = acting(request)
    body = await json_body(request, GroupName)
    group = await groups.add(parts, caller, body.name)
    return await _answered(request, group, 201, {"Location": f"/api/v1/groups/{group.uid}"})


@get(
    "/api/v1/groups/{group_id:str}",
    opt=opt(
        Described(summary="Read a group", group="Administration", answer=GroupAnswer, problems=(403, 404))
    ),
)
async def read_group(request: AnyRequest, group_id: FromPath[str]) -> Response[bytes]:
    parts, caller = acting(request)
    return await _answered(request, await groups.get(parts, caller, group_id))


@patch(
    "/api/v1/groups/{group_id:str}",
    opt=opt(
        Described(
            summary="Rename a group",
            group="Administration",
            body=GroupName,
            answer=GroupAnswer,
            problems=(403, 404, 409, 412),
        )
    ),
)
async def rename_group(request: AnyRequest, group_id: FromPath[str]) -> Response[bytes]:
    """With `If-Match` it is refused (412) if somebody changed it meanwhile."""
    parts, caller = acting(request)
    body = await json_body(request, GroupName)
    match = strong(request.headers.get("if-match"))
    return await _answered(request, await groups.rename(parts, caller, group_id, body.name, match=match))


@delete(
    "/api/v1/groups/{group_id:str}",
    status_code=204,
    opt=opt(Described(summary="End a group", group="Administration", status=204, problems=(403, 404))),
)
async def end_group(request: AnyRequest, group_id: FromPath[str]) -> Response[None]:
    """Its members hold nothing by it from now on. For good; its name is free again."""
    parts, caller = acting(request)
    await groups.end(parts, caller, group_id)
    return replies.nothing()


@get(
    "/api/v1/groups/{group_id:str}/members",
    opt=opt(
        Described(
            summary="List the members of a group",
            group="Administration",
            query=Page,
            answer=MemberPage,
            problems=(403, 404),
        )
    ),
)
async def list_members(request: AnyRequest, group_id: FromPath[str]) -> Response[bytes]:
    parts, caller = acting(request)
    page = query(request, Page)
    past = cursor.decode(MEMBERS, page.cursor, Past) if page.cursor else Past(0, "")
    everybody = await groups.members(parts, caller, group_id)
    found = [one for one in everybody if (one.principal.id, one.provider) > (past.id, past.provider)]
    shown = tuple(_member(one) for one in found[: page.limit])
    more = cursor.following(MEMBERS, found, page.limit, lambda last: Past(last.principal.id, last.provider))
    return replies.json(MemberPage(shown, more))


@post(
    "/api/v1/groups/{group_id:str}/members",
    status_code=201,
    opt=opt(
        Described(
            summary="Make a person a member of a group",
            group="Administration",
            body=NewMember,
            answer=GroupAnswer,
            status=201,
            accepted=PendingAnswer,
            problems=(403, 404, 409),
        )
    ),
)
@once(by_manager)
async def add_member(request: AnyRequest, group_id: FromPath[str]) -> Response[bytes]:
    """Where the group opens what was said, it takes a second person (202). Nobody enters a group themselves."""
    parts, caller = acting(request)
    body = await json_body(request, NewMember)
    return await _done(request, await groups.enter(parts, caller, group_id, body.person))


@delete(
    "/api/v1/groups/{group_id:str}/members/{person_id:str}",
    status_code=204,
    opt=opt(
        Described(
            summary="Take a member out of a group", group="Administration", status=204, problems=(403, 404)
        )
    ),
)
async def remove_member(
    request: AnyRequest, group_id: FromPath[str], person_id: FromPath[str]
) -> Response[None]:
    """Whom a company's sign-in brought comes back at their next sign-in, unless its claim is unmapped."""
    parts, caller = acting(request)
    await groups.leave(parts, caller, group_id, person_id)
    return replies.nothing()


@get(
    "/api/v1/groups/{group_id:str}/claims",
    opt=opt(
        Described(
            summary="List the claims that make somebody a member",
            group="Administration",
            answer=ClaimPage,
            problems=(403, 404),
        )
    ),
)
async def list_claims(request: AnyRequest, group_id: FromPath[str]) -> Response[bytes]:
    parts, caller = acting(request)
    return replies.json(ClaimPage(_claims(await groups.get(parts, caller, group_id)), None))


@post(
    "/api/v1/groups/{group_id:str}/claims",
    status_code=201,
    opt=opt(
        Described(
            summary="Map a claim to a group",
            group="Administration",
            body=ClaimBody,
            answer=GroupAnswer,
            status=201,
            accepted=PendingAnswer,
            problems=(403, 404, 409),
        )
    ),
)
@once(by_manager)
async def map_claim(request: AnyRequest, group_id: FromPath[str]) -> Response[bytes]:
    """Of whomever the sign-in says it is a member from their next sign-in on. Where the group opens what was said, it
    takes a second person (202). Nobody maps what is said of themselves."""
    parts, caller = acting(request)
    body = await json_body(request, ClaimBody)
    return await _done(request, await groups.map_claim(parts, caller, group_id, body.provider, body.value))


@delete(
    "/api/v1/groups/{group_id:str}/claims",
    status_code=204,
    opt=opt(
        Described(
            summary="Unmap a claim",
            group="Administration",
            query=ClaimBody,
            status=204,
            problems=(403, 404, 422),
        )
    ),
)
async def unmap_claim(request: AnyRequest, group_id: FromPath[str]) -> Response[None]:
    """Whoever is a member by it alone stops being one at their next sign-in."""
    parts, caller = acting(request)
    claim = query(request, ClaimBody)
    await groups.unmap_claim(parts, caller, group_id, claim.provider, claim.value)
    return replies.nothing()


async def _done(request: AnyRequest, done: Group | PendingChange) -> Response[bytes]:
    if isinstance(done, PendingChange):
        return await waits(*acting(request), done)
    return await _answered(request, done, 201)


async def _answered(
    request: AnyRequest, group: Group, status: int = 200, headers: dict[str, str] | None = None
) -> Response[bytes]:
    parts, _ = acting(request)
    async with parts.database.read() as work:
        shown = _answer(group, await grants_of(work, group))
    return replies.json(shown, status, {"ETag": shown.etag, **(headers or {})})


def _answer(group: Group, grants: tuple[GrantAnswer, ...]) -> GroupAnswer:
    return GroupAnswer(group.uid, group.name, group.members, grants, _claims(group), etag(group))


def _claims(group: Group) -> tuple[ClaimAnswer, ...]:
    return tuple(ClaimAnswer(one.provider, one.value) for one in group.claims)


def _member(member: Member) -> MemberAnswer:
    person = member.principal
    return MemberAnswer(person.uid, person.name, person.email, member.provider or None, member.added_at)


handlers = [
    list_groups,
    add_group,
    read_group,
    rename_group,
    end_group,
    list_members,
    add_member,
    remove_member,
    list_claims,
    map_claim,
    unmap_claim,
]
