"""Access tokens of integrations: issued for client credentials, looked up anew for each request, revoked at once."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from authlib.oauth2.rfc6749.util import extract_basic_authorization  # type: ignore[import-untyped]
from msgspec import Struct, structs

from archive.audit.event import Actor, Detail, Event, EventType, Object, ObjectKind, Origin, Outcome
from archive.errors import TooMany
from archive.identity.limits import WINDOW, Limit, count, key
from archive.identity.oauth import LIFETIME, Answer, Asked, Client, Issued, OwnToken, Server
from archive.identity.secrets import Prefix, hashed, is_secret
from archive.policy.actions import Action
from archive.policy.decide import may
from archive.policy.principal import Principal, PrincipalKind
from archive.ports import Parts, Token, Work

TRIES_OF_ONE = 100
TRIES_OF_AN_ADDRESS = 1000
"""In a quarter of an hour: of one client from one address, where a success starts anew, and from one address in all."""


class _Known(Struct, frozen=True):
    """What was read for one request: the client it names and, for a revocation, its own token."""

    client: Client | None
    token: OwnToken | None
    now: datetime


async def issue(parts: Parts, asked: Asked, origin: Origin) -> Answer:
    """Answer `POST /oauth/token` (RFC 6749, 4.4). Raises `TooMany` past the limits."""
    client_id, asked = _credentials(asked)
    await _count(parts, client_id, origin)
    known = await _read(parts, client_id, asked)
    server = Server(known.client)
    answer: Answer = server.create_token_response(asked)
    async with parts.database.write() as work:
        if server.issued and known.client:
            await _save(work, known.client.principal, server.issued, known.now, origin)
            await work.credentials.forget_tries(_tries(client_id, origin))
        else:
            await work.audit.append(
                _denied(client_id, known.client, origin, server.error or "invalid_request")
            )
    return answer


async def revoke(parts: Parts, asked: Asked, origin: Origin) -> Answer:
    """Answer `POST /oauth/revoke` (RFC 7009)."""
    client_id, asked = _credentials(asked)
    await _count(parts, client_id, origin)
    known = await _read(parts, client_id, asked)
    server = Server(known.client, known.token)
    answer: Answer = server.create_endpoint_response("revocation", asked)
    async with parts.database.write() as work:
        if server.revoked and known.client:
            await work.credentials.revoke_token(server.revoked.hash)
            await work.audit.append(_about(EventType.TOKEN_REVOKED, known.client.principal, origin))
        elif server.error:
            await work.audit.append(_denied(client_id, known.client, origin, server.error))
    return answer


async def find(parts: Parts, secret: str) -> tuple[Principal, Token] | None:
    """Whose access token that is, narrowed to the token's actions; None when unknown, expired or revoked."""
    if not is_secret(Prefix.ACCESS_TOKEN, secret):
        return None
    async with parts.database.read() as work:
        token = await work.credentials.token(hashed(secret))
        if token is None or token.expires_at <= await work.now():
            return None
        principal = await work.principals.by_id(token.principal_id)
    if principal is None or principal.disabled_at is not None:
        return None
    return structs.replace(principal, narrowed=token.actions), token


def actions_of(principal: Principal, now: datetime) -> frozenset[Action]:
    """What a principal may do somewhere: the most that a token of theirs can carry."""
    return frozenset(action for action in Action if may(principal, action, now))


async def _read(parts: Parts, client_id: str | None, asked: Asked) -> _Known:
    async with parts.database.read() as work:
        now = await work.now()
        principal = await work.principals.by_client_id(client_id or "")
        secrets = await work.credentials.client_secrets(principal.id if principal else 0)
        client = Client(principal, secrets, actions_of(principal, now)) if principal else None
        return _Known(client, await _own_token(work, client, asked), now)


async def _own_token(work: Work, client: Client | None, asked: Asked) -> OwnToken | None:
    kept = hashed(asked.form.get("token", ""))
    token = await work.credentials.token(kept)
    own = client is not None and token is not None and token.principal_id == client.principal.id
    return OwnToken(kept) if own else None


async def _save(work: Work, client: Principal, issued: Issued, now: datetime, origin: Origin) -> None:
    expires_at = now + timedelta(seconds=LIFETIME)
    token = await work.credentials.add_token(hashed(issued.secret), client.id, issued.actions, expires_at)
    details: dict[str, Detail] = {
        "token": token.uid,
        "actions": sorted(action.value for action in issued.actions),
    }
    await work.audit.append(_about(EventType.TOKEN_ISSUED, client, origin, details))


def _credentials(asked: Asked) -> tuple[str | None, Asked]:
    """The name in HTTP Basic, and the request without a header that Authlib would stumble over (not UTF-8)."""
    try:
        client_id, _ = extract_basic_authorization(asked.headers)
    except UnicodeDecodeError:
        return None, structs.replace(asked, headers={})
    return client_id or None, asked


async def _count(parts: Parts, client_id: str | None, origin: Origin) -> None:
    of_address = key("token-address", origin.address)
    tries = await count(
        parts, Limit(_tries(client_id, origin), TRIES_OF_ONE), Limit(of_address, TRIES_OF_AN_ADDRESS)
    )
    if not tries.over:
        return
    if tries.first_over:
        async with parts.database.write() as work:
            await work.audit.append(_denied(client_id, None, origin, "too_many"))
    raise TooMany(retry_after=int(WINDOW.total_seconds()))


def _tries(client_id: str | None, origin: Origin) -> str:
    return key("token", origin.address, client_id)


def _about(
    type: EventType, client: Principal, origin: Origin, details: Mapping[str, Detail] | None = None
) -> Event:
    return Event(
        type=type,
        actor=Actor(client.uid, client.kind.value),
        object=Object(ObjectKind.INTEGRATION, client.uid),
        origin=structs.replace(origin, client=client.uid),
        purpose=client.purpose,
        details=details or {},
    )


def _denied(client_id: str | None, client: Client | None, origin: Origin, reason: str) -> Event:
    """A refused request. What was typed for a client id stays a text; a known client is the event's object."""
    return Event(
        type=EventType.TOKEN_DENIED,
        actor=Actor(None, PrincipalKind.INTEGRATION.value),
        object=Object(ObjectKind.INTEGRATION, client.principal.uid if client else None),
        outcome=Outcome.DENIED,
        reason_code=reason,
        origin=origin,
        texts={"client_id": client_id} if client_id else {},
    )
