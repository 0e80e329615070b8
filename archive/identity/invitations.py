"""A person added without a password: a link lets them in, and the password is theirs alone."""

from msgspec import Struct

from archive.calls.caller import Caller
from archive.identity.grants import Giving
from archive.identity.links import Purpose, make_within
from archive.identity.managing import again, check_manager
from archive.identity.people import enrol
from archive.identity.typed import clean_email, clean_name
from archive.policy.principal import Principal
from archive.ports import Parts


class Invited(Struct, frozen=True):
    """`secret` is of the link, shown this once."""

    person: Principal
    secret: str


async def invite(parts: Parts, caller: Caller, *, name: str, email: str, giving: Giving) -> Invited:
    """Add a person, with their first grant and an invitation. Raises `Conflict` where the e-mail is taken."""
    await check_manager(parts, caller)
    name, email = clean_name(name), clean_email(email)
    async with parts.database.write() as work:
        person = await enrol(work, caller, name=name, email=email, giving=giving, encoded=None)
        secret = await make_within(work, caller, person, Purpose.INVITATION)
        return Invited(await again(work, person), secret)
