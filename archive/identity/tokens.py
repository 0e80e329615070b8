"""Access tokens of programs: issued for credentials, codes and refresh tokens, and given back.

`bearers.py` looks them up anew for each request."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from authlib.oauth2.rfc6749 import InvalidGrantError  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749.util import extract_basic_authorization  # type: ignore[import-untyped]
from msgspec import Struct, structs

from archive.audit.event import Actor, Detail, Event, EventType, Object, ObjectKind, Origin, Outcome
from archive.errors import TooMany
from archive.identity.codes import IDLE, Presented
from archive.identity.limits import WINDOW, Limit, count, key
from archive.identity.oauth import LIFETIME, Answer, Asked, Issued, OwnToken, Server
from archive.identity.programs import CODE, REFRESH, Client, find_program
from archive.identity.secrets import hashed
from archive.policy.actions import Action
from archive.policy.decide import may
from archive.policy.principal import Principal, PrincipalKind
from archive.ports import Authorization, Code, Parts, RefreshToken, Registration, Work

TRIES_OF_ONE = 100
TRIES_OF_AN_ADDRESS = 1000
"""In a quarter of an hour: of one client from one address, where a success starts anew, and from one address in all."""


class _Brought(Struct, frozen=True):
    """The code or refresh token of a request, which was once given to its client for `person`."""

    grant_type: str
    hash: bytes
    authorization: Authorization
    person: Principal
    used: bool
    presented: Presented | None


class _Known(Struct, frozen=True):
    """What was read for one request. `principal`: of the client itself; None for one that only acts for people."""

    now: datetime
    client: Client | None = None
    principal: Principal | None = None
    brought: _Brought | None = None
    own: OwnToken | None = None


async def issue(parts: Parts, asked: Asked, origin: Origin) -> Answer:
    """Answer `POST /oauth/token` (RFC 6749, 4.1, 4.4 and 6). Raises `TooMany` past the limits."""
    client_id, asked = _credentials(asked)
    await _count(parts, client_id, origin)
    known = await _read(parts, client_id, asked)
    server = Server(known.client, presented=known.brought.presented if known.brought else None)
    answer: Answer = server.create_token_response(asked)
    async with parts.database.write() as work:
        if server.issued and await _save(work, known, server.issued, origin):
            await work.credentials.forget_tries(_tries(client_id, origin))
            return answer
        if server.issued:  # somebody else used the code or token meanwhile
            answer = server.handle_error_response(None, InvalidGrantError())
        await _note_reuse(work, known, server, origin)
        await work.audit.append(_denied(client_id, known.client, origin, server.error or "invalid_request"))
    return answer


async def revoke(parts: Parts, asked: Asked, origin: Origin) -> Answer:
    """Answer `POST /oauth/revoke` (RFC 7009). With a token of a program that acts for a person, all of them end."""
    client_id, asked = _credentials(asked)
    await _count(parts, client_id, origin)
    known = await _read(parts, client_id, asked)
    server = Server(known.client, known.own)
    answer: Answer = server.create_endpoint_response("revocation", asked)
    async with parts.database.write() as work:
        if server.revoked:
            await _end(work, known, server.revoked, origin)
        elif server.error:
            await work.audit.append(_denied(client_id, known.client, origin, server.error))
    return answer


def actions_of(principal: Principal, now: datetime) -> frozenset[Action]:
    """What a principal may do somewhere: the most that a token of theirs can carry."""
    return frozenset(action for action in Action if may(principal, action, now))


def about(
    type: EventType,
    principal: Principal,
    program: Registration,
    origin: Origin,
    details: Mapping[str, Detail] | None = None,
) -> Event:
    """An event on a program's tokens: of the program itself, or of the person that it acts for."""
    return Event(
        type=type,
        actor=Actor(principal.uid, principal.kind.value),
        object=Object(ObjectKind.INTEGRATION, program.client_id),
        origin=structs.replace(origin, client=program.client_id),
        purpose=program.purpose,
        details=details or {},
    )


# ---- what a request brings -------------------------------------------------------------------------------------


async def _read(parts: Parts, client_id: str | None, asked: Asked) -> _Known:
    async with parts.database.read() as work:
        now = await work.now()
        program = await find_program(work, client_id or "")
        if program is None:
            return _Known(now)
        principal = await work.principals.by_client_id(program.client_id)
        own = actions_of(principal, now) if principal else frozenset()
        client = Client(program, await work.credentials.client_secrets(program.principal_id), own)
        brought = await _brought(work, program, asked, now)
        return _Known(now, client, principal, brought, await _own_token(work, program, asked))


async def _brought(work: Work, program: Registration, asked: Asked, now: datetime) -> _Brought | None:
    """None for what was never given to this client, or is of no person any more."""
    grant_type = asked.form.get("grant_type", "")
    kept = hashed(asked.form.get(_FIELDS.get(grant_type, ""), ""))
    found: Code | RefreshToken | None = None
    if grant_type == CODE:
        found = await work.authorizations.code(kept)
    elif grant_type == REFRESH:
        found = await work.authorizations.refresh_token(kept)
    if found is None or found.authorization.client != program.client_id:
        return None
    person = await work.principals.by_id(found.authorization.principal_id)
    if person is None or person.disabled_at is not None:
        return None
    good = found.used_at is None and now < found.expires_at and found.authorization.in_force(now)
    actions = found.authorization.actions & program.actions & actions_of(person, now)
    presented = _presented(found, actions) if good else None
    return _Brought(grant_type, kept, found.authorization, person, found.used_at is not None, presented)


_FIELDS = {CODE: "code", REFRESH: "refresh_token"}
"""Where each grant type has its secret."""


def _presented(found: Code | RefreshToken, actions: frozenset[Action]) -> Presented:
    return (
        Presented(actions, found.redirect_uri, found.challenge)
        if isinstance(found, Code)
        else Presented(actions)
    )


async def _own_token(work: Work, program: Registration, asked: Asked) -> OwnToken | None:
    kept = hashed(asked.form.get("token", ""))
    if refresh := await work.authorizations.refresh_token(kept):
        own = refresh.authorization.client == program.client_id
        return OwnToken(kept, refresh.authorization.uid) if own else None
    token = await work.credentials.token(kept)
    if token is None:
        return None
    authorization = await work.authorizations.get(token.family) if token.family else None
    own = (
        authorization.client == program.client_id
        if authorization
        else token.principal_id == program.principal_id
    )
    return OwnToken(kept, token.family) if own else None


def _credentials(asked: Asked) -> tuple[str | None, Asked]:
    """The client that a request names, by HTTP Basic or, one without a secret, in the form; and the request without a
    header that Authlib would stumble over (not UTF-8)."""
    try:
        client_id, _ = extract_basic_authorization(asked.headers)
    except UnicodeDecodeError:
        return None, structs.replace(asked, headers={})
    return client_id or asked.form.get("client_id") or None, asked


# ---- what comes of it ------------------------------------------------------------------------------------------


async def _save(work: Work, known: _Known, issued: Issued, origin: Origin) -> bool:
    """False if what the tokens were issued for was used by somebody else."""
    brought, until = known.brought, known.now + timedelta(seconds=LIFETIME)
    principal, family = (brought.person, brought.authorization.uid) if brought else (known.principal, None)
    if principal is None or (brought and not await _use(work, brought, issued, known.now)):
        return False
    token = await work.credentials.add_token(
        hashed(issued.secret), principal.id, issued.actions, until, family
    )
    details: dict[str, Detail] = {
        "token": token.uid,
        "actions": sorted(action.value for action in issued.actions),
        "authorization": family,
    }
    await work.audit.append(about(EventType.TOKEN_ISSUED, principal, _program(known), origin, details))
    return True


async def _use(work: Work, brought: _Brought, issued: Issued, now: datetime) -> bool:
    """Use a code or refresh token up, and keep the next one. False if somebody else was faster."""
    code, authorization = brought.grant_type == CODE, brought.authorization
    use = work.authorizations.use_code if code else work.authorizations.use_refresh_token
    if not await use(brought.hash):
        return False
    if issued.refresh:
        until = min(now + IDLE, authorization.expires_at)
        await work.authorizations.add_refresh_token(hashed(issued.refresh), authorization.id, until)
    return True


async def _note_reuse(work: Work, known: _Known, server: Server, origin: Origin) -> None:
    """A code or refresh token that comes a second time may have been stolen, the first time or now: all that it led to
    ends (RFC 9700, 2.2.2 and 4.5). A client that did not prove who it is changes nothing."""
    brought = known.brought
    if brought is None or server.error != "invalid_grant" or not (brought.used or server.issued):
        return
    await work.authorizations.end(brought.authorization.uid)
    event = about(
        EventType.TOKEN_REUSED,
        brought.person,
        _program(known),
        origin,
        {"authorization": brought.authorization.uid, "kind": brought.grant_type},
    )
    nobody = Actor(
        None, PrincipalKind.INTEGRATION.value
    )  # whoever it was, the person they claim is not known to be
    await work.audit.append(
        structs.replace(event, actor=nobody, outcome=Outcome.DENIED, on_behalf_of=event.actor)
    )


async def _end(work: Work, known: _Known, token: OwnToken, origin: Origin) -> None:
    principal = known.principal
    details: dict[str, Detail] = {"authorization": token.family}
    if token.family is None:
        await work.credentials.revoke_token(token.hash)
    else:
        authorization = await work.authorizations.get(token.family)
        ended = authorization and await work.authorizations.end(token.family)
        principal = (
            await work.principals.by_id(authorization.principal_id) if authorization and ended else None
        )
    if principal:
        await work.audit.append(about(EventType.TOKEN_REVOKED, principal, _program(known), origin, details))


def _program(known: _Known) -> Registration:
    if known.client is None:
        raise AssertionError("Authlib answers nobody whose client it doesn't know.")
    return known.client.program


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


def _denied(client_id: str | None, client: Client | None, origin: Origin, reason: str) -> Event:
    """A refused request. What was typed for a client id stays a text; a known client is the event's object."""
    return Event(
        type=EventType.TOKEN_DENIED,
        actor=Actor(None, PrincipalKind.INTEGRATION.value),
        object=Object(ObjectKind.INTEGRATION, client.program.client_id if client else None),
        outcome=Outcome.DENIED,
        reason_code=reason,
        origin=origin,
        texts={"client_id": client_id[:MAX_CLIENT_ID]} if client_id else {},
    )


MAX_CLIENT_ID = 200
"""Characters kept of what was typed for one: it may be anything, and an event holds 64 KiB."""
