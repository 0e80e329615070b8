"""Integrations: registered, changed, given new secrets, revoked, by those who manage people."""

from typing import Any

from litestar import Request, Response, delete, get, patch, post
from litestar.params import FromPath
from msgspec import UNSET, Struct, UnsetType

from archive.http import replies
from archive.http.api.pending import PendingAnswer, waits
from archive.http.api.people import INTEGRATIONS, GrantAnswer, after, following, grants_of, grants_of_each
from archive.http.api.query import Page
from archive.http.api.schemas import Id, Time
from archive.http.context import acting
from archive.http.describe import Described, opt
from archive.http.forms import json_body, query
from archive.http.idempotency import by_manager, once
from archive.http.revisions import etag_of, revision_of
from archive.identity import manage
from archive.identity.manage import Giving, Registering, RegistrationChange
from archive.policy.actions import Action
from archive.policy.principal import Principal
from archive.ports import PendingChange, Registration

AnyRequest = Request[Any, Any, Any]


class NewGrantBody(Struct, frozen=True, forbid_unknown_fields=True):
    """`scope` reads `all`, `partner:NAME`, `team:NAME`, `client:NAME`."""

    actions: frozenset[Action]
    scope: str
    since: Time | None = None
    until: Time | None = None
    reason: str = ""


class NewIntegration(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`grant`: what it may do for itself. `for_people`: what it may ask people to let it do for them; it takes
    `redirect_uris`. `public`: it can't keep a secret, gets none, and does nothing for itself."""

    name: str
    purpose: str | None = None
    grant: NewGrantBody | None = None
    redirect_uris: tuple[str, ...] = ()
    for_people: frozenset[Action] = frozenset()
    public: bool = False
    requests_a_minute: int | None = None


class IntegrationEdit(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    name: str | UnsetType = UNSET
    purpose: str | UnsetType | None = UNSET
    redirect_uris: tuple[str, ...] | UnsetType = UNSET
    for_people: frozenset[Action] | UnsetType = UNSET
    requests_a_minute: int | UnsetType | None = UNSET


class IntegrationAnswer(Struct, frozen=True):
    """`client_id` is its id. Secrets are shown once, when they are made. `used_at` is right to a minute."""

    id: Id
    client_id: str
    name: str
    purpose: str | None
    grants: tuple[GrantAnswer, ...]
    redirect_uris: tuple[str, ...]
    for_people: tuple[Action, ...]
    public: bool
    requests_a_minute: int | None
    used_at: Time | None
    disabled_at: Time | None
    created_at: Time | None
    etag: str


class IntegrationPage(Struct, frozen=True):
    items: tuple[IntegrationAnswer, ...]
    next: str | None


class Registered(Struct, frozen=True):
    """`client_secret` is shown this once; a public program has none. `pending_change`: the id of the change that waits
    for a second person; until then the integration is there and may nothing. Where it asks people for what was said, it
    is its secret that waits: make one once somebody agreed."""

    integration: IntegrationAnswer
    client_secret: str | None
    pending_change: Id | None


class SecretAnswer(Struct, frozen=True):
    client_id: str
    client_secret: str


@get(
    "/api/v1/integrations",
    opt=opt(
        Described(
            summary="List integrations, in the order in which they were added",
            group="Administration",
            query=Page,
            answer=IntegrationPage,
            problems=(403,),
        )
    ),
)
async def list_integrations(request: AnyRequest) -> Response[bytes]:
    parts, caller = acting(request)
    page = query(request, Page)
    found = await manage.integrations(parts, caller, after(INTEGRATIONS, page.cursor), page.limit + 1)
    async with parts.database.read() as work:
        listed = found[: page.limit]
        registered = await work.registrations.of([one.id for one in listed])
        grants = await grants_of_each(work, listed)
    each = zip(listed, grants, strict=True)
    shown = tuple(answer(one, registered[one.id], given) for one, given in each)
    return replies.json(IntegrationPage(shown, following(INTEGRATIONS, found, page.limit)))


@post(
    "/api/v1/integrations",
    status_code=201,
    opt=opt(
        Described(
            summary="Register an integration",
            group="Administration",
            body=NewIntegration,
            answer=Registered,
            status=201,
            problems=(403,),
        )
    ),
)
@once(by_manager)
async def add_integration(request: AnyRequest) -> Response[bytes]:
    """Where what it may do takes a second person first, it is added all the same, and may nothing yet."""
    parts, caller = acting(request)
    body = await json_body(request, NewIntegration)
    registering = Registering(
        name=body.name,
        purpose=body.purpose,
        redirect_uris=body.redirect_uris,
        for_people=body.for_people,
        public=body.public,
        requests_a_minute=body.requests_a_minute,
    )
    added = await manage.register(parts, caller, registering, _giving(body.grant))
    async with parts.database.read() as work:
        shown = answer(added.integration, added.registration, await grants_of(work, added.integration))
    waiting = added.waiting.uid if added.waiting else None
    headers = {"ETag": shown.etag, "Location": f"/api/v1/integrations/{shown.id}"}
    return replies.json(Registered(shown, added.secret, waiting), 201, headers)


@get(
    "/api/v1/integrations/{integration_id:str}",
    opt=opt(
        Described(
            summary="Read an integration",
            group="Administration",
            answer=IntegrationAnswer,
            problems=(403, 404),
        )
    ),
)
async def read_integration(request: AnyRequest, integration_id: FromPath[str]) -> Response[bytes]:
    """Revoked ones too."""
    parts, caller = acting(request)
    return await _answered(request, *await manage.integration(parts, caller, integration_id))


@patch(
    "/api/v1/integrations/{integration_id:str}",
    opt=opt(
        Described(
            summary="Change an integration's registration",
            group="Administration",
            body=IntegrationEdit,
            answer=IntegrationAnswer,
            problems=(403, 404, 409, 412),
        )
    ),
)
async def change_integration(request: AnyRequest, integration_id: FromPath[str]) -> Response[bytes]:
    """What is left out stays, null clears. With `If-Match` it is refused (412) if somebody changed it meanwhile. What
    it may do for itself are its grants. Once there is a compliance person, nobody adds redirect URIs, or actions that
    open what was said, to one that asks people for those, nor a purpose to one that holds them: 409,
    `register_anew`."""
    parts, caller = acting(request)
    body = await json_body(request, IntegrationEdit)
    edit = RegistrationChange(**{name: getattr(body, name) for name in body.__struct_fields__})
    revision = revision_of(request.headers.get("if-match"))
    changed = await manage.change_integration(parts, caller, integration_id, revision, edit)
    return await _answered(request, *changed)


@post(
    "/api/v1/integrations/{integration_id:str}/secrets",
    status_code=201,
    opt=opt(
        Described(
            summary="Make a new secret for an integration",
            group="Administration",
            answer=SecretAnswer,
            status=201,
            accepted=PendingAnswer,
            problems=(403, 404, 422),
        )
    ),
)
@once(by_manager)
async def add_secret(request: AnyRequest, integration_id: FromPath[str]) -> Response[bytes]:
    """Shown this once. The one before works until the next is made. Where the integration opens what was said, it takes
    a second person (202): ask again once that one agreed."""
    parts, caller = acting(request)
    secret = await manage.rotate(parts, caller, integration_id)
    if isinstance(secret, PendingChange):
        return await waits(parts, caller, secret)
    return replies.json(SecretAnswer(integration_id, secret), 201)


@delete(
    "/api/v1/integrations/{integration_id:str}",
    status_code=204,
    opt=opt(
        Described(summary="Revoke an integration", group="Administration", status=204, problems=(403, 404))
    ),
)
async def revoke_integration(request: AnyRequest, integration_id: FromPath[str]) -> Response[None]:
    """Its secrets and tokens end at once, and all that people let it do. For good."""
    parts, caller = acting(request)
    await manage.revoke_integration(parts, caller, integration_id)
    return replies.nothing()


def answer(
    integration: Principal, registration: Registration, grants: tuple[GrantAnswer, ...]
) -> IntegrationAnswer:
    return IntegrationAnswer(
        id=integration.uid,
        client_id=integration.uid,
        name=registration.name,
        purpose=registration.purpose,
        grants=grants,
        redirect_uris=registration.redirect_uris,
        for_people=tuple(sorted(registration.actions)),
        public=registration.public,
        requests_a_minute=registration.requests_a_minute,
        used_at=registration.used_at,
        disabled_at=registration.disabled_at,
        created_at=integration.created_at,
        etag=etag_of(registration.revision),
    )


async def _answered(
    request: AnyRequest, integration: Principal, registration: Registration
) -> Response[bytes]:
    parts, _ = acting(request)
    async with parts.database.read() as work:
        shown = answer(integration, registration, await grants_of(work, integration))
    return replies.json(shown, headers={"ETag": shown.etag})


def _giving(grant: NewGrantBody | None) -> Giving | None:
    if grant is None:
        return None
    return Giving(
        scope=grant.scope,
        actions=grant.actions,
        since=grant.since,
        until=grant.until,
        reason=grant.reason,
    )


handlers = [
    list_integrations,
    add_integration,
    read_integration,
    change_integration,
    add_secret,
    revoke_integration,
]
