"""What the managing commands list: people, integrations, components, each as one row."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from archive import health
from archive.identity.places import describe
from archive.policy.principal import Grant, Principal
from archive.ports import Parts


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
