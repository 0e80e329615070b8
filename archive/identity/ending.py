"""When grants end: sooner, later, or at once."""

from datetime import datetime

from archive.audit.event import Detail, EventType, ObjectKind
from archive.calls.access import denial
from archive.calls.caller import Caller
from archive.errors import Forbidden, Invalid, NotFound, Stale
from archive.identity.etags import strong_etag
from archive.identity.facts import both, where
from archive.identity.managing import change, changing, check_manager, manages
from archive.identity.oneself import check_other
from archive.identity.second import approves_all, or_wait
from archive.ids import is_uuid7
from archive.policy.actions import Action
from archive.policy.principal import Basis, Grant, Principal
from archive.policy.weight import opens_speech
from archive.ports import Parts, PendingChange, ProlongGrant, Work


def etag(grant: Grant) -> str:
    """Changes with whatever of a grant can change."""
    return strong_etag(grant.uid, grant.until, grant.revoked_at)


async def prolong(
    parts: Parts, caller: Caller, grant_uid: str, until: datetime | None, *, match: str | None = None
) -> Grant | PendingChange:
    """Another end for a grant, later or sooner (None: no end). What opens speech for longer may wait for a second
    person. `match`: the etag that it must still have. Raises `NotFound`, `Forbidden` for one's own, `Stale`."""
    await check_manager(parts, caller)
    async with changing(parts, caller, ObjectKind.GRANT) as work:
        holder, grant = await _open(work, grant_uid)
        await check_other(work, caller, holder.uid)
        if match not in (None, etag(grant)):
            raise Stale
        await _check_end(work, grant, until)
        opens = _longer(grant, until) and opens_speech(grant.role, grant.actions)
        asked = ProlongGrant(grant.uid, until)
        return await or_wait(work, caller, asked, beneficiary=holder.uid, opens=opens) or await _set_end(
            work, caller, grant, until
        )


async def apply(work: Work, caller: Caller, asked: ProlongGrant, agreed_with: PendingChange) -> Grant:
    """Prolong what a second person, the caller, agreed to. Raises what says that it no longer fits."""
    holder, grant = await _open(work, asked.grant)
    if holder.disabled_at is not None:
        raise NotFound("Whom it was for is there no more.")
    await _check_end(work, grant, asked.until)
    return await _set_end(work, caller, grant, asked.until, agreed_with)


async def revoke(parts: Parts, caller: Caller, grant_uid: str) -> None:
    """End a grant at once: for those who manage people, those who approve over all calls, and whoever gave it.

    Raises `NotFound`; for everybody else that is logged, and `Forbidden` where the grant is their own."""
    async with parts.database.write() as work:
        found = await work.principals.grant(grant_uid) if is_uuid7(grant_uid) else None
        if found is None or await _may_end(work, caller, found[1]):
            await revoke_within(work, caller, *_unrevoked(found, grant_uid))
            return
        details = {"action": Action.MANAGE_PEOPLE.value}
        await work.audit.append(
            denial(caller, EventType.ARCHIVE_DENIED, ObjectKind.GRANT, grant_uid, "no_grant", details=details)
        )
    if found[0].uid == caller.principal.uid:
        raise Forbidden("Whoever gave it to you ends it.")
    raise _no_grant(grant_uid)


async def revoke_within(work: Work, caller: Caller, holder: Principal, grant: Grant) -> None:
    """End a grant in this unit of work, by whoever may."""
    await work.principals.revoke(grant.id)
    await _log(work, caller, EventType.GRANT_REVOKED, grant, {"to": holder.uid})


async def _may_end(work: Work, caller: Caller, grant: Grant) -> bool:
    if await manages(work, caller) or grant.granted_by == caller.principal.uid:
        return True
    return await approves_all(work, caller.principal)


async def _open(work: Work, grant_uid: str) -> tuple[Principal, Grant]:
    return _unrevoked(await work.principals.grant(grant_uid) if is_uuid7(grant_uid) else None, grant_uid)


def _unrevoked(found: tuple[Principal, Grant] | None, grant_uid: str) -> tuple[Principal, Grant]:
    if found is None or found[1].revoked_at is not None:
        raise _no_grant(grant_uid)
    return found


def _no_grant(grant_uid: str) -> NotFound:
    return NotFound(f"There is no grant {grant_uid} in force.")


async def _check_end(work: Work, grant: Grant, until: datetime | None) -> None:
    if grant.basis is Basis.BREAK_GLASS:
        raise Invalid("Emergency access ends when it was to end; it isn't prolonged.", field="until")
    if until is not None and until <= max(await work.now(), grant.since):
        raise Invalid("until lies in the past.", field="until")


def _longer(grant: Grant, until: datetime | None) -> bool:
    return grant.until is not None and (until is None or until > grant.until)


async def _set_end(
    work: Work,
    caller: Caller,
    grant: Grant,
    until: datetime | None,
    agreed_with: PendingChange | None = None,
) -> Grant:
    if not await work.principals.change_end(grant, until):
        raise Stale
    holder, changed = await _open(work, grant.uid)
    details: dict[str, Detail] = {
        "to": holder.uid,
        "from": grant.until.isoformat() if grant.until else None,
        "until": until.isoformat() if until else None,
        **both(agreed_with, caller.principal.uid),
    }
    await _log(work, caller, EventType.GRANT_CHANGED, grant, details)
    return changed


async def _log(work: Work, caller: Caller, type: EventType, grant: Grant, details: dict[str, Detail]) -> None:
    told = await where(work, grant.scope)
    await work.audit.append(
        change(
            caller,
            type,
            ObjectKind.GRANT,
            grant.uid,
            details={**details, **told.details},
            texts=told.texts,
            call=told.call,
        )
    )
