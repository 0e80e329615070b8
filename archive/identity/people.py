"""People: added, disabled, listed."""

from archive.audit.event import EventType, ObjectKind
from archive.calls.caller import Caller
from archive.errors import NotFound
from archive.identity.grants import Giving, give_within
from archive.identity.managing import again, change, check_manager
from archive.identity.typed import checked_password, clean_email, clean_name
from archive.policy.principal import Principal
from archive.ports import Parts, Work


async def add_person(
    parts: Parts, caller: Caller, *, name: str, email: str, password: str, giving: Giving
) -> Principal:
    """A person who can sign in at once, with their first grant. Raises `Conflict` where the e-mail is taken."""
    await check_manager(parts, caller)
    name, email = clean_name(name), clean_email(email)
    encoded_password = await parts.passwords.hash(checked_password(password))
    async with parts.database.write() as work:
        return await enrol(work, caller, name=name, email=email, encoded=encoded_password, giving=giving)


async def enrol(
    work: Work, caller: Caller, *, name: str, email: str, encoded: str, giving: Giving
) -> Principal:
    """Add a person in this unit of work: `encoded` is the hash of their password, `giving` their first grant."""
    person = await work.principals.add_person(email, name)
    await work.credentials.set_password(person.id, encoded)
    await work.audit.append(change(caller, EventType.PERSON_ADDED, ObjectKind.PERSON, person.uid))
    await give_within(work, caller, person, giving)
    return await again(work, person)


async def disable_person(parts: Parts, caller: Caller, email: str) -> None:
    """The person's sessions and tokens end with this commit. Raises `NotFound`."""
    await check_manager(parts, caller)
    async with parts.database.write() as work:
        person = await work.principals.by_email(clean_email(email))
        if person is None:
            raise NotFound(f"There is no person {email}.")
        await work.principals.disable(person.id)
        await work.audit.append(change(caller, EventType.PERSON_DISABLED, ObjectKind.PERSON, person.uid))


async def people(parts: Parts, caller: Caller, after: int = 0, limit: int | None = None) -> list[Principal]:
    await check_manager(parts, caller)
    async with parts.database.read() as work:
        return await work.principals.people(after, limit)
