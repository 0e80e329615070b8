"""Changes that wait for a second person, on both databases."""

import asyncio
from datetime import timedelta

import pytest

from archive.adapters.db.database import SqlDatabase
from archive.calls.reasons import ReasonRule
from archive.policy.actions import Action, Role
from archive.policy.scope import AllCalls, Partner, Unsealed
from archive.ports import (
    CHANGE_LIFE,
    AddMember,
    Change,
    ChangeState,
    GiveGrant,
    MapClaim,
    PendingChange,
    ProlongGrant,
    ResetSignIn,
    SetRule,
)
from tests.databases import Clock

pytestmark = pytest.mark.anyio

GIVE = GiveGrant(
    to="person",
    scope=Unsealed(Partner(frozenset({3}))),
    role=None,
    actions=frozenset({Action.LISTEN, Action.FIND}),
    since=None,
    until=None,
    reason="Cover",
)


async def asked(database: SqlDatabase, change: Change = GIVE) -> PendingChange:
    async with database.write() as work:
        return await work.changes.add(change, beneficiary="person", asked_by="console", asked_name="root")


@pytest.mark.parametrize(
    "change",
    [
        GIVE,
        GiveGrant(
            to="g",
            scope=AllCalls(),
            role=Role.COMPLIANCE,
            actions=frozenset(),
            since=None,
            until=None,
            reason="",
        ),
        ProlongGrant("grant", None),
        AddMember("group", "person"),
        MapClaim("group", "company", "hearers"),
        ResetSignIn("person"),
        SetRule("rule", ReasonRule(actions=frozenset({Action.LISTEN})), '"e"'),
        SetRule("rule", None, '"e"'),
    ],
)
async def test_a_change_comes_back_as_it_was_asked_for(
    database: SqlDatabase, clock: Clock, change: Change
) -> None:
    pending = await asked(database, change)
    async with database.read() as work:
        assert await work.changes.get(pending.uid) == pending
        assert await work.changes.get("?") is None
    assert (pending.change, pending.beneficiary, pending.asked_at) == (change, "person", clock())
    assert (pending.asked_by, pending.asked_name, pending.state) == ("console", "root", ChangeState.WAITING)


async def test_those_that_wait_come_oldest_first_and_no_older_ones(
    database: SqlDatabase, clock: Clock
) -> None:
    first = await asked(database)
    later = clock.forward(days=1)
    second, third = await asked(database), await asked(database)
    async with database.write() as work:
        await work.changes.decide(second.id, ChangeState.WITHDRAWN, "console")
        assert await work.changes.waiting(later - CHANGE_LIFE) == [first, third]
        assert await work.changes.waiting(later) == [third]
    assert not first.lapsed(first.asked_at + CHANGE_LIFE)
    assert first.lapsed(first.asked_at + CHANGE_LIFE + timedelta(seconds=1))


async def test_of_two_who_decide_at_once_one_does(database: SqlDatabase, clock: Clock) -> None:
    pending = await asked(database)

    async def decide(state: ChangeState) -> bool:
        async with database.write() as work:
            return await work.changes.decide(pending.id, state, state.value)

    done = await asyncio.gather(decide(ChangeState.AGREED), decide(ChangeState.REFUSED))
    assert sorted(done) == [False, True]
    async with database.read() as work:
        decided = await work.changes.get(pending.uid)
    winner = ChangeState.AGREED if done[0] else ChangeState.REFUSED
    assert decided is not None
    assert (decided.state, decided.decided_by, decided.decided_at) == (winner, winner.value, clock())
