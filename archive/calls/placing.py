"""Where a call stands: the partner, client, agent and team that its metadata names.

Partners and teams are units of access. So only somebody whose scope is all calls names any of them, and makes new
ones. Everybody else names those of their scope; an unknown one and one outside it get the same answer. Clients and
agents are made by whoever names them, who learns of none that no call of theirs carries: such a one is made anew.
"""

from collections.abc import Awaitable, Callable, Collection
from typing import Annotated

from msgspec import Meta, Struct

from archive.calls.call import AgentRef, ClientRef, Named
from archive.calls.transcript import clean_name
from archive.errors import Invalid
from archive.policy.scope import Partner, Placed, Scope, Team, ids_of, reaches_all
from archive.ports import Work

Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]


class ClientGiven(Struct, frozen=True, forbid_unknown_fields=True):
    name: Name | None = None
    phone: Annotated[str, Meta(max_length=40)] | None = None
    external_id: Name | None = None


class AgentGiven(Struct, frozen=True, forbid_unknown_fields=True):
    name: Name | None = None
    email: Annotated[str, Meta(max_length=254, pattern="^[^@\\s]+@[^@\\s]+$")] | None = None


class Placement(Struct, frozen=True):
    """Where a call would stand, to ask whether a scope would contain it. Sealing comes after: it hides, not moves."""

    partner_id: int | None
    team_id: int | None
    agent_id: int | None
    client_id: int | None
    sealed: bool = False
    id: int = 0


async def place(
    work: Work, scope: Scope, partner: str | None, team: str | None, standing: Placed | None = None
) -> tuple[Named | None, Named | None]:
    """The partner and the team of these names, made where they are new and the scope spans everything.

    `standing` is the call as it stands now, whose partner and team anybody may name who edits it.
    """
    names, partner, team = work.names, _cleaned(partner, "partner"), _cleaned(team, "team")
    if reaches_all(scope):
        made = await _made(names.partner, names.add_partner, partner)
        return made, await _made(names.team, names.add_team, team)
    partners = ids_of(scope, Partner) | {standing.partner_id if standing else None}
    teams = ids_of(scope, Team) | {standing.team_id if standing else None}
    found = await _among(partners, names.partner, partner, unknown_partner)
    return found, await _among(teams, names.team, team, _unknown_team)


async def place_client(work: Work, scope: Scope, given: ClientGiven | None) -> ClientRef | None:
    if given is None or not (given.name or given.phone or given.external_id):
        return None
    name = _cleaned(given.name, "client.name")
    if known := await work.names.client_like(name, given.phone, given.external_id, _carried(scope)):
        return known
    return await work.names.add_client(name or given.phone or "", given.phone, given.external_id)


async def place_agent(work: Work, scope: Scope, given: AgentGiven | None) -> AgentRef | None:
    if given is None or not (given.name or given.email):
        return None
    name = _cleaned(given.name, "agent.name")
    if known := await work.names.agent_like(name, given.email, _carried(scope)):
        return known
    return await work.names.add_agent(name or given.email or "", given.email)


def _carried(scope: Scope) -> Scope | None:
    return None if reaches_all(scope) else scope


def unknown_partner(name: str | None) -> Invalid:
    """The one answer for a partner that doesn't exist and for one outside the caller's scope."""
    if name is None:
        return Invalid("Name one of your partners: without it, the call would not be yours.", field="partner")
    return Invalid(f"There is no partner {name} that you may name.", field="partner")


def _unknown_team(name: str) -> Invalid:
    return Invalid(f"There is no team {name} that you may name.", field="team")


async def _made(
    find: Callable[[str], Awaitable[Named | None]], add: Callable[[str], Awaitable[Named]], name: str | None
) -> Named | None:
    return None if name is None else await find(name) or await add(name)


async def _among(
    ids: Collection[int | None],
    find: Callable[[str], Awaitable[Named | None]],
    name: str | None,
    unknown: Callable[[str], Invalid],
) -> Named | None:
    if name is None:
        return None
    found = await find(name)
    if found is None or found.id not in ids:
        raise unknown(name)
    return found


def _cleaned(name: str | None, field: str) -> str | None:
    """Without what can't be seen: no name may be empty to the eye, or disguise another."""
    if name is None:
        return None
    if not (cleaned := clean_name(name)):
        raise Invalid("A name needs something to be seen.", field=field)
    return cleaned
