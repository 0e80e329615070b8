"""One's own password, changed."""

from archive.audit.event import EventType, ObjectKind
from archive.calls.caller import Caller
from archive.errors import Invalid
from archive.identity import sessions
from archive.identity.managing import change
from archive.identity.proving import prove, proved
from archive.identity.typed import checked_password
from archive.policy.principal import Principal
from archive.ports import Parts, Work


async def change_password(parts: Parts, caller: Caller, old: str, new: str) -> str:
    """The session's new secret: every other session ends. Raises `Invalid` by field, `TooMany`."""
    await prove(parts, caller, old, EventType.PASSWORD_CHANGED)
    if old == new:
        raise Invalid("That is the password you have.", field="new")
    encoded = await parts.passwords.hash(checked_password(new, field="new"))
    async with parts.database.write() as work:
        await proved(work, caller)
        await set_password(work, caller, caller.principal, encoded)
        await sessions.end_all(work, caller.principal, "password_changed", but=caller.origin.session)
        return await sessions.rotate(work, caller)


async def set_password(work: Work, caller: Caller, person: Principal, encoded: str) -> None:
    """Set it in this unit of work. Whatever link of theirs is still about ends: it was for the one before."""
    await work.credentials.set_password(person.id, encoded)
    await work.credentials.end_links(person.id)
    await work.audit.append(change(caller, EventType.PASSWORD_CHANGED, ObjectKind.PERSON, person.uid))
