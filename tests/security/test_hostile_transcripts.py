"""Transcripts that want more memory or time than they should, and words from those who may not bring any."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from threading import Event, Lock

import pytest
from msgspec import structs

from archive.adapters.transcripts import TranscriptFormats
from archive.calls import transcript
from archive.calls.transcript import MAX_TEXT, Transcript, TranscriptError
from archive.http.api.receive import read_transcript
from archive.http.context import Context
from archive.http.metrics import Metrics
from archive.ids import uuid7
from archive.policy.actions import Role
from tests.world import World

MIB = 2**20
CUE = b"00:00:00.000 --> 00:00:01.000\n"
VTT = b"WEBVTT\n\n" + CUE
NOTICE = b"WEBVTT\n\n00:00.000 --> 00:01.000\nhello\n"


def refusal(data: bytes, content_type: str) -> str:
    with pytest.raises(TranscriptError) as error:
        TranscriptFormats().read(data, content_type)
    return error.value.detail


def most_held(data: bytes, content_type: str) -> int:
    """Bytes that reading takes at its peak, whether it is refused or not."""
    tracemalloc.start()
    try:
        TranscriptFormats().read(data, content_type)
    except TranscriptError:
        pass
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return peak


def test_a_tag_of_countless_classes_takes_the_memory_of_its_text() -> None:
    data = VTT + b"<v a>x\n<c" + b".a" * (MAX_TEXT // 2 - 10)
    assert most_held(data, "text/vtt") < 16 * len(data)


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (VTT + b"a " * MAX_TEXT, "text/vtt"),
        (VTT + b"a b\n" * (MAX_TEXT // 3), "text/vtt"),
        (CUE + b"a b\n" * (MAX_TEXT // 3), "application/x-subrip"),
        (b"00:01 " + b"a " * MAX_TEXT, "text/plain"),
        (b"00:01 a\n" + b"a b\n" * (MAX_TEXT // 3), "text/plain"),
        (b'{"segments":[{"start":0,"end":1,"text":"' + b"a " * MAX_TEXT + b'"}]}', "application/json"),
    ],
    ids=["vtt line", "vtt cue", "srt cue", "text line", "text passage", "json"],
)
def test_one_endless_passage_is_refused(data: bytes, content_type: str) -> None:
    assert refusal(data, content_type).endswith("One passage is longer than 1,000,000 characters. Split it.")


@pytest.mark.parametrize(
    ("piece", "begin", "content_type"),
    [
        (b"00:01 a\n", b"", "text/plain"),
        (CUE + b"\n", b"WEBVTT\n\n", "text/vtt"),
        (CUE + b"\n", b"", "application/x-subrip"),
    ],
    ids=["text", "vtt", "srt"],
)
def test_reading_stops_at_the_most_segments(
    piece: bytes, begin: bytes, content_type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What follows the last that is allowed is not even looked at."""
    monkeypatch.setattr(transcript, "MAX_SEGMENTS", 10)
    data = begin + piece * 12 + b"99:99 a time that doesn't exist\n\n"
    assert "more than 10 segments" in refusal(data, content_type)


def test_lines_are_not_all_held_at_once() -> None:
    assert most_held(b"\n" * 50_000, "text/plain") < MIB // 4


class Watched:
    """Implements `ports.TranscriptFormats.read`; counts how many read at the same time."""

    def __init__(self) -> None:
        self.lock, self.go = Lock(), Event()
        self.now = self.most = 0

    def read(self, *_: object) -> Transcript:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.go.wait(10)
        with self.lock:
            self.now -= 1
        return Transcript(())


@pytest.mark.anyio
async def test_one_is_read_at_a_time_and_others_keep_their_threads(world: World) -> None:
    formats = Watched()
    parts = structs.replace(world.parts, formats=formats)
    context = Context(parts, world.settings, Metrics(), "")
    readings = [asyncio.ensure_future(read_transcript(context, b"", None)) for _ in range(40)]
    try:
        await asyncio.wait_for(asyncio.to_thread(str), 5)
    finally:
        formats.go.set()
    await asyncio.gather(*readings)
    assert formats.most == 1


@pytest.mark.anyio
@pytest.mark.parametrize(
    "theirs", [True, False], ids=["a call that can't be edited", "a call that isn't there"]
)
async def test_words_for_a_call_out_of_reach_are_not_even_taken_in(world: World, theirs: bool) -> None:
    auditor = await world.person(Role.AUDITOR)
    uid = (await world.call()).uid if theirs else uuid7()
    taken = []

    async def words() -> AsyncIterator[bytes]:
        taken.append(NOTICE)
        yield NOTICE

    answer = await auditor.put(
        f"/api/v1/calls/{uid}/transcript", content=words(), headers={"Content-Type": "text/vtt"}
    )
    assert answer.status_code in {403, 404}
    assert not taken
    assert await world.events("call.denied")
