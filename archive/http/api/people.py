"""People, with what they were granted: for those who manage people."""

from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, get
from msgspec import Struct

from archive.http import cursor, replies
from archive.http.api.query import Page
from archive.http.api.schemas import Id, Time
from archive.http.context import acting
from archive.http.describe import Described, opt
from archive.http.forms import query
from archive.identity import manage
from archive.identity.places import describe
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


class PersonPage(Struct, frozen=True):
    items: tuple[PersonAnswer, ...]
    next: str | None


@get(
    "/api/v1/people",
    opt=opt(
        Described(
            summary="List people, in the order in which they were added",
            group="Administration",
            query=Page,
            answer=PersonPage,
            problems=(403,),
        )
    ),
)
async def list_people(request: AnyRequest) -> Response[bytes]:
    parts, caller = acting(request)
    page = query(request, Page)
    found = await manage.people(parts, caller, after(PEOPLE, page.cursor), page.limit + 1)
    async with parts.database.read() as work:
        shown = tuple([await _person(work, one) for one in found[: page.limit]])
    return replies.json(PersonPage(shown, following(PEOPLE, found, page.limit)))


def after(list: str, given: str | None) -> int:
    """The id that a page begins after; 0 without a cursor. Raises `Malformed`."""
    return cursor.decode(list, given, After).id if given else 0


def following(list: str, found: Sequence[Principal], limit: int) -> str | None:
    return cursor.following(list, found, limit, lambda last: After(last.id))


async def _person(work: Work, person: Principal) -> PersonAnswer:
    return PersonAnswer(
        id=person.uid,
        name=person.name,
        email=person.email,
        grants=await grants_of(work, person),
        disabled_at=person.disabled_at,
        created_at=person.created_at,
    )


async def grants_of(work: Work, principal: Principal | Group) -> tuple[GrantAnswer, ...]:
    return tuple([await _grant(work, one) for one in principal.grants if one.revoked_at is None])


async def _grant(work: Work, grant: Grant) -> GrantAnswer:
    return GrantAnswer(
        id=grant.uid,
        role=grant.role,
        actions=tuple(sorted(grant.actions)),
        scope=await describe(work, grant.scope),
        since=grant.since,
        until=grant.until,
        reason=grant.reason,
        granted_by=grant.granted_by,
    )


handlers = [list_people]
