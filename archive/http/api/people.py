"""People and integrations, with what they were granted: for those who manage people."""

from typing import Any

from litestar import Request, Response, get
from msgspec import Struct

from archive.http import replies
from archive.http.api.schemas import Id, Time
from archive.http.context import acting
from archive.http.describe import Described, opt
from archive.identity import manage
from archive.identity.places import describe
from archive.policy.actions import Action, Role
from archive.policy.principal import Grant, Principal
from archive.ports import Work

AnyRequest = Request[Any, Any, Any]


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


class IntegrationAnswer(Struct, frozen=True):
    """`client_id` is its id. Secrets are shown once, when they are made."""

    id: Id
    client_id: str
    name: str
    purpose: str | None
    grants: tuple[GrantAnswer, ...]
    disabled_at: Time | None
    created_at: Time | None


class PersonList(Struct, frozen=True):
    """All of them, on one page."""

    items: tuple[PersonAnswer, ...]
    next: None = None


class IntegrationList(Struct, frozen=True):
    """All of them, on one page."""

    items: tuple[IntegrationAnswer, ...]
    next: None = None


@get(
    "/api/v1/people",
    opt=opt(Described(summary="List people", group="Administration", answer=PersonList, problems=(403,))),
)
async def list_people(request: AnyRequest) -> Response[bytes]:
    parts, caller = acting(request)
    found = await manage.people(parts, caller)
    async with parts.database.read() as work:
        return replies.json(PersonList(tuple([await _person(work, one) for one in found])))


@get(
    "/api/v1/integrations",
    opt=opt(
        Described(
            summary="List integrations", group="Administration", answer=IntegrationList, problems=(403,)
        )
    ),
)
async def list_integrations(request: AnyRequest) -> Response[bytes]:
    parts, caller = acting(request)
    found = await manage.integrations(parts, caller)
    async with parts.database.read() as work:
        return replies.json(IntegrationList(tuple([await _integration(work, one) for one in found])))


async def _person(work: Work, person: Principal) -> PersonAnswer:
    return PersonAnswer(
        id=person.uid,
        name=person.name,
        email=person.email,
        grants=await _grants(work, person),
        disabled_at=person.disabled_at,
        created_at=person.created_at,
    )


async def _integration(work: Work, integration: Principal) -> IntegrationAnswer:
    return IntegrationAnswer(
        id=integration.uid,
        client_id=integration.uid,
        name=integration.name,
        purpose=integration.purpose,
        grants=await _grants(work, integration),
        disabled_at=integration.disabled_at,
        created_at=integration.created_at,
    )


async def _grants(work: Work, principal: Principal) -> tuple[GrantAnswer, ...]:
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


handlers = [list_people, list_integrations]
