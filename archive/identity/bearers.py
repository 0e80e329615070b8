"""Who an access token stands for, looked up anew for each request: a program for itself, or acting for a person."""

from datetime import datetime, timedelta
from math import ceil

from msgspec import Struct, structs

from archive.errors import TooMany
from archive.identity.programs import find_program
from archive.identity.secrets import Prefix, hashed, is_secret
from archive.policy.principal import Principal
from archive.ports import Authorization, Parts, Registration, Token, Work

MINUTE = timedelta(minutes=1)
"""A program's last use is written this often at most, so that reading doesn't mean writing."""


class Known(Struct, frozen=True):
    """`principal` is narrowed to what the token carries; for a person they bear the program's purpose, which so stands
    in each event. `seat` outlives the token: a program's client id, or what the person let it do."""

    principal: Principal
    program: Registration
    token: Token
    authorization: Authorization | None

    @property
    def seat(self) -> str:
        return self.authorization.uid if self.authorization else self.program.client_id


async def find(parts: Parts, secret: str) -> Known | None:
    """None when the token is unknown, expired or revoked, or when either of those it stands for is disabled.

    Raises `TooMany` past the program's own limit: for itself, and for each person it acts for."""
    if not is_secret(Prefix.ACCESS_TOKEN, secret):
        return None
    async with parts.database.read() as work:
        known, now = await _known(work, hashed(secret)), await work.now()
    if known:
        await _limit(parts, known)
        await _note_use(parts, known, now)
    return known


async def _known(work: Work, hash: bytes) -> Known | None:
    token, now = await work.credentials.token(hash), await work.now()
    if token is None or token.expires_at <= now:
        return None
    principal = await work.principals.acting(token.principal_id, now)
    if principal is None or principal.disabled_at is not None:
        return None
    authorization = await work.authorizations.get(token.family) if token.family else None
    program = await find_program(work, authorization.client if authorization else principal.uid)
    if program is None or program.disabled_at is not None:
        return None
    if authorization is None:
        return Known(structs.replace(principal, narrowed=token.actions), program, token, None)
    narrowed = token.actions & program.actions
    acting = structs.replace(principal, narrowed=narrowed, purpose=program.purpose)
    return Known(acting, program, token, authorization) if authorization.in_force(now) else None


async def _limit(parts: Parts, known: Known) -> None:
    most = known.program.requests_a_minute
    if most is None:
        return
    wait = await parts.limiter.take(f"{known.program.client_id}:{known.principal.uid}", most, MINUTE)
    if wait is not None:
        detail = f"This program may make {most} requests a minute."
        raise TooMany(detail, retry_after=ceil(wait.total_seconds()))


async def _note_use(parts: Parts, known: Known, now: datetime) -> None:
    program, authorization = known.program, known.authorization
    of_program = program.principal_id and _stale(program.used_at, now)
    of_authorization = authorization and _stale(authorization.used_at, now)
    if not (of_program or of_authorization):
        return
    async with parts.database.write() as work:
        if of_program:
            await work.registrations.touch(program.principal_id)
        if authorization and of_authorization:
            await work.authorizations.touch(authorization.uid)


def _stale(used_at: datetime | None, now: datetime) -> bool:
    return used_at is None or now - used_at >= MINUTE
