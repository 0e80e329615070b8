"""Grants: what somebody may do, where, from when until when. Nobody gives anything to themselves."""

from datetime import datetime

from msgspec import Struct

from archive.audit.event import EventType, ObjectKind
from archive.calls.caller import Caller
from archive.errors import Invalid, NotFound
from archive.identity.ending import prolong, revoke
from archive.identity.facts import both, given
from archive.identity.managing import change, changing, check_manager
from archive.identity.oneself import check_other
from archive.identity.places import parse_scope
from archive.identity.second import or_wait
from archive.identity.typed import clean_email
from archive.policy.actions import Action, Role
from archive.policy.principal import Basis, Grant, Principal, PrincipalKind
from archive.policy.weight import opens_speech
from archive.ports import GiveGrant, NewGrant, Parts, PendingChange, Work

__all__ = ["Giving", "apply", "give", "give_agreed", "give_or_wait", "give_within", "prolong", "revoke"]

GROUP = "group:"
"""Before the name of a group, where grants are given by words."""

MAX_REASON = 500


class Giving(Struct, frozen=True, kw_only=True):
    """What to give: a role or actions, on a scope in words (see `places`). `since`: from now on, without one."""

    scope: str
    role: Role | None = None
    actions: frozenset[Action] = frozenset()
    since: datetime | None = None
    until: datetime | None = None
    reason: str = ""


async def give(parts: Parts, caller: Caller, whom: str, giving: Giving) -> Grant | PendingChange:
    """Grant to a person (e-mail), an integration (client id) or a group (`group:NAME`); what opens speech may wait.

    Raises `NotFound`, `Forbidden` for oneself."""
    await check_manager(parts, caller)
    async with changing(parts, caller, ObjectKind.GRANT) as work:
        return await give_or_wait(work, caller, await _whom(work, whom), giving)


async def give_or_wait(work: Work, caller: Caller, to: Principal, giving: Giving) -> Grant | PendingChange:
    """Grant in this unit of work, or write that it waits for a second person."""
    await check_other(work, caller, to.uid)
    asked = await _asked(work, to, giving)
    opens = opens_speech(asked.role, asked.actions)
    return await or_wait(work, caller, asked, beneficiary=to.uid, opens=opens) or await _write(
        work, caller, to, asked
    )


async def give_within(
    work: Work, caller: Caller, to: Principal, giving: Giving, *, basis: Basis = Basis.GIVEN
) -> Grant:
    """Grant at once, in this unit of work: for what was agreed on before, or takes nobody else."""
    await check_other(work, caller, to.uid)
    return await _write(work, caller, to, await _asked(work, to, giving), basis=basis)


async def give_agreed(work: Work, caller: Caller, to: Principal, agreed: GiveGrant, basis: Basis) -> Grant:
    """Grant at once what was asked for, on a scope that no words of ours may tell, in this unit of work."""
    await check_other(work, caller, to.uid)
    _check_times(agreed.since, agreed.until, await work.now())
    return await _write(work, caller, to, agreed, basis=basis)


async def apply(work: Work, caller: Caller, asked: GiveGrant, agreed_with: PendingChange) -> Grant:
    """Give what a second person, the caller, agreed to. Raises `NotFound` or `Invalid` where it no longer fits."""
    to = await work.principals.get(asked.to)
    if to is None or to.disabled_at is not None:
        raise NotFound("Whom it was for is there no more.")
    _check_times(asked.since, asked.until, await work.now())
    return await _write(work, caller, to, asked, agreed_with=agreed_with)


async def _asked(work: Work, to: Principal, giving: Giving) -> GiveGrant:
    _check_giving(giving, to)
    _check_times(giving.since, giving.until, await work.now())
    return GiveGrant(
        to=to.uid,
        scope=await parse_scope(work, giving.scope),
        role=giving.role,
        actions=giving.actions,
        since=giving.since,
        until=giving.until,
        reason=giving.reason.strip(),
    )


async def _write(
    work: Work,
    caller: Caller,
    to: Principal,
    asked: GiveGrant,
    *,
    basis: Basis = Basis.GIVEN,
    agreed_with: PendingChange | None = None,
) -> Grant:
    now = await work.now()
    new = NewGrant(
        scope=asked.scope,
        role=asked.role,
        actions=asked.actions,
        since=max(asked.since or now, now),
        until=asked.until,
        reason=asked.reason,
        granted_by=agreed_with.asked_by if agreed_with else caller.principal.uid,
        basis=basis,
    )
    grant = await work.principals.give(to.id, new)
    await _log_given(work, caller, to, grant, agreed_with)
    return grant


async def _log_given(
    work: Work, caller: Caller, to: Principal, grant: Grant, agreed_with: PendingChange | None
) -> None:
    told = await given(work, grant)
    await work.audit.append(
        change(
            caller,
            EventType.GRANT_GIVEN,
            ObjectKind.GRANT,
            grant.uid,
            details={"to": to.uid, **told.details, **both(agreed_with, caller.principal.uid)},
            texts={**told.texts, "reason": grant.reason} if grant.reason else told.texts,
            call=told.call,
        )
    )


def _check_giving(giving: Giving, to: Principal) -> None:
    if bool(giving.role) == bool(giving.actions):
        raise Invalid("Give either a role or actions.", field="role")
    if giving.role and to.kind is PrincipalKind.INTEGRATION:
        raise Invalid("An integration gets actions, not a role.", field="role")
    if giving.role is Role.ADMINISTRATOR and giving.scope != "all":
        raise Invalid("An administrator's scope is all: the role reaches no calls.", field="scope")
    if len(giving.reason) > MAX_REASON:
        raise Invalid(f"A reason has at most {MAX_REASON} characters.", field="reason")


def _check_times(since: datetime | None, until: datetime | None, now: datetime) -> None:
    if until is not None and until <= now:
        raise Invalid("until lies in the past.", field="until")
    if since is not None and until is not None and until <= since:
        raise Invalid("until lies before since.", field="until")


async def _whom(work: Work, whom: str) -> Principal:
    found = await _called(work, whom)
    if found is None or found.disabled_at is not None:
        raise NotFound(f"There is nobody called {whom}.")
    return found


async def _called(work: Work, whom: str) -> Principal | None:
    if whom.startswith(GROUP):
        group = await work.groups.by_name(whom.removeprefix(GROUP))
        return await work.principals.by_id(group.id) if group else None
    if "@" in whom:
        return await work.principals.by_email(clean_email(whom))
    return await work.principals.get(whom)
