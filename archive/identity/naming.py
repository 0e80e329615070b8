"""Partners, clients and teams: added, renamed, listed. Those who manage people see names here, and no call."""

from archive.audit.event import EventType, ObjectKind
from archive.calls.caller import Caller
from archive.calls.transcript import clean_name as without_disguise
from archive.errors import NotFound, Stale
from archive.identity import typed
from archive.identity.etags import strong_etag
from archive.identity.managing import change, check_manager, manages
from archive.ids import is_uuid7
from archive.policy.actions import Action
from archive.policy.decide import resolve_scope
from archive.policy.scope import Scope, is_empty, reaches_all
from archive.ports import Job, KnownName, NameFilter, NameKind, NameMark, Parts, Work

OBJECTS = {
    NameKind.PARTNER: ObjectKind.PARTNER,
    NameKind.CLIENT: ObjectKind.CLIENT,
    NameKind.TEAM: ObjectKind.TEAM,
}
RUNG = 200
"""Calls whose index is brought up to date at once; of the others the sweep thinks."""


async def listed(
    parts: Parts,
    caller: Caller,
    kind: NameKind,
    *,
    like: str | None = None,
    after: NameMark | None = None,
    limit: int = 50,
) -> list[KnownName]:
    """By name. Those who manage people see all; partners and teams are told to those who may find calls, within their
    scope. Raises `Forbidden`, which is logged."""
    within = await _sight(parts, caller, kind)
    async with parts.database.read() as work:
        return await work.names.page(kind, NameFilter(like=like or None, within=within), after, limit)


async def get(parts: Parts, caller: Caller, kind: NameKind, uid: str) -> KnownName:
    """Raises `NotFound` for one outside the caller's scope, as for one that doesn't exist."""
    within = await _sight(parts, caller, kind)
    async with parts.database.read() as work:
        return await _known(work, kind, uid, within)


async def add(
    parts: Parts, caller: Caller, kind: NameKind, name: str, external_id: str | None = None
) -> KnownName:
    """`external_id` is a client's. Raises `Conflict` where a partner or a team has the name."""
    await check_manager(parts, caller)
    name = clean(name)
    async with parts.database.write() as work:
        added = await work.names.add(kind, name, external_id)
        texts = {"name": added.name}
        await work.audit.append(change(caller, EventType.NAME_ADDED, OBJECTS[kind], added.uid, texts=texts))
        return added


async def rename(
    parts: Parts, caller: Caller, kind: NameKind, uid: str, name: str, *, match: str | None = None
) -> KnownName:
    """Its calls show the new name at once, and are found by it as soon as the index learned it. Whoever may reach them
    stays who may. `match`: the etag that it must still have."""
    await check_manager(parts, caller)
    name = clean(name)
    async with parts.database.write() as work:
        found = await _known(work, kind, uid, None)
        if match not in (None, etag(found)):
            raise Stale
        await work.names.rename(kind, found.id, name)
        await work.index_debts.owe_named(kind, found.id)
        texts = {"name": name, "before": found.name}
        await work.audit.append(change(caller, EventType.NAME_CHANGED, OBJECTS[kind], found.uid, texts=texts))
        renamed = await _known(work, kind, uid, None)
        owed = await work.index_debts.calls(RUNG)
    for call_id in owed:
        await parts.doorbell.ring(Job.REFRESH, call_id)
    return renamed


def clean(name: str) -> str:
    """Raises `Invalid` for a name of which nothing would be seen."""
    return typed.clean_name(without_disguise(name))


def etag(known: KnownName) -> str:
    return strong_etag(known.uid, known.name, known.external_id)


async def _sight(parts: Parts, caller: Caller, kind: NameKind) -> Scope | None:
    """The scope within which the caller is told names; None for all of them."""
    async with parts.database.read() as work:
        if await manages(work, caller):
            return None
        scope = resolve_scope(caller.principal, Action.FIND, await work.now())
    if kind is NameKind.CLIENT or is_empty(scope):
        await check_manager(parts, caller)
    return None if reaches_all(scope) else scope


async def _known(work: Work, kind: NameKind, uid: str, within: Scope | None) -> KnownName:
    found = await work.names.known(kind, uid, within) if is_uuid7(uid) else None
    if found is None:
        raise NotFound(f"There is no such {kind}.")
    return found
