"""Generated worlds of calls, and scopes over them, for comparing what compiles a scope."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from typing import Protocol

from hypothesis import strategies as st

from archive.calls.call import AgentRef, Call, ClientRef, Kind, Named, Recording, State
from archive.policy.scope import (
    AllCalls,
    CallIds,
    Client,
    Intersection,
    Nothing,
    OwnCalls,
    Partner,
    Scope,
    Team,
    Union,
    Unsealed,
    contains,
    intersection,
    union,
    unsealed,
)

NAMES = (1, 2, 3)
"""Ids of the partners, of the teams, of the clients and of the agents that exist."""
UNKNOWN = 4
CALLS = 6
"""The most calls of a generated world; their ids count from 1."""

_START = datetime(2026, 2, 10, 9, 0, tzinfo=UTC)
_some_id = st.none() | st.sampled_from(NAMES)


class Compiler(Protocol):
    """Something that is given the calls of a world, and then answers which of them a scope holds."""

    async def fill(self, calls: list[Call]) -> None: ...
    async def held(self, scope: Scope) -> set[int]: ...


def by_predicate(calls: list[Call], scope: Scope) -> set[int]:
    """What every compiler must agree with."""
    return {call.id for call in calls if contains(scope, call)}


@st.composite
def worlds(draw: st.DrawFn) -> list[Call]:
    return [_call(draw, number) for number in range(1, draw(st.integers(1, CALLS)) + 1)]


def scopes(calls: int = CALLS) -> st.SearchStrategy[Scope]:
    """Every shape over a world of so many calls, the ones that no constructor makes (empty unions, nested Unsealed)
    among them."""
    return st.recursive(_leaves(calls), _around, max_leaves=8)


def _call(draw: st.DrawFn, id: int) -> Call:
    places = [draw(_some_id) for _ in range(4)]
    return placed(id, *places, sealed=draw(st.booleans()))


def everywhere() -> Iterator[Call]:
    """A call at each of the places where one can be, sealed and not: with two partners, teams, clients and agents."""
    some = (None, *NAMES[:2])
    for number, (*places, sealed) in enumerate(product(some, some, some, some, (False, True)), start=1):
        yield placed(number, *places, sealed=sealed)


def placed(
    id: int, partner: int | None, team: int | None, client: int | None, agent: int | None, *, sealed: bool
) -> Call:
    return Call(
        id=id,
        uid=f"call-{id}",
        kind=Kind.PHONE,
        direction=None,
        started_at=_START,
        received_at=_START,
        state=State.READY,
        recording=Recording(f"originals/{id}", "aa", 1),
        registration_id=1,
        partner=Named(partner, f"p{partner}", f"partner {partner}") if partner else None,
        team=Named(team, f"t{team}", f"team {team}") if team else None,
        client=ClientRef(client, f"c{client}", f"client {client}") if client else None,
        agent=AgentRef(agent, f"a{agent}", f"agent {agent}") if agent else None,
        sealed=sealed,
    )


def _leaves(calls: int) -> st.SearchStrategy[Scope]:
    names = st.frozensets(st.sampled_from((*NAMES, UNKNOWN)), max_size=3)
    some_calls = st.frozensets(st.integers(1, calls + 1), max_size=3)
    return st.one_of(
        st.builds(AllCalls),
        st.builds(Nothing),
        st.builds(Partner, names),
        st.builds(Team, names),
        st.builds(Client, names),
        st.builds(OwnCalls, names),
        st.builds(CallIds, some_calls),
    )


def _around(inner: st.SearchStrategy[Scope]) -> st.SearchStrategy[Scope]:
    some = st.lists(inner, max_size=3)
    return st.one_of(
        st.builds(Union, some.map(tuple)),
        st.builds(Intersection, some.map(tuple)),
        st.builds(Unsealed, inner),
        some.map(union),
        some.map(lambda parts: intersection(*parts)),
        inner.map(unsealed),
    )
