"""Who asks: an access token or a session cookie, looked up anew for each request.

If there is an `Authorization` header, only it counts: a page that smuggles a token in, or a cookie that rides along
with one, changes nothing. Each route says by `opt["access"]` who may come in; without a word, only those known.
"""

from enum import StrEnum

from litestar.handlers import BaseRouteHandler
from msgspec import structs

from archive.audit.event import Origin
from archive.calls.caller import Caller
from archive.errors import NotSignedIn
from archive.http.context import Connection, Context, context_of
from archive.http.origin import check_origin
from archive.identity import bearers, company_tokens, sessions
from archive.identity.secrets import Prefix
from archive.policy.principal import Principal
from archive.ports import Parts, Session

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
MAX_USER_AGENT = 300


class Access(StrEnum):
    """Who may reach a route. Without `opt["access"]`: whoever is known, by token or cookie."""

    OPEN = "open"  # anybody; the caller is told if known (pages, sign-in)
    NOBODY = "nobody"  # nobody asks who it is: health is told without a database
    CLIENT = "client"  # programs that bring their own credentials in the request; cookies are never looked at


async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
    """The application's guard. It runs before a body is read, and only says who asks: use cases decide on objects."""
    access = handler.opt.get("access")
    if access in (Access.NOBODY, Access.CLIENT):
        return
    caller = await find_caller(connection)
    connection.scope["state"]["caller"] = caller
    if caller is None and access is not Access.OPEN:
        raise NotSignedIn
    if connection.scope["method"] not in SAFE and not _by_program(caller):  # type: ignore[typeddict-item]
        check_origin(connection)


def _by_program(caller: Caller | None) -> bool:
    """Whether a token let the caller in: no browser sends one by itself. A header without a good one proves nothing."""
    return caller is not None and caller.origin.session is None


async def find_caller(connection: Connection) -> Caller | None:
    """The caller, or None for nobody known. An `Authorization` header rules the cookie out."""
    context = context_of(connection)
    authorization = connection.headers.get("authorization")
    if authorization is not None:
        return await _by_token(context.parts, authorization, origin_of(connection))
    if secret := connection.cookies.get(context.cookie):
        return await _by_session(connection, secret)
    return None


def origin_of(connection: Connection) -> Origin:
    """Where a request comes from. The address is the peer's, or what a trusted proxy says (`serve.py`)."""
    client = connection.client
    agent = connection.headers.get("user-agent")
    return Origin(
        address=client.host if client else None, user_agent=agent[:MAX_USER_AGENT] if agent else None
    )


async def _by_token(parts: Parts, authorization: str, origin: Origin) -> Caller | None:
    scheme, _, secret = authorization.partition(" ")
    if scheme.lower() != "bearer":
        return None
    secret = secret.strip()
    if not secret.startswith(Prefix.ACCESS_TOKEN):
        return await _by_company_token(parts, secret, origin)
    known = await bearers.find(parts, secret)
    if known is None:
        return None
    origin = structs.replace(origin, client=known.program.client_id)
    return Caller(known.principal, origin, seat=known.seat, token=known.token.uid)


async def _by_company_token(parts: Parts, secret: str, origin: Origin) -> Caller | None:
    acting = await company_tokens.find(parts, secret)
    if acting is None:
        return None
    return Caller(acting.person, structs.replace(origin, client=acting.client), seat=acting.client)


async def _by_session(connection: Connection, secret: str) -> Caller | None:
    context = context_of(connection)
    found = await sessions.find(context.parts, secret, context.lifetime)
    if found is None:
        return None
    person, session = found
    if not _still_open(context, person, session):
        return None
    return Caller(person, structs.replace(origin_of(connection), session=session.uid), seat=session.uid)


def _still_open(context: Context, person: Principal, session: Session) -> bool:
    """Whether the way by which the session came is one still: passwords, or a company's sign-in, may have been
    switched off meanwhile."""
    if session.provider is None:
        return context.rules.lets(person.email)
    return session.provider in context.parts.providers
