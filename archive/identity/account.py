"""One's own account: how one signs in, and from where one is signed in."""

from msgspec import Struct

from archive.calls.caller import Caller
from archive.identity import sessions
from archive.identity.half_way import Rules
from archive.identity.sessions import Lifetime
from archive.ports import Parts, Session


class Account(Struct, frozen=True):
    """`password`: whether they have one that lets them in. `pending` is the secret of one-time codes that were begun
    and wait for their first code. `issuers` are those of the company accounts they are linked with."""

    password: bool
    codes: bool
    pending: str | None
    recovery_codes: int
    issuers: tuple[str, ...]
    sessions: tuple[Session, ...]


async def account(parts: Parts, caller: Caller, lifetime: Lifetime, rules: Rules) -> Account:
    """Raises `Forbidden` for whoever doesn't come by a session."""
    open_sessions = await sessions.mine(parts, caller, lifetime)
    person = caller.principal
    async with parts.database.read() as work:
        encoded = await work.credentials.password(person.id)
        authenticator = await work.sign_ins.authenticator(person.id)
        on = authenticator is not None and authenticator.confirmed_at is not None
        return Account(
            password=encoded is not None and rules.lets(person.email),
            codes=on,
            pending=authenticator.secret if authenticator and not on else None,
            recovery_codes=await work.sign_ins.recovery_codes(person.id),
            issuers=tuple(one.issuer for one in await work.sign_ins.identities(person.id)),
            sessions=tuple(open_sessions),
        )
