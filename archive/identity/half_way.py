"""Half-way in: the password was right, or a link, and no session is open yet.

Whoever has one-time codes is asked for one now, and whoever must have them sets them up. Until then the browser holds
a secret of a few minutes that opens nothing else. That the second page comes shows that the password was right: a page
that asked for both at once would ask everybody for a code that most don't have.
"""

from datetime import timedelta
from enum import StrEnum

from msgspec import Struct

from archive.audit.event import Actor, Event, EventType, Object, ObjectKind, Origin, Outcome
from archive.calls.caller import Caller
from archive.errors import Invalid, NotSignedIn, TooMany
from archive.identity import authenticators, sessions, totp
from archive.identity.authenticators import WRONG_CODE, Confirmed, Used
from archive.identity.limits import WINDOW, Limit, count, key
from archive.identity.secrets import Prefix, hashed, is_secret, new_secret
from archive.policy.actions import Role
from archive.policy.principal import Principal
from archive.ports import Parts, Work

PURPOSE = "half_way"
LIFE = timedelta(minutes=10)
TRIES = 10
"""In a quarter of an hour, of one person from wherever they come: only who knows the password gets this far, and a
million codes must not be tried from a thousand addresses."""


class Rules(Struct, frozen=True):
    """How people may sign in with a password, by the settings.

    `local`: whether they may at all; the person of the e-mail `break_glass` may in any case. `codes_for`: whose roles
    take one-time codes."""

    local: bool = True
    break_glass: str = ""
    codes_for: frozenset[Role] = frozenset()

    def lets(self, email: str | None) -> bool:
        return self.local or (bool(email) and (email or "").lower() == self.break_glass.lower())


EVERYBODY = Rules()


class Wants(StrEnum):
    """What is missing before a session opens."""

    CODE = "code"
    SETUP = "setup"


class Entered(Struct, frozen=True):
    """`secret` is a session's; where something is missing, the one that the browser holds half-way."""

    secret: str
    wants: Wants | None = None


class HalfWay(Struct, frozen=True):
    """`secret` is for the app of whoever sets up one-time codes: the same until it is confirmed, so that a page that is
    loaded again shows what was scanned."""

    person: Principal
    wants: Wants
    secret: str | None = None


async def enter(
    work: Work, person: Principal, origin: Origin, rules: Rules, replaces: str | None = None
) -> Entered:
    """Open a session, or go half-way, in this unit of work. `replaces` is the secret of the session that the browser
    came with, which ends once another opens."""
    wants = await _wants(work, person, rules)
    if wants is None:
        return Entered(await _open(work, person, origin, replaces))
    if wants is Wants.SETUP and await work.sign_ins.authenticator(person.id) is None:
        await work.sign_ins.set_authenticator(person.id, totp.new_secret())
    secret = new_secret(Prefix.LINK)
    await work.credentials.add_link(hashed(secret), PURPOSE, person.id, await work.now() + LIFE)
    return Entered(secret, wants)


async def find(parts: Parts, secret: str | None) -> HalfWay:
    """Who is half-way in, and what is missing. Raises `NotSignedIn` for a secret that is used, over or unknown."""
    async with parts.database.read() as work:
        return await _find(work, secret)


async def finish(
    parts: Parts, secret: str | None, typed: str, origin: Origin, replaces: str | None = None
) -> str:
    """A session for a right code; its secret. Raises `Invalid`, `NotSignedIn`, or `TooMany` past the limit."""
    person = (await find(parts, secret)).person
    await _count(parts, person, origin)
    async with parts.database.write() as work:
        await _find(work, secret)
        used = await authenticators.use(work, person, typed)
        if used is Used.RECOVERY_CODE:
            await work.audit.append(_about(EventType.RECOVERY_USED, person, origin))
        if used:
            return await _finish(work, person, secret, origin, replaces)
    await _deny(parts, person, origin, "wrong_code")
    raise Invalid(WRONG_CODE, field="code")


async def finish_setup(
    parts: Parts, secret: str | None, typed: str, origin: Origin, replaces: str | None = None
) -> Confirmed:
    """The first code of a new authenticator opens a session too. Raises as `finish`."""
    person = (await find(parts, secret)).person
    await _count(parts, person, origin)
    async with parts.database.write() as work:
        await _find(work, secret)
        made = await authenticators.confirm(work, Caller(person, origin), person, typed)
        if made:
            return Confirmed(await _finish(work, person, secret, origin, replaces), made)
    raise Invalid(WRONG_CODE, field="code")


async def _wants(work: Work, person: Principal, rules: Rules) -> Wants | None:
    if await authenticators.has(work, person):
        return Wants.CODE
    now = await work.now()
    held = {grant.role for grant in person.grants if grant.in_force(now)}
    return Wants.SETUP if held & rules.codes_for else None


async def _find(work: Work, secret: str | None) -> HalfWay:
    if not secret or not is_secret(Prefix.LINK, secret):
        raise NotSignedIn
    found = await work.credentials.link(hashed(secret), PURPOSE)
    person = await work.principals.by_id(found[0]) if found and found[0] else None
    authenticator = await work.sign_ins.authenticator(person.id) if person else None
    if person is None or person.disabled_at is not None or authenticator is None:
        raise NotSignedIn
    if authenticator.confirmed_at is not None:
        return HalfWay(person, Wants.CODE)
    return HalfWay(person, Wants.SETUP, authenticator.secret)


async def _finish(
    work: Work, person: Principal, secret: str | None, origin: Origin, replaces: str | None
) -> str:
    if not await work.credentials.use_link(hashed(secret or ""), PURPOSE):
        raise NotSignedIn
    await work.credentials.forget_tries(_tries(person))
    return await _open(work, person, origin, replaces)


async def _open(work: Work, person: Principal, origin: Origin, replaces: str | None) -> str:
    if replaces:
        await sessions.drop(work, replaces, "replaced", origin)
    return await sessions.begin(work, person, origin)


async def _count(parts: Parts, person: Principal, origin: Origin) -> None:
    tries = await count(parts, Limit(_tries(person), TRIES))
    if tries.first_over:
        await _deny(parts, person, origin, "too_many")
    if tries.over:
        raise TooMany(retry_after=int(WINDOW.total_seconds()))


def _tries(person: Principal) -> str:
    return key("code", person.uid)


async def _deny(parts: Parts, person: Principal, origin: Origin, reason: str) -> None:
    async with parts.database.write() as work:
        await work.audit.append(_about(EventType.SESSION_DENIED, person, origin, reason))


def _about(type: EventType, person: Principal, origin: Origin, denied: str | None = None) -> Event:
    """Of somebody who showed a password, and nothing more yet: a refusal has no actor."""
    return Event(
        type=type,
        actor=Actor(None if denied else person.uid, person.kind.value),
        object=Object(ObjectKind.PERSON, person.uid),
        outcome=Outcome.DENIED if denied else Outcome.ALLOWED,
        reason_code=denied,
        origin=origin,
    )
