"""Letting somebody else hear one call: by whoever may grant on it, for up to 30 days, within their own reach."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec import structs

from archive.audit.event import EventType, ObjectKind
from archive.calls import access
from archive.calls.access import log_denied
from archive.calls.call import Call
from archive.calls.caller import Caller
from archive.errors import Conflict, Forbidden, Invalid, NotFound
from archive.identity.grants import Giving, give_within
from archive.identity.managing import logging_own
from archive.identity.second import live_or_coming
from archive.identity.typed import clean_email
from archive.ids import is_uuid7
from archive.policy.actions import Action
from archive.policy.decide import Reason, decide
from archive.policy.principal import Basis, Grant, Principal
from archive.policy.scope import AllCalls, CallIds
from archive.ports import Parts, Work

LONGEST = timedelta(days=30)
NEEDED = (Action.FIND, Action.READ_CALL, Action.LISTEN)
IF_HELD = (Action.READ_TRANSCRIPT,)


class SharedAlready(Conflict):
    """You let them hear this call already. End that first, then give it anew."""

    code = "shared_already"


async def give_call(
    parts: Parts, caller: Caller, call_uid: str, to_email: str, *, until: datetime, reason: str
) -> Grant:
    """Let a person find, see and hear one call until then; read it too, if the giver may.

    It takes `grant` and all that is given, on this call and until that end; and no second person: nobody comes to hear
    what the giver's own partner isn't meant to tell. Raises `NotFound`, `Forbidden`, `Invalid`, and `SharedAlready`
    while what they gave this person before lasts."""
    if not reason.strip():
        raise Invalid("Say why.", field="reason")
    granting = access.acting(parts.database, caller, Action.GRANT, call_uid)
    await check_giver(parts, caller, call_uid)
    async with logging_own(parts, caller, ObjectKind.CALL), granting as (work, call):
        actions = await givable(work, caller, call, until)
        to = await _person(work, to_email)
        _check_first(to, caller, call, await work.now())
        giving = Giving(scope=f"call:{call.uid}", actions=actions, until=until, reason=reason)
        return await give_within(work, caller, to, giving)


async def check_giver(parts: Parts, caller: Caller, call_uid: str) -> None:
    """Raises `NotFound` or `Forbidden`, which is logged, for whoever may not let others hear this call now."""
    for action in (Action.LISTEN, Action.GRANT):
        await access.reading(parts.database, caller, action, call_uid)


async def givable(work: Work, caller: Caller, call: Call, until: datetime) -> frozenset[Action]:
    now = await work.now()
    if not now < until <= now + LONGEST:
        raise Invalid(f"until lies within the next {LONGEST.days} days.", field="until")
    held = frozenset(_held(lasting(caller.principal), call, now, until))
    if not held.issuperset(NEEDED):
        raise Forbidden("Nobody gives more of a call, or for longer, than they hold of it themselves.")
    return held


def lasting(who: Principal) -> Principal:
    """Somebody without what they took by breaking the glass: that isn't theirs to pass on."""
    kept = tuple(grant for grant in who.grants if grant.basis is not Basis.BREAK_GLASS)
    return structs.replace(who, grants=kept)


def _held(who: Principal, call: Call, now: datetime, until: datetime) -> Iterator[Action]:
    """What of all that could be given somebody holds now, and holds until then."""
    last = until - timedelta(microseconds=1)
    for action in (*NEEDED, *IF_HELD):
        if all(decide(who, action, call, moment).allowed for moment in (now, last)):
            yield action


async def _person(work: Work, email: str) -> Principal:
    found = await work.principals.by_email(clean_email(email))
    if found is None or found.disabled_at is not None:
        raise Invalid("Nobody who may sign in has this e-mail address.", field="to")
    return found


def _check_first(to: Principal, caller: Caller, call: Call, now: datetime) -> None:
    named = CallIds(frozenset({call.id}))
    for one in live_or_coming(to.grants, now):
        if one.scope == named and one.granted_by == caller.principal.uid and one.gives(Action.LISTEN):
            raise SharedAlready


async def check_names(parts: Parts, caller: Caller, call_uid: str, grant_uid: str) -> None:
    """Raises `NotFound` unless the grant is on that call alone, and in force. It says nothing of who may end it."""
    async with parts.database.read() as work:
        call = await work.calls.get(call_uid, AllCalls()) if is_uuid7(call_uid) else None
        found = await work.principals.grant(grant_uid) if is_uuid7(grant_uid) else None
    named = call and found and found[1].revoked_at is None and found[1].scope == CallIds(frozenset({call.id}))
    if not named:
        await log_denied(
            parts,
            caller,
            Action.GRANT,
            Reason.NOT_THERE,
            denied=EventType.CALL_DENIED,
            kind=ObjectKind.GRANT,
        )
        raise NotFound(f"There is no grant {grant_uid} in force.")
