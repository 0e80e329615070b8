"""On what grounds somebody hears, takes away or reads a call: by which grant, and for what reason where one is asked.

A rule asks whoever holds one of its roles: a share from somebody else, or a role beside it, spares nobody the reason.
"""

from collections.abc import Collection, Sequence

from msgspec import Struct

from archive.audit.event import Detail, EventType
from archive.calls.access import about, acting, reach
from archive.calls.call import Call
from archive.calls.caller import Caller
from archive.calls.reasons import (
    GUARDED,
    KEPT,
    LONGEST,
    SHORTEST,
    ReasonRequired,
    ReasonRule,
    binds,
    demanding,
    leaving,
    required,
    satisfies,
)
from archive.calls.transcript import clean
from archive.errors import Invalid
from archive.policy.actions import Action
from archive.policy.decide import decide, roles_of
from archive.policy.principal import Grant, PrincipalKind
from archive.policy.scope import Scope
from archive.ports import Parts, Withheld, Work

MOST_TOLD = 1_000
"""So many calls of which somebody said why are searched by their words; a filter has to name each."""


class Grounds(Struct, frozen=True):
    """`reason` is what was said, now or lately; `purpose` that, or a program's standing one."""

    grant: Grant
    reason: str | None
    purpose: str | None

    @property
    def details(self) -> dict[str, Detail]:
        """For the event: by which grant, and how that came about."""
        return {"grant": self.grant.uid, "basis": self.grant.basis.value}


async def check(
    work: Work,
    caller: Caller,
    call: Call,
    action: Action,
    reason: str | None = None,
    *,
    earlier: str | None = None,
) -> Grounds:
    """The grounds for `action` on a call that the caller may do it on. A reason said now is kept for what follows;
    `earlier` is that of what this goes on from.

    Raises `ReasonRequired`, which tells what is asked for."""
    said = _tidied(reason)
    known = said or earlier or await _lately(work, caller, call)
    grounds = await _grounds(work, caller, call, action, known)
    if said:
        await _keep(work, caller, call, said)
    return grounds


async def check_left(work: Work, caller: Caller, before: Call, after: Call) -> str | None:
    """What the caller said why lately, where an edit of theirs takes a call out of a rule that asks them: who may
    change a label hears no more by it. Raises `ReasonRequired`, as the listen would."""
    asked = leaving(await _rules(work), roles_of(caller.principal, await work.now()), before, after)
    said = await _lately(work, caller, before) if asked else None
    if not _met(asked, caller, said):
        raise required(asked, said)
    return said


async def demanded(work: Work, caller: Caller, call: Call, action: Action) -> ReasonRequired | None:
    """What the caller would be asked for at `action`, as they stand now."""
    try:
        await _grounds(work, caller, call, action, await _lately(work, caller, call))
    except ReasonRequired as asked:
        return asked
    return None


async def state(parts: Parts, caller: Caller, uid: str, reason: str) -> None:
    """Say why one turns to a call, for all that follows on it within `KEPT` from this seat.

    Raises `ReasonRequired` where no rule takes this for a reason, and `Invalid` for one too short or too long."""
    said = _tidied(reason)
    if said is None or not SHORTEST <= len(said) <= LONGEST:
        raise Invalid(f"A reason has {SHORTEST} to {LONGEST} characters.", field="reason")
    action = await _guarded(parts, caller, uid)
    async with acting(parts.database, caller, action, uid) as (work, call):
        await _check_meets_one(work, caller, call, said)
        await _keep(work, caller, call, said)


async def unspoken(work: Work, caller: Caller, calls: Collection[Call]) -> set[int]:
    """Ids of those `calls` of which the caller must say why before they read any word."""
    rules = await _before_reading(work, caller)
    if not rules or not calls:
        return set()
    said = await work.reasons.stated(caller.principal.id, caller.seat, calls, KEPT)
    roles = roles_of(caller.principal, await work.now())
    return {
        call.id
        for call in calls
        if not _met(demanding(rules, roles, Action.READ_TRANSCRIPT, call), caller, said.get(call.id))
    }


async def withheld(work: Work, caller: Caller) -> tuple[Withheld, ...]:
    """The calls of which the caller must say why before a word of them is searched, whether they did or not."""
    rules = await _before_reading(work, caller)
    known = await work.names.partners_of({uid for rule in rules for uid in rule.partners})
    return tuple(
        Withheld(
            partners=frozenset(known[uid] for uid in rule.partners if uid in known),
            labels=rule.labels,
            kinds=rule.kinds,
        )
        for rule in rules
        if not rule.partners or not rule.partners.isdisjoint(known)
    )


async def told(work: Work, caller: Caller, scope: Scope) -> frozenset[int]:
    """Ids of calls in the scope of which the caller said, lately, all that they must say before reading: of the
    `MOST_TOLD` that they turned to last."""
    stated = await work.reasons.stated_of(caller.principal.id, caller.seat, KEPT, MOST_TOLD)
    calls = await work.calls.select(stated, scope)
    return frozenset(calls) - await unspoken(work, caller, calls.values())


async def _grounds(work: Work, caller: Caller, call: Call, action: Action, said: str | None) -> Grounds:
    now = await work.now()
    asked = demanding(await _rules(work), roles_of(caller.principal, now), action, call)
    grant = decide(caller.principal, action, call, now).grant
    if grant is None or not _met(asked, caller, said):
        raise required(asked, said)
    return Grounds(grant, said, said or caller.principal.purpose)


def _met(rules: Sequence[ReasonRule], caller: Caller, said: str | None) -> bool:
    program = caller.principal.kind is PrincipalKind.INTEGRATION
    standing = caller.principal.purpose if program else None
    return all(satisfies(rule, said, standing) for rule in rules)


async def _before_reading(work: Work, caller: Caller) -> list[ReasonRule]:
    """The rules by which the caller must say why before they read some calls."""
    roles = roles_of(caller.principal, await work.now())
    rules = [rule for rule in await _rules(work) if binds(rule, roles, Action.READ_TRANSCRIPT)]
    return [rule for rule in rules if not _met([rule], caller, None)]


async def _rules(work: Work) -> list[ReasonRule]:
    return [stored.rule for stored in await work.reasons.rules()]


async def _lately(work: Work, caller: Caller, call: Call) -> str | None:
    return (await work.reasons.stated(caller.principal.id, caller.seat, [call], KEPT)).get(call.id)


async def _keep(work: Work, caller: Caller, call: Call, said: str) -> None:
    await work.reasons.state(caller.principal.id, caller.seat, call, said)
    await work.audit.append(about(caller, EventType.REASON_STATED, call, purpose=said))


async def _guarded(parts: Parts, caller: Caller, uid: str) -> Action:
    """By which right somebody says why: the first of those that reasons are asked for."""
    async with parts.database.read() as work:
        for action in GUARDED:
            if await reach(work, caller, action, uid):
                return action
    return GUARDED[0]


async def _check_meets_one(work: Work, caller: Caller, call: Call, said: str) -> None:
    """A reason that no rule of this call takes would be kept in vain."""
    refused: ReasonRequired | None = None
    for action in GUARDED:
        if await reach(work, caller, action, call.uid) is None:
            continue
        try:
            await _grounds(work, caller, call, action, said)
        except ReasonRequired as asked:
            refused = refused or asked
        else:
            return
    if refused:
        raise refused


def _tidied(reason: str | None) -> str | None:
    return clean(reason)[:LONGEST] or None if reason else None
