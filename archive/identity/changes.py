"""Changes that wait for a second person: looked through, agreed to, refused, withdrawn."""

from enum import StrEnum

from msgspec import structs

from archive.audit.event import Detail, EventType, ObjectKind
from archive.calls.access import log_denied
from archive.calls.caller import Caller
from archive.errors import Conflict, Decided, Forbidden, Invalid, NotFound, Stale
from archive.identity import ending, grants, groups, integrations, links, rules
from archive.identity.approvers import coming_anew, people_behind
from archive.identity.facts import both, facts
from archive.identity.managing import change, manages
from archive.identity.second import Unfit, approves_all, unfit, unfit_to_refuse
from archive.ids import is_uuid7
from archive.policy.actions import Action
from archive.policy.decide import Reason, may
from archive.ports import (
    CHANGE_LIFE,
    AddMember,
    ChangeState,
    GiveGrant,
    MapClaim,
    Parts,
    PendingChange,
    ProlongGrant,
    ResetSignIn,
    RotateSecret,
    SetRule,
    Work,
)

WHY_NOT = {
    Unfit.NOT_IN_PERSON: "A person agrees, signed in on the archive's pages: not the console, and no program.",
    Unfit.ONESELF: "Whoever asked for a change, or gains by it, is not its second person.",
    Unfit.NOT_SECOND: "Somebody who approves over all calls is this change's second person.",
    Unfit.NEWCOMER: "Nobody else approves. An administrator who was one for seven days before then agrees to this.",
    Unfit.TOO_SOON: "Nobody who approves can agree to this, and no other administrator was one for long enough. "
    "Another administrator agrees once this has waited for seven days.",
    Unfit.NOBODY: "Everybody who approves asked for this or gains by it, and so nobody agrees to it.",
}


EVENTS = {
    ChangeState.AGREED: EventType.CHANGE_AGREED,
    ChangeState.REFUSED: EventType.CHANGE_REFUSED,
    ChangeState.WITHDRAWN: EventType.CHANGE_WITHDRAWN,
}


class NotSecond(Forbidden):
    """Somebody else agrees to this change."""

    def __init__(self, why: Unfit) -> None:
        super().__init__(WHY_NOT[why])
        self.why = why


class NoLongerFits(Conflict):
    """This can't be done any more, and so it is refused."""

    code = "no_longer_fits"


async def waiting(parts: Parts, caller: Caller) -> list[PendingChange]:
    """Oldest first, for those who approve over all calls or manage people. Raises `Forbidden`, which is logged."""
    async with parts.database.read() as work:
        if await _looks_through(work, caller):
            return await work.changes.waiting(await work.now() - CHANGE_LIFE)
    await _log_denied(parts, caller, None, Reason.NO_GRANT)
    raise Forbidden("That takes the right to approve over all calls, or to manage people.")


async def get(parts: Parts, caller: Caller, uid: str) -> PendingChange:
    """One of them, decided ones too. Raises `NotFound` for those who may not look through them; it is logged."""
    async with parts.database.read() as work:
        pending = await work.changes.get(uid) if is_uuid7(uid) else None
        if pending is not None and await _looks_through(work, caller):
            return pending
    await _log_denied(parts, caller, uid, Reason.NO_GRANT if pending else Reason.NOT_THERE)
    raise NotFound


async def agree(parts: Parts, caller: Caller, uid: str) -> PendingChange:
    """Do what was asked for, in the same unit of work. Raises `NotSecond` for whoever isn't the second person,
    `Decided` for who comes too late, `NoLongerFits` where it can't be done any more, which refuses it."""
    try:
        return await _decide_second(parts, caller, uid, ChangeState.AGREED)
    except NoLongerFits:
        async with parts.database.write() as work:
            await _decide(work, caller, await _open(work, uid), ChangeState.REFUSED, NoLongerFits.code)
        raise


async def refuse(parts: Parts, caller: Caller, uid: str) -> PendingChange:
    """Nothing changes. Whoever approves may refuse what they would gain by, too. Raises as `agree` does."""
    return await _decide_second(parts, caller, uid, ChangeState.REFUSED)


async def withdraw(parts: Parts, caller: Caller, uid: str) -> PendingChange:
    """By whoever asked for it; what was asked for at the console, at the console."""
    pending = await get(parts, caller, uid)
    if pending.asked_by != caller.principal.uid:
        await _log_denied(parts, caller, uid, Reason.NO_GRANT)
        raise Forbidden("Whoever asked for a change withdraws it.")
    async with parts.database.write() as work:
        return await _decide(work, caller, await _open(work, uid), ChangeState.WITHDRAWN)


async def _looks_through(work: Work, caller: Caller) -> bool:
    return await manages(work, caller) or await approves_all(work, caller.principal)


async def _decide_second(parts: Parts, caller: Caller, uid: str, state: ChangeState) -> PendingChange:
    await get(parts, caller, uid)  # who may not know of it is told that it doesn't exist
    try:
        async with parts.database.write() as work:
            pending = await _open(work, uid)
            await _check_second(work, caller, pending, state)
            decided = await _decide(work, caller, pending, state)
            if state is ChangeState.AGREED:
                await _apply(work, caller, decided)
            return decided
    except NotSecond as refused:
        await _log_denied(parts, caller, uid, refused.why)
        raise


async def _check_second(work: Work, caller: Caller, pending: PendingChange, state: ChangeState) -> None:
    unfit_to = unfit_to_refuse if state is ChangeState.REFUSED else unfit
    if why := await unfit_to(work, caller, pending):
        raise NotSecond(why)


async def _open(work: Work, uid: str) -> PendingChange:
    pending = await work.changes.get(uid)
    if pending is None or pending.state is not ChangeState.WAITING or pending.lapsed(await work.now()):
        raise Decided
    return pending


async def _decide(
    work: Work, caller: Caller, pending: PendingChange, state: ChangeState, reason: str | None = None
) -> PendingChange:
    """The change as it then stands. Raises `Decided` for all callers at once but one."""
    if not await work.changes.decide(pending.id, state, caller.principal.uid):
        raise Decided
    told = await facts(work, pending.change)
    details: dict[str, Detail] = {**told.details, "asked_by": pending.asked_by}
    if state is ChangeState.AGREED:
        details |= both(pending, caller.principal.uid)
    event = change(
        caller,
        EVENTS[state],
        ObjectKind.CHANGE,
        pending.uid,
        details=details,
        texts=told.texts,
        call=told.call,
    )
    await work.audit.append(structs.replace(event, reason_code=reason))
    return await work.changes.get(pending.uid) or pending


async def _apply(work: Work, caller: Caller, agreed: PendingChange) -> None:
    try:
        await _check_asker(work, agreed)
        async with coming_anew(work, caller, await people_behind(work, agreed.beneficiary)):
            await _do(work, caller, agreed)
    except (NotFound, Invalid, Conflict, Stale) as unfit:
        raise NoLongerFits(f"This no longer fits, and so it is refused: {unfit.detail}") from unfit


async def _do(work: Work, caller: Caller, agreed: PendingChange) -> None:
    match agreed.change:
        case GiveGrant():
            await grants.apply(work, caller, agreed.change, agreed)
        case ProlongGrant():
            await ending.apply(work, caller, agreed.change, agreed)
        case AddMember() | MapClaim():
            await groups.apply(work, caller, agreed.change, agreed)
        case RotateSecret():
            await integrations.apply(work, agreed.change, agreed)
        case ResetSignIn():
            await links.apply(work, agreed.change, agreed)
        case SetRule():
            await rules.apply(work, caller, agreed.change, agreed)


async def _check_asker(work: Work, agreed: PendingChange) -> None:
    asker = await work.principals.get(agreed.asked_by)  # None: the console
    if asker is not None and not may(asker, Action.MANAGE_PEOPLE, await work.now()):
        raise NotFound("Whoever asked for it may not manage people any more.")


async def _log_denied(parts: Parts, caller: Caller, uid: str | None, reason: StrEnum) -> None:
    denied, kind = EventType.ARCHIVE_DENIED, ObjectKind.CHANGE
    await log_denied(parts, caller, Action.APPROVE, reason, denied=denied, kind=kind, asked=uid)
