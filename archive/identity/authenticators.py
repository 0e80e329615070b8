"""One-time codes as a second factor: set up, asked for, removed. Every code counts once, whoever comes first."""

from enum import StrEnum

from msgspec import Struct

from archive.audit.event import Event, EventType, ObjectKind
from archive.calls.caller import Caller
from archive.errors import Conflict, Invalid
from archive.identity import recovery, sessions, totp
from archive.identity.managing import change
from archive.identity.proving import log_refusal, prove, proved
from archive.policy.principal import Principal
from archive.ports import Parts, Work

WRONG_CODE = "That code is wrong, or was used already."


class Used(StrEnum):
    """Which kind of code it was."""

    CODE = "code"
    RECOVERY_CODE = "recovery_code"


class Confirmed(Struct, frozen=True):
    """`session` is the session's new secret. The recovery codes are shown this once."""

    session: str
    recovery_codes: tuple[str, ...]


# ---- in a unit of work -----------------------------------------------------------------------------------------


async def has(work: Work, person: Principal) -> bool:
    """Whether sign-in asks them for a code."""
    found = await work.sign_ins.authenticator(person.id)
    return found is not None and found.confirmed_at is not None


async def use(work: Work, person: Principal, typed: str) -> Used | None:
    """Use a code up; None for a wrong one, or one used before."""
    found = await work.sign_ins.authenticator(person.id)
    if found is None or found.confirmed_at is None:
        return None
    step = totp.step_of(found.secret, typed, await work.now())
    if step is not None and await work.sign_ins.use_step(person.id, step):
        return Used.CODE
    used = await work.sign_ins.use_recovery_code(person.id, recovery.hashed(typed))
    return Used.RECOVERY_CODE if used else None


async def confirm(work: Work, caller: Caller, person: Principal, typed: str) -> tuple[str, ...] | None:
    """The first code of a new authenticator makes it count; the recovery codes. None for a wrong code."""
    found = await work.sign_ins.authenticator(person.id)
    if found is None or found.confirmed_at is not None:
        return None
    step = totp.step_of(found.secret, typed, await work.now())
    if step is None or not await work.sign_ins.use_step(person.id, step):
        return None
    await work.sign_ins.confirm_authenticator(person.id)
    await work.audit.append(change(caller, EventType.AUTHENTICATOR_ADDED, ObjectKind.PERSON, person.uid))
    return await recovery.renew(work, person)


async def drop(work: Work, caller: Caller, person: Principal) -> None:
    """Nothing happens for whoever has none."""
    if await has(work, person):
        await work.audit.append(
            change(caller, EventType.AUTHENTICATOR_REMOVED, ObjectKind.PERSON, person.uid)
        )
    await work.sign_ins.drop_authenticator(person.id)


# ---- on one's own account --------------------------------------------------------------------------------------


async def set_up(parts: Parts, caller: Caller, password: str) -> None:
    """Begin: a secret for the app, which asks nobody for anything before its first code came. Raises `Invalid`,
    `TooMany`, `Conflict` where codes are set up."""
    await prove(parts, caller, password, EventType.AUTHENTICATOR_ADDED)
    async with parts.database.write() as work:
        if await has(work, caller.principal):
            raise Conflict("One-time codes are set up already. Remove them first.")
        await proved(work, caller)
        await work.sign_ins.set_authenticator(caller.principal.id, totp.new_secret())


async def finish_setup(parts: Parts, caller: Caller, typed: str) -> Confirmed:
    """The first code. Raises `Invalid`."""
    async with parts.database.write() as work:
        made = await confirm(work, caller, caller.principal, typed)
        if made:
            return Confirmed(await sessions.rotate(work, caller), made)
    raise Invalid(WRONG_CODE, field="code")


async def remove(parts: Parts, caller: Caller, password: str, typed: str) -> str:
    """Takes the password and a code, of either kind; the session's new secret. Raises `Invalid`, `TooMany`."""
    await prove(parts, caller, password, EventType.AUTHENTICATOR_REMOVED)
    async with parts.database.write() as work:
        if await use(work, caller.principal, typed):
            await proved(work, caller)
            await drop(work, caller, caller.principal)
            return await sessions.rotate(work, caller)
    await log_refusal(parts, caller, EventType.AUTHENTICATOR_REMOVED, "wrong_code")
    raise Invalid(WRONG_CODE, field="code")


async def renew_recovery_codes(parts: Parts, caller: Caller, password: str, typed: str) -> Confirmed:
    """Ten new ones, which end those before. Takes the password and a code. Raises `Invalid`, `TooMany`."""
    await prove(parts, caller, password, EventType.AUTHENTICATOR_ADDED)
    async with parts.database.write() as work:
        if await use(work, caller.principal, typed):
            await proved(work, caller)
            made = await recovery.renew(work, caller.principal)
            await work.audit.append(_renewed(caller))
            return Confirmed(await sessions.rotate(work, caller), made)
    await log_refusal(parts, caller, EventType.AUTHENTICATOR_ADDED, "wrong_code")
    raise Invalid(WRONG_CODE, field="code")


def _renewed(caller: Caller) -> Event:
    uid, details = caller.principal.uid, {"what": "recovery_codes"}
    return change(caller, EventType.AUTHENTICATOR_ADDED, ObjectKind.PERSON, uid, details={**details})
