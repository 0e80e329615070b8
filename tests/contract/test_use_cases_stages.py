"""From received to ready, whatever happens to workers and to what they need."""

import asyncio
import errno
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from arq import Retry
from msgspec import structs

from archive.calls.call import Call, State
from archive.calls.catalogue import CallEdit, delete, edit, retry
from archive.calls.index import index_call, refresh
from archive.calls.leases import LEASE, TRIES, Again
from archive.calls.normalise import normalise
from archive.calls.sound import EngineTrouble, NotAudio, Refusal
from archive.calls.transcribe import transcribe
from archive.errors import Conflict, Unavailable
from archive.policy.actions import Action
from archive.ports import CallChanges, Database, Job, Parts
from tests.fakes import RENDITION
from tests.story import Story
from workers.jobs import USE_CASES, ring
from workers.sweep import JOB_OF_STATE, sweep

pytestmark = pytest.mark.anyio

AWAY = Unavailable("Recordings bucket", "It can't be reached.", "Check it.")
UNHELD = timedelta(seconds=11)
"""After which a call that nobody holds counts as dropped."""


async def test_a_call_goes_from_stage_to_stage(story: Story) -> None:
    call = await story.received()
    seen = [call.state]
    for stage in (normalise, transcribe, index_call):
        await stage(story.parts, call.id)
        seen.append((await story.call(call)).state)
    assert seen == [State.RECEIVED, State.TRANSCRIBING, State.INDEXING, State.READY]
    assert story.doorbell.rung[-2:] == [(Job.TRANSCRIBE, call.id), (Job.INDEX, call.id)]
    ready = await story.call(call)
    assert ready.rendition is not None
    assert b"".join([p async for p in story.parts.blobs.read(ready.rendition.blob)]) == RENDITION
    (made,) = await story.events("rendition.made", call=call.uid)
    assert (made.details["sha256"], made.actor["kind"]) == (ready.rendition.sha256, "system")
    assert call.id in story.index.held


@pytest.mark.parametrize("stage", [normalise, transcribe, index_call])
async def test_every_job_may_run_twice(story: Story, stage: Callable[[Parts, int], Awaitable[None]]) -> None:
    call = await story.ready()
    blobs = story.blobs()
    await stage(story.parts, call.id)
    assert await story.call(call) == call
    assert story.blobs() == blobs


async def test_two_workers_at_once_make_one_rendition(story: Story) -> None:
    call = await story.received()
    await asyncio.gather(normalise(story.parts, call.id), normalise(story.parts, call.id))
    assert len(await story.events("rendition.made")) == 1
    assert len(story.blobs()) == 3


async def test_a_worker_that_was_killed_is_replaced_when_its_lease_is_over(story: Story) -> None:
    call = await story.received()
    await refresh(story.parts, call.id)
    async with story.parts.database.write() as work:
        await work.calls.claim(call.id, {State.RECEIVED}, State.NORMALISING, LEASE)
    story.doorbell.rung.clear()
    story.clock.time += LEASE
    await sweep({"parts": story.parts})
    assert story.doorbell.rung == []  # its ring may still be on the way
    story.clock.time += UNHELD
    await sweep({"parts": story.parts})
    assert story.doorbell.rung == [(Job.NORMALISE, call.id)]
    await normalise(story.parts, call.id)
    assert (await story.call(call)).state is State.TRANSCRIBING


async def test_a_worker_that_comes_back_late_leaves_no_second_rendition(story: Story) -> None:
    """It stalled past its lease; another one made the call playable meanwhile."""
    call = await story.received()

    async def overtaken() -> None:
        story.engine.meanwhile = None
        story.clock.time += LEASE
        await normalise(story.parts, call.id)

    story.engine.meanwhile = overtaken
    await normalise(story.parts, call.id)
    made = (await story.call(call)).rendition
    assert made is not None
    assert story.blobs() == {call.recording.blob, made.blob, made.waveform}
    assert len(await story.events("rendition.made")) == 1


async def test_a_call_deleted_while_it_is_normalised_leaves_nothing(story: Story) -> None:
    call = await story.received()

    async def deleted() -> None:
        async with story.parts.database.write() as work:
            for blob in await work.calls.delete(call.id):
                await story.parts.blobs.delete(blob)

    story.engine.meanwhile = deleted
    await normalise(story.parts, call.id)
    assert story.blobs() == set()


async def test_a_part_that_is_away_is_waited_for_longer_and_longer_then_given_up(story: Story) -> None:
    call = await story.received()
    story.engine.error = AWAY
    delays = []
    for _ in range(TRIES - 1):
        with pytest.raises(Again) as again:
            await normalise(story.parts, call.id)
        delays.append(again.value.delay)
        await normalise(story.parts, call.id)  # a ring that comes too early finds nothing to do
        story.clock.time += again.value.delay
    assert delays == sorted(set(delays))
    await normalise(story.parts, call.id)
    failed = await story.call(call)
    assert failed.state is State.FAILED
    assert failed.failure is not None
    assert (failed.failure.code, failed.failure.retryable) == ("unavailable", True)
    assert "Check it." in failed.failure.detail
    (event,) = await story.events("processing.failed", call=call.uid)
    assert (event.outcome, event.reason_code, event.details["stage"]) == (
        "failed",
        "unavailable",
        "normalising",
    )


async def test_a_full_working_folder_is_a_part_that_is_away(story: Story) -> None:
    call = await story.received()
    story.engine.error = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(Again) as again:
        await normalise(story.parts, call.id)
    assert "Working folder: No space left on device. Free some space." in str(again.value.__cause__)


async def test_a_worker_that_dies_every_time_does_not_take_the_call_for_ever(story: Story) -> None:
    call = await story.received()
    for _ in range(TRIES):
        async with story.parts.database.write() as work:
            await work.calls.claim(call.id, {State.RECEIVED}, State.NORMALISING, LEASE)
        story.clock.time += LEASE
    await normalise(story.parts, call.id)
    failed = await story.call(call)
    assert failed.failure is not None
    assert (failed.state, failed.failure.code) == (State.FAILED, "gave_up")


@pytest.mark.parametrize(
    "error", [NotAudio(Refusal.PLAYLIST, "This is a playlist."), EngineTrouble(Refusal.TIMEOUT, "Too slow.")]
)
async def test_what_cannot_be_played_fails_at_once_and_says_why(
    story: Story, error: NotAudio | EngineTrouble
) -> None:
    call = await story.received()
    story.engine.error = error
    await normalise(story.parts, call.id)
    failed = await story.call(call)
    assert failed.failure is not None
    assert (failed.failure.code, failed.failure.detail) == (error.code, error.detail)
    assert failed.failure.retryable is error.retryable
    assert call.recording.blob in story.blobs()


async def test_a_call_whose_bytes_are_gone_says_so(story: Story) -> None:
    call = await story.received()
    await story.parts.blobs.delete(call.recording.blob)
    await normalise(story.parts, call.id)
    failure = (await story.call(call)).failure
    assert failure is not None
    assert failure.code == "original_missing"


async def test_a_worker_that_is_stopped_gives_its_call_back_at_once(story: Story) -> None:
    call, rendering = await story.received(), asyncio.Event()

    async def stuck() -> None:
        rendering.set()
        await asyncio.Event().wait()

    story.engine.meanwhile = stuck
    working = asyncio.create_task(normalise(story.parts, call.id))
    await rendering.wait()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    story.engine.meanwhile = None
    await normalise(story.parts, call.id)  # the clock stood still: no lease is in the way
    assert (await story.call(call)).state is State.TRANSCRIBING


# ---- indexing, and trying again ----


async def indexed_late(story: Story) -> Call:
    call = await story.received()
    for stage in (normalise, transcribe):
        await stage(story.parts, call.id)
    return await story.call(call)


async def test_a_call_can_be_heard_while_the_engine_is_away(story: Story) -> None:
    call = await indexed_late(story)
    story.index.down = AWAY
    with pytest.raises(Again) as again:
        await index_call(story.parts, call.id)
    waiting = await story.call(call)
    assert (waiting.state, waiting.playable) == (State.INDEXING, True)
    story.index.down = None
    story.clock.time += again.value.delay
    await index_call(story.parts, call.id)
    assert (await story.call(call)).state is State.READY


async def test_an_edit_while_a_call_is_indexed_is_not_lost(story: Story) -> None:
    call, editor = await story.ready(), await story.caller({Action.EDIT})
    await edit(story.parts, editor, call.uid, None, CallEdit(note="first"))
    put = story.index.put

    async def edited_meanwhile(documents: object) -> None:
        story.index.put = put  # type: ignore[method-assign]
        await put(documents)  # type: ignore[arg-type]
        await edit(story.parts, editor, call.uid, None, CallEdit(note="second"))

    story.index.put = edited_meanwhile  # type: ignore[method-assign]
    await index_call(story.parts, call.id)
    assert (await story.call(call)).state is State.READY
    assert "second" in str(story.index.held[call.id])


async def test_an_edit_between_the_last_look_and_ready_waits_and_is_not_lost(story: Story) -> None:
    call, editor = await indexed_late(story), await story.caller({Action.EDIT})
    editing: list[asyncio.Task[Call]] = []

    async def edited_now() -> None:
        editing.append(asyncio.create_task(edit(story.parts, editor, call.uid, None, CallEdit(note="late"))))
        await asyncio.wait(editing, timeout=1)  # it would have got through by then, were it not made to wait

    database = BeforeAdvancing(story.parts.database, edited_now)
    await index_call(structs.replace(story.parts, database=database), call.id)
    assert (await editing[0]).state is State.INDEXING
    assert story.doorbell.rung[-1] == (Job.INDEX, call.id)
    await index_call(story.parts, call.id)
    assert "late" in story.index.held[call.id].names


async def test_what_the_index_is_owed_survives_lost_rings(story: Story) -> None:
    """A deletion, and an edit of a call that failed: neither shows in a state that the sweep looks for."""
    deleted, failed = await story.ready(), await story.received()
    story.engine.error = EngineTrouble(Refusal.TIMEOUT, "Too slow.")
    await normalise(story.parts, failed.id)
    await refresh(story.parts, failed.id)
    await edit(story.parts, await story.caller({Action.EDIT}), failed.uid, None, CallEdit(note="corrected"))
    await delete(story.parts, await story.caller({Action.DELETE}), deleted.uid)
    story.doorbell.rung.clear()
    await sweep({"parts": story.parts})
    assert story.doorbell.rung == []  # those rings may still be on the way
    story.clock.time += UNHELD
    await sweep({"parts": story.parts})
    assert story.doorbell.rung == [(Job.REFRESH, failed.id), (Job.REFRESH, deleted.id)]
    for job, call_id in story.doorbell.rung:
        await USE_CASES[job](story.parts, call_id)
    assert "corrected" in story.index.held[failed.id].names
    assert deleted.id not in story.index.held
    story.doorbell.rung.clear()
    await sweep({"parts": story.parts})
    assert story.doorbell.rung == []


async def test_nothing_is_rung_for_an_engine_that_is_away(story: Story) -> None:
    deleted, waiting = await story.ready(), await story.received()
    await delete(story.parts, await story.caller({Action.DELETE}), deleted.uid)
    story.doorbell.rung.clear()
    story.clock.time += UNHELD
    story.index.down = AWAY
    await sweep({"parts": story.parts})
    assert story.doorbell.rung == [(Job.NORMALISE, waiting.id)]


async def test_a_change_while_the_index_is_refreshed_stays_owed(story: Story) -> None:
    call = await story.ready()
    put = story.index.put

    async def owe() -> None:
        async with story.parts.database.write() as work:
            await work.index_debts.owe(call.id)

    async def owed_meanwhile(documents: object) -> None:
        await put(documents)  # type: ignore[arg-type]
        await owe()

    await owe()
    story.index.put = owed_meanwhile  # type: ignore[method-assign]
    await refresh(story.parts, call.id)
    async with story.parts.database.read() as work:
        assert len(await work.index_debts.of_call(call.id)) == 1


class BeforeAdvancing:
    """A database in which something happens right before a unit moves a call on."""

    def __init__(self, database: Database, happens: Callable[[], Awaitable[None]]) -> None:
        self._database, self._happens = database, happens

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Any]:
        async with self._database.write() as work:
            advance = work.calls.advance

            async def late(
                id: int, old: State, new: State, changes: CallChanges | None = None
            ) -> Call | None:
                await self._happens()
                return await advance(id, old, new, changes)

            work.calls.advance = late  # type: ignore[method-assign]
            yield work


async def test_a_failed_call_is_tried_again_from_the_start(story: Story) -> None:
    call, editor = await story.received(), await story.caller({Action.EDIT, Action.READ_CALL})
    story.engine.error = EngineTrouble(Refusal.TIMEOUT, "Too slow.")
    await normalise(story.parts, call.id)
    story.engine.error = None
    story.doorbell.rung.clear()
    retried = await retry(story.parts, editor, call.uid)
    assert (retried.state, retried.failure) == (State.RECEIVED, None)
    assert story.doorbell.rung == [(Job.NORMALISE, call.id)]
    assert len(await story.events("call.retried", call=call.uid)) == 1
    with pytest.raises(Conflict):
        await retry(story.parts, editor, call.uid)
    await normalise(story.parts, call.id)
    assert (await story.call(call)).playable


# ---- the doorbell's side ----


@pytest.mark.parametrize("error", [Again(timedelta(seconds=4)), AWAY])
async def test_the_queue_is_told_to_ring_again(story: Story, error: Exception) -> None:
    async def broken(parts: Parts, call_id: int) -> None:
        raise error

    with pytest.raises(Retry) as told:
        await ring(broken)({"parts": story.parts, "job_try": 2}, 1)
    assert told.value.defer_score == 4000


async def test_the_sweep_rings_for_every_state_that_owes_work(story: Story) -> None:
    call = await story.received()
    await refresh(story.parts, call.id)
    for stage in (normalise, transcribe, index_call):
        story.doorbell.rung.clear()
        story.clock.time += UNHELD
        await sweep({"parts": story.parts})
        assert story.doorbell.rung == [(JOB_OF_STATE[(await story.call(call)).state], call.id)]
        await stage(story.parts, call.id)
    story.doorbell.rung.clear()
    story.clock.time += UNHELD
    await sweep({"parts": story.parts})
    assert story.doorbell.rung == []


async def test_the_sweep_survives_a_queue_that_is_away(story: Story) -> None:
    class Away(type(story.doorbell)):  # type: ignore[misc]
        async def depth(self) -> int:
            raise AWAY

    await sweep({"parts": structs.replace(story.parts, doorbell=Away())})
