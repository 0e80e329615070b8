"""The demo's recordings and transcripts are what they claim to be."""

import asyncio
import itertools
import json
from collections.abc import Callable
from datetime import UTC, date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from archive.adapters.transcripts import TranscriptFormats
from archive.calls.upload import Metadata
from infra.demo.calls import DemoCall, TranscriptFormat
from infra.demo.load import load_calls
from infra.demo.people import load_people
from infra.demo.speak import SpokenCall, perform, synthesise
from infra.demo.stage import Segment, Staged
from infra.demo.written import write

TODAY = date(2026, 11, 22)
SHORT = {
    "mulaw": "evening-5",
    "pcm": "strand-consent-refused",
    "mp3": "northwind-thanks-voicemail",
    "m4a": "morandiere-compteur",
    "opus": "halden-voicemail-inventory",
}
CODECS = {"mulaw": "pcm_mulaw", "pcm": "pcm_s16le", "mp3": "mp3", "m4a": "aac", "opus": "opus"}


@pytest.fixture(scope="module")
def calls() -> dict[str, DemoCall]:
    return {call.id: call for call in load_calls()}


@pytest.fixture(scope="module")
def spoken(
    calls: dict[str, DemoCall], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], SpokenCall]:
    """A call made once for all tests here."""
    folder, made = tmp_path_factory.mktemp("demo"), dict[str, SpokenCall]()

    def make(call_id: str) -> SpokenCall:
        if call_id not in made:
            made[call_id] = asyncio.run(synthesise(calls[call_id], folder, today=TODAY, zone=UTC))
        return made[call_id]

    return make


async def probe(audio: Path) -> tuple[dict[str, Any], float]:
    """The first stream and the seconds of a file that decodes to its end."""
    what = ("-show_entries", "stream=codec_name,channels:format=duration", "-of", "json")
    ffprobe = await asyncio.create_subprocess_exec(
        "ffprobe", "-v", "error", *what, str(audio), stdout=asyncio.subprocess.PIPE
    )
    found = json.loads((await ffprobe.communicate())[0])
    command = ("ffmpeg", "-v", "error", "-xerror", "-i", str(audio), "-f", "null", "-")
    decode = await asyncio.create_subprocess_exec(*command)
    assert await decode.wait() == 0
    return found["streams"][0], float(found["format"]["duration"])


@pytest.mark.parametrize(("how", "call_id"), SHORT.items())
def test_the_recording_is_of_its_format(
    calls: dict[str, DemoCall], spoken: Callable[[str], SpokenCall], how: str, call_id: str
) -> None:
    call, made = calls[call_id], spoken(call_id)
    stream, seconds = asyncio.run(probe(made.audio))
    assert call.format == how
    assert stream["codec_name"] == CODECS[how]
    assert stream["channels"] == (len(call.channels) or 1)
    assert seconds == pytest.approx(made.duration, abs=0.15)


@pytest.mark.parametrize("call_id", SHORT.values())
def test_the_metadata_is_an_uploads(spoken: Callable[[str], SpokenCall], call_id: str) -> None:
    made = spoken(call_id)
    metadata = msgspec.convert(made.metadata, Metadata)
    assert metadata.started_at.tzinfo is not None
    assert msgspec.json.decode(msgspec.json.encode(made.metadata)) == made.metadata


def test_metadata_says_all_that_is_known(spoken: Callable[[str], SpokenCall]) -> None:
    assert spoken("strand-consent-refused").metadata == {
        "external_id": "sw-11091",
        "source": "switchboard",
        "kind": "phone",
        "direction": "inbound",
        "started_at": "2026-11-16T11:20:00Z",
        "partner": "Brackwater Mutual",
        "client": {
            "name": "Strand & Lowe Solicitors",
            "phone": "+44 20 7946 0190",
            "external_id": "crm-2003",
        },
        "agent": {"name": "Hannah Brecht", "email": "hannah.brecht@fairhaven.example"},
        "team": "Aftercare",
        "labels": ["sensitive", "claim"],
        "channels": ["agent", "client"],
        "language": "en-GB",
        "note": "Client refused to be recorded. The recording was stopped after that; what exists is kept sealed "
        "until compliance decides.",
        "consent": "refused",
    }


def test_the_same_call_sounds_the_same_again(
    calls: dict[str, DemoCall], spoken: Callable[[str], SpokenCall], tmp_path: Path
) -> None:
    again = asyncio.run(synthesise(calls["evening-5"], tmp_path, today=TODAY, zone=UTC))
    assert again.audio.read_bytes() == spoken("evening-5").audio.read_bytes()
    assert again.segments == spoken("evening-5").segments


# Transcripts


PERFORMED = (
    "morandiere-compteur",
    "obermaier-verspaetung",
    "saldana-plantas",
    "cobalt-thursday-noon",
    "kestrel-voicemail-tail",
    "northwind-bad-call",
)


@pytest.fixture(scope="module")
def performed(calls: dict[str, DemoCall]) -> dict[str, Staged]:
    """Calls in memory: one of each language, and those with interruptions and a tail."""
    return {call_id: asyncio.run(perform(calls[call_id])) for call_id in PERFORMED}


def test_segments_lie_inside_their_audio_in_order(performed: dict[str, Staged]) -> None:
    for staged in performed.values():
        starts = [segment.start for segment in staged.segments]
        assert starts == sorted(starts)
        assert all(0 < segment.start < segment.end < staged.duration for segment in staged.segments)


def test_words_lie_inside_their_segment_in_order(performed: dict[str, Staged]) -> None:
    for segment in itertools.chain.from_iterable(staged.segments for staged in performed.values()):
        times = [time for word in segment.words for time in (word.start, word.end)]
        assert times == sorted(times)
        assert segment.start <= times[0]
        assert times[-1] <= segment.end + 0.001
        assert " ".join(word.text for word in segment.words) == segment.text


def level(staged: Staged, segment: Segment, channel: int) -> float:
    """RMS of a channel while a segment is spoken."""
    heard = staged.tracks[channel, round(segment.start * staged.rate) : round(segment.end * staged.rate)]
    return float((heard**2).mean() ** 0.5)


def test_each_side_is_heard_on_its_channel_where_the_transcript_says(performed: dict[str, Staged]) -> None:
    staged = performed["cobalt-thursday-noon"]
    for segment in staged.segments:
        assert level(staged, segment, segment.channel) > 10 * level(staged, segment, 1 - segment.channel)


@pytest.mark.parametrize("call_id", ["northwind-bad-call", "chairs-1-order"])
def test_the_channels_are_whose_the_metadata_says(calls: dict[str, DemoCall], call_id: str) -> None:
    call = calls[call_id]
    sides = {turn.speaker.name: turn.speaker.side for turn in call.turns}
    segments = asyncio.run(perform(call)).segments
    assert all(call.channels[segment.channel] is sides[segment.speaker] for segment in segments)


def test_who_interrupts_starts_before_the_other_ends(performed: dict[str, Staged]) -> None:
    segments = {segment.text[:8]: segment for segment in performed["northwind-bad-call"].segments}
    assert segments["No, hang"].start < segments["Then you"].end


def test_the_tail_of_the_voicemail_is_long_and_far(performed: dict[str, Staged]) -> None:
    staged = performed["kestrel-voicemail-tail"]
    goodbye = next(segment for segment in staged.segments if segment.text.endswith("Bye."))
    tail = [segment for segment in staged.segments if segment.start > goodbye.end]
    assert staged.duration - goodbye.end > 40
    assert all(level(staged, segment, 0) < level(staged, goodbye, 0) / 2 for segment in tail)


@pytest.mark.parametrize("how", [how for how in TranscriptFormat if how is not TranscriptFormat.NONE])
def test_the_archive_reads_each_transcript_as_spoken(
    performed: dict[str, Staged], how: TranscriptFormat
) -> None:
    for staged in performed.values():
        written = write(staged.segments, how, "en-GB")
        assert written is not None
        read = TranscriptFormats().read(written.body, written.media_type)
        assert [(s.speaker, s.text) for s in read.segments] == [(s.speaker, s.text) for s in staged.segments]
        slack = 1.0 if how is TranscriptFormat.TEXT else 0.001
        assert all(
            abs(a.start - b.start) < slack for a, b in zip(read.segments, staged.segments, strict=True)
        )


def test_what_is_played_lies_inside_the_call(
    calls: dict[str, DemoCall], performed: dict[str, Staged]
) -> None:
    for visit in load_people().visit:
        if visit.call and visit.listens:
            staged = performed.get(visit.call) or asyncio.run(perform(calls[visit.call]))
            assert all(part.start + part.seconds <= staged.duration for part in visit.listens), visit.call
