"""What is given or asked for, as events record it: ids and choices in the details, what was typed in the texts."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from msgspec import Struct, structs

from archive.audit.event import Detail
from archive.calls.reasons import ReasonRule
from archive.identity.places import PlaceNames, describe, uids_in
from archive.policy.actions import Action, Role
from archive.policy.scope import CallIds, Client, Intersection, Partner, Scope, Team, Union, Unsealed
from archive.ports import Change, GiveGrant, MapClaim, PendingChange, ProlongGrant, SetRule, Work

MOST_TOLD = 500
"""Ids of a scope in an event, whose size has an end; how many there are stands beside them."""


class Giving(Protocol):
    """A grant, or one that is asked for."""

    @property
    def role(self) -> Role | None: ...
    @property
    def actions(self) -> Collection[Action]: ...
    @property
    def scope(self) -> Scope: ...
    @property
    def since(self) -> datetime | None: ...
    @property
    def until(self) -> datetime | None: ...


class Facts(Struct, frozen=True):
    """What an event says: its details, its texts, and the public id of the one call that it concerns, if any."""

    details: dict[str, Detail]
    texts: dict[str, str] = {}
    call: str | None = None


async def where(work: Work, scope: Scope) -> Facts:
    """A scope by kinds and public ids, and in words: those name places, and so are personal."""
    uids = await uids_in(work, [scope])
    calls = list(uids[CallIds].values())
    alone = isinstance(_inner(scope), CallIds) and len(calls) == 1
    texts = {"where": await describe(work, scope)}
    return Facts({"scope": _scope(scope, uids)}, texts, calls[0] if alone else None)


async def given(work: Work, giving: Giving) -> Facts:
    reached = await where(work, giving.scope)
    details: dict[str, Detail] = {
        "role": giving.role.value if giving.role else None,
        "actions": sorted(action.value for action in giving.actions),
        "since": _time(giving.since),
        "until": _time(giving.until),
        **reached.details,
    }
    return structs.replace(reached, details=details)


async def facts(work: Work, change: Change) -> Facts:
    reached = await _reached(work, change)
    texts = {**reached.texts, **_typed(change)}
    return Facts({**reached.details, **_details(change)}, texts, reached.call)


async def _reached(work: Work, change: Change) -> Facts:
    match change:
        case GiveGrant():
            return await given(work, change)
        case ProlongGrant(uid) if found := await work.principals.grant(uid):
            return await where(work, found[1].scope)
        case _:
            return Facts({})


def _details(change: Change) -> dict[str, Detail]:
    kind: dict[str, Detail] = {"change": type(change).__name__}
    match change:
        case GiveGrant():
            return {**kind, "to": change.to}
        case ProlongGrant(grant, until):
            return {**kind, "grant": grant, "until": _time(until)}
        case MapClaim(group):
            return {**kind, "group": group}
        case SetRule(replaces, rule):
            return {**kind, "replaces": replaces, "ends": rule is None, **(rule_facts(rule) if rule else {})}
        case _:
            return {**kind, **structs.asdict(change)}


def _typed(change: Change) -> dict[str, str]:
    match change:
        case GiveGrant(reason=reason) if reason:
            return {"reason": reason}
        case MapClaim(_, provider, value):
            return {"provider": provider, "value": value}
        case SetRule(rule=ReasonRule() as rule):
            return rule_typed(rule)
        case _:
            return {}


def rule_facts(rule: ReasonRule) -> dict[str, Detail]:
    return {
        "actions": sorted(action.value for action in rule.actions),
        "roles": sorted(role.value for role in rule.roles),
        "kinds": sorted(kind.value for kind in rule.kinds),
        "partners": sorted(rule.partners),
    }


def rule_typed(rule: ReasonRule) -> dict[str, str]:
    texts = {
        "labels": "\n".join(sorted(rule.labels)),
        "masks": "\n".join(rule.masks),
        "explanation": rule.explanation,
    }
    return {name: text for name, text in texts.items() if text}


def both(agreed: PendingChange | None, by: str) -> dict[str, Detail]:
    """The two names in the event of a change that took two people; nothing for one that took one."""
    return {"asked_by": agreed.asked_by, "agreed_by": by} if agreed else {}


def _scope(scope: Scope, uids: PlaceNames) -> Detail:
    kind: dict[str, Detail] = {"kind": type(scope).__name__}
    match scope:
        case Partner(ids) | Team(ids) | Client(ids) | CallIds(ids):
            told = sorted(uid for known, uid in uids[type(scope)].items() if known in ids)
            return {**kind, "ids": told[:MOST_TOLD], "count": len(ids)}
        case Unsealed(inner):
            return {**kind, "scope": _scope(inner, uids)}
        case Union(parts) | Intersection(parts):
            return {**kind, "parts": [_scope(part, uids) for part in parts]}
        case _:
            return kind


def _inner(scope: Scope) -> Scope:
    return _inner(scope.scope) if isinstance(scope, Unsealed) else scope


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
