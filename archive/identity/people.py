"""People: added, disabled, listed."""

from archive.audit.event import Actor, Event, EventType, Object, ObjectKind, Origin
from archive.calls.caller import Caller
from archive.errors import Conflict, NotFound
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
    work: Work, caller: Caller, *, name: str, email: str, giving: Giving | None, encoded: str | None
) -> Principal:
    """Add a person in this unit of work. `encoded` is the hash of their password: None for whoever comes by a link or
    a company's sign-in. `giving` is their first grant, which was agreed on where it must be."""
    person = await work.principals.add_person(email, name)
    if encoded is not None:
        await work.credentials.set_password(person.id, encoded)
    await work.audit.append(change(caller, EventType.PERSON_ADDED, ObjectKind.PERSON, person.uid))
    if giving is not None:
        await give_within(work, caller, person, giving)
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
    event = Event(
        type=EventType.IDENTITY_LINKED,
        actor=Actor(person.uid, person.kind.value),
        object=Object(ObjectKind.PERSON, person.uid),
        origin=origin or Origin(),
        details={"issuer": issuer},
        texts={"subject": subject},
    )
    await work.audit.append(event)


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
