"""Whoever comes to approve comes anew. Who knew them before may hold a link, a password or a session of theirs, and
would be the second person of what they ask for themselves. See docs/decisions/0009-the-second-person.md.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from archive.calls.caller import Caller
from archive.identity.credentials import end_credentials
from archive.identity.oneself import gains
from archive.identity.second import live_or_coming, needs_second, waiting_claim
from archive.policy.actions import ROLE_ACTIONS, Action
from archive.policy.principal import Grant, Principal, PrincipalKind
from archive.ports import (
    CHANGE_LIFE,
    AddMember,
    Change,
    GiveGrant,
    MapClaim,
    PendingChange,
    ProlongGrant,
    Work,
)

CAME_TO_APPROVE = "came_to_approve"


@asynccontextmanager
async def coming_anew(work: Work, caller: Caller, people: Iterable[Principal]) -> AsyncIterator[None]:
    """Around what changes who may do what: whom of `people` it makes somebody who approves, now or later, on any call,
    nothing lets in any more that others may have given them. Nothing ends before the second person's rule began."""
    without = [one.id for one in people if not await _holds(work, one)] if await needs_second(work) else []
    yield
    for one in await work.principals.by_ids(without):
        if await _holds(work, one):
            await end_credentials(work, caller, one, CAME_TO_APPROVE)


async def people_behind(work: Work, uid: str | None) -> list[Principal]:
    """The person of a public id, or those who are in the group."""
    if uid is None:
        return []
    if group := await work.groups.get(uid):
        return list({one.principal.id: one.principal for one in await work.groups.members(group.id)}.values())
    found = await work.principals.get(uid)
    return [found] if found and found.kind is PrincipalKind.PERSON else []


async def makes_approvers(work: Work, pending: PendingChange) -> bool:
    """Whether agreeing to it makes somebody approve who doesn't."""
    if not await _gives_approval(work, pending.change):
        return False
    if isinstance(pending.change, MapClaim):
        return True  # whoever signs in next
    return not all([await _holds(work, one) for one in await people_behind(work, pending.beneficiary)])


async def approves_ever(work: Work, person: Principal) -> bool:
    """Whether somebody approves on any call, now or later, or would once what waits is agreed on."""
    if await _holds(work, person):
        return True
    for one in await work.changes.waiting(await work.now() - CHANGE_LIFE):
        gain = await gains(work, person, one.beneficiary, waiting_claim(one))
        if gain and await _gives_approval(work, one.change):
            return True
    return False


async def _holds(work: Work, person: Principal) -> bool:
    return _approve(live_or_coming(person.grants, await work.now()))


async def _gives_approval(work: Work, asked: Change) -> bool:
    match asked:
        case GiveGrant(role=role, actions=actions):
            return Action.APPROVE in (ROLE_ACTIONS[role] if role else actions)
        case ProlongGrant(uid):
            found = await work.principals.grant(uid)
            return found is not None and _approve([found[1]])
        case AddMember(uid) | MapClaim(uid):
            return await _group_approves(work, uid)
        case _:
            return False


async def _group_approves(work: Work, uid: str) -> bool:
    """Whether a group's members approve, or will once a grant to it that waits is agreed on."""
    now = await work.now()
    group = await work.groups.get(uid)
    if group and _approve(live_or_coming(group.grants, now)):
        return True
    waiting = [one.change for one in await work.changes.waiting(now - CHANGE_LIFE)]
    given = [one for one in waiting if isinstance(one, GiveGrant) and one.to == uid]
    return any([await _gives_approval(work, one) for one in given])


def _approve(held: Iterable[Grant]) -> bool:
    return any(one.gives(Action.APPROVE) for one in held)
