"""A change that waits, as the second person is shown it: in names and words, not in ids."""

from collections.abc import Collection, Sequence
from datetime import datetime

from msgspec import Struct, structs

from archive.calls.caller import Caller
from archive.identity.approvers import makes_approvers
from archive.identity.formerly import Former, formerly
from archive.identity.once import once
from archive.identity.places import describe_all
from archive.identity.second import Unfit, unfit, unfit_to_refuse
from archive.policy.actions import Action, Role
from archive.policy.principal import Grant, PrincipalKind
from archive.policy.scope import CallIds, OwnCalls, Scope, unsealed
from archive.ports import (
    CHANGE_LIFE,
    AddMember,
    ChangeState,
    GiveGrant,
    MapClaim,
    PendingChange,
    ProlongGrant,
    Work,
)


class Named(Struct, frozen=True):
    """A person, a program or a group."""

    id: str
    kind: PrincipalKind
    name: str


class Described(Struct, frozen=True, kw_only=True):
    """`what` names the kind of change: `GiveGrant`, `ProlongGrant`, `AddMember`, `MapClaim`, ... What a kind doesn't
    have is None. `reaches` is what `scope` says in words, `calls` how many it comes to now (None for one's own),
    `formerly` what its places were called lately. `until` of a grant to be prolonged is its new end, `ends` the
    one that it has. `anew`: agreeing makes somebody approve, and so ends what they come in by. `unfit`: why the caller
    doesn't agree to it."""

    pending: PendingChange
    what: str
    to: Named | None = None
    group: Named | None = None
    role: Role | None = None
    actions: tuple[Action, ...] = ()
    scope: str | None = None
    reaches: Scope | None = None
    calls: int | None = None
    formerly: tuple[Former, ...] = ()
    since: datetime | None = None
    ends: datetime | None = None
    until: datetime | None = None
    reason: str | None = None
    provider: str | None = None
    value: str | None = None
    decided_name: str | None = None
    may_decide: bool
    may_refuse: bool
    may_withdraw: bool
    anew: bool = False
    unfit: Unfit | None = None

    @property
    def lapses_at(self) -> datetime:
        return self.pending.asked_at + CHANGE_LIFE


async def described(work: Work, caller: Caller, pending: PendingChange) -> Described:
    return (await all_described(work, caller, [pending]))[0]


async def all_described(work: Work, caller: Caller, pending: Sequence[PendingChange]) -> list[Described]:
    """As `described`. Who approves, who is named and what places are called is asked once for all of them."""
    work = await once(work, pending)
    shown = [await _described(work, caller, one) for one in pending]
    places = await _places(work, {one.reaches for one in shown if one.reaches})
    return [places[one.reaches].on(one) if one.reaches else one for one in shown]


class _Place(Struct, frozen=True):
    scope: str
    calls: int | None
    formerly: tuple[Former, ...]

    def on(self, shown: Described) -> Described:
        return structs.replace(shown, **structs.asdict(self))


async def _places(work: Work, scopes: Collection[Scope]) -> dict[Scope, _Place]:
    words, former, counts = (
        await describe_all(work, scopes),
        await formerly(work, scopes),
        await _counts(work, scopes),
    )
    return {one: _Place(words[one], counts.get(one), former[one]) for one in scopes}


async def _counts(work: Work, scopes: Collection[Scope]) -> dict[Scope, int]:
    """Sealed calls aren't counted, unless they are named. Whose own calls they are may not be known yet."""
    counted = [one for one in scopes if not isinstance(one, OwnCalls)]
    reached = [one if isinstance(one, CallIds) else unsealed(one) for one in counted]
    return dict(zip(counted, await work.calls.counts(reached) if reached else [], strict=True))


async def _described(work: Work, caller: Caller, pending: PendingChange) -> Described:
    waits = pending.state is ChangeState.WAITING and not pending.lapsed(await work.now())
    decider = await named(work, pending.decided_by)
    why_not = await unfit(work, caller, pending) if waits else None
    may_decide = waits and why_not is None
    plain = Described(
        pending=pending,
        what=type(pending.change).__name__,
        decided_name=decider.name if decider else None,
        may_decide=may_decide,
        may_refuse=may_decide or (waits and await unfit_to_refuse(work, caller, pending) is None),
        unfit=why_not,
        anew=may_decide and await makes_approvers(work, pending),
        may_withdraw=waits and pending.asked_by == caller.principal.uid,
    )
    match pending.change:
        case GiveGrant() as asked:
            return await _giving(work, plain, asked)
        case ProlongGrant(grant, until):
            found = await work.principals.grant(grant)
            shown = await _giving(work, plain, found[1], found[0].uid) if found else plain
            return structs.replace(shown, ends=shown.until, until=until)
        case AddMember(group, member):
            return structs.replace(plain, group=await named(work, group), to=await named(work, member))
        case MapClaim(group, provider, value):
            return structs.replace(plain, group=await named(work, group), provider=provider, value=value)
        case _:
            return structs.replace(plain, to=await named(work, pending.beneficiary))


async def named(work: Work, uid: str | None) -> Named | None:
    found = await work.principals.get(uid) if uid else None
    return Named(found.uid, found.kind, found.name) if found else None


async def _giving(work: Work, plain: Described, asked: GiveGrant | Grant, to: str | None = None) -> Described:
    return structs.replace(
        plain,
        to=await named(work, to or (asked.to if isinstance(asked, GiveGrant) else None)),
        role=asked.role,
        actions=tuple(sorted(asked.actions)),
        reaches=asked.scope,
        since=asked.since,
        until=asked.until,
        reason=asked.reason,
    )
