"""Breaking the glass: an administrator, who hears nothing, hears for a short time all the same, and everybody who
approves is told.

It opens what is not sealed: finding, seeing, reading and hearing. It takes a reason, and the password once more (and a
code) of whoever has one here. It can be given back, but not prolonged.
"""

from datetime import datetime, timedelta

from msgspec import Struct

from archive.audit.event import Detail, Event, EventType, ObjectKind
from archive.calls.access import denial
from archive.calls.caller import Caller
from archive.errors import Conflict, Forbidden, Invalid, NotFound, TooMany
from archive.identity import authenticators, sessions
from archive.identity.authenticators import WRONG_CODE
from archive.identity.facts import given, where
from archive.identity.half_way import Rules
from archive.identity.limits import key
from archive.identity.managing import change
from archive.identity.places import parse_scope
from archive.identity.proving import log_refusal, prove, proved
from archive.ids import is_uuid7
from archive.policy.actions import HEAR, Action
from archive.policy.decide import may
from archive.policy.principal import Basis, Grant, Principal, PrincipalKind
from archive.policy.scope import Scope, unsealed
from archive.ports import BrokenGlass, NewGrant, Parts, Work

DAY = timedelta(days=1)
MOST_A_DAY = 3
LATELY = timedelta(days=30)
MIN_REASON, MAX_REASON = 10, 500
SCOPES = ("all", "partner", "client", "call")

AT_CONSOLE = (
    "Nobody breaks the glass at the console: it hears nothing, and the log would name a user of the machine "
    "instead of a person. Sign in."
)


class Breaking(Struct, frozen=True, kw_only=True):
    """`scope` in words: all, partner:NAME, client:NAME or call:ID. `password` and `code`: of whoever has them here."""

    scope: str
    reason: str
    password: str = ""
    code: str = ""


class Taken(Struct, frozen=True):
    """`session` is the new secret of the session that it was taken in."""

    grant: Grant
    session: str


async def break_glass(parts: Parts, caller: Caller, rules: Rules, minutes: int, breaking: Breaking) -> Taken:
    """Hear for so many minutes. Raises `Forbidden` for whoever doesn't manage people, isn't signed in, or where
    `minutes` is 0; `Invalid` by field; `Conflict` while some is in force; `TooMany` past three a day."""
    await _check_may(parts, caller, minutes)
    reason = _checked_reason(breaking.reason)
    kind = breaking.scope.strip().partition(":")[0]
    if kind not in SCOPES:
        raise Invalid("Breaking the glass opens all, partner:NAME, client:NAME or call:ID.", field="scope")
    if password := await _has_password(parts, caller, rules):
        await prove(parts, caller, breaking.password, EventType.GLASS_BROKEN)
    async with parts.database.write() as work:
        scope = unsealed(await parse_scope(work, breaking.scope))
        await _check_count(work, caller.principal)
        if not password or await _code_fits(work, caller, breaking.code):
            await proved(work, caller)
            return await _take(work, caller, scope, reason, timedelta(minutes=minutes))
    await log_refusal(parts, caller, EventType.GLASS_BROKEN, "wrong_code")
    raise Invalid(WRONG_CODE, field="code")


async def mend(parts: Parts, caller: Caller) -> str:
    """Give back what is in force; the session's new secret. Raises `NotFound` where nothing is."""
    async with parts.database.write() as work:
        who = await work.principals.by_id(caller.principal.id) or caller.principal
        grant = in_force(who, await work.now())
        if grant is None:
            raise NotFound("Nothing is open that you could give back.")
        await work.principals.revoke(grant.id)
        told = await where(work, grant.scope)
        event = change(
            caller,
            EventType.GLASS_MENDED,
            ObjectKind.GRANT,
            grant.uid,
            details=told.details,
            texts=told.texts,
            call=told.call,
        )
        await work.audit.append(event)
        return await sessions.rotate(work, caller)


async def lately(parts: Parts, caller: Caller) -> list[BrokenGlass]:
    """Newest first, of the last 30 days and whatever nobody has seen: everybody's for those who approve or read the
    log, one's own for others."""
    async with parts.database.read() as work:
        now = await work.now()
        found = await work.glass.lately(now - LATELY)
        all_of_it = any(may(caller.principal, one, now) for one in (Action.APPROVE, Action.READ_AUDIT))
        return [one for one in found if all_of_it or one.holder.id == caller.principal.id]


async def see(parts: Parts, caller: Caller, grant_uid: str) -> None:
    """One of those who approve has seen it: nobody is told any more. Raises `NotFound` for everybody else."""
    async with parts.database.write() as work:
        found = await work.principals.grant(grant_uid) if is_uuid7(grant_uid) else None
        if found and found[1].basis is Basis.BREAK_GLASS and await _is_told(work, caller, found[0]):
            if await work.glass.see(grant_uid, caller.principal.uid):
                details: dict[str, Detail] = {"to": found[0].uid}
                await work.audit.append(
                    change(caller, EventType.GLASS_SEEN, ObjectKind.GRANT, grant_uid, details=details)
                )
            return
        reason = "no_grant" if found else "not_there"
        await work.audit.append(_denied(caller, ObjectKind.GRANT, grant_uid, reason, Action.APPROVE.value))
    raise NotFound


async def unseen(work: Work, who: Principal) -> int:
    """How much of it somebody who approves is to be told of."""
    return await work.glass.unseen(who.uid) if may(who, Action.APPROVE, await work.now()) else 0


def in_force(who: Principal, now: datetime) -> Grant | None:
    """What somebody hears by, if they broke the glass and it is not over."""
    taken = (one for one in who.grants if one.basis is Basis.BREAK_GLASS and one.group is None)
    return next((one for one in taken if one.in_force(now)), None)


async def wants(parts: Parts, caller: Caller, rules: Rules) -> tuple[bool, bool]:
    """Whether a password is asked for, and a code."""
    password = await _has_password(parts, caller, rules)
    async with parts.database.read() as work:
        return password, password and await authenticators.has(work, caller.principal)


# ---- breaking --------------------------------------------------------------------------------------------------


async def _check_may(parts: Parts, caller: Caller, minutes: int) -> None:
    why = await _why_not(parts, caller, minutes)
    if why is None:
        return
    async with parts.database.write() as work:
        await work.audit.append(_denied(caller, ObjectKind.ARCHIVE, None, why[0], "break_glass"))
    raise Forbidden(why[1])


async def _why_not(parts: Parts, caller: Caller, minutes: int) -> tuple[str, str] | None:
    if caller.principal.kind is PrincipalKind.CONSOLE:
        return "not_in_person", AT_CONSOLE
    async with parts.database.read() as work:
        manages = may(caller.principal, Action.MANAGE_PEOPLE, await work.now())
    if not manages:
        return "no_grant", "Those who manage people may break the glass."
    if caller.origin.session is None:
        return "not_in_person", "A person breaks the glass, signed in: no program."
    return ("glass_off", "Nobody breaks the glass here: break_glass_minutes is 0.") if minutes == 0 else None


async def _check_count(work: Work, who: Principal) -> None:
    # Counted in grants; this row is locked until the unit ends, so that two at once count one another.
    await work.credentials.count_try(key("glass", who.uid), DAY)
    now = await work.now()
    who = await work.principals.by_id(who.id) or who
    if in_force(who, now):
        raise Conflict(
            "You broke the glass already. It isn't prolonged: give it back, or wait until it is over."
        )
    taken = [one for one in who.grants if one.basis is Basis.BREAK_GLASS and one.since > now - DAY]
    if len(taken) >= MOST_A_DAY:
        again = min(one.since for one in taken) + DAY - now
        raise TooMany(
            f"The glass is broken {MOST_A_DAY} times a day at most.",
            retry_after=int(again.total_seconds()) + 1,
        )


async def _take(work: Work, caller: Caller, scope: Scope, reason: str, span: timedelta) -> Taken:
    who, now = caller.principal, await work.now()
    new = NewGrant(
        scope=scope,
        role=None,
        actions=HEAR,
        since=now,
        until=now + span,
        reason=reason,
        granted_by=who.uid,
        basis=Basis.BREAK_GLASS,
    )
    grant = await work.principals.give(who.id, new)
    await work.glass.broken(grant.id)
    told = await given(work, grant)
    await work.audit.append(
        change(
            caller,
            EventType.GLASS_BROKEN,
            ObjectKind.GRANT,
            grant.uid,
            details={"to": who.uid, **told.details},
            texts={**told.texts, "reason": reason},
            call=told.call,
        )
    )
    return Taken(grant, await sessions.rotate(work, caller))


async def _has_password(parts: Parts, caller: Caller, rules: Rules) -> bool:
    async with parts.database.read() as work:
        encoded = await work.credentials.password(caller.principal.id)
    return encoded is not None and rules.lets(caller.principal.email)


async def _code_fits(work: Work, caller: Caller, code: str) -> bool:
    if not await authenticators.has(work, caller.principal):
        return True
    return await authenticators.use(work, caller.principal, code) is not None


def _checked_reason(reason: str) -> str:
    reason = reason.strip()
    if not MIN_REASON <= len(reason) <= MAX_REASON or "\0" in reason:
        raise Invalid(f"A reason has {MIN_REASON} to {MAX_REASON} characters.", field="reason")
    return reason


async def _is_told(work: Work, caller: Caller, holder: Principal) -> bool:
    """Nobody sees to their own: whoever manages people and approves would else break it unseen."""
    return holder.id != caller.principal.id and may(caller.principal, Action.APPROVE, await work.now())


def _denied(caller: Caller, kind: ObjectKind, uid: str | None, reason: str, doing: str) -> Event:
    return denial(caller, EventType.ARCHIVE_DENIED, kind, uid, reason, details={"action": doing})
