"""How many calls a scope comes to, told to those who manage people before they give it. A number, and no call."""

from msgspec import Struct

from archive.calls.caller import Caller
from archive.calls.filters import CallFilter
from archive.identity.managing import check_manager
from archive.identity.places import parse_scope
from archive.policy.scope import CallIds, OwnCalls, unsealed
from archive.ports import Parts


class Extent(Struct, frozen=True):
    """`calls` None: whose own they are isn't known yet. Sealed ones aren't counted, unless they are named."""

    scope: str
    calls: int | None


async def extent(parts: Parts, caller: Caller, scope: str) -> Extent:
    """`scope` in words. Raises `Invalid` as `parse_scope` does."""
    await check_manager(parts, caller)
    async with parts.database.read() as work:
        found = await parse_scope(work, scope)
        if isinstance(found, OwnCalls):
            return Extent(scope, None)
        reached = found if isinstance(found, CallIds) else unsealed(found)
        return Extent(scope, await work.calls.count(reached, CallFilter()))
