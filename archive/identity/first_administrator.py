"""The one-time link by which an archive without people gets its first administrator."""

from datetime import timedelta

from archive.audit.event import Origin
from archive.calls.caller import Caller
from archive.errors import Conflict, NotFound
from archive.identity.grants import Giving
from archive.identity.managing import console
from archive.identity.people import enrol
from archive.identity.secrets import Prefix, hashed, is_secret, new_secret
from archive.identity.typed import checked_password, clean_email, clean_name
from archive.policy.actions import Role
from archive.policy.principal import Principal
from archive.ports import Parts, Work

LINK = "first_administrator"
LINK_LIFE = timedelta(hours=24)


async def first_administrator_link(parts: Parts) -> str:
    """The secret of the one-time link that makes the first administrator; earlier links end.

    Raises `Conflict` once any person exists."""
    secret = new_secret(Prefix.LINK)
    async with parts.database.write() as work:
        await _check_empty(work)
        await work.credentials.drop_links(LINK)
        await work.credentials.add_link(hashed(secret), LINK, None, await work.now() + LINK_LIFE)
    return secret


async def setup_link_works(parts: Parts, secret: str) -> bool:
    """Whether to show the form at all."""
    if not is_secret(Prefix.LINK, secret):
        return False
    async with parts.database.read() as work:
        return (
            await work.credentials.link(hashed(secret), LINK) is not None
            and not await work.principals.anyone()
        )


async def use_setup_link(
    parts: Parts, secret: str, *, name: str, email: str, password: str, origin: Origin
) -> Principal:
    """Make the first administrator. Raises `NotFound` for a link that is used, over or unknown; `Invalid` by field."""
    name, email, password = clean_name(name), clean_email(email), checked_password(password)
    if not await setup_link_works(parts, secret):
        raise NotFound
    encoded_password = await parts.passwords.hash(password)
    caller = Caller(console("setup link").principal, origin)
    async with parts.database.write() as work:
        if not await work.credentials.use_link(hashed(secret), LINK):
            raise NotFound
        await _check_empty(work)
        giving = Giving(scope="all", role=Role.ADMINISTRATOR, reason="First administrator")
        return await enrol(work, caller, name=name, email=email, encoded=encoded_password, giving=giving)


async def _check_empty(work: Work) -> None:
    if await work.principals.anyone():
        raise Conflict("This archive has people already; one of them can add more.")
