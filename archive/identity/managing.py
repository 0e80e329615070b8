"""Who manages people and programs, and how what they change stands in the log."""

from archive.audit.event import Detail, Event, EventType, Object, ObjectKind, Origin
from archive.calls.access import require
from archive.calls.caller import Caller
from archive.policy.actions import Action
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
) -> Event:
    """An event of `caller` on a person, a program or a grant, whose public id is `uid`."""
    return Event(
        type=type,
        actor=caller.actor,
        object=Object(kind, uid),
        origin=caller.origin,
        details=details or {},
        texts=texts or {},
    )
