"""What the managing commands list: people, integrations, components, each as one row."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from archive import health
from archive.calls.caller import Caller
from archive.identity.described import described
from archive.identity.places import describe
from archive.policy.principal import Grant, Principal, PrincipalKind
from archive.ports import CHANGE_LIFE, Group, Parts, PendingChange


async def person_row(parts: Parts, person: Principal) -> dict[str, Any]:
    return {
        "email": person.email,
        "name": person.name,
        "grants": await _grants(parts, person.grants),
        "disabled": person.disabled_at,
    }


async def integration_row(parts: Parts, program: Principal) -> dict[str, Any]:
    return {
        "client_id": program.uid,
        "name": program.name,
        "grants": await _grants(parts, program.grants),
        "revoked": program.disabled_at,
    }


class InForce(Struct, frozen=True):
    """A grant as the lists show it."""

    id: str
    gives: str
    scope: str
    until: datetime | None

    def __str__(self) -> str:
        return f"{self.gives} on {self.scope} ({self.id})"


async def _grants(parts: Parts, grants: Sequence[Grant]) -> list[InForce]:
    async with parts.database.read() as work:
        now = await work.now()
        live = [grant for grant in grants if grant.in_force(now)]
        scopes = [await describe(work, grant.scope) for grant in live]
    shown = zip(live, scopes, strict=True)
    return [InForce(grant.uid, gives(grant), scope, grant.until) for grant, scope in shown]


async def given_row(parts: Parts, holder: Principal, grant: Grant) -> dict[str, Any]:
    async with parts.database.read() as work:
        scope = await describe(work, grant.scope)
    return {
        "id": grant.uid,
        "to": f"group:{holder.name}" if holder.kind is PrincipalKind.GROUP else holder.email or holder.uid,
        "gives": gives(grant),
        "scope": scope,
        "from": grant.since,
        "until": grant.until,
        "revoked": grant.revoked_at,
        "reason": grant.reason,
    }


async def group_row(parts: Parts, group: Group) -> dict[str, Any]:
    return {
        "id": group.uid,
        "name": group.name,
        "members": group.members,
        "grants": await _grants(parts, group.grants),
        "claims": [f"{claim.provider}: {claim.value}" for claim in group.claims],
    }


def waiting_row(change: PendingChange) -> dict[str, Any]:
    """What is printed in place of what was asked for."""
    return {"pending_change": change.uid, "waits": "for a second person", "lapses": _lapses(change)}


async def change_row(parts: Parts, caller: Caller, change: PendingChange) -> dict[str, Any]:
    async with parts.database.read() as work:
        shown = await described(work, caller, change)
    what = {
        "gives": shown.role or ",".join(shown.actions) or None,
        "scope": shown.scope,
        "claim": f"{shown.provider}: {shown.value}" if shown.provider else None,
    }
    return {
        "id": change.uid,
        "change": shown.what,
        "to": shown.to and shown.to.name,
        "group": shown.group and shown.group.name,
        **what,
        "until": shown.until,
        "asked by": change.asked_name,
        "asked": change.asked_at,
        "lapses": _lapses(change),
    }


def _lapses(change: PendingChange) -> datetime:
    return change.asked_at + CHANGE_LIFE


def gives(grant: Grant) -> str:
    """Its role, or its actions."""
    return grant.role or ",".join(sorted(grant.actions))


def component_row(component: health.Component) -> dict[str, str]:
    return {
        "component": component.name,
        "state": component.state.value,
        "detail": component.detail,
        "remedy": component.remedy,
    }
