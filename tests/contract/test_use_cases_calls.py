"""Reading, deleting and sweeping calls; their words; and what is left of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs

from archive import health
from archive.adapters.files import FolderStore
from archive.calls import catalogue, listen, words
from archive.calls.catalogue import delete, find_all, view
from archive.calls.filters import CallFilter
from archive.calls.index import refresh
from archive.calls.normalise import normalise
from archive.calls.orphans import sweep_orphans
from archive.calls.placing import ClientGiven
from archive.calls.sound import EngineTrouble, NotAudio, Refusal
from archive.calls.transcript import Segment, Transcript
from archive.calls.waveform import waveform
from archive.calls.words import NoTranscript
from archive.errors import Forbidden, NotFound, Unavailable
from archive.health import retry_failed, workload
from archive.http.api.query import Narrowing, narrowed
from archive.policy.actions import HEAR, Action, Role
from archive.ports import Database, Job, Work
from tests.fakes import BrokenLog, ReadOnly
from tests.story import STARTED, Story, only

pytestmark = pytest.mark.anyio

MONTH = timedelta(days=30)
LATER = STARTED + timedelta(hours=1)
FIRST = Transcript((Segment(0.0, 2.5, "the lorry never came", "agent", 0),), "en")
SECOND = Transcript((Segment(0.0, 2.5, "the lorry came late", "agent", 0),), "en")
READ = frozenset({Action.READ_CALL, Action.READ_TRANSCRIPT})


# ---- words ----


async def test_no_event_no_words(story: Story) -> None:
    call, reader = await story.ready(), await story.caller(READ)
    await words.put(story.parts, await story.caller({Action.EDIT}), call.uid, FIRST)
    broken = structs.replace(story.parts, database=BrokenLog(story.parts.database, "transcript.read"))
    with pytest.raises(Unavailable):
        await words.read(broken, reader, call.uid)
    kept = await words.read(story.parts, reader, call.uid)
    (event,) = await story.events("transcript.read", call=call.uid)
    (grant,) = reader.principal.grants
    by = {"grant": grant.uid, "basis": "given"}
    assert (kept.transcript, event.details) == (FIRST, {"version": 1, "sha256": kept.sha256, **by})


async def test_a_new_transcript_is_a_version_an_event_and_a_reindex(story: Story) -> None:
    call, uploader = await story.ready(), await story.caller({Action.UPLOAD})
    await words.put(story.parts, uploader, call.uid, FIRST)
    changed = await words.put(story.parts, uploader, call.uid, SECOND)
    assert (changed.state, changed.revision) == ("indexing", call.revision + 2)
    assert story.doorbell.rung[-1] == (Job.INDEX, call.id)
    reader = await story.caller(READ)
    versions = [await words.read(story.parts, reader, call.uid, version) for version in (1, 2)]
    assert [stored.transcript for stored in versions] == [FIRST, SECOND]
    assert [event.details["version"] for event in await story.events("transcript.added")] == [1, 2]


async def test_a_call_without_words_says_so_only_to_those_who_may_read_them(story: Story) -> None:
    call = await story.ready()
    with pytest.raises(NoTranscript):
        await words.read(story.parts, await story.caller(READ), call.uid)
    with pytest.raises(Forbidden):
        await words.read(story.parts, await story.caller({Action.READ_CALL}), call.uid)
    with pytest.raises(NotFound) as refused:
        await words.read(story.parts, await story.caller(READ, "Contoso"), call.uid)
    assert refused.value.code == "not_found"


async def test_whoever_uploads_for_another_partner_adds_no_words(story: Story) -> None:
    call = await story.ready("Northwind")
    with pytest.raises(NotFound):
        await words.put(story.parts, await story.caller({Action.UPLOAD}, "Contoso"), call.uid, FIRST)


# ---- seeing ----


async def test_seeing_a_call_is_an_event(story: Story) -> None:
    call = await story.ready()
    assert (await view(story.parts, await story.caller(READ), call.uid)).uid == call.uid
    assert len(await story.events("call.viewed", call=call.uid)) == 1


async def test_a_list_holds_what_one_may_find(story: Story) -> None:
    ours, _ = await story.ready("Northwind"), await story.ready("Contoso")
    finder, listener = await story.caller({Action.FIND}, "Northwind"), await story.caller({Action.LISTEN})
    found = await find_all(story.parts, finder, CallFilter(), None, 10)
    assert [call.uid for call in found] == [ours.uid]
    assert await find_all(story.parts, listener, CallFilter(), None, 10) == []


async def test_a_list_narrowed_to_a_name_holds_the_calls_of_all_namesakes(story: Story) -> None:
    calls = [
        await story.received(external_id=crm, client=ClientGiven("Tidewell", external_id=crm))
        for crm in ("crm-1", "crm-2")
    ]
    assert [call.client and call.client.external_id for call in calls] == ["crm-1", "crm-2"]
    finder = await story.caller({Action.FIND})
    for name, wanted in (
        ("tidewell", calls),
        (calls[0].client and calls[0].client.uid, calls[:1]),
        ("X", []),
    ):
        narrow = await narrowed(story.parts, Narrowing(client=(str(name),)))
        found = await find_all(story.parts, finder, narrow, None, 10)
        assert {call.uid for call in found} == {call.uid for call in wanted}


async def test_a_waveform_is_there_once_the_call_can_be_heard(story: Story) -> None:
    call, reader = await story.ready(), await story.caller(READ)
    assert b'"version":2' in await waveform(story.parts, reader, call.uid)
    unwritable = structs.replace(story.parts, database=ReadOnly(story.parts.database))
    assert await waveform(unwritable, reader, call.uid), "seeing waits for nobody who writes"
    with pytest.raises(NotFound):
        await waveform(story.parts, await story.caller(READ, "Contoso"), call.uid)


# ---- deleting ----


async def test_deleting_closes_the_listens_that_are_open_however_many(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "LISTENS", 2)
    call, reader = await story.ready(), await story.caller(HEAR)
    listens = [(await listen.begin(story.parts, reader, call.uid)).listen.uid for _ in range(6)]
    await listen.close(story.parts, reader, listens[0])
    await delete(story.parts, await story.caller({Action.DELETE}), call.uid)
    closed = {event.object["id"]: event.details["why"] for event in await story.events("listen.closed")}
    assert closed == {listens[0]: "closed", **dict.fromkeys(listens[1:], "deleted")}


async def test_deleting_frees_the_bytes_and_keeps_the_events(story: Story) -> None:
    call, officer = await story.ready(), await story.caller({Action.DELETE, Action.READ_CALL})
    before = len(await story.events(call=call.uid))
    await delete(story.parts, officer, call.uid)
    assert story.blobs() == set()
    assert not await story.exists(call)
    assert story.doorbell.rung == [(Job.REFRESH, call.id)]
    await refresh(story.parts, call.id)
    assert call.id not in story.index.held
    events = await story.events(call=call.uid)
    assert len(events) == before + 1
    assert events[-1].details == {"sha256": call.recording.sha256, "bytes": call.recording.bytes}
    with pytest.raises(NotFound):
        await delete(story.parts, officer, call.uid)


async def test_without_its_event_nothing_is_deleted(story: Story) -> None:
    call, blobs = await story.ready(), story.blobs()
    broken = structs.replace(story.parts, database=BrokenLog(story.parts.database, "call.deleted"))
    with pytest.raises(Unavailable):
        await delete(broken, await story.caller({Action.DELETE}), call.uid)
    assert await story.exists(call)
    assert story.blobs() == blobs


async def test_a_store_that_is_away_does_not_undo_a_deletion(story: Story) -> None:
    call = await story.ready()
    away = structs.replace(story.parts, blobs=_Away(story.folder))
    await delete(away, await story.caller({Action.DELETE}), call.uid)
    assert not await story.exists(call)


class _Away(FolderStore):
    async def delete(self, name: str) -> None:
        raise Unavailable("Recordings folder", f"{name} can't be reached.", "Check it.")


async def test_whoever_may_only_see_a_call_does_not_delete_it(story: Story) -> None:
    call = await story.ready()
    with pytest.raises(Forbidden):
        await delete(story.parts, await story.caller({Action.READ_CALL}, only(call)), call.uid)
    assert await story.exists(call)


# ---- orphans ----


async def test_the_sweep_takes_old_bytes_without_a_call_and_no_others(story: Story) -> None:
    call = await story.ready()
    named = story.blobs()
    orphan = await story.store(b"left by a killed upload")
    assert await sweep_orphans(story.parts, MONTH) == 0
    story.clock.time = _modified(story) + MONTH
    assert await sweep_orphans(story.parts, MONTH) == 0
    story.clock.forward(seconds=1)
    assert await sweep_orphans(story.parts, MONTH) == 1
    assert orphan.blob not in story.blobs()
    assert story.blobs() == named
    assert call.recording.blob in named


def _modified(story: Story) -> datetime:
    newest = max(path.stat().st_mtime for path in story.files())
    return datetime.fromtimestamp(newest, UTC)


async def test_the_sweep_takes_what_a_killed_writer_left(story: Story) -> None:
    left = story.folder / "unfinished" / "left"
    await asyncio.to_thread(left.write_bytes, b"half a recording")
    story.clock.time = _modified(story) + MONTH
    await sweep_orphans(story.parts, MONTH)
    assert story.files() == [left]
    story.clock.forward(seconds=1)
    await sweep_orphans(story.parts, MONTH)
    assert story.files() == []


# ---- for those who run the system ----


async def test_failed_calls_are_tried_again_in_units_that_let_others_write(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So what was tried again before the database went away is, and was rung for."""
    monkeypatch.setattr(health, "IN_ONE_UNIT", 1)
    story.engine.error = EngineTrouble(Refusal.TIMEOUT, "Too slow.")
    first, last = await story.received(), await story.received(external_id="2", started_at=LATER)
    for call in (first, last):
        await normalise(story.parts, call.id)
    administrator = await story.caller(Role.ADMINISTRATOR)
    story.doorbell.rung.clear()
    with pytest.raises(Unavailable):
        await retry_failed(
            structs.replace(story.parts, database=OneUnit(story.parts.database)), administrator
        )
    assert story.doorbell.rung == [(Job.NORMALISE, last.id)]
    assert [(await story.call(call)).state for call in (first, last)] == ["failed", "received"]


async def test_health_tells_of_parts_that_hang_or_break_and_never_raises(
    story: Story, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(health, "ANSWER_SECONDS", 0.05)
    stuck = asyncio.Event()
    monkeypatch.setattr(story.index, "check", stuck.wait)
    monkeypatch.setattr(story.doorbell, "working", broken)
    found = {part.name: part for part in (await health.health(story.parts)).components}
    stuck.set()
    assert (found["search"].state, found["search"].detail) == ("degraded", "No answer in 0.05 seconds.")
    assert (found["worker"].state, found["worker"].detail) == ("degraded", "Its check broke.")
    assert "ValueError: odd" in caplog.text
    assert {found[name].state for name in ("recordings", "queue")} == {"ok"}


async def broken() -> bool:
    raise ValueError("odd")


class OneUnit:
    """A database that goes away after one unit was written."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._left = 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Work]:
        if not self._left:
            raise Unavailable("Database", "It can't be reached.", "Check it.")
        self._left -= 1
        async with self._database.write() as work:
            yield work


async def test_failed_calls_are_tried_again_together_where_that_can_help(story: Story) -> None:
    hopeless, unlucky = await story.received(), await story.received(external_id="2")
    for call, error in (
        (hopeless, NotAudio(Refusal.PLAYLIST, "A playlist.")),
        (unlucky, EngineTrouble(Refusal.TIMEOUT, "Too slow.")),
    ):
        story.engine.error = error
        await normalise(story.parts, call.id)
    administrator = await story.caller(Role.ADMINISTRATOR)
    assert len((await workload(story.parts, administrator)).failed) == 2
    story.doorbell.rung.clear()
    assert await retry_failed(story.parts, administrator) == 1
    assert story.doorbell.rung == [(Job.NORMALISE, unlucky.id)]
    assert [event.call for event in await story.events("call.retried")] == [unlucky.uid]
    for use in (workload, retry_failed):
        with pytest.raises(Forbidden):
            await use(story.parts, await story.caller(Role.COMPLIANCE))
    denied = await story.events("archive.denied")
    assert [(event.reason_code, event.details) for event in denied] == [
        ("no_grant", {"action": "manage_system"})
    ] * 2
