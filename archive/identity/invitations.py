"""A person added without a password: a link lets them in, and the password is theirs alone."""

from msgspec import Struct

from archive.calls.caller import Caller
from archive.identity.grants import Giving, give_or_wait
from archive.identity.links import Purpose, make_within
from archive.identity.managing import again, check_manager
from archive.identity.people import enrol
from archive.identity.typed import clean_email, clean_name
from archive.policy.principal import Principal
from archive.ports import Parts, PendingChange


class Invited(Struct, frozen=True):
    """`secret` is of the link, shown this once; None for whoever comes by the company's sign-in alone. `waiting`: the
    first grant takes a second person; until then they may come in, and find nothing."""

    person: Principal
    secret: str | None
    waiting: PendingChange | None = None


async def invite(
    parts: Parts, caller: Caller, *, name: str, email: str, giving: Giving | None, link: bool = True
) -> Invited:
    """Add a person, with their first grant and an invitation. Raises `Conflict` where the e-mail is taken."""
    await check_manager(parts, caller)
    name, email = clean_name(name), clean_email(email)
    async with parts.database.write() as work:
        person = await enrol(work, caller, name=name, email=email, giving=None, encoded=None)
        given = await give_or_wait(work, caller, person, giving) if giving else None
        secret = await make_within(work, caller, person, Purpose.INVITATION) if link else None
        waiting = given if isinstance(given, PendingChange) else None
        return Invited(await again(work, person), secret, waiting)
