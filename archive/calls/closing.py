"""Taking a call out of everybody's scope but of those who may seal: one step, wherever a call comes to be sealed.

See docs/decisions/0005-sealed-calls.md.
"""

from collections.abc import Mapping
from types import MappingProxyType

from archive.audit.event import Detail, EventType, Object, ObjectKind
from archive.calls.access import about
from archive.calls.call import Call
from archive.calls.caller import Caller
from archive.policy.principal import Grant
from archive.policy.scope import CallIds
from archive.ports import Work

NOBODY: Mapping[str, Detail] = MappingProxyType({"named": [], "grants": []})
"""Whom a seal names that comes with what was said on consent."""


async def end_by_name(work: Work, caller: Caller, call: Call) -> None:
    """End the grants that name the call, which would reach it sealed; those of other calls too go on without it."""
    for holder, grant in await work.reaching.by_name(call.id, await work.now()):
        ended = await _take_out(work, call, grant)
        details: dict[str, Detail] = {"to": holder, "without": call.uid}
        about_grant = Object(ObjectKind.GRANT, grant.uid)
        await work.audit.append(about(caller, ended, call, object=about_grant, details=details))


async def close_refused(work: Work, caller: Caller, call: Call) -> None:
    """The seal of a call whose consent was refused."""
    await end_by_name(work, caller, call)
    details = {**NOBODY, "consent": call.consent.value}
    await work.audit.append(about(caller, EventType.CALL_SEALED, call, details=details))


async def _take_out(work: Work, call: Call, grant: Grant) -> EventType:
    rest = grant.scope.ids - {call.id} if isinstance(grant.scope, CallIds) else None
    if not rest:
        await work.principals.revoke(grant.id)
        return EventType.GRANT_REVOKED
    await work.reaching.narrow(grant, CallIds(rest))
    return EventType.GRANT_CHANGED
