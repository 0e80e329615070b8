"""Second step: original -> rendition, loudness, waveform, talk and silence."""

import asyncio
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import structs

from archive.audit.event import Detail, EventType
from archive.calls.access import about
from archive.calls.call import Call, Failure, Recording, Rendition, State
from archive.calls.caller import SYSTEM
from archive.calls.leases import fail, held, take
from archive.calls.sound import Analysis, AudioFacts, SoundError
from archive.errors import NotFound, Unavailable
from archive.ids import uuid7
from archive.ports import CallChanges, Job, Parts, Progress

CONTENT_TYPE = "audio/mp4"
ANALYSIS_SHARE = 0.5
"""Measured on 8 kHz calls: analysing takes about as long as rendering."""


async def normalise(parts: Parts, call_id: int) -> None:
    """Make a received call playable. Running twice does no harm: whoever holds the lease counts."""
    call = await take(parts, call_id, {State.RECEIVED, State.NORMALISING}, State.NORMALISING)
    if call is None:
        return
    async with held(parts, call):
        try:
            await _make(parts, call)
        except SoundError as error:
            await fail(parts, call, Failure(error.code, error.detail, error.retryable))
            return
        except NotFound as error:
            await fail(parts, call, Failure("original_missing", error.detail, retryable=True))
            return
    await parts.doorbell.ring(Job.TRANSCRIBE, call.id)


async def _make(parts: Parts, call: Call) -> None:
    with _working_folder() as folder:
        source, target = folder / "input", folder / "rendition.m4a"
        await parts.blobs.fetch(call.recording.blob, source)
        facts = await parts.audio.probe(source)
        shown = _Shown(parts, call)
        analysis = await parts.audio.analyse(source, facts, shown.part(0.0, ANALYSIS_SHARE))
        await parts.audio.render(source, target, analysis, shown.part(ANALYSIS_SHARE, 1.0))
        rendition = await _keep(parts, target, analysis)
    await _advance(parts, call, facts, analysis, rendition)


@contextmanager
def _working_folder() -> Iterator[Path]:
    """For the sound of one call. A disk that is full or can't be written is a part that is away."""
    try:
        with TemporaryDirectory(prefix="call-") as folder:
            yield Path(folder)
    except OSError as error:
        raise Unavailable("Working folder", f"{error.strerror}.", "Free some space.") from error


async def _keep(parts: Parts, target: Path, analysis: Analysis) -> Rendition:
    uid = uuid7()
    sha256, size = await asyncio.to_thread(_measured, target)
    made = Rendition(
        blob=f"renditions/{uid}",
        sha256=sha256,
        bytes=size,
        content_type=CONTENT_TYPE,
        engine=parts.audio.engine,
        waveform=f"waveforms/{uid}",
    )
    peaks = target.with_name("peaks.json")
    await asyncio.to_thread(peaks.write_bytes, analysis.peaks.to_json())
    await parts.blobs.write_file(made.blob, target)
    await parts.blobs.write_file(made.waveform, peaks)
    return made


async def _advance(parts: Parts, call: Call, facts: AudioFacts, analysis: Analysis, made: Rendition) -> None:
    changes = CallChanges(
        duration=analysis.duration, recording=_with_facts(call, facts), rendition=made, analysis=analysis
    )
    details: dict[str, Detail] = {"sha256": made.sha256, "bytes": made.bytes, "engine": made.engine}
    async with parts.database.write() as work:
        advanced = await work.calls.advance(call.id, State.NORMALISING, State.TRANSCRIBING, changes)
        if advanced:
            await work.audit.append(about(SYSTEM, EventType.RENDITION_MADE, call, details=details))
    if advanced is None:  # another worker was faster, or the call was deleted meanwhile
        await parts.blobs.delete(made.blob)
        await parts.blobs.delete(made.waveform)


def _with_facts(call: Call, facts: AudioFacts) -> Recording:
    return structs.replace(
        call.recording,
        container=facts.container,
        codec=facts.codec,
        channels=facts.channels,
        sample_rate=facts.sample_rate,
    )


def _measured(path: Path) -> tuple[str, int]:
    """SHA-256 and length."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), file.tell()


class _Shown:
    """Passes progress on to whoever watches, in whole per cents. Late or lost ones do no harm."""

    def __init__(self, parts: Parts, call: Call) -> None:
        self._parts, self._call = parts, call
        self._percent = -1
        self._telling: set[asyncio.Task[None]] = set()

    def part(self, low: float, high: float) -> Progress:
        return lambda share: self._show(low + share * (high - low))

    def _show(self, share: float) -> None:
        if (percent := int(share * 100)) > self._percent:
            self._percent = percent
            task = asyncio.ensure_future(self._parts.doorbell.show(self._call.id, State.NORMALISING, share))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)
