"""A person signs in with e-mail and password.

An unknown e-mail, a wrong password and a disabled person take the same path and get the same answer: one hash is
computed in each case, one event is written, one sentence is returned.
"""

from archive.audit.event import Actor, Event, EventType, Object, ObjectKind, Origin, Outcome
from archive.errors import NotSignedIn, TooMany
from archive.identity import sessions
from archive.identity.limits import WINDOW, Limit, count, key
from archive.identity.typed import MAX_EMAIL
from archive.policy.principal import Principal, PrincipalKind
from archive.ports import Parts

TRIES_OF_ONE = 10
TRIES_OF_AN_ADDRESS = 300
"""In a quarter of an hour: from one address for one e-mail, and from one address in all. An office shares an address,
and its successes count too: if one gave tries back, somebody with an account could try others' without end."""

REFUSED = "Wrong e-mail or password."
NOBODY = Actor(None, PrincipalKind.PERSON.value)


async def sign_in(
    parts: Parts, email: str, password: str, origin: Origin, replaces: str | None = None
) -> str:
    """Open a session; the secret for its cookie. `replaces` is the secret that the browser came with, which ends.

    Raises `NotSignedIn`, or `TooMany` past the limits.
    """
    email = email.strip().lower()
    await _count(parts, email, origin)
    person, encoded = await _look_up(parts, email)
    right = await parts.passwords.verify(encoded, password)
    if person is None or person.disabled_at is not None or not right:
        await _deny(parts, email, person, origin)
        raise NotSignedIn(REFUSED)
    async with parts.database.write() as work:
        await work.credentials.forget_tries(_of_one(email, origin))
        if replaces:
            await sessions.drop(work, replaces, "replaced", origin)
        return await sessions.begin(work, person, origin)


async def _look_up(parts: Parts, email: str) -> tuple[Principal | None, str | None]:
    """The person and their password's hash; both None for an unknown e-mail, after the same two look-ups."""
    async with parts.database.read() as work:
        person = await work.principals.by_email(email)
        return person, await work.credentials.password(person.id if person else 0)


async def _count(parts: Parts, email: str, origin: Origin) -> None:
    tries = await count(
        parts, Limit(_of_one(email, origin), TRIES_OF_ONE), Limit(_of_address(origin), TRIES_OF_AN_ADDRESS)
    )
    if not tries.over:
        return
    if tries.first_over:
        await _write(parts, email, None, origin, "too_many")
    raise TooMany(retry_after=int(WINDOW.total_seconds()))


def _of_one(email: str, origin: Origin) -> str:
    return key("sign-in", origin.address, email)


def _of_address(origin: Origin) -> str:
    return key("sign-in-address", origin.address)


async def _deny(parts: Parts, email: str, person: Principal | None, origin: Origin) -> None:
    await _write(parts, email, person, origin, _why_not(person))


def _why_not(person: Principal | None) -> str:
    if person is None:
        return "unknown_person"
    return "disabled" if person.disabled_at is not None else "wrong_password"


async def _write(parts: Parts, email: str, person: Principal | None, origin: Origin, reason: str) -> None:
    async with parts.database.write() as work:
        await work.audit.append(
            Event(
                type=EventType.SESSION_DENIED,
                actor=NOBODY,
                object=Object(ObjectKind.PERSON, person.uid if person else None),
                outcome=Outcome.DENIED,
                reason_code=reason,
                origin=origin,
                texts={"email": email[:MAX_EMAIL]},  # what was typed may be anything; an event holds 64 KiB
            )
        )
