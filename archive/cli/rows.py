"""What the managing commands list: people, integrations, components, each as one row."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import click
from msgspec import Struct

from archive import health
from archive.calls.caller import Caller
from archive.cli.output import minute, show_one
from archive.identity.described import Described, described
from archive.identity.places import describe
from archive.policy.principal import Grant, Principal, PrincipalKind
from archive.ports import (
    CHANGE_LIFE,
    AddMember,
    GiveGrant,
    Group,
    MapClaim,
    Parts,
    PendingChange,
    ProlongGrant,
    ResetSignIn,
    RotateSecret,
    SetRule,
)


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


async def change_line(parts: Parts, caller: Caller, change: PendingChange) -> dict[str, Any]:
    """The same for people."""
    async with parts.database.read() as work:
        shown = await described(work, caller, change)
    return {
        "id": change.uid,
        "what waits": in_words(shown),
        "asked by": change.asked_name,
        "asked": change.asked_at,
        "lapses": _lapses(change),
    }


async def tell_waiting(
    parts: Parts, caller: Caller, change: PendingChange, row: Mapping[str, Any], as_json: bool
) -> None:
    """`row`, and for people a sentence on what waits."""
    show_one(row, as_json)
    if not as_json:
        async with parts.database.read() as work:
            click.echo(waits(in_words(await described(work, caller, change))))


def waits(what: str) -> str:
    return f"Waits for a second person: {what}. Somebody who approves agrees on the Access page."


def in_words(shown: Described) -> str:
    """What comes of a change once somebody agrees."""
    to = shown.to.name if shown.to else "somebody"
    group = shown.group.name if shown.group else "a group"
    given = f"{shown.role or ', '.join(shown.actions)} on {shown.scope}"
    match shown.pending.change:
        case GiveGrant():
            return f"{to} gets {given}{_until(shown)}"
        case ProlongGrant():
            return f"{to} keeps {given}{_until(shown) or ' for good'}"
        case AddMember():
            return f"{to} enters {group}"
        case MapClaim():
            return f"whoever is {shown.value} at {shown.provider} enters {group}"
        case ResetSignIn():
            return f"{to} gets a link to sign in anew"
        case RotateSecret():
            return f"{to} gets a new secret"
        case SetRule(_, rule):
            return "a rule on reasons changes" if rule else "a rule on reasons ends"


def _until(shown: Described) -> str:
    return f" until {minute(shown.until)}" if shown.until else ""


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
