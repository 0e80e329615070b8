"""What others may have given somebody to come in by, ended."""

from msgspec import structs

from archive.audit.event import Detail, EventType, ObjectKind
from archive.calls.caller import Caller
from archive.identity import authenticators, sessions
from archive.identity.managing import change
from archive.policy.principal import Principal
from archive.ports import Work


async def end_credentials(work: Work, caller: Caller, person: Principal, reason: str) -> None:
    """End somebody's links, password, one-time and recovery codes, sessions and programs in this unit of work. What a
    company's sign-in says of who they are stays: the company vouches for it."""
    await work.credentials.end_links(person.id)
    await work.credentials.drop_password(person.id)
    await authenticators.drop(work, caller, person)
    await sessions.end_all(work, person, reason, origin=caller.origin)
    await end_programs(work, caller, person)
    ended = change(caller, EventType.CREDENTIALS_ENDED, ObjectKind.PERSON, person.uid)
    await work.audit.append(structs.replace(ended, reason_code=reason))


async def end_programs(work: Work, caller: Caller, person: Principal) -> None:
    """Whoever could come in as somebody may have let a program in."""
    for uid in await work.authorizations.end_all(person.id):
        details: dict[str, Detail] = {"authorization": uid}
        await work.audit.append(
            change(caller, EventType.TOKEN_REVOKED, ObjectKind.PERSON, person.uid, details=details)
        )
