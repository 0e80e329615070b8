"""People, grants and integrations: the use cases behind the console's commands and the API's lists.

At the server's own machine the console may do all of it; over the API, reading takes `manage_people`. Nobody gives
anything to themselves. Every change and its event commit together.
"""

from datetime import datetime, timedelta

from msgspec import Struct

from archive.audit.event import Detail, Event, EventType, Object, ObjectKind, Origin
from archive.calls.access import require
from archive.calls.caller import Caller
from archive.errors import Conflict, Forbidden, Invalid, NotFound
from archive.identity.places import parse_scope
from archive.identity.secrets import Prefix, encoded, hashed, is_secret, new_secret
from archive.policy.actions import Action, Role
from archive.policy.principal import Grant, Principal, PrincipalKind
from archive.policy.scope import Scope
from archive.ports import NewGrant, Parts, Work

MIN_PASSWORD, MAX_PASSWORD = 10, 1024
"""Characters. No rule on their kinds: length is what resists guessing (NIST SP 800-63B, 3.1.1.2)."""

MAX_NAME, MAX_EMAIL = 200, 254
LINK = "first_administrator"
LINK_LIFE = timedelta(hours=24)


class Giving(Struct, frozen=True, kw_only=True):
    """What to give: a role or actions, on a scope in words (`all`, `partner:NAME,NAME`, `team:NAME`, `own`)."""

    scope: str
    role: Role | None = None
    actions: frozenset[Action] = frozenset()
    until: datetime | None = None
    reason: str = ""


def console(user: str) -> Caller:
    """Whoever sits at the server's own machine; `user` is the operating-system user, kept with each event."""
    principal = Principal(id=0, uid="console", kind=PrincipalKind.CONSOLE, name=user)
    return Caller(principal, Origin(user_agent=f"console of {user}"))


# ---- people ------------------------------------------------------------------------------------------------------


async def add_person(
    parts: Parts, caller: Caller, *, name: str, email: str, password: str, giving: Giving
) -> Principal:
    """A person who can sign in at once, with their first grant. Raises `Conflict` where the e-mail is taken."""
    await check_manager(parts, caller)
    name, email = _name(name), _email(email)
    encoded_password = await parts.passwords.hash(_password(password))
    async with parts.database.write() as work:
        person = await work.principals.add_person(email, name)
        await work.credentials.set_password(person.id, encoded_password)
        await work.audit.append(_event(caller, EventType.PERSON_ADDED, ObjectKind.PERSON, person.uid))
        await _give(work, caller, person, giving)
        return await _again(work, person)


async def disable_person(parts: Parts, caller: Caller, email: str) -> None:
    """The person's sessions and tokens end with this commit. Raises `NotFound`."""
    await check_manager(parts, caller)
    async with parts.database.write() as work:
        person = await work.principals.by_email(_email(email))
        if person is None:
            raise NotFound(f"There is no person {email}.")
        await work.principals.disable(person.id)
        await work.audit.append(_event(caller, EventType.PERSON_DISABLED, ObjectKind.PERSON, person.uid))


async def people(parts: Parts, caller: Caller) -> list[Principal]:
    await check_manager(parts, caller)
    async with parts.database.read() as work:
        return await work.principals.people()


# ---- grants ------------------------------------------------------------------------------------------------------


async def give(parts: Parts, caller: Caller, whom: str, giving: Giving) -> Grant:
    """Grant to a person (e-mail) or an integration (client id). Raises `NotFound`, `Forbidden` for oneself."""
    await check_manager(parts, caller)
    async with parts.database.write() as work:
        return await _give(work, caller, await _whom(work, whom), giving)


async def revoke(parts: Parts, caller: Caller, grant_uid: str) -> None:
    await check_manager(parts, caller)
    async with parts.database.write() as work:
        found = await work.principals.grant(grant_uid)
        if found is None or found[1].revoked_at is not None:
            raise NotFound(f"There is no grant {grant_uid} in force.")
        principal, grant = found
        await work.principals.revoke(grant.id)
        details: dict[str, Detail] = {"to": principal.uid}
        await work.audit.append(
            _event(caller, EventType.GRANT_REVOKED, ObjectKind.GRANT, grant.uid, details=details)
        )


# ---- integrations ------------------------------------------------------------------------------------------------


async def add_integration(
    parts: Parts, caller: Caller, *, name: str, giving: Giving, purpose: str | None = None
) -> tuple[Principal, str]:
    """A program with credentials of its own; its client secret is shown this once."""
    await check_manager(parts, caller)
    name = _name(name)
    if not giving.actions:
        raise Invalid("Name at least one action.", field="actions")
    async with parts.database.write() as work:
        integration = await work.principals.add_integration(name, purpose)
        secret = await _new_client_secret(work, integration)
        event = _event(caller, EventType.INTEGRATION_CREATED, ObjectKind.INTEGRATION, integration.uid)
        await work.audit.append(event)
        await _give(work, caller, integration, giving)
        return await _again(work, integration), secret


async def rotate(parts: Parts, caller: Caller, client_id: str) -> str:
    """A new client secret; the one before it works until the next rotation, so that programs can change over."""
    await check_manager(parts, caller)
    async with parts.database.write() as work:
        integration = await _integration(work, client_id)
        secret = await _new_client_secret(work, integration)
        await work.credentials.drop_client_secrets(integration.id, keep=2)
        event = _event(caller, EventType.INTEGRATION_ROTATED, ObjectKind.INTEGRATION, integration.uid)
        await work.audit.append(event)
        return secret


async def revoke_integration(parts: Parts, caller: Caller, client_id: str) -> None:
    """The integration's secrets and tokens end with this commit."""
    await check_manager(parts, caller)
    async with parts.database.write() as work:
        integration = await _integration(work, client_id)
        await work.principals.disable(integration.id)
        event = _event(caller, EventType.INTEGRATION_REVOKED, ObjectKind.INTEGRATION, integration.uid)
        await work.audit.append(event)


async def integrations(parts: Parts, caller: Caller) -> list[Principal]:
    await check_manager(parts, caller)
    async with parts.database.read() as work:
        return await work.principals.integrations()


# ---- the first administrator -------------------------------------------------------------------------------------


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
    name, email, password = _name(name), _email(email), _password(password)
    if not await setup_link_works(parts, secret):
        raise NotFound
    encoded_password = await parts.passwords.hash(password)
    caller = Caller(console("setup link").principal, origin)
    async with parts.database.write() as work:
        if not await work.credentials.use_link(hashed(secret), LINK):
            raise NotFound
        await _check_empty(work)
        person = await work.principals.add_person(email, name)
        await work.credentials.set_password(person.id, encoded_password)
        await work.audit.append(_event(caller, EventType.PERSON_ADDED, ObjectKind.PERSON, person.uid))
        await _give(
            work, caller, person, Giving(scope="all", role=Role.ADMINISTRATOR, reason="First administrator")
        )
        return await _again(work, person)


# ---- what they share ---------------------------------------------------------------------------------------------


async def check_manager(parts: Parts, caller: Caller) -> None:
    """Raises `Forbidden`, which is logged, for whoever isn't at the console and may not manage people."""
    if caller.principal.kind is not PrincipalKind.CONSOLE:
        await require(parts, caller, Action.MANAGE_PEOPLE, "That takes the right to manage people.")


async def _check_empty(work: Work) -> None:
    if await work.principals.anyone():
        raise Conflict("This archive has people already; one of them can add more.")


async def _give(work: Work, caller: Caller, to: Principal, giving: Giving) -> Grant:
    if to.uid == caller.principal.uid:
        raise Forbidden("Nobody gives anything to themselves.")
    now = await work.now()
    scope = await parse_scope(work, giving.scope)
    _check_giving(giving, to, now)
    new = NewGrant(
        scope=scope,
        role=giving.role,
        actions=giving.actions,
        since=now,
        until=giving.until,
        reason=giving.reason,
        granted_by=caller.principal.uid,
    )
    grant = await work.principals.give(to.id, new)
    await work.audit.append(_given(caller, to, grant))
    return grant


def _check_giving(giving: Giving, to: Principal, now: datetime) -> None:
    if bool(giving.role) == bool(giving.actions):
        raise Invalid("Give either a role or actions.", field="role")
    if giving.role and to.kind is PrincipalKind.INTEGRATION:
        raise Invalid("An integration gets actions, not a role.", field="role")
    if giving.role is Role.ADMINISTRATOR and giving.scope != "all":
        raise Invalid("An administrator's scope is all: the role reaches no calls.", field="scope")
    if giving.until is not None and giving.until <= now:
        raise Invalid("until lies in the past.", field="until")


def _given(caller: Caller, to: Principal, grant: Grant) -> Event:
    details: dict[str, Detail] = {
        "to": to.uid,
        "role": grant.role.value if grant.role else None,
        "actions": sorted(action.value for action in grant.actions),
        "scope": scope_facts(grant.scope),
        "until": grant.until.isoformat() if grant.until else None,
    }
    texts = {"reason": grant.reason} if grant.reason else {}
    return _event(caller, EventType.GRANT_GIVEN, ObjectKind.GRANT, grant.uid, details=details, texts=texts)


def scope_facts(scope: Scope) -> Detail:
    """A scope as an event records it: its kind, and the database's ids."""
    ids = getattr(scope, "ids", None)
    return {"kind": type(scope).__name__, "ids": sorted(ids) if ids is not None else None}


def _event(
    caller: Caller,
    type: EventType,
    kind: ObjectKind,
    uid: str,
    *,
    details: dict[str, Detail] | None = None,
    texts: dict[str, str] | None = None,
) -> Event:
    return Event(
        type=type,
        actor=caller.actor,
        object=Object(kind, uid),
        origin=caller.origin,
        details=details or {},
        texts=texts or {},
    )


async def _whom(work: Work, whom: str) -> Principal:
    found = (
        await work.principals.by_email(_email(whom))
        if "@" in whom
        else await work.principals.by_client_id(whom)
    )
    if found is None or found.disabled_at is not None:
        raise NotFound(f"There is nobody called {whom}.")
    return found


async def _integration(work: Work, client_id: str) -> Principal:
    found = await work.principals.by_client_id(client_id)
    if found is None or found.disabled_at is not None:
        raise NotFound(f"There is no integration {client_id}.")
    return found


async def _new_client_secret(work: Work, integration: Principal) -> str:
    secret = new_secret(Prefix.CLIENT_SECRET)
    await work.credentials.add_client_secret(integration.id, encoded(secret))
    return secret


async def _again(work: Work, principal: Principal) -> Principal:
    """The principal with the grants that this unit of work gave."""
    return await work.principals.by_id(principal.id) or principal


def _name(name: str) -> str:
    name = name.strip()
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise Invalid(f"A name has 1 to {MAX_NAME} characters.", field="name")
    return name


def _email(email: str) -> str:
    email = email.strip().lower()
    local, at, domain = email.rpartition("@")
    if not (local and at and domain) or len(email) > MAX_EMAIL or not email.isprintable() or " " in email:
        raise Invalid("That is not an e-mail address.", field="email")
    return email


def _password(password: str) -> str:
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise Invalid(f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters.", field="password")
    return password
