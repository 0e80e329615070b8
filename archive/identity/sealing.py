"""Sealing a call: taking it out of everybody's scope but of those who may seal, and of the people named.

Sealing closes and unsealing restores what was granted before, so neither takes a second person; naming somebody opens
what is said, and so takes the right to approve. See docs/decisions/0005-sealed-calls.md.
"""

from collections.abc import Collection

from archive.audit.event import Detail, EventType, ObjectKind
from archive.calls import access
from archive.calls.access import about
from archive.calls.call import Call
from archive.calls.caller import Caller
from archive.calls.catalogue import owe_index, ring_index
from archive.calls.closing import end_by_name
from archive.calls.reasons import LONGEST, SHORTEST
from archive.calls.transcript import clean
from archive.errors import Conflict, Invalid, Stale
from archive.identity.grants import Giving, give_within
from archive.identity.managing import logging_own
from archive.identity.typed import clean_email
from archive.policy.actions import HEAR, Action
from archive.policy.principal import Principal
from archive.ports import CallChanges, Parts, Work

MOST_NAMED = 50


async def seal(parts: Parts, caller: Caller, uid: str, *, reason: str, named: Collection[str] = ()) -> Call:
    """Seal a call; the people `named`, by e-mail, find, read and hear it still. Grants by name of the call that others
    hold end: they would reach it.

    Raises `Conflict` for a sealed one, `Forbidden` where one names oneself, or names anybody without the right to
    approve."""
    why = _reason(reason)
    sealing = access.acting(parts.database, caller, Action.SEAL, uid)
    if named:
        await access.reading(parts.database, caller, Action.APPROVE, uid)
    async with logging_own(parts, caller, ObjectKind.CALL), sealing as (work, call):
        people = [await _person(work, email) for email in dict.fromkeys(named)][: MOST_NAMED + 1]
        _check_sealable(call, people)
        await end_by_name(work, caller, call)
        changed = await _set(work, call, sealed=True)
        giving = Giving(scope=f"call:{call.uid}", actions=HEAR, reason=why)
        given = [await give_within(work, caller, person, giving) for person in people]
        details: dict[str, Detail] = {
            "named": [person.uid for person in people],
            "grants": [grant.uid for grant in given],
        }
        await work.audit.append(
            about(caller, EventType.CALL_SEALED, changed, details=details, texts={"reason": why})
        )
    await ring_index(parts, changed)
    return changed


async def unseal(parts: Parts, caller: Caller, uid: str, *, reason: str) -> Call:
    """Give a call back to the scopes that it stands in. Raises `Conflict` for one that isn't sealed."""
    why = _reason(reason)
    async with access.acting(parts.database, caller, Action.SEAL, uid) as (work, call):
        if not call.sealed:
            raise Conflict("This call is not sealed.")
        changed = await _set(work, call, sealed=False)
        details: dict[str, Detail] = {"consent": call.consent.value}
        await work.audit.append(
            about(caller, EventType.CALL_UNSEALED, changed, details=details, texts={"reason": why})
        )
    await ring_index(parts, changed)
    return changed


def _reason(reason: str) -> str:
    said = clean(reason)
    if not SHORTEST <= len(said) <= LONGEST:
        raise Invalid(f"A reason has {SHORTEST} to {LONGEST} characters.", field="reason")
    return said


def _check_sealable(call: Call, people: Collection[Principal]) -> None:
    if call.sealed:
        raise Conflict("This call is sealed already.")
    if len(people) > MOST_NAMED:
        raise Invalid(f"Name at most {MOST_NAMED} people.", field="named")


async def _person(work: Work, email: str) -> Principal:
    found = await work.principals.by_email(clean_email(email))
    if found is None or found.disabled_at is not None:
        raise Invalid("Nobody who may sign in has this e-mail address.", field="named")
    return found


async def _set(work: Work, call: Call, *, sealed: bool) -> Call:
    changed = await work.calls.edit(call.id, call.revision, CallChanges(sealed=sealed))
    if changed is None:
        raise Stale
    return await owe_index(work, changed)
