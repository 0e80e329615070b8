"""One person, as those who manage people see them: how they come in, what they hold, what waits."""

from datetime import datetime

from msgspec import Struct, structs

from archive.audit.event import Detail, EventType, ObjectKind
from archive.calls.caller import Caller
from archive.identity.described import Described, all_described
from archive.identity.managing import change, check_manager
from archive.identity.people import find
from archive.identity.sessions import Lifetime
from archive.policy.principal import Principal
from archive.ports import CHANGE_LIFE, EventFilter, Group, Parts, Work


class SigningIn(Struct, frozen=True):
    """`issuers`: the companies' sign-ins that they are linked with. `sessions`: where they are signed in now."""

    password: bool
    codes: bool
    issuers: tuple[str, ...]
    sessions: int
    last: datetime | None


class Known(Struct, frozen=True):
    """`waiting`: changes that concern them and take a second person."""

    person: Principal
    signing_in: SigningIn
    groups: tuple[Group, ...]
    waiting: tuple[Described, ...]


async def known(parts: Parts, caller: Caller, uid: str, lifetime: Lifetime) -> Known:
    """By public id, disabled ones too. Raises `NotFound`, and `Forbidden`, which is logged."""
    await check_manager(parts, caller)
    async with parts.database.read() as work:
        person = await find(work, uid)
        groups = [group for group in await work.groups.of(person.id) if group.disabled_at is None]
        waits = await waiting_for(work, caller, person.uid)
        return Known(person, await _signing_in(work, person, lifetime), tuple(groups), waits)


async def end_sessions(parts: Parts, caller: Caller, uid: str) -> None:
    """All of somebody's sessions end with this commit; each stands in the log, with who ended it."""
    await check_manager(parts, caller)
    async with parts.database.write() as work:
        person = await find(work, uid)
        for session in await work.credentials.sessions(person.id):
            await work.credentials.end_session(session.uid)
            details: dict[str, Detail] = {"of": person.uid}
            event = change(caller, EventType.SESSION_ENDED, ObjectKind.SESSION, session.uid, details=details)
            await work.audit.append(structs.replace(event, reason_code="ended_by_administrator"))


async def waiting_for(work: Work, caller: Caller, uid: str) -> tuple[Described, ...]:
    """The changes that wait for a second person and are for a person, a program or a group."""
    waiting = await work.changes.waiting(await work.now() - CHANGE_LIFE)
    return tuple(await all_described(work, caller, [one for one in waiting if one.beneficiary == uid]))


async def _signing_in(work: Work, person: Principal, lifetime: Lifetime) -> SigningIn:
    now = await work.now()
    authenticator = await work.sign_ins.authenticator(person.id)
    opened = EventFilter(actor=person.uid, types=frozenset({EventType.SESSION_OPENED}))
    latest = await work.audit.page(opened, limit=1)
    sessions = await work.credentials.sessions(person.id)
    return SigningIn(
        password=await work.credentials.password(person.id) is not None,
        codes=authenticator is not None and authenticator.confirmed_at is not None,
        issuers=tuple(one.issuer for one in await work.sign_ins.identities(person.id)),
        sessions=sum(not lifetime.over(session, now) for session in sessions),
        last=latest[0].time if latest else None,
    )
