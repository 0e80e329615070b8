"""The second person. Once the archive has had a compliance person, what opens speech or weakens the rules waits until
somebody else agrees, at the console too. See docs/decisions/0009-the-second-person.md.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from archive.audit.event import EventType, ObjectKind
from archive.calls.caller import Caller
from archive.errors import Conflict
from archive.identity.facts import facts
from archive.identity.gaining import given_by, live_or_coming, waiting_claim
from archive.identity.managing import change as event_of
from archive.identity.oneself import gains
from archive.identity.standing_in import SETTLED, ceased, settled
from archive.policy.actions import Action
from archive.policy.decide import may, resolve_scope
from archive.policy.principal import Grant, Principal, PrincipalKind
from archive.policy.scope import reaches_all
from archive.policy.weight import opens_speech
from archive.ports import CHANGE_LIFE, Change, GiveGrant, PendingChange, ResetSignIn, Work

__all__ = [
    "MOST_WAITING",
    "TooManyWait",
    "Unfit",
    "approvers",
    "approves_all",
    "live_or_coming",
    "needs_second",
    "opens_by",
    "or_wait",
    "unfit",
    "unfit_to_refuse",
]


class Unfit(StrEnum):
    """Why somebody isn't the second person of a change; stands in the event."""

    NOT_IN_PERSON = "not_in_person"  # the console, a program, or a program acting for a person
    ONESELF = "oneself"  # they asked for it, or gain from it
    NOT_SECOND = "not_second"  # they may not approve
    NEWCOMER = "newcomer"  # nobody else approves, and somebody managed people for longer
    TOO_SOON = "too_soon"  # nobody who approves can agree, no one managed people for longer: it has to wait
    NOBODY = "nobody"  # everybody who approves asked for it, or gains by it


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
    told = await facts(work, change)
    await work.audit.append(
        event_of(
            caller,
            EventType.CHANGE_ASKED,
            ObjectKind.CHANGE,
            pending.uid,
            details={**told.details, "beneficiary": beneficiary},
            texts=told.texts,
            call=told.call,
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


async def unfit(work: Work, caller: Caller, pending: PendingChange) -> Unfit | None:
    """Why the caller can't agree to a change as its second person; None if they can."""
    who = caller.principal
    in_person = who.kind is PrincipalKind.PERSON and who.narrowed is None and caller.token is None
    if not in_person:
        return Unfit.NOT_IN_PERSON
    approving = await approvers(work)
    fit = await _unconcerned(work, approving, pending) or await _gaining_nothing(work, approving, pending)
    if _among(who, fit):
        return None
    if await _concerned(work, who, pending):
        return Unfit.ONESELF
    if fit or not may(who, Action.MANAGE_PEOPLE, await work.now()):
        return Unfit.NOT_SECOND
    if approving:
        return await _unfit_beside_approvers(work, pending)
    return await _unfit_to_stand_in(work, who, pending, await ceased(work) or pending.asked_at)


async def unfit_to_refuse(work: Work, caller: Caller, pending: PendingChange) -> Unfit | None:
    """As `unfit`, but whoever approves refuses what they would gain by, too."""
    why, who = await unfit(work, caller, pending), caller.principal
    gaining = why is Unfit.ONESELF and who.uid != pending.asked_by
    return None if gaining and await approves_all(work, who) else why


async def _gaining_nothing(
    work: Work, approving: Iterable[Principal], pending: PendingChange
) -> list[Principal]:
    """Those who didn't ask, and hold all that the change gives already: over all calls, sealed ones too, for good."""
    given, now = await given_by(work, pending.change), await work.now()
    needed = given | {Action.SEAL}
    others = [one for one in approving if given and one.uid != pending.asked_by]
    return [one for one in others if _holds_for_good(one, needed, now)]


def _holds_for_good(who: Principal, actions: Iterable[Action], now: datetime) -> bool:
    lasting = [
        one for one in who.grants if one.in_force(now) and one.until is None and reaches_all(one.scope)
    ]
    return all(any(one.gives(action) for one in lasting) for action in actions)


async def _unfit_beside_approvers(work: Work, pending: PendingChange) -> Unfit | None:
    """Of somebody who manages people, where each who approves asked or gains. A way back in for the only one who
    approves is agreed to all the same, once they had the time to refuse it; nothing else is."""
    if not isinstance(pending.change, ResetSignIn):
        return Unfit.NOBODY
    return None if await _waited_long(work, pending) else Unfit.TOO_SOON


async def _unfit_to_stand_in(
    work: Work, who: Principal, pending: PendingChange, alone_since: datetime
) -> Unfit | None:
    """Of somebody who manages people, where nobody else approves: since when is `alone_since`."""
    managers = await _unconcerned(work, await work.principals.holding(Action.MANAGE_PEOPLE), pending)
    long = await settled(work, managers, alone_since)
    if long:
        return None if _among(who, long) else Unfit.NEWCOMER
    return None if await _waited_long(work, pending) else Unfit.TOO_SOON


async def _waited_long(work: Work, pending: PendingChange) -> bool:
    return await work.now() - pending.asked_at >= SETTLED


def _among(who: Principal, people: Iterable[Principal]) -> bool:
    return any(one.uid == who.uid for one in people)


async def _unconcerned(work: Work, people: Iterable[Principal], pending: PendingChange) -> list[Principal]:
    return [one for one in people if not await _concerned(work, one, pending)]


async def _concerned(work: Work, who: Principal, pending: PendingChange) -> bool:
    """Whether somebody asked for the change, or gains by it."""
    gain = await gains(work, who, pending.beneficiary, waiting_claim(pending))
    return who.uid == pending.asked_by or gain


async def approvers(work: Work) -> list[Principal]:
    """Enabled people who approve over all calls."""
    now = await work.now()
    found = await work.principals.holding(Action.APPROVE)
    return [one for one in found if reaches_all(resolve_scope(one, Action.APPROVE, now))]


async def approves_all(work: Work, who: Principal) -> bool:
    return reaches_all(resolve_scope(who, Action.APPROVE, await work.now()))
