"""A scope means the same however it is compiled: as the predicate, as SQL, and as each engine's filter."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.adapters.db.database import SqlDatabase
from archive.calls.call import Call
from archive.policy.scope import AllCalls, CallIds, Intersection, Scope, Union, Unsealed, is_empty
from archive.ports import NewCall
from tests.decisions import Tally, examples
from tests.property.worlds import NAMES, Compiler, by_predicate, everywhere, scopes, worlds

pytestmark = pytest.mark.anyio

SCOPES = 20
"""For each generated world."""

EVERYWHERE = list(everywhere())


def outside(max_examples: int) -> settings:
    """For comparing with something outside this process: what it holds outlives an example, and is made anew or stays
    the same."""
    return settings(
        max_examples=max_examples, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )


class Sql:
    """The database gives calls ids of its own: they are translated on the way in and out."""

    def __init__(self, database: SqlDatabase) -> None:
        self._database = database
        self._ids: dict[int, int] = {}

    async def prepare(self) -> None:
        async with self._database.write() as work:
            for number in NAMES:
                made = (
                    await work.names.add_partner(f"partner {number}"),
                    await work.names.add_team(f"team {number}"),
                    await work.names.add_client(f"client {number}", None, None),
                    await work.names.add_agent(f"agent {number}", f"{number}@example.com"),
                )
                assert {named.id for named in made} == {number}

    async def fill(self, calls: list[Call]) -> None:
        async with self._database.write() as work:
            for old in self._ids.values():
                await work.calls.delete(old)
            self._ids = {call.id: (await work.calls.add(_new(call))).id for call in calls}

    async def held(self, scope: Scope) -> set[int]:
        back = {there: here for here, there in self._ids.items()}
        async with self._database.read() as work:
            found = await work.calls.select(back, self._translated(scope))
        return {back[there] for there in found}

    def _translated(self, scope: Scope) -> Scope:
        match scope:
            case CallIds(ids):
                return CallIds(frozenset(self._ids.get(here, 2**40) for here in ids))
            case Union(parts):
                return Union(tuple(map(self._translated, parts)))
            case Intersection(parts):
                return Intersection(tuple(map(self._translated, parts)))
            case Unsealed(inner):
                return Unsealed(self._translated(inner))
            case _:
                return scope


def _new(call: Call) -> NewCall:
    return NewCall(
        uid=call.uid,
        kind=call.kind,
        direction=call.direction,
        started_at=call.started_at,
        received_at=call.received_at,
        recording=call.recording,
        registration_id=call.registration_id,
        partner_id=call.partner_id,
        team_id=call.team_id,
        client_id=call.client_id,
        agent_id=call.agent_id,
        sealed=call.sealed,
    )


@pytest.fixture
async def sql(database: SqlDatabase) -> Sql:
    compiler = Sql(database)
    await compiler.prepare()
    return compiler


@pytest.fixture
async def sql_of_everywhere(sql: Sql) -> Sql:
    await sql.fill(EVERYWHERE)
    return sql


async def agrees(compiler: Compiler, calls: list[Call], asked: list[Scope], tally: Tally) -> None:
    """Every compilation is held against the predicate here."""
    for scope in asked:
        assert await compiler.held(scope) == by_predicate(calls, scope), scope
        tally.made += len(calls)


@outside(40)
@given(calls=worlds(), asked=st.lists(scopes(), min_size=SCOPES, max_size=SCOPES))
async def test_sql_agrees_with_the_predicate(
    sql: Sql, tally: Tally, calls: list[Call], asked: list[Scope]
) -> None:
    await sql.fill(calls)
    await agrees(sql, calls, asked, tally)


@outside(examples(len(EVERYWHERE)))
@given(scope=scopes(len(EVERYWHERE)))
async def test_sql_agrees_wherever_a_call_can_be(sql_of_everywhere: Sql, tally: Tally, scope: Scope) -> None:
    await agrees(sql_of_everywhere, EVERYWHERE, [scope], tally)


@given(calls=worlds(), scope=scopes())
def test_an_empty_scope_holds_no_call(calls: list[Call], scope: Scope) -> None:
    assert not (is_empty(scope) and by_predicate(calls, scope))


@given(calls=worlds(), scope=scopes())
def test_a_sealed_call_is_outside_every_unsealed_scope(calls: list[Call], scope: Scope) -> None:
    held = by_predicate(calls, Unsealed(scope))
    assert held == by_predicate([call for call in calls if not call.sealed], scope)
    assert held <= by_predicate(calls, AllCalls())
