"""Where a call stands: the partner, client, agent and team that its metadata names.

Partners and teams are units of access. So only somebody whose scope is all calls makes new ones; for everybody else
an unknown one and one outside their scope get the same answer. Clients and agents are made by whoever names them.
"""

from typing import Annotated

from msgspec import Meta, Struct

from archive.calls.call import AgentRef, ClientRef, Named
from archive.errors import Invalid
from archive.policy.scope import AllCalls, Scope, Unsealed, contains
from archive.ports import Work

Name = Annotated[str, Meta(min_length=1, max_length=200)]


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
    sealed: bool = False
    id: int = 0


def reaches_all(scope: Scope) -> bool:
    """Whether a scope spans the whole archive, so that a name it doesn't know yet is new and not hidden."""
    return scope == AllCalls() or scope == Unsealed(AllCalls())


async def place(
    work: Work, scope: Scope, partner: str | None, team: str | None
) -> tuple[Named | None, Named | None]:
    """The partner and the team of these names, made where they are new and the scope spans everything.

    Which of two names is refused must not tell whether the other exists: an unknown team beside a partner outside
    the scope gets the refusal that an unknown partner gets.
    """
    everything = reaches_all(scope)
    found = await work.names.partner(partner) if partner else None
    if partner and found is None:
        if not everything:
            raise unknown_partner(partner)
        found = await work.names.add_partner(partner)
    known = await work.names.team(team) if team else None
    if team and known is None:
        if not everything:
            raise _unknown_team(scope, partner, found, team)
        known = await work.names.add_team(team)
    return found, known


async def place_client(work: Work, given: ClientGiven | None) -> ClientRef | None:
    if given is None or not (given.name or given.phone or given.external_id):
        return None
    if known := await work.names.client_like(given.name, given.phone, given.external_id):
        return known
    return await work.names.add_client(given.name or given.phone or "", given.phone, given.external_id)


async def place_agent(work: Work, given: AgentGiven | None) -> AgentRef | None:
    if given is None or not (given.name or given.email):
        return None
    if known := await work.names.agent_like(given.name, given.email):
        return known
    return await work.names.add_agent(given.name or given.email or "", given.email)


def unknown_partner(name: str | None) -> Invalid:
    """The one answer for a partner that doesn't exist and for one outside the uploader's scope."""
    if name is None:
        return Invalid("Name the partner: you may upload only for certain partners.", field="partner")
    return Invalid(f"There is no partner {name} that you may upload for.", field="partner")


def _unknown_team(scope: Scope, partner: str | None, found: Named | None, team: str) -> Invalid:
    if found and not contains(scope, Placement(found.id, None, None)):
        return unknown_partner(partner)
    return Invalid(f"There is no team {team} that you may upload for.", field="team")
