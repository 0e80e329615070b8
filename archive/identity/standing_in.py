"""Which administrator stands in as the second person where nobody else approves: one who was there long enough before
that not to have been made for it. See docs/decisions/0009-the-second-person.md."""

from collections.abc import Collection
from datetime import datetime, timedelta

from archive.policy.actions import Action
from archive.policy.principal import Principal
from archive.policy.scope import reaches_all
from archive.ports import Work

SETTLED = timedelta(days=7)
"""So long somebody managed people before nobody else approved; where nobody did, so long the change waits."""


async def settled(work: Work, managers: Collection[Principal], alone_since: datetime) -> list[Principal]:
    """Those of `managers` who were that `SETTLED` before `alone_since`, and have been since."""
    return [one for one in managers if await _managing_since(work, one) <= alone_since - SETTLED]


async def ceased(work: Work) -> datetime | None:
    """When the last of those who approved over all calls ceased to; None where nobody did."""
    ends = [end for scope, end in await work.principals.held_until(Action.APPROVE) if reaches_all(scope)]
    return max(ends, default=None)


async def _managing_since(work: Work, who: Principal) -> datetime:
    """Since when somebody has had both their account and their right to manage people."""
    now, joined = await work.now(), await _joined(work, who)
    held = [grant for grant in who.grants if grant.gives(Action.MANAGE_PEOPLE) and grant.in_force(now)]
    starts = [max(grant.since, joined.get(grant.group or "", grant.since)) for grant in held]
    return max(min(starts, default=now), who.created_at or now)


async def _joined(work: Work, who: Principal) -> dict[str, datetime]:
    """Since when they are in each of their groups, by its public id."""
    return {
        group.uid: min(
            one.added_at for one in await work.groups.members(group.id) if one.principal.id == who.id
        )
        for group in await work.groups.of(who.id)
    }
