"""What somebody holds or will hold, and what a change that waits would give them."""

from collections.abc import Iterable
from datetime import datetime

from archive.identity.oneself import gains
from archive.policy.actions import ROLE_ACTIONS, Action
from archive.policy.principal import Grant, Principal
from archive.ports import (
    CHANGE_LIFE,
    AddMember,
    Change,
    Claim,
    GiveGrant,
    MapClaim,
    PendingChange,
    ProlongGrant,
    Work,
)

Given = Grant | GiveGrant
"""A grant, or one that is asked for."""


def live_or_coming(held: Iterable[Grant], now: datetime) -> list[Grant]:
    """Grants that are in force, or will be."""
    return [one for one in held if one.revoked_at is None and (one.until is None or now < one.until)]


def waiting_claim(pending: PendingChange) -> Claim | None:
    """The claim that a change would map."""
    asked = pending.change
    return Claim(asked.provider, asked.value) if isinstance(asked, MapClaim) else None


async def waiting_for(work: Work, person: Principal) -> list[PendingChange]:
    """The changes by which somebody would gain, directly or by a group."""
    waiting = await work.changes.waiting(await work.now() - CHANGE_LIFE)
    return [one for one in waiting if await gains(work, person, one.beneficiary, waiting_claim(one))]


async def held_or_waiting(work: Work, person: Principal) -> list[Given]:
    """What somebody holds, now or later, or would once what waits is agreed on."""
    held: list[Given] = [*live_or_coming(person.grants, await work.now())]
    for one in await waiting_for(work, person):
        held += await _given(work, one.change)
    return held


async def given_by(work: Work, asked: Change) -> frozenset[Action]:
    """What a change lets somebody do on any call, now or later."""
    return actions_of(await _given(work, asked))


def actions_of(given: Iterable[Given]) -> frozenset[Action]:
    """What they let somebody do, on any call."""
    each = (ROLE_ACTIONS[one.role] if one.role else one.actions for one in given)
    return frozenset[Action]().union(*each)


async def _given(work: Work, asked: Change) -> list[Given]:
    match asked:
        case GiveGrant():
            return [asked]
        case ProlongGrant(uid):
            found = await work.principals.grant(uid)
            return [found[1]] if found else []
        case AddMember(uid) | MapClaim(uid):
            return await _given_by_group(work, uid)
        case _:
            return []


async def _given_by_group(work: Work, uid: str) -> list[Given]:
    """What a group's members hold, or will once a grant to it that waits is agreed on."""
    now, group = await work.now(), await work.groups.get(uid)
    waiting = [one.change for one in await work.changes.waiting(now - CHANGE_LIFE)]
    asked = [one for one in waiting if isinstance(one, GiveGrant) and one.to == uid]
    return [*live_or_coming(group.grants if group else (), now), *asked]
