"""What somebody holds or will hold, and what a change that waits would give them."""

from collections.abc import Collection, Iterable
from datetime import datetime

from archive.identity.oneself import gains
from archive.policy.actions import ROLE_ACTIONS, Action, Role
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


async def held_or_waiting(work: Work, person: Principal) -> frozenset[Action]:
    """What somebody may do on any call, now or later, or would once what waits is agreed on."""
    held = _actions(live_or_coming(person.grants, await work.now()))
    waiting = [await given_by(work, one.change) for one in await waiting_for(work, person)]
    return held.union(*waiting)


async def given_by(work: Work, asked: Change) -> frozenset[Action]:
    """What a change lets somebody do on any call, now or later."""
    match asked:
        case GiveGrant(role=role, actions=actions):
            return _of(role, actions)
        case ProlongGrant(uid):
            found = await work.principals.grant(uid)
            return _actions([found[1]] if found else [])
        case AddMember(uid) | MapClaim(uid):
            return await _given_by_group(work, uid)
        case _:
            return frozenset()


async def _given_by_group(work: Work, uid: str) -> frozenset[Action]:
    """What a group's members may do, or will once a grant to it that waits is agreed on."""
    now, group = await work.now(), await work.groups.get(uid)
    held = _actions(live_or_coming(group.grants if group else (), now))
    waiting = [one.change for one in await work.changes.waiting(now - CHANGE_LIFE)]
    return held.union(
        *(_of(one.role, one.actions) for one in waiting if isinstance(one, GiveGrant) and one.to == uid)
    )


def _actions(held: Iterable[Grant]) -> frozenset[Action]:
    return frozenset[Action]().union(*(_of(one.role, one.actions) for one in held))


def _of(role: Role | None, actions: Collection[Action]) -> frozenset[Action]:
    return ROLE_ACTIONS[role] if role else frozenset(actions)
