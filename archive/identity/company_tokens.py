"""What a company's provider sends by itself: that a session there is over, and access tokens for its people."""

import logging

from msgspec import Struct, structs

from archive.audit.event import Origin
from archive.errors import Malformed, NotFound
from archive.identity import people, sessions
from archive.identity.secrets import hashed
from archive.policy.actions import Action
from archive.policy.principal import Principal
from archive.ports import Bearer, Ended, NotBelieved, Parts, Work

log = logging.getLogger(__name__)

ACTIONS = {action.value: action for action in Action}


class Acting(Struct, frozen=True):
    """A person through a program of their company, which `client` names: provider and client id there."""

    person: Principal
    client: str


async def end_sessions(parts: Parts, name: str, token: str, origin: Origin) -> None:
    """End what a logout token names, at once: what runs in those sessions is cut as after a sign-out.

    Raises `Malformed` for a token that isn't to be believed or comes again; `NotFound`, `Unavailable`."""
    provider = parts.providers.get(name)
    if provider is None:
        raise NotFound
    try:
        ended = await provider.ended(token)
    except NotBelieved as error:
        log.warning("back-channel logout of %s refused: %s", name, error)
        raise Malformed("That logout token is not valid here.") from error
    async with parts.database.write() as work:
        message = hashed(f"{ended.issuer}\0{ended.id}")
        if not await work.company.first_time(message, ended.expires_at):
            raise Malformed("That logout token came before.")
        await _end(work, name, ended, origin)


async def find(parts: Parts, token: str) -> Acting | None:
    """Whom an access token of a company's provider stands for, narrowed to the actions that its scope names.

    None for what no provider's is, isn't valid, or means nobody who may come in. Raises `Unavailable` where its keys
    are out of reach."""
    for name, provider in parts.providers.items():
        try:
            bearer = await provider.bearer(token)
        except NotBelieved:
            return None
        if bearer:
            return await _acting(parts, name, bearer)
    return None


async def _acting(parts: Parts, name: str, bearer: Bearer) -> Acting | None:
    async with parts.database.read() as work:
        person = await people.by_identity(work, bearer.issuer, bearer.subject)
    if person is None or person.disabled_at is not None:
        return None
    narrowed = frozenset(ACTIONS[word] for word in bearer.scopes & ACTIONS.keys())
    return Acting(structs.replace(person, narrowed=narrowed), f"{name}:{bearer.client}")


async def _end(work: Work, name: str, ended: Ended, origin: Origin) -> None:
    """The sessions that began at that session there; without one, all of that person's that began there."""
    person = await people.by_identity(work, ended.issuer, ended.subject) if ended.subject else None
    found = await work.company.sessions(
        name, session=ended.session, principal_id=person.id if person else None
    )
    for session in found:
        owner = await work.principals.by_id(session.principal_id)
        if owner:
            await sessions.close(work, owner, session, "ended_by_provider", origin)
