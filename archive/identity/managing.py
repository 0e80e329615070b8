"""Who manages people and programs, and how what they change stands in the log."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from archive.audit.event import Detail, Event, EventType, Object, ObjectKind, Origin
from archive.calls.access import denial, require
from archive.calls.caller import Caller
from archive.identity.oneself import OnesOwn
from archive.policy.actions import Action
from archive.policy.decide import may
from archive.policy.principal import Principal, PrincipalKind
from archive.ports import Parts, Work


def console(user: str) -> Caller:
    """Whoever sits at the server's own machine; `user` is the operating-system user, kept with each event."""
    principal = Principal(id=0, uid="console", kind=PrincipalKind.CONSOLE, name=user)
    return Caller(principal, Origin(user_agent=f"console of {user}"))


async def check_manager(parts: Parts, caller: Caller) -> None:
    """Raises `Forbidden`, which is logged, for whoever isn't at the console and may not manage people."""
    if caller.principal.kind is not PrincipalKind.CONSOLE:
        await require(parts, caller, Action.MANAGE_PEOPLE, "That takes the right to manage people.")


async def manages(work: Work, caller: Caller) -> bool:
    """Whether the caller sits at the console, or may manage people."""
    at_console = caller.principal.kind is PrincipalKind.CONSOLE
    return at_console or may(caller.principal, Action.MANAGE_PEOPLE, await work.now())


@asynccontextmanager
async def changing(parts: Parts, caller: Caller, kind: ObjectKind) -> AsyncIterator[Work]:
    """A unit of work in which somebody changes who may do what."""
    async with logging_own(parts, caller, kind), parts.database.write() as work:
        yield work


@asynccontextmanager
async def logging_own(parts: Parts, caller: Caller, kind: ObjectKind) -> AsyncIterator[None]:
    """That somebody tried to raise themselves is an event in a transaction of its own, before `OnesOwn` leaves."""
    try:
        yield
    except OnesOwn:
        details = {"action": Action.MANAGE_PEOPLE.value}
        async with parts.database.write() as work:
            await work.audit.append(
                denial(caller, EventType.ARCHIVE_DENIED, kind, None, "oneself", details=details)
            )
        raise


async def again(work: Work, principal: Principal) -> Principal:
    """The principal with the grants that this unit of work gave."""
    return await work.principals.by_id(principal.id) or principal


def change(
    caller: Caller,
    type: EventType,
    kind: ObjectKind,
    uid: str,
    *,
    details: dict[str, Detail] | None = None,
    texts: dict[str, str] | None = None,
    call: str | None = None,
) -> Event:
    """An event of `caller` on a person, a program or a grant, whose public id is `uid`. `call`: the one it concerns."""
    return Event(
        type=type,
        actor=caller.actor,
        object=Object(kind, uid),
        call=call,
        origin=caller.origin,
        purpose=caller.principal.purpose,
        details=details or {},
        texts=texts or {},
    )
