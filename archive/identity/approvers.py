"""Whoever comes to approve comes anew. Who knew them before may hold a link, a password or a session of theirs, and
would be the second person of what they ask for themselves. See docs/decisions/0009-the-second-person.md.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from archive.calls.caller import Caller
from archive.identity.credentials import end_credentials
from archive.identity.gaining import given_by, live_or_coming
from archive.identity.second import needs_second
from archive.policy.actions import Action
from archive.policy.principal import Principal, PrincipalKind
from archive.ports import MapClaim, PendingChange, Work

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
    if Action.APPROVE not in await given_by(work, pending.change):
        return False
    if isinstance(pending.change, MapClaim):
        return True  # whoever signs in next
    return not all([await _holds(work, one) for one in await people_behind(work, pending.beneficiary)])


async def _holds(work: Work, person: Principal) -> bool:
    return any(one.gives(Action.APPROVE) for one in live_or_coming(person.grants, await work.now()))
