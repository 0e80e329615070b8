"""What waits for somebody: requests to decide on, changes to agree to, emergency access to see."""

from msgspec import Struct

from archive.calls.caller import Caller
from archive.identity import approving, glass
from archive.identity.second import approvers, approves_all, unfit
from archive.policy.actions import Action
from archive.policy.decide import may
from archive.ports import CHANGE_LIFE, Parts, ResetSignIn, Work

MOST_ASKED = 20
"""Changes that are looked into one by one."""


class Tasks(Struct, frozen=True):
    requests: int = 0
    changes: int = 0
    unseen: int = 0

    @property
    def count(self) -> int:
        return self.requests + self.changes + self.unseen


async def tasks(parts: Parts, caller: Caller) -> Tasks:
    """Cheap for whoever may decide on nothing: it is asked with every page."""
    async with parts.database.read() as work:
        who, now = caller.principal, await work.now()
        if not any(may(who, one, now) for one in (Action.APPROVE, Action.GRANT, Action.MANAGE_PEOPLE)):
            return Tasks()
        return Tasks(
            requests=await approving.count_waiting(work, who),
            changes=await _changes(work, caller),
            unseen=await glass.unseen(work, who),
        )


async def _changes(work: Work, caller: Caller) -> int:
    now, who = await work.now(), caller.principal
    if await approves_all(work, who):
        waiting = await work.changes.waiting(now - CHANGE_LIFE)
        return sum(one.asked_by != who.uid for one in waiting)  # what they gain by, they may refuse
    if not may(who, Action.MANAGE_PEOPLE, now):
        return 0
    waiting = await work.changes.waiting(now - CHANGE_LIFE)
    approved = bool(waiting and await approvers(work))
    left = [one for one in waiting if not approved or isinstance(one.change, ResetSignIn)]
    return len([one for one in left[:MOST_ASKED] if await unfit(work, caller, one) is None])
