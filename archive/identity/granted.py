"""Grants, looked through: all by those who manage people or approve; by anybody their own, and those they gave."""

from archive.audit.event import EventType, ObjectKind
from archive.calls.access import log_denied, reach
from archive.calls.call import Call
from archive.calls.caller import Caller
from archive.errors import NotFound
from archive.identity.managing import manages
from archive.identity.second import approves_all
from archive.ids import is_uuid7
from archive.policy.actions import Action
from archive.policy.decide import Reason
from archive.policy.principal import Grant, Principal
from archive.policy.scope import AllCalls, contains
from archive.ports import GrantFilter, Parts, Work

Given = tuple[Principal, Grant]
"""To whom, and what."""

PORTION = 500
"""Grants looked at in one go for those that reach a call: which do stands in no column."""


async def listed(
    parts: Parts,
    caller: Caller,
    *,
    holder: str | None = None,
    call: str | None = None,
    in_force: bool = False,
    after: int = 0,
    limit: int = 50,
) -> list[Given]:
    """By rising id, those past `after`. `holder`: given to this person, program or group. `call`: reaching this call;
    none for a call that the caller may not know of."""
    async with parts.database.read() as work:
        everything = await _sees_all(work, caller)
        wanted = GrantFilter(
            holder=holder,
            concerning=None if everything else caller.principal.uid,
            in_force=await work.now() if in_force else None,
        )
        if call is None:
            return await work.principals.grants(wanted, after, limit)
        found = await _call(work, caller, call, everything=everything)
        return await _reaching(work, found, wanted, after, limit) if found else []


async def get(parts: Parts, caller: Caller, grant_uid: str) -> Given:
    """Ended ones too. Raises `NotFound`, which is logged, for those it doesn't concern."""
    async with parts.database.read() as work:
        found = await work.principals.grant(grant_uid) if is_uuid7(grant_uid) else None
        mine = caller.principal.uid
        if found and (mine in (found[0].uid, found[1].granted_by) or await _sees_all(work, caller)):
            return found
    denied, kind = EventType.ARCHIVE_DENIED, ObjectKind.GRANT
    await log_denied(
        parts, caller, Action.MANAGE_PEOPLE, Reason.NO_GRANT, denied=denied, kind=kind, asked=grant_uid
    )
    raise NotFound


async def _sees_all(work: Work, caller: Caller) -> bool:
    return await manages(work, caller) or await approves_all(work, caller.principal)


async def _call(work: Work, caller: Caller, uid: str, *, everything: bool) -> Call | None:
    if everything and is_uuid7(uid):
        return await work.calls.get(uid, AllCalls())  # only where it stands is looked at
    return await reach(work, caller, Action.READ_CALL, uid)


async def _reaching(work: Work, call: Call, wanted: GrantFilter, after: int, limit: int) -> list[Given]:
    found: list[Given] = []
    while len(found) < limit:
        some = await work.principals.grants(wanted, after, PORTION)
        found += [one for one in some if contains(one[1].scope, call)]
        if len(some) < PORTION:
            break
        after = some[-1][1].id
    return found[:limit]
