"""One ffmpeg, one decode: loudness by ebur128 inside it, all else from 16-bit PCM, at most a minute at a time."""

import asyncio
import math
import re
from collections.abc import AsyncIterator
from pathlib import Path

from archive.adapters.ffmpeg.accepted import EXACT_DURATION, one_thread_of_ffmpeg, reading
from archive.adapters.ffmpeg.graph import measuring
from archive.adapters.ffmpeg.limits import Ceiling, Child, Ended, running
from archive.adapters.ffmpeg.listener import Listener
from archive.adapters.ffmpeg.refusals import cut_off, no_sound, refusal, too_long
from archive.calls.sound import Analysis, AudioFacts, AudioLimits
from archive.ports import Progress

MAX_PCM_RATE = 48_000
"""Hz. Speech has nothing above; a faster recording is brought down before it costs memory."""

LOST_SECONDS, LOST_SHARE = 2.0, 0.02
"""How much shorter than its header a recording may be: encoders pad, and edit lists trim."""

_SUMMARY = re.compile(r"\[ebur128@side(\d+) @ [^\]]+\] Summary:\s+Integrated loudness:\s+I:\s+(\S+) LUFS")
_NOTHING_HEARD = -70.0
"""LUFS. What ebur128 says where nothing passed its gate."""


async def analyse(source: Path, facts: AudioFacts, limits: AudioLimits, progress: Progress) -> Analysis:
    """Raises `BadAudio` where the sound isn't what the header promised. About 60 MB resident on top of ffmpeg's."""
    listener = Listener(facts.channels, min(facts.sample_rate, MAX_PCM_RATE), facts.codec)
    ended = await _listen(listener, source, facts, limits, progress)
    if ended.code != 0:
        raise refusal(ended, source)
    _refuse_short(listener.seconds, facts)
    progress(1.0)
    return await asyncio.to_thread(listener.analysis, _loudness(ended.messages, facts.channels))


async def _listen(
    listener: Listener, source: Path, facts: AudioFacts, limits: AudioLimits, progress: Progress
) -> Ended:
    async with running(_command(source, facts, listener.rate, limits), _ceiling(facts, limits)) as child:
        async for piece in _pieces(child, listener.piece_bytes):
            await asyncio.to_thread(listener.hear, piece)
            if listener.seconds > limits.max_seconds:
                raise too_long(limits.max_seconds)
            progress(listener.seconds / max(facts.duration, listener.seconds))
        return await child.ended()


def _command(source: Path, facts: AudioFacts, rate: int, limits: AudioLimits) -> list[str]:
    """`-v info` makes ebur128 say its summary; `framelog` keeps it from saying ten lines a second."""
    return [
        *one_thread_of_ffmpeg(),
        *("-v", "info"),
        *reading(source),
        *("-filter_complex", measuring(facts.channels, rate)),
        *("-map", "[pcm]", "-map_metadata", "-1"),
        *("-t", f"{limits.max_seconds + 1}", "-c:a", "pcm_s16le", "-f", "s16le", "pipe:1"),
    ]


def _ceiling(facts: AudioFacts, limits: AudioLimits) -> Ceiling:
    return Ceiling(
        memory=limits.memory,
        cpu=limits.cpu_seconds(facts.duration),
        wall=limits.wall_seconds(facts.duration),
        file_size=0,
    )


async def _pieces(child: Child, size: int) -> AsyncIterator[memoryview]:
    """Pieces of exactly `size` bytes, and a shorter last one. All lie in one buffer: each ends the one before."""
    buffer = memoryview(bytearray(size))
    while filled := await child.fill(buffer):
        yield buffer[:filled]


def _refuse_short(heard: float, facts: AudioFacts) -> None:
    if heard == 0:
        raise no_sound()
    missing = facts.duration - heard
    if facts.container in EXACT_DURATION and missing > max(LOST_SECONDS, LOST_SHARE * facts.duration):
        raise cut_off(missing)


def _loudness(messages: str, channels: int) -> list[float | None]:
    """LUFS of each channel; None where nothing was loud enough. The graph starts twice, so the last summary counts."""
    said = {int(channel): float(loudness) for channel, loudness in _SUMMARY.findall(messages)}
    return [_heard(said.get(channel)) for channel in range(channels)]


def _heard(loudness: float | None) -> float | None:
    if loudness is None or not math.isfinite(loudness) or loudness <= _NOTHING_HEARD:
        return None
    return loudness
