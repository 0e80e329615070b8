"""Grants: what somebody may do, where, until when. Nobody gives anything to themselves."""

from datetime import datetime

from msgspec import Struct

from archive.audit.event import Detail, Event, EventType, ObjectKind
from archive.calls.caller import Caller
from archive.errors import Forbidden, Invalid, NotFound
from archive.identity.managing import change, check_manager
from archive.identity.places import parse_scope
from archive.identity.typed import clean_email
from archive.policy.actions import Action, Role
from archive.policy.principal import Grant, Principal, PrincipalKind
from archive.policy.scope import Scope
from archive.ports import NewGrant, Parts, Work


class Giving(Struct, frozen=True, kw_only=True):
    """What to give: a role or actions, on a scope in words (`all`, `partner:NAME,NAME`, `team:NAME`, `own`)."""

    scope: str
    role: Role | None = None
    actions: frozenset[Action] = frozenset()
    until: datetime | None = None
    reason: str = ""


async def give(parts: Parts, caller: Caller, whom: str, giving: Giving) -> Grant:
    """Grant to a person (e-mail) or an integration (client id). Raises `NotFound`, `Forbidden` for oneself."""
    await check_manager(parts, caller)
    async with parts.database.write() as work:
        return await give_within(work, caller, await _whom(work, whom), giving)


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
            change(caller, EventType.GRANT_REVOKED, ObjectKind.GRANT, grant.uid, details=details)
        )


async def give_within(work: Work, caller: Caller, to: Principal, giving: Giving) -> Grant:
    """Grant in this unit of work, to somebody who was just added or looked up."""
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
        "scope": _scope_facts(grant.scope),
        "until": grant.until.isoformat() if grant.until else None,
    }
    texts = {"reason": grant.reason} if grant.reason else {}
    return change(caller, EventType.GRANT_GIVEN, ObjectKind.GRANT, grant.uid, details=details, texts=texts)


def _scope_facts(scope: Scope) -> Detail:
    """A scope as an event records it: its kind, and the database's ids."""
    ids = getattr(scope, "ids", None)
    return {"kind": type(scope).__name__, "ids": sorted(ids) if ids is not None else None}


async def _whom(work: Work, whom: str) -> Principal:
    found = (
        await work.principals.by_email(clean_email(whom))
        if "@" in whom
        else await work.principals.by_client_id(whom)
    )
    if found is None or found.disabled_at is not None:
        raise NotFound(f"There is nobody called {whom}.")
    return found
