"""What somebody can reach, and why; who can reach a call, and why. Each line is a grant."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from archive.audit.event import EventType, ObjectKind
from archive.calls.access import log_denied, reach
from archive.calls.call import Call
from archive.calls.caller import Caller
from archive.errors import Forbidden, NotFound
from archive.identity.places import describe_all
from archive.identity.second import approves_all
from archive.identity.sharing import NEEDED, lasting
from archive.ids import is_uuid7
from archive.policy.actions import ROLE_ACTIONS, Action
from archive.policy.decide import Reason, decide, may
from archive.policy.decide import reach as reach_of
from archive.policy.principal import Basis, Grant, Principal
from archive.policy.scope import AllCalls, CallIds, Nothing, Scope, is_empty
from archive.ports import Held, Parts, Who, Work

LATELY = timedelta(days=30)
"""So long a grant that is over is still told of."""

MOST_COUNTED = 100
"""Scopes of one person that are counted in calls; whoever has more grants sees the rest without a number."""

A = Action
OF_THE_ARCHIVE = frozenset({A.READ_AUDIT, A.MANAGE_PEOPLE, A.MANAGE_SYSTEM})
"""Actions that reach no call."""


class Standing(StrEnum):
    IN_FORCE = "in_force"
    COMING = "coming"
    ENDED = "ended"


class Line(Struct, frozen=True):
    """One grant. `scope` in words; `calls`: how many it comes to, None where it reaches none or wasn't counted.
    `sealed`: those calls that are sealed too. `group` and `by` are names; `by` is empty for the archive's own."""

    grant: Grant
    standing: Standing
    actions: tuple[Action, ...]
    scope: str
    calls: int | None
    sealed: bool
    group: str
    by: str


class PersonReach(Struct, frozen=True):
    """`oneself`: it is the caller's own."""

    who: Principal
    lines: tuple[Line, ...]
    oneself: bool


class CallLine(Struct, frozen=True):
    """`members`: of a group, those who reach the call by this grant. `ends`: the caller may end it."""

    holder: Who
    line: Line
    members: tuple[Who, ...]
    ends: bool


class CallReach(Struct, frozen=True):
    """`call` None: whoever asks may not see it, and is told its id alone. `gives`: they may let others hear it.
    `looks`: they may see what each of these reaches. `everybody`: not those alone whose grant names the call."""

    uid: str
    call: Call | None
    sealed: bool
    lines: tuple[CallLine, ...]
    gives: bool
    looks: bool
    everybody: bool


# ---- of a person -----------------------------------------------------------------------------------------------


async def of_person(parts: Parts, caller: Caller, uid: str) -> PersonReach:
    """Of a person, a program or a group: for those who manage people, approve over all calls or read the log, and for
    oneself. Raises `NotFound` for others, which is logged."""
    async with parts.database.read() as work:
        now = await work.now()
        oneself = uid == caller.principal.uid
        if oneself or await _looks_after(work, caller, now):
            found = await work.principals.get(uid) if is_uuid7(uid) else None
            if found:
                return PersonReach(found, tuple(await _lines(work, found, now)), oneself)
    await _log_denied(parts, caller, ObjectKind.PERSON, uid, A.MANAGE_PEOPLE)
    raise NotFound


async def people_like(parts: Parts, caller: Caller, typed: str, limit: int) -> list[Principal]:
    """Those whom a name, or an e-mail, may mean. For whom `of_person` answers of others; raises `Forbidden`."""
    async with parts.database.read() as work:
        if await _looks_after(work, caller, await work.now()):
            return await work.principals.people(limit=limit, like=typed)
    await _log_denied(parts, caller, ObjectKind.PERSON, None, A.MANAGE_PEOPLE)
    raise Forbidden("That takes the right to manage people, to approve over all calls, or to read the log.")


async def looks_after(parts: Parts, caller: Caller) -> bool:
    """Whether somebody may see what others reach."""
    async with parts.database.read() as work:
        return await _looks_after(work, caller, await work.now())


async def _looks_after(work: Work, caller: Caller, now: datetime) -> bool:
    who = caller.principal
    by_right = any(may(who, action, now) for action in (A.MANAGE_PEOPLE, A.READ_AUDIT))
    return by_right or await approves_all(work, who)


async def _lines(work: Work, who: Principal, now: datetime) -> list[Line]:
    """In force, then coming, then ended lately; newest first."""
    told = [grant for grant in who.grants if _told(grant, now)]
    told.sort(key=lambda grant: (list(Standing).index(standing(grant, now)), -grant.id))
    names, where = await _names(work, told), await _where(work, told)
    going = {one.uid: reach_of(one) for one in told if standing(one, now) is not Standing.ENDED}
    counts = await _counts(work, going.values())
    return [_line(one, now, names, where, counts.get(going.get(one.uid, Nothing()))) for one in told]


async def _counts(work: Work, scopes: Collection[Scope]) -> dict[Scope, int]:
    distinct = [one for one in dict.fromkeys(scopes) if not is_empty(one)][:MOST_COUNTED]
    return dict(zip(distinct, await work.calls.counts(distinct), strict=True))


# ---- of a call -------------------------------------------------------------------------------------------------


async def of_call(parts: Parts, caller: Caller, uid: str) -> CallReach:
    """All who reach it, for those who approve over it, and for those who manage people, by its id alone; the grants
    that name it, for those who may let others hear it.

    Raises, logged: `NotFound`, or `Forbidden` where one may see the call and none of this."""
    async with parts.database.read() as work:
        now = await work.now()
        call = await work.calls.get(uid, AllCalls()) if is_uuid7(uid) else None
        if call and (seen := await _seen(work, caller, call, now)):
            return seen
        known = await reach(work, caller, A.READ_CALL, uid) or await reach(work, caller, A.FIND, uid)
    await _log_denied(parts, caller, ObjectKind.CALL, uid, A.APPROVE)
    if known:
        raise Forbidden("You may see this call, but not who reaches it.")
    raise NotFound


async def _seen(work: Work, caller: Caller, call: Call, now: datetime) -> CallReach | None:
    who = caller.principal

    def allowed(action: Action) -> bool:
        return decide(who, action, call, now).allowed

    everybody = allowed(A.APPROVE) or may(who, A.MANAGE_PEOPLE, now)
    gives = all(decide(lasting(who), one, call, now).allowed for one in (A.GRANT, *NEEDED))
    if not everybody and not gives:
        return None
    held = [one for one in await work.reaching.of_call(call, now) if everybody or _names_it(one.grant, call)]
    return CallReach(
        uid=call.uid,
        call=call if allowed(A.READ_CALL) or allowed(A.FIND) else None,
        sealed=call.sealed,
        lines=tuple(await _call_lines(work, caller, [one for one in held if _acts(one.grant)], now)),
        gives=gives,
        looks=await _looks_after(work, caller, now),
        everybody=everybody,
    )


async def _call_lines(work: Work, caller: Caller, held: list[Held], now: datetime) -> list[CallLine]:
    """Who broke the glass first; then those who hear, by name."""
    who = caller.principal
    ends_all = may(who, A.MANAGE_PEOPLE, now) or await approves_all(work, who)
    held.sort(
        key=lambda one: (
            one.grant.basis is not Basis.BREAK_GLASS,
            not one.grant.gives(A.LISTEN),
            one.holder.name,
        )
    )
    grants = [one.grant for one in held]
    names, where = await _names(work, grants), await _where(work, grants)
    return [
        CallLine(
            one.holder,
            _line(one.grant, now, names, where, None),
            one.members,
            ends_all or one.grant.granted_by == who.uid,
        )
        for one in held
    ]


def _names_it(grant: Grant, call: Call) -> bool:
    return isinstance(grant.scope, CallIds) and grant.scope.ids == {call.id}


def _acts(grant: Grant) -> bool:
    """Whether it lets somebody do anything with a call: to give, one must hold."""
    return not OF_THE_ARCHIVE.union({A.GRANT}).issuperset(actions_of(grant))


# ---- lines -----------------------------------------------------------------------------------------------------


def _line(
    grant: Grant, now: datetime, names: dict[str, str], where: dict[Scope, str], calls: int | None
) -> Line:
    scope = reach_of(grant)
    acts = _acts(grant)
    return Line(
        grant=grant,
        standing=standing(grant, now),
        actions=actions_of(grant),
        scope=where[grant.scope] if acts else "",
        calls=calls if acts else None,
        sealed=acts and scope == grant.scope and not is_empty(scope),
        group=names.get(grant.group or "", ""),
        by=names.get(grant.granted_by, ""),
    )


def actions_of(grant: Grant) -> tuple[Action, ...]:
    """In the order in which the actions are listed."""
    given = ROLE_ACTIONS[grant.role] if grant.role else grant.actions
    return tuple(action for action in Action if action in given)


def standing(grant: Grant, now: datetime) -> Standing:
    if grant.in_force(now):
        return Standing.IN_FORCE
    coming = grant.revoked_at is None and grant.since > now
    return Standing.COMING if coming else Standing.ENDED


def ended_at(grant: Grant) -> datetime | None:
    """When it ended, or will: taken back, or by itself."""
    ends = [moment for moment in (grant.revoked_at, grant.until) if moment is not None]
    return min(ends) if ends else None


def _told(grant: Grant, now: datetime) -> bool:
    over = ended_at(grant) if standing(grant, now) is Standing.ENDED else None
    return over is None or now - over <= LATELY


async def _names(work: Work, grants: Collection[Grant]) -> dict[str, str]:
    return await work.principals.named(set(_named(grants)))


async def _where(work: Work, grants: Collection[Grant]) -> dict[Scope, str]:
    return await describe_all(work, {grant.scope for grant in grants if _acts(grant)})


def _named(grants: Collection[Grant]) -> Iterator[str]:
    for grant in grants:
        yield grant.granted_by
        if grant.group:
            yield grant.group


async def _log_denied(
    parts: Parts, caller: Caller, kind: ObjectKind, uid: str | None, action: Action
) -> None:
    denied = EventType.CALL_DENIED if kind is ObjectKind.CALL else EventType.ARCHIVE_DENIED
    await log_denied(parts, caller, action, Reason.NO_GRANT, denied=denied, kind=kind, asked=uid)
