"""People: added, changed, disabled, let in again, listed."""

from archive.audit.event import EventType, ObjectKind, Origin
from archive.calls.caller import Caller
from archive.errors import Conflict, NotFound, Stale
from archive.identity import sessions
from archive.identity.etags import strong_etag
from archive.identity.gaining import actions_of, held_or_waiting
from archive.identity.grants import Giving, give_or_wait
from archive.identity.managing import again, change, changing, check_manager
from archive.identity.oneself import check_other
from archive.identity.second import needs_second
from archive.identity.typed import checked_password, clean_email, clean_name
from archive.policy.actions import Action
from archive.policy.principal import Principal, PrincipalKind
from archive.policy.scope import OwnCalls
from archive.policy.weight import opens_speech
from archive.ports import Parts, Work


async def add_person(
    parts: Parts, caller: Caller, *, name: str, email: str, password: str, giving: Giving
) -> Principal:
    """A person who can sign in at once, with their first grant, unless that waits for a second person. Raises
    `Conflict` where the e-mail is taken."""
    await check_manager(parts, caller)
    name, email = clean_name(name), clean_email(email)
    encoded_password = await parts.passwords.hash(checked_password(password))
    async with parts.database.write() as work:
        return await enrol(work, caller, name=name, email=email, encoded=encoded_password, giving=giving)


async def enrol(
    work: Work, caller: Caller, *, name: str, email: str, giving: Giving | None, encoded: str | None
) -> Principal:
    """Add a person in this unit of work. `encoded` is the hash of their password: None for whoever comes by a link or
    a company's sign-in. `giving` is their first grant, which may wait for a second person: they come without it."""
    person = await work.principals.add_person(email, name)
    if encoded is not None:
        await work.credentials.set_password(person.id, encoded)
    await work.audit.append(change(caller, EventType.PERSON_ADDED, ObjectKind.PERSON, person.uid))
    if giving is not None:
        await give_or_wait(work, caller, person, giving)
    return await again(work, person)


async def by_identity(work: Work, issuer: str, subject: str) -> Principal | None:
    """Whom a company's sign-in means: by issuer and subject, never by e-mail."""
    found = await work.sign_ins.linked(issuer, subject)
    return None if found is None else await work.principals.by_id(found)


async def link(
    work: Work, person: Principal, issuer: str, subject: str, origin: Origin | None = None
) -> None:
    """From now on that issuer's `subject` is this person. Raises `Conflict` where it is somebody's already."""
    if not await work.sign_ins.link(person.id, issuer, subject):
        raise Conflict("That account of the company's sign-in is linked already.")
    linked = change(
        Caller(person, origin or Origin()),
        EventType.IDENTITY_LINKED,
        ObjectKind.PERSON,
        person.uid,
        details={"issuer": issuer},
        texts={"subject": subject},
    )
    await work.audit.append(linked)


async def change_person(
    parts: Parts,
    caller: Caller,
    whom: str,
    *,
    name: str | None = None,
    email: str | None = None,
    match: str | None = None,
) -> Principal:
    """Another name or e-mail for somebody else: an e-mail decides whose calls are one's own. `match`: the etag that
    they must still have. Raises `NotFound`, `Conflict` where the e-mail is taken, `Forbidden` for oneself, `Stale`."""
    await check_manager(parts, caller)
    async with changing(parts, caller, ObjectKind.PERSON) as work:
        person = await find(work, whom)
        await check_other(work, caller, person.uid)
        if match not in (None, etag(person)):
            raise Stale
        new_name = person.name if name is None else clean_name(name)
        new_email = person.email or "" if email is None else clean_email(email)
        await _check_email(work, person, new_email)
        await work.principals.rename_person(person.id, new_name, new_email)
        texts = {"name": new_name, "email": new_email}
        await work.audit.append(
            change(caller, EventType.PERSON_CHANGED, ObjectKind.PERSON, person.uid, texts=texts)
        )
        return await again(work, person)


async def disable_person(parts: Parts, caller: Caller, whom: str) -> None:
    """The person's password, one-time codes, sessions, tokens and links end with this commit. Raises `NotFound`."""
    await check_manager(parts, caller)
    async with parts.database.write() as work:
        person = await find(work, whom)
        if person.disabled_at is not None:
            return
        await sessions.end_all(work, person, "disabled", origin=caller.origin)
        await work.principals.disable(person.id)
        await work.audit.append(change(caller, EventType.PERSON_DISABLED, ObjectKind.PERSON, person.uid))


async def enable_person(parts: Parts, caller: Caller, whom: str) -> Principal:
    """Somebody disabled may come in again, with the grants they have: by the company's sign-in, or by a link, for their
    password is gone. Raises `NotFound`."""
    await check_manager(parts, caller)
    async with parts.database.write() as work:
        person = await find(work, whom)
        if await work.principals.enable(person.id):
            await work.audit.append(change(caller, EventType.PERSON_ENABLED, ObjectKind.PERSON, person.uid))
        return await again(work, person)


async def people(
    parts: Parts, caller: Caller, after: int = 0, limit: int | None = None, *, like: str | None = None
) -> list[Principal]:
    """`like`: what a word of their name or e-mail begins with."""
    await check_manager(parts, caller)
    async with parts.database.read() as work:
        return await work.principals.people(after, limit, like=like or None)


async def person(parts: Parts, caller: Caller, whom: str) -> Principal:
    """Disabled ones too. Raises `NotFound`."""
    await check_manager(parts, caller)
    async with parts.database.read() as work:
        return await find(work, whom)


def etag(person: Principal) -> str:
    return strong_etag(person.uid, person.name, person.email, person.disabled_at)


async def find(work: Work, whom: str) -> Principal:
    """A person, disabled or not, by e-mail or public id. Raises `NotFound`."""
    found = await (work.principals.by_email(clean_email(whom)) if "@" in whom else work.principals.get(whom))
    if found is None or found.kind is not PrincipalKind.PERSON:
        raise NotFound(f"There is no person {whom}.")
    return found


async def _check_email(work: Work, person: Principal, email: str) -> None:
    """Whose calls are theirs, and what somebody who approves signs in by, must not change behind a second person's
    back, nor while one looks at what they are to get. Raises `Conflict`."""
    if email == (person.email or "").lower() or not await needs_second(work):
        return
    held = await held_or_waiting(work, person)
    if Action.APPROVE in actions_of(held):
        raise Conflict(
            "They approve, or are about to, and sign in by their e-mail. End that first, then give it anew.",
            field="email",
        )
    if any(isinstance(one.scope, OwnCalls) and opens_speech(one.role, one.actions) for one in held):
        raise Conflict(
            "Their e-mail says which calls are their own. End what they may on those, or what waits for them to get, "
            "then give it anew.",
            field="email",
        )
