"""Integrations: programs with credentials of their own."""

from archive.audit.event import EventType, ObjectKind
from archive.calls.caller import Caller
from archive.errors import Invalid, NotFound
from archive.identity.grants import Giving, give_or_wait
from archive.identity.managing import again, change, check_manager
from archive.identity.secrets import Prefix, encoded, new_secret
from archive.identity.typed import clean_name
from archive.policy.principal import Principal
from archive.ports import Parts, Work


async def add_integration(
    parts: Parts, caller: Caller, *, name: str, giving: Giving, purpose: str | None = None
) -> tuple[Principal, str]:
    """A program with credentials of its own; its client secret is shown this once. What it may do may wait for a second
    person."""
    await check_manager(parts, caller)
    name = clean_name(name)
    if not giving.actions:
        raise Invalid("Name at least one action.", field="actions")
    async with parts.database.write() as work:
        integration = await work.principals.add_integration(name, purpose)
        secret = await _new_client_secret(work, integration)
        event = change(caller, EventType.INTEGRATION_CREATED, ObjectKind.INTEGRATION, integration.uid)
        await work.audit.append(event)
        await give_or_wait(work, caller, integration, giving)
        return await again(work, integration), secret


async def rotate(parts: Parts, caller: Caller, client_id: str) -> str:
    """A new client secret; the one before it works until the next rotation, so that programs can change over."""
    await check_manager(parts, caller)
    async with parts.database.write() as work:
        integration = await _integration(work, client_id)
        secret = await _new_client_secret(work, integration)
        await work.credentials.drop_client_secrets(integration.id, keep=2)
        event = change(caller, EventType.INTEGRATION_ROTATED, ObjectKind.INTEGRATION, integration.uid)
        await work.audit.append(event)
        return secret


async def revoke_integration(parts: Parts, caller: Caller, client_id: str) -> None:
    """The integration's secrets and tokens end with this commit."""
    await check_manager(parts, caller)
    async with parts.database.write() as work:
        integration = await _integration(work, client_id)
        await work.principals.disable(integration.id)
        event = change(caller, EventType.INTEGRATION_REVOKED, ObjectKind.INTEGRATION, integration.uid)
        await work.audit.append(event)


async def integrations(
    parts: Parts, caller: Caller, after: int = 0, limit: int | None = None
) -> list[Principal]:
    await check_manager(parts, caller)
    async with parts.database.read() as work:
        return await work.principals.integrations(after, limit)


async def _integration(work: Work, client_id: str) -> Principal:
    found = await work.principals.by_client_id(client_id)
    if found is None or found.disabled_at is not None:
        raise NotFound(f"There is no integration {client_id}.")
    return found


async def _new_client_secret(work: Work, integration: Principal) -> str:
    secret = new_secret(Prefix.CLIENT_SECRET)
    await work.credentials.add_client_secret(integration.id, encoded(secret))
    return secret
