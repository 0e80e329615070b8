"""Sessions of people in browsers: our own ids, kept as hashes, with an idle and an absolute limit."""

from datetime import datetime, timedelta

from msgspec import Struct, structs

from archive.audit.event import Actor, Event, EventType, Object, ObjectKind, Origin
from archive.calls.caller import Caller
from archive.errors import Forbidden, NotFound, NotSignedIn
from archive.identity.secrets import Prefix, hashed, is_secret, new_secret
from archive.policy.principal import Principal
from archive.ports import Parts, Session, Work

FRESH = timedelta(minutes=1)
"""A session's last use is written this often at most, so that reading doesn't mean writing."""


KEPT = timedelta(days=31)
"""So long a session is remembered after it began: longer than the settings let any last."""


class Lifetime(Struct, frozen=True):
    """A session ends `idle` after its last use, and `absolute` after it began."""

    idle: timedelta
    absolute: timedelta

    def over(self, session: Session, now: datetime) -> bool:
        return now - session.seen_at > self.idle or now - session.created_at > self.absolute


async def begin(
    work: Work,
    person: Principal,
    origin: Origin,
    *,
    provider: str | None = None,
    provider_session: str | None = None,
) -> str:
    """Begin a session in this unit of work; its secret, which stands nowhere else. Everybody's old ones go.

    `provider` names the company's sign-in that it came by, `provider_session` the session there."""
    await work.credentials.drop_sessions(await work.now() - KEPT)
    secret = new_secret(Prefix.SESSION)
    session = await work.credentials.add_session(
        hashed(secret),
        person.id,
        origin.address,
        origin.user_agent,
        provider=provider,
        provider_session=provider_session,
    )
    opened = _event(EventType.SESSION_OPENED, person, session, origin, None)
    await work.audit.append(structs.replace(opened, details={"provider": provider} if provider else {}))
    return secret


async def rotate(work: Work, caller: Caller) -> str:
    """Another secret for the caller's session, where what they may do changes: whoever took the one before is out.

    The session keeps its id, and so what is open in it goes on. Raises `NotSignedIn` where it ended meanwhile."""
    secret = new_secret(Prefix.SESSION)
    if not await work.credentials.rotate_session(caller.origin.session or "", hashed(secret)):
        raise NotSignedIn
    return secret


async def end_all(
    work: Work, person: Principal, reason: str, *, but: str | None = None, origin: Origin | None = None
) -> None:
    """End somebody's sessions in this unit of work, all but the one whose public id is `but`."""
    for session in await work.credentials.sessions(person.id):
        if session.uid != but:
            await close(work, person, session, reason, origin or Origin())


async def find(parts: Parts, secret: str, lifetime: Lifetime) -> tuple[Principal, Session] | None:
    """Whose session that is, looked up anew for each request; None when it is unknown or over."""
    if not is_secret(Prefix.SESSION, secret):
        return None
    async with parts.database.read() as work:
        session = await work.credentials.session(hashed(secret))
        now = await work.now()
        if session is None or lifetime.over(session, now):
            return None
        person = await work.principals.acting(session.principal_id, now)
    if person is None or person.disabled_at is not None:
        return None
    if now - session.seen_at > FRESH:
        await _touch(parts, session)
    return person, session


async def mine(parts: Parts, caller: Caller, lifetime: Lifetime) -> list[Session]:
    """One's own open sessions, newest first. Raises `Forbidden` for whoever doesn't come by one of them."""
    _check_seated(caller)
    async with parts.database.read() as work:
        now = await work.now()
        found = await work.credentials.sessions(caller.principal.id)
        return [session for session in found if not lifetime.over(session, now)]


async def end(parts: Parts, caller: Caller, uid: str) -> None:
    """End one of one's own sessions. Raises `NotFound` for another's, as for one that doesn't exist; `Forbidden` for
    whoever doesn't come by a session."""
    _check_seated(caller)
    async with parts.database.write() as work:
        own = {session.uid: session for session in await work.credentials.sessions(caller.principal.id)}
        if uid not in own:
            raise NotFound
        await close(work, caller.principal, own[uid], "ended_by_owner", caller.origin)


async def end_others(parts: Parts, caller: Caller) -> None:
    """End all of one's own sessions but this one. Raises `Forbidden` as above."""
    _check_seated(caller)
    async with parts.database.write() as work:
        await end_all(
            work, caller.principal, "ended_by_owner", but=caller.origin.session, origin=caller.origin
        )


def _check_seated(caller: Caller) -> None:
    """Programs see no sessions, whomever they act for."""
    if caller.origin.session is None:
        raise Forbidden("Sessions are seen and ended from a session.")


async def drop(work: Work, secret: str, reason: str, origin: Origin) -> None:
    """End the session of this secret, if there is one, in this unit of work."""
    session = await work.credentials.session(hashed(secret))
    person = await work.principals.by_id(session.principal_id) if session else None
    if session and person:
        await close(work, person, session, reason, origin)


async def close(work: Work, person: Principal, session: Session, reason: str, origin: Origin) -> None:
    """End one session of a person in this unit of work."""
    await work.credentials.end_session(session.uid)
    await work.audit.append(_event(EventType.SESSION_ENDED, person, session, origin, reason))


async def _touch(parts: Parts, session: Session) -> None:
    async with parts.database.write() as work:
        await work.credentials.touch_session(session.uid)


def _event(type: EventType, person: Principal, session: Session, origin: Origin, reason: str | None) -> Event:
    return Event(
        type=type,
        actor=Actor(person.uid, person.kind.value),
        object=Object(ObjectKind.SESSION, session.uid),
        reason_code=reason,
        origin=structs.replace(origin, session=session.uid),
    )
