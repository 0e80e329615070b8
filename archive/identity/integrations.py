"""Integrations: programs with credentials of their own, and programs that act for people."""

from msgspec import UNSET, Struct, UnsetType, structs

from archive.audit.event import Detail, Event, EventType, ObjectKind
from archive.calls.caller import Caller
from archive.errors import Invalid, NotFound, Stale
from archive.identity import agreed
from archive.identity.grants import Giving, give_or_wait
from archive.identity.lending import asks_speech, check_edit, check_new, opens
from archive.identity.managing import again, change, changing, check_manager
from archive.identity.oneself import OnesOwn
from archive.identity.programs import FOR_PEOPLE
from archive.identity.redirects import clean_redirects
from archive.identity.second import or_wait
from archive.identity.secrets import Prefix, encoded, new_secret
from archive.identity.typed import clean_name
from archive.policy.actions import Action
from archive.policy.principal import Principal
from archive.ports import Parts, PendingChange, Registration, RotateSecret, Work

MAX_PURPOSE = 500
MAX_REQUESTS = 1_000_000
"""A minute."""


class Registering(Struct, frozen=True, kw_only=True):
    """What is registered of a program: see `ports.Registration`."""

    name: str
    purpose: str | None = None
    redirect_uris: tuple[str, ...] = ()
    for_people: frozenset[Action] = frozenset()
    public: bool = False
    requests_a_minute: int | None = None


class RegistrationChange(Struct, frozen=True, kw_only=True):
    """What is left out stays."""

    name: str | UnsetType = UNSET
    purpose: str | UnsetType | None = UNSET
    redirect_uris: tuple[str, ...] | UnsetType = UNSET
    for_people: frozenset[Action] | UnsetType = UNSET
    requests_a_minute: int | UnsetType | None = UNSET


class Added(Struct, frozen=True):
    """`secret` is shown this once; a public program has none. `waiting`: its grant takes a second person first, or its
    secret, where it asks people for what was said."""

    integration: Principal
    registration: Registration
    secret: str | None
    waiting: PendingChange | None = None


async def register(parts: Parts, caller: Caller, registering: Registering, giving: Giving | None) -> Added:
    """A program: with what it may do for itself, or what it may ask people to let it do for them, or both. What it may
    do for itself may wait for a second person, and so may its secret; until then it is there, and may nothing."""
    await check_manager(parts, caller)
    _check_use(registering, giving)
    async with changing(parts, caller, ObjectKind.INTEGRATION) as work:
        integration = await work.principals.add_integration(clean_name(registering.name), None)
        registration = _cleaned(await _registration(work, integration.uid), registering)
        await check_new(work, registration)
        await work.registrations.change(registration)
        details = {**_facts(registration), "public": registration.public}
        await work.audit.append(_event(caller, EventType.INTEGRATION_CREATED, integration.uid, details))
        secret = await _first_secret(work, caller, registration)
        given = await give_or_wait(work, caller, integration, giving) if giving else None
        waiting = next((one for one in (secret, given) if isinstance(one, PendingChange)), None)
        kept, shown = await _registration(work, integration.uid), secret if isinstance(secret, str) else None
        return Added(await again(work, integration), kept, shown, waiting)


async def change_integration(
    parts: Parts, caller: Caller, client_id: str, revision: int | None, edit: RegistrationChange
) -> tuple[Principal, Registration]:
    """Raises `Stale` where it is another than `revision` (None: whatever it is now); `NotFound`; `Invalid`;
    `RegisterAnew`."""
    await check_manager(parts, caller)
    async with changing(parts, caller, ObjectKind.INTEGRATION) as work:
        if client_id == caller.principal.uid:
            raise OnesOwn("No program changes its own registration.")
        old = await _registration(work, client_id)
        if revision not in (None, old.revision):
            raise Stale
        new = _cleaned(old, _edited(old, edit))
        await check_edit(work, await _principal(work, client_id), old, new)
        changed = sorted(name for name in old.__struct_fields__ if getattr(old, name) != getattr(new, name))
        if changed and not await work.registrations.change(new):
            raise Stale
        if changed:
            details = {**_facts(new), "changed": changed}
            await work.audit.append(_event(caller, EventType.INTEGRATION_CHANGED, client_id, details))
        return await _principal(work, client_id), await _registration(work, client_id)


async def rotate(parts: Parts, caller: Caller, client_id: str) -> str | PendingChange:
    """A new client secret; the one before it works until the next rotation, so that programs can change over.

    One of a program that opens speech waits for a second person, since whoever makes it can use it; whoever asked makes
    it once that one agreed."""
    await check_manager(parts, caller)
    async with parts.database.write() as work:
        registration = await _registration(work, client_id)
        if registration.public:
            raise Invalid("A public program has no secret.", field="client_id")
        if waits := await _or_wait(work, caller, registration):
            return waits
        secret = await _new_client_secret(work, registration.principal_id)
        await work.credentials.drop_client_secrets(registration.principal_id, keep=2)
        await work.audit.append(_event(caller, EventType.INTEGRATION_ROTATED, client_id))
        return secret


async def apply(work: Work, asked: RotateSecret, agreed_with: PendingChange) -> None:
    """A second person agreed: whoever asked may now make that secret, once, within a day."""
    registration = await _registration(work, asked.integration)
    await agreed.remember(work, agreed_with, asked, registration.principal_id)


async def _or_wait(work: Work, caller: Caller, registration: Registration) -> PendingChange | None:
    program = await _principal(work, registration.client_id)
    asked = RotateSecret(program.uid)
    if await agreed.use(work, caller.principal.uid, asked):
        return None
    heavy = await opens(work, program, registration)
    return await or_wait(work, caller, asked, beneficiary=program.uid, opens=heavy)


async def _first_secret(work: Work, caller: Caller, registration: Registration) -> str | PendingChange | None:
    """None for a public program. What the program holds for itself waits on its own, and holds up no secret."""
    if registration.public:
        return None
    asked, uid = RotateSecret(registration.client_id), registration.client_id
    waits = await or_wait(work, caller, asked, beneficiary=uid, opens=asks_speech(registration))
    return waits or await _new_client_secret(work, registration.principal_id)


async def revoke_integration(parts: Parts, caller: Caller, client_id: str) -> None:
    """The integration's secrets and tokens end with this commit, and so does all that people let it do."""
    await check_manager(parts, caller)
    async with parts.database.write() as work:
        registration = await _registration(work, client_id)
        await work.principals.disable(registration.principal_id)
        await work.audit.append(_event(caller, EventType.INTEGRATION_REVOKED, client_id))


async def integrations(
    parts: Parts, caller: Caller, after: int = 0, limit: int | None = None
) -> list[Principal]:
    await check_manager(parts, caller)
    async with parts.database.read() as work:
        return await work.principals.integrations(after, limit)


async def integration(parts: Parts, caller: Caller, client_id: str) -> tuple[Principal, Registration]:
    """Revoked ones too. Raises `NotFound`."""
    await check_manager(parts, caller)
    async with parts.database.read() as work:
        found = await work.registrations.get(client_id)
        if found is None:
            raise NotFound
        return await _principal(work, client_id), found


def _check_use(registering: Registering, giving: Giving | None) -> None:
    if giving is None and not registering.for_people:
        raise Invalid("Name at least one action: for itself, or for people.", field="actions")
    if giving is not None and not giving.actions:
        raise Invalid("Name at least one action.", field="actions")
    if registering.public and giving is not None:
        raise Invalid(
            "A public program can't prove who it is, so it does nothing for itself.", field="public"
        )
    if registering.public and not registering.for_people:
        raise Invalid("A public program only acts for people: name what.", field="for_people")


def _edited(old: Registration, edit: RegistrationChange) -> Registering:
    kept = Registering(
        name=old.name,
        purpose=old.purpose,
        redirect_uris=old.redirect_uris,
        for_people=old.actions,
        public=old.public,
        requests_a_minute=old.requests_a_minute,
    )
    given = {name: value for name, value in structs.asdict(edit).items() if value is not UNSET}
    return structs.replace(kept, **given)


def _cleaned(old: Registration, given: Registering) -> Registration:
    """`old` with what was typed. Raises `Invalid`."""
    purpose = (given.purpose or "").strip() or None
    if purpose and (len(purpose) > MAX_PURPOSE or not purpose.isprintable()):
        raise Invalid(f"A purpose has {MAX_PURPOSE} characters at most, on one line.", field="purpose")
    if given.requests_a_minute is not None and not 0 < given.requests_a_minute <= MAX_REQUESTS:
        raise Invalid(f"A limit lies between 1 and {MAX_REQUESTS:,}.", field="requests_a_minute")
    if beyond := given.for_people - FOR_PEOPLE:
        names = ", ".join(sorted(beyond))
        raise Invalid(f"No program does that for a person: {names}.", field="for_people")
    if bool(given.for_people) != bool(given.redirect_uris):
        raise Invalid(
            "A program that acts for people has a redirect URI and actions to ask for; another has neither.",
            field="redirect_uris",
        )
    return structs.replace(
        old,
        name=clean_name(given.name),
        purpose=purpose,
        redirect_uris=clean_redirects(given.redirect_uris),
        actions=given.for_people,
        public=given.public,
        requests_a_minute=given.requests_a_minute,
    )


def _facts(registration: Registration) -> dict[str, Detail]:
    return {
        "for_people": sorted(action.value for action in registration.actions),
        "requests_a_minute": registration.requests_a_minute,
    }


def _event(
    caller: Caller, type: EventType, client_id: str, details: dict[str, Detail] | None = None
) -> Event:
    return change(caller, type, ObjectKind.INTEGRATION, client_id, details=details)


async def _registration(work: Work, client_id: str) -> Registration:
    """One that is in use."""
    found = await work.registrations.get(client_id)
    if found is None or found.disabled_at is not None:
        raise NotFound(f"There is no integration {client_id}.")
    return found


async def _principal(work: Work, client_id: str) -> Principal:
    found = await work.principals.by_client_id(client_id)
    if found is None:
        raise NotFound
    return found


async def _new_client_secret(work: Work, integration_id: int) -> str:
    secret = new_secret(Prefix.CLIENT_SECRET)
    await work.credentials.add_client_secret(integration_id, encoded(secret))
    return secret
