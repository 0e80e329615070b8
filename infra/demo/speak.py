"""Speak the demo's calls: a recording, a transcript and the upload's metadata for each.

    python -m infra.demo.speak --into DIR

espeak-ng speaks, numpy lays the turns along the call, ffmpeg encodes. The same calls give the same audio each time
(on the same versions of the two); only the dates follow the day.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, tzinfo
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from archive.calls.call import Kind
from infra.demo.calls import DemoCall, DemoContentError, Format, Turn
from infra.demo.load import load_calls
from infra.demo.sound import Samples
from infra.demo.stage import Segment, Staged, stage, take
from infra.demo.written import write

_VOICE = Path(__file__).with_name("voice.py")
_ACCENTS = {"de": "de", "fr": "fr", "es": "es"}
_TELEPHONE = "highpass=f=250,lowpass=f=3500"
_ROOM = "highpass=f=80,lowpass=f=7000"
_EXACT = ("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact")
_ENCODERS: dict[Format, tuple[str, tuple[str, ...]]] = {
    Format.MULAW: (".wav", ("-c:a", "pcm_mulaw", "-ar", "8000")),
    Format.PCM: (".wav", ("-c:a", "pcm_s16le", "-ar", "16000")),
    Format.MP3: (".mp3", ("-c:a", "libmp3lame", "-ar", "16000", "-b:a", "48k")),
    Format.M4A: (".m4a", ("-c:a", "aac", "-ar", "16000", "-b:a", "48k", "-movflags", "+faststart")),
    Format.OPUS: (".ogg", ("-c:a", "libopus", "-b:a", "32k", "-application", "voip")),
}


class SynthesisError(Exception):
    """espeak-ng or ffmpeg failed; the message is what it said."""


class SpokenCall(msgspec.Struct, frozen=True):
    """One call ready to be uploaded: `metadata` is the upload's JSON part; `duration` is in seconds."""

    call_id: str
    audio: Path
    transcript: Path | None
    transcript_type: str | None
    metadata: dict[str, Any]
    duration: float
    segments: tuple[Segment, ...]


async def synthesise(
    call: DemoCall, into: Path, *, today: date | None = None, zone: tzinfo | None = None
) -> SpokenCall:
    """Write the call's recording and transcript into the folder. Raises SynthesisError.

    `today` is the day that `days_ago` counts from, `zone` the one of its clock times (default: this machine's).
    """
    staged = await perform(call)
    suffix, arguments = _ENCODERS[call.format]
    audio = into / f"{call.id}{suffix}"
    await _encode(staged, audio, (*arguments, "-af", _ROOM if call.kind is Kind.MEETING else _TELEPHONE))
    transcript = write(staged.segments, call.transcript, call.language)
    metadata = describe(call, staged.segments, today or datetime.now(zone).date(), zone)
    if transcript is None:
        return SpokenCall(call.id, audio, None, None, metadata, staged.duration, staged.segments)
    path = into / f"{call.id}.transcript{transcript.suffix}"
    await asyncio.to_thread(path.write_bytes, transcript.body)
    return SpokenCall(call.id, audio, path, transcript.media_type, metadata, staged.duration, staged.segments)


async def synthesise_all(
    calls: Iterable[DemoCall], into: Path, done: Callable[[SpokenCall], None], *, today: date | None = None
) -> list[SpokenCall]:
    """Every call, as many at once as there are processors; `done` hears of each one as it gets ready."""
    room = asyncio.Semaphore(os.cpu_count() or 1)

    async def one(call: DemoCall) -> SpokenCall:
        async with room:
            spoken = await synthesise(call, into, today=today)
        done(spoken)
        return spoken

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(call)) for call in calls]
    return [task.result() for task in tasks]


async def perform(call: DemoCall) -> Staged:
    """The call in memory, before it is encoded. Raises SynthesisError."""
    orders = json.dumps([_order(turn, call.language) for turn in call.turns])
    answer = await _run((sys.executable, "-I", str(_VOICE)), orders.encode())
    return await asyncio.to_thread(_staged, call, answer)


def _order(turn: Turn, language: str) -> dict[str, str | int]:
    voice = turn.voice
    name = f"{_ACCENTS.get(language.partition('-')[0], voice.accent)}+{voice.variant}"
    return {"voice": name, "speed": voice.speed, "pitch": voice.pitch, "text": turn.text}


def _staged(call: DemoCall, answer: bytes) -> Staged:
    head, _, pcm = answer.partition(b"\n")
    header = json.loads(head)
    rate, reports = header["rate"], header["turns"]
    ends = list(itertools.accumulate(report["samples"] for report in reports))
    samples: Samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32) / np.float32(32768)
    takes = [
        take(spoken, turn.text, report["words"], rate)
        for turn, report, spoken in zip(call.turns, reports, np.split(samples, ends[:-1]), strict=True)
    ]
    return stage(call, takes, rate)


async def _encode(staged: Staged, audio: Path, arguments: Sequence[str]) -> None:
    channels = staged.tracks.shape[0]
    pcm = (staged.tracks.T * 32767).astype("<i2").tobytes()
    source = ("-f", "s16le", "-ar", str(staged.rate), "-ac", str(channels), "-i", "pipe:0")
    await _run(
        ("ffmpeg", "-v", "error", "-y", *source, *_EXACT, "-threads", "1", *arguments, str(audio)), pcm
    )


async def _run(command: Sequence[str], stdin: bytes) -> bytes:
    pipe = asyncio.subprocess.PIPE
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe)
    except FileNotFoundError as error:
        raise SynthesisError(f"{command[0]} is not installed") from error
    try:
        out, problems = await process.communicate(stdin)
    finally:
        if process.returncode is None:  # cancelled
            process.kill()
    if process.returncode != 0:
        raise SynthesisError(problems.decode(errors="replace").strip() or f"{command[0]} failed")
    return out


def describe(call: DemoCall, segments: Sequence[Segment], today: date, zone: tzinfo | None) -> dict[str, Any]:
    """The metadata part of the upload; what this call doesn't know is left out."""
    client, agent = call.client_entry, call.agent_entry
    known = {
        "external_id": call.external_id,
        "source": call.source,
        "kind": call.kind.value,
        "direction": call.direction.value,
        "started_at": call.started_at(today, zone).isoformat().replace("+00:00", "Z"),
        "partner": call.partner,
        "client": client and _filled(name=client.name, phone=client.phone, external_id=client.external_id),
        "agent": agent and {"name": agent.name, "email": agent.email},
        "team": call.team,
        "labels": list(call.labels),
        "channels": [side.value for side in call.channels],
        "language": call.language,
        "note": call.note,
        "participants": _participants(call, segments),
        "consent": call.consent and call.consent.value,
    }
    return _filled(**known)


def _filled(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def _participants(call: DemoCall, segments: Sequence[Segment]) -> list[dict[str, Any]]:
    """Who spoke, from the first word to the last, in seconds of the call."""
    if not call.participants:
        return []
    sides = {turn.speaker.name: turn.speaker.side.value for turn in call.turns}
    heard = {name: [segment for segment in segments if segment.speaker == name] for name in sides}
    return [
        {"name": name, "side": side, "joined": heard[name][0].start, "left": max(s.end for s in heard[name])}
        for name, side in sides.items()
    ]


async def write_all(into: Path) -> None:
    """Every call into the folder (which exists), its metadata beside it; a line for each on standard output."""
    calls = load_calls()
    number = itertools.count(1)

    def done(spoken: SpokenCall) -> None:
        (into / f"{spoken.call_id}.metadata.json").write_bytes(msgspec.json.encode(spoken.metadata))
        print(f"{next(number):3} of {len(calls)}  {spoken.duration:5.0f} s  {spoken.audio.name}", flush=True)

    await synthesise_all(calls, into, done)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.demo.speak", description="Write the demo's calls.")
    parser.add_argument("--into", type=Path, required=True, metavar="DIR")
    into: Path = parser.parse_args().into
    into.mkdir(parents=True, exist_ok=True)
    problems: tuple[BaseException, ...] = ()
    try:
        asyncio.run(write_all(into))
    except* (DemoContentError, SynthesisError) as failed:
        problems = failed.exceptions
    if problems:
        sys.exit(str(problems[0]))


if __name__ == "__main__":
    main()
