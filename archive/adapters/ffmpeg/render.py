"""What listeners hear: each side at the same loudness, in a file that a browser can seek in."""

import math
from pathlib import Path

from archive.adapters.ffmpeg.accepted import one_thread_of_ffmpeg, reading
from archive.adapters.ffmpeg.analyse import MAX_PCM_RATE
from archive.adapters.ffmpeg.graph import RENDITION_RATE, levelling
from archive.adapters.ffmpeg.limits import Ceiling, Child, running
from archive.adapters.ffmpeg.probe import probe
from archive.adapters.ffmpeg.refusals import refusal
from archive.calls.sound import Analysis, AudioLimits, EngineTrouble, Refusal
from archive.ports import Progress

BIT_RATE = 48_000
"""Bits a second of AAC-LC, for one channel as for two."""

ROOM = 4 << 20
"""Bytes beyond twice the bit rate that the file may grow to."""

OFF_BY_SECONDS = 0.5
"""That the rendition's length may differ from the original's: AAC comes in frames of 64 ms, after one of priming."""


async def render(
    source: Path, target: Path, analysis: Analysis, limits: AudioLimits, progress: Progress
) -> None:
    """Write `target`, AAC in MP4 with its index in front. Raises `EngineTrouble` if that can't be played back."""
    async with running(_command(source, target, analysis, limits), _ceiling(analysis, limits)) as child:
        await _show(child, analysis.duration, progress)
        ended = await child.ended()
    if ended.code != 0:
        raise refusal(ended, source)
    await _try(target, analysis, limits)
    progress(1.0)


def _command(source: Path, target: Path, analysis: Analysis, limits: AudioLimits) -> list[str]:
    rate = min(analysis.peaks.sample_rate, MAX_PCM_RATE)
    return [
        *one_thread_of_ffmpeg(),
        *("-v", "warning", "-y", "-progress", "pipe:1"),
        *reading(source),
        *("-filter_complex", levelling(analysis.gains, rate)),
        *("-map", "[out]", "-map_metadata", "-1", "-map_chapters", "-1", "-t", f"{limits.max_seconds + 1}"),
        *(
            "-c:a",
            "aac",
            "-aac_coder",
            "fast",
            "-b:a",
            str(BIT_RATE),
            "-ar",
            str(RENDITION_RATE),
            "-threads",
            "1",
        ),
        *("-fflags", "+bitexact", "-flags:a", "+bitexact", "-movflags", "+faststart"),
        *("-f", "ipod", f"file:{target}"),
    ]


def _ceiling(analysis: Analysis, limits: AudioLimits) -> Ceiling:
    return Ceiling(
        memory=limits.memory,
        cpu=limits.cpu_seconds(analysis.duration),
        wall=limits.wall_seconds(analysis.duration),
        file_size=math.ceil(analysis.duration * BIT_RATE / 8 * 2) + ROOM,
    )


async def _show(child: Child, duration: float, progress: Progress) -> None:
    """ffmpeg writes `out_time_us=<microseconds>` twice a second, and N/A before the first."""
    while line := await child.line():
        key, _, value = line.decode().strip().partition("=")
        if key == "out_time_us" and value.isdigit():
            progress(min(int(value) / 1e6 / duration, 1.0))


async def _try(target: Path, analysis: Analysis, limits: AudioLimits) -> None:
    """A full disk at the last moment leaves a file, and ffmpeg content."""
    made = await probe(target, limits)
    if abs(made.duration - analysis.duration) > OFF_BY_SECONDS:
        detail = f"The rendition lasts {made.duration:.1f} s instead of {analysis.duration:.1f} s."
        raise EngineTrouble(Refusal.ENGINE_FAILED, detail)
