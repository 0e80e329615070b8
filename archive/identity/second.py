"""The second person. Once the archive has had a compliance person, what opens speech or weakens the rules waits until
somebody else agrees, at the console too. See docs/decisions/0009-the-second-person.md.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from archive.audit.event import EventType, ObjectKind
from archive.calls.caller import Caller
from archive.errors import Conflict
from archive.identity.facts import facts, typed
from archive.identity.managing import change as event_of
from archive.identity.oneself import gains
from archive.identity.standing_in import SETTLED, ceased, settled
from archive.policy.actions import Action
from archive.policy.decide import may, resolve_scope
from archive.policy.principal import Grant, Principal, PrincipalKind
from archive.policy.scope import reaches_all
from archive.policy.weight import opens_speech
from archive.ports import CHANGE_LIFE, Change, Claim, GiveGrant, MapClaim, PendingChange, Work


class Unfit(StrEnum):
    """Why somebody isn't the second person of a change; stands in the event."""

    NOT_IN_PERSON = "not_in_person"  # the console, a program, or a program acting for a person
    ONESELF = "oneself"  # they asked for it, or gain from it
    NOT_SECOND = "not_second"  # they may not approve
    NEWCOMER = "newcomer"  # nobody else approves, and somebody managed people for longer
    TOO_SOON = "too_soon"  # nobody else approves, nobody managed people long enough, and it hasn't waited long enough


MOST_WAITING = 100
"""Changes of one asker that wait at a time: somebody looks at each."""


class TooManyWait(Conflict):
    """Too many changes that you asked for wait for a second person. Withdraw some, or have some decided."""

    code = "too_many_wait"


async def needs_second(work: Work) -> bool:
    """Whether a person approves over all calls, or ever did: who ends the last one doesn't end the rule with them."""
    return any(map(reaches_all, await work.principals.ever_held(Action.APPROVE)))


async def or_wait(
    work: Work, caller: Caller, change: Change, *, beneficiary: str | None, opens: bool
) -> PendingChange | None:
    """None: go on and do it now. Else it waits, and so it is written with its event in this unit of work.

    `opens`: whether the change opens speech or weakens a rule; `beneficiary`: the public id of who gains by it. Raises
    `TooManyWait`."""
    if not opens or not await needs_second(work):
        return None
    who = caller.principal
    await _check_count(work, who)
    pending = await work.changes.add(change, beneficiary=beneficiary, asked_by=who.uid, asked_name=who.name)
    details = {**facts(change), "beneficiary": beneficiary}
    await work.audit.append(
        event_of(
            caller,
            EventType.CHANGE_ASKED,
            ObjectKind.CHANGE,
            pending.uid,
            details=details,
            texts=typed(change),
        )
    )
    return pending


async def _check_count(work: Work, who: Principal) -> None:
    waiting = await work.changes.waiting(await work.now() - CHANGE_LIFE)
    if sum(one.asked_by == who.uid for one in waiting) >= MOST_WAITING:
        raise TooManyWait


async def opens_by(work: Work, uid: str, held: Iterable[Grant]) -> bool:
    """Whether what a group or a program holds opens speech to whoever has it, now or later, or would once a grant to it
    that waits is agreed on: who agrees to that one has seen who has it."""
    now = await work.now()
    live = live_or_coming(held, now)
    waiting = [one.change for one in await work.changes.waiting(now - CHANGE_LIFE)]
    asked = [one for one in waiting if isinstance(one, GiveGrant) and one.to == uid]
    given = [(one.role, one.actions) for one in live] + [(one.role, one.actions) for one in asked]
    return any(opens_speech(role, actions) for role, actions in given)


def live_or_coming(held: Iterable[Grant], now: datetime) -> list[Grant]:
    """Grants that are in force, or will be."""
    return [one for one in held if one.revoked_at is None and (one.until is None or now < one.until)]


async def unfit(work: Work, caller: Caller, pending: PendingChange) -> Unfit | None:
    """Why the caller can't decide on a change as its second person; None if they can."""
    who = caller.principal
    in_person = who.kind is PrincipalKind.PERSON and who.narrowed is None and caller.token is None
    if not in_person:
        return Unfit.NOT_IN_PERSON
    if await _concerned(work, who, pending):
        return Unfit.ONESELF
    approving = await approvers(work)
    others = await _unconcerned(work, approving, pending)
    if any(one.uid == who.uid for one in others):
        return None
    if others or not may(who, Action.MANAGE_PEOPLE, await work.now()):
        return Unfit.NOT_SECOND
    alone_since = None if approving else await ceased(work)
    return await _unfit_to_stand_in(work, who, pending, alone_since or pending.asked_at)


async def _unfit_to_stand_in(
    work: Work, who: Principal, pending: PendingChange, alone_since: datetime
) -> Unfit | None:
    """Of somebody who manages people, where nobody else approves: since when is `alone_since`."""
    managers = await _unconcerned(work, await work.principals.holding(Action.MANAGE_PEOPLE), pending)
    long = await settled(work, managers, alone_since)
    if long:
        return None if any(one.uid == who.uid for one in long) else Unfit.NEWCOMER
    waited = await work.now() - pending.asked_at
    return None if waited >= SETTLED else Unfit.TOO_SOON


async def _unconcerned(work: Work, people: Iterable[Principal], pending: PendingChange) -> list[Principal]:
    return [one for one in people if not await _concerned(work, one, pending)]


async def _concerned(work: Work, who: Principal, pending: PendingChange) -> bool:
    """Whether somebody asked for the change, or gains by it."""
    gain = await gains(work, who, pending.beneficiary, waiting_claim(pending))
    return who.uid == pending.asked_by or gain


def waiting_claim(pending: PendingChange) -> Claim | None:
    """The claim that a change would map."""
    asked = pending.change
    return Claim(asked.provider, asked.value) if isinstance(asked, MapClaim) else None


async def approvers(work: Work) -> list[Principal]:
    """Enabled people who approve over all calls."""
    now = await work.now()
    found = await work.principals.holding(Action.APPROVE)
    return [one for one in found if reaches_all(resolve_scope(one, Action.APPROVE, now))]


async def approves_all(work: Work, who: Principal) -> bool:
    return reaches_all(resolve_scope(who, Action.APPROVE, await work.now()))
