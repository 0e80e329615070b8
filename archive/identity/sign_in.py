"""A person signs in with e-mail and password.

An unknown e-mail, a wrong password, a disabled person, one who comes by the company's sign-in alone, and anybody while
passwords are switched off take the same path and get the same answer: one hash is computed in each case, one event is
written, one sentence is returned. Who has one-time codes learns no more of it: the next page comes after a right
password only.
"""

from archive.audit.event import Actor, Event, EventType, Object, ObjectKind, Origin, Outcome
from archive.errors import NotSignedIn, TooMany
from archive.identity.half_way import EVERYBODY, Entered, Rules, enter
from archive.identity.limits import WINDOW, Limit, count, key
from archive.identity.typed import MAX_EMAIL
from archive.policy.principal import PrincipalKind
from archive.ports import Known, Parts

TRIES_OF_ONE = 10
TRIES_OF_AN_ADDRESS = 300
"""In a quarter of an hour: from one address for one e-mail, and from one address in all. An office shares an address,
and its successes count too: if one gave tries back, somebody with an account could try others' without end."""

REFUSED = "Wrong e-mail or password."
NOBODY = Actor(None, PrincipalKind.PERSON.value)


async def sign_in(
    parts: Parts,
    email: str,
    password: str,
    origin: Origin,
    *,
    rules: Rules = EVERYBODY,
    replaces: str | None = None,
) -> Entered:
    """Open a session, or ask for a code first. `replaces` is the secret of the session that the browser came with,
    which ends once another opens.

    Raises `NotSignedIn`, or `TooMany` past the limits.
    """
    email = email.strip().lower()
    await _count(parts, email, origin)
    known, encoded = await _look_up(parts, email)
    right = await parts.passwords.verify(encoded, password)
    if known is None or known.disabled_at is not None or not right or not rules.lets(email):
        await _write(parts, email, known, origin, _why_not(known, encoded, right=right))
        raise NotSignedIn(REFUSED)
    async with parts.database.write() as work:
        person = await work.principals.by_id(known.id)
        if person is None or person.disabled_at is not None:  # meanwhile
            raise NotSignedIn(REFUSED)
        await work.credentials.forget_tries(_of_one(email, origin))
        return await enter(work, person, origin, rules, replaces)


async def _look_up(parts: Parts, email: str) -> tuple[Known | None, str | None]:
    """The person and their password's hash; both None for an unknown e-mail, after the same two statements."""
    async with parts.database.read() as work:
        known = await work.principals.known(email)
        return known, await work.credentials.password(known.id if known else 0)


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


def _why_not(known: Known | None, encoded: str | None, *, right: bool) -> str:
    if known is None:
        return "unknown_person"
    if known.disabled_at is not None:
        return "disabled"
    if encoded is None:
        return "no_password"
    return "passwords_off" if right else "wrong_password"


async def _write(parts: Parts, email: str, known: Known | None, origin: Origin, reason: str) -> None:
    async with parts.database.write() as work:
        await work.audit.append(
            Event(
                type=EventType.SESSION_DENIED,
                actor=NOBODY,
                object=Object(ObjectKind.PERSON, known.uid if known else None),
                outcome=Outcome.DENIED,
                reason_code=reason,
                origin=origin,
                texts={"email": email[:MAX_EMAIL]},  # what was typed may be anything; an event holds 64 KiB
            )
        )
