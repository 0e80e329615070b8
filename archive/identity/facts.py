"""What is given or asked for, as events record it: ids and choices in the details, what was typed in the texts."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from msgspec import structs

from archive.audit.event import Detail
from archive.calls.reasons import ReasonRule
from archive.policy.actions import Action, Role
from archive.policy.scope import Scope
from archive.ports import Change, GiveGrant, MapClaim, PendingChange, ProlongGrant, SetRule


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


def given(giving: Giving) -> dict[str, Detail]:
    return {
        "role": giving.role.value if giving.role else None,
        "actions": sorted(action.value for action in giving.actions),
        "scope": _scope(giving.scope),
        "since": _time(giving.since),
        "until": _time(giving.until),
    }


def facts(change: Change) -> dict[str, Detail]:
    kind: dict[str, Detail] = {"change": type(change).__name__}
    match change:
        case GiveGrant():
            return {**kind, "to": change.to, **given(change)}
        case ProlongGrant(grant, until):
            return {**kind, "grant": grant, "until": _time(until)}
        case MapClaim(group):
            return {**kind, "group": group}
        case SetRule(replaces, rule):
            return {**kind, "replaces": replaces, "ends": rule is None, **(rule_facts(rule) if rule else {})}
        case _:
            return {**kind, **structs.asdict(change)}


def typed(change: Change) -> dict[str, str]:
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


def _scope(scope: Scope) -> Detail:
    """Its kind, and the database's ids."""
    ids = getattr(scope, "ids", None)
    return {"kind": type(scope).__name__, "ids": sorted(ids) if ids is not None else None}


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
