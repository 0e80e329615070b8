"""Letting somebody else hear one call: by whoever may grant on it, for up to 30 days, within their own reach."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from archive.audit.event import ObjectKind
from archive.calls import access
from archive.calls.call import Call
from archive.calls.caller import Caller
from archive.errors import Forbidden, Invalid
from archive.identity.grants import Giving, give_within
from archive.identity.managing import logging_own
from archive.identity.typed import clean_email
from archive.policy.actions import Action
from archive.policy.decide import decide
from archive.policy.principal import Grant, Principal
from archive.ports import Parts, Work

LONGEST = timedelta(days=30)
NEEDED = (Action.FIND, Action.READ_CALL, Action.LISTEN)
IF_HELD = (Action.READ_TRANSCRIPT,)


async def give_call(
    parts: Parts, caller: Caller, call_uid: str, to_email: str, *, until: datetime, reason: str
) -> Grant:
    """Let a person find, see and hear one call until then; read it too, if the giver may.

    It takes `grant` and all that is given, on this call and until that end; and no second person: nobody comes to hear
    what the giver's own partner isn't meant to tell. Raises `NotFound`, `Forbidden`, `Invalid`."""
    granting = access.acting(parts.database, caller, Action.GRANT, call_uid)
    await access.reading(parts.database, caller, Action.LISTEN, call_uid)
    async with logging_own(parts, caller, ObjectKind.CALL), granting as (work, call):
        actions = await givable(work, caller, call, until)
        to = await _person(work, to_email)
        giving = Giving(scope=f"call:{call.uid}", actions=actions, until=until, reason=reason)
        return await give_within(work, caller, to, giving)


async def givable(work: Work, caller: Caller, call: Call, until: datetime) -> frozenset[Action]:
    now = await work.now()
    if not now < until <= now + LONGEST:
        raise Invalid(f"until lies within the next {LONGEST.days} days.", field="until")
    held = frozenset(_held(caller.principal, call, now, until))
    if not held.issuperset(NEEDED):
        raise Forbidden("Nobody gives more of a call, or for longer, than they hold of it themselves.")
    return held


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
