"""The lease on a call's work: whoever claims has it, until it is moved on, released, or the lease runs out."""

import asyncio
from datetime import timedelta

import pytest
from msgspec import structs

from archive.adapters.db.database import SqlDatabase
from archive.calls.call import Call, Failure, State
from archive.calls.sound import Analysis, ChannelSound, Peaks
from archive.errors import Conflict
from archive.policy.scope import AllCalls
from archive.ports import CallChanges, Due
from tests.contract.making import RENDITION, add_call, add_playable
from tests.databases import Clock

pytestmark = pytest.mark.anyio
LEASE = timedelta(minutes=5)
FIRST = {State.RECEIVED}
FAILURE = Failure("not_audio", "This is a picture.", retryable=False)
ANALYSIS = Analysis(
    duration=61.5,
    channels=(ChannelSound(-21.5, -3.25, 0.5, 0), ChannelSound(None, None, 0.0, 0)),
    gains=(2.5, 0.0),
    silences=((1.0, 2.0),),
    talk=(((0.0, 1.0),), ()),
    peaks=Peaks(2, 8000, 160, 2, b"\x80\x7f\x00\x00" * 2),
)


async def claim(database: SqlDatabase, call: Call) -> Call | None:
    async with database.write() as work:
        return await work.calls.claim(call.id, FIRST, State.NORMALISING, LEASE)


async def test_one_of_many_at_once_gets_the_work(database: SqlDatabase) -> None:
    call = await add_call(database)
    claimed = await asyncio.gather(*(claim(database, call) for _ in range(6)))
    (won,) = [each for each in claimed if each]
    assert (won.state, won.attempts, won.revision) == (State.NORMALISING, 1, call.revision)


async def test_a_lease_that_ran_out_is_taken_and_counted(database: SqlDatabase, clock: Clock) -> None:
    call = await add_call(database)
    assert await claim(database, call)
    clock.forward(minutes=4.99)
    assert await claim(database, call) is None
    clock.forward(minutes=0.01)
    again = await claim(database, call)
    assert again is not None
    assert again.attempts == 2


async def test_holding_extends_the_lease(database: SqlDatabase, clock: Clock) -> None:
    call = await add_call(database)
    held = await claim(database, call)
    assert held is not None
    clock.forward(minutes=4)
    async with database.write() as work:
        assert await work.calls.hold(held, LEASE)
        assert not await work.calls.hold(structs.replace(held, state=State.INDEXING), LEASE)
    clock.forward(minutes=4)
    assert await claim(database, call) is None


async def test_released_work_can_be_taken_at_once_and_remembers_its_tries(database: SqlDatabase) -> None:
    call = await add_call(database)
    held = await claim(database, call)
    assert held is not None
    elsewhere = structs.replace(held, state=State.INDEXING)
    async with database.write() as work:
        await work.calls.release(elsewhere)  # not its state: nothing happens
    assert await claim(database, call) is None
    async with database.write() as work:
        await work.calls.release(held)
    again = await claim(database, call)
    assert again is not None
    assert again.attempts == 2


async def test_a_worker_whose_lease_ran_out_cannot_touch_the_next_ones_work(
    database: SqlDatabase, clock: Clock
) -> None:
    call = await add_call(database)
    late = await claim(database, call)
    clock.forward(minutes=5)
    now = await claim(database, call)
    assert late is not None
    assert now is not None
    async with database.write() as work:
        assert not await work.calls.hold(late, LEASE)
        await work.calls.release(late)
        assert await work.calls.fail(late, FAILURE) is None
        assert await work.calls.claim(call.id, FIRST, State.NORMALISING, LEASE) is None
        assert await work.calls.fail(now, FAILURE)


async def test_advancing_ends_the_lease_keeps_the_changes_and_counts_anew(database: SqlDatabase) -> None:
    call = await add_call(database)
    await claim(database, call)
    async with database.write() as work:
        changes = CallChanges(rendition=RENDITION, duration=61.5, analysis=ANALYSIS)
        moved = await work.calls.advance(call.id, State.NORMALISING, State.TRANSCRIBING, changes)
        assert await work.calls.advance(call.id, State.NORMALISING, State.TRANSCRIBING) is None
        taken = await work.calls.claim(call.id, {State.TRANSCRIBING}, State.TRANSCRIBING, LEASE)
        assert await work.calls.analysis(call) == ANALYSIS
    assert moved is not None
    assert (moved.state, moved.attempts) == (State.TRANSCRIBING, 0)
    assert (moved.rendition, moved.duration, moved.revision) == (RENDITION, 61.5, call.revision)
    assert taken is not None
    assert taken.attempts == 1


async def test_an_analysis_made_again_replaces_the_first(database: SqlDatabase) -> None:
    call = await add_call(database)
    async with database.write() as work:
        assert await work.calls.analysis(call) is None
        for analysis in (ANALYSIS, structs.replace(ANALYSIS, duration=9.0)):
            edited = await work.calls.get(call.uid, AllCalls())
            assert edited is not None
            await work.calls.edit(call.id, edited.revision, CallChanges(analysis=analysis))
        assert await work.calls.analysis(call) == structs.replace(ANALYSIS, duration=9.0)


async def test_failing_says_why_and_trying_again_forgets_it(database: SqlDatabase) -> None:
    call = await add_call(database)
    async with database.write() as work:
        failed = await work.calls.fail(call, FAILURE)
        assert await work.calls.fail(call, FAILURE) is None
        assert await work.calls.failed(10) == [failed]
        retried = await work.calls.advance(call.id, State.FAILED, State.RECEIVED)
    assert failed is not None
    assert retried is not None
    assert (failed.state, failed.failure) == (State.FAILED, FAILURE)
    assert (retried.state, retried.failure) == (State.RECEIVED, None)


async def test_no_step_skips_the_story(database: SqlDatabase) -> None:
    call = await add_call(database)
    for old, new in (
        (State.RECEIVED, State.READY),
        (State.READY, State.FAILED),
        (State.FAILED, State.INDEXING),
    ):
        async with database.write() as work:
            with pytest.raises(Conflict):
                await work.calls.advance(call.id, old, new)
            with pytest.raises(Conflict):
                await work.calls.claim(call.id, {old}, new, LEASE)


async def test_a_call_elsewhere_cannot_be_claimed(database: SqlDatabase) -> None:
    call = await add_playable(database)
    assert await claim(database, call) is None
    async with database.write() as work:
        assert await work.calls.claim(999, FIRST, State.NORMALISING, LEASE) is None


async def test_dropped_work_is_due_after_ten_seconds(database: SqlDatabase, clock: Clock) -> None:
    async def due() -> list[Due]:
        async with database.read() as work:
            return await work.calls.due(10)

    call = await add_call(database)
    await add_playable(database)  # owes nothing
    assert await due() == []
    clock.forward(seconds=10)
    assert await due() == [Due(call.id, State.RECEIVED)]
    await claim(database, call)
    assert await due() == []
    clock.forward(minutes=5, seconds=9.9)
    assert await due() == []
    clock.forward(seconds=0.1)
    assert await due() == [Due(call.id, State.NORMALISING)]


async def test_calls_that_the_index_is_owed_are_told_once_each(database: SqlDatabase) -> None:
    async with database.write() as work:
        for call_id in (1, 2, 2, 3):
            await work.index_debts.owe(call_id)
        await work.index_debts.pay(await work.index_debts.of_call(1))
    async with database.read() as work:
        assert await work.index_debts.calls(3) == {2, 3}
        assert len(await work.index_debts.calls(1)) == 1
