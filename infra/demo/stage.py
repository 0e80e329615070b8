"""Turns into a call: who speaks when, over which channel, and the transcript that follows from it.

Nothing here guesses a time: a turn begins and ends where its own audio becomes audible and falls silent.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate, pairwise
from zlib import crc32

import msgspec
import numpy as np

from archive.calls.call import Direction
from infra.demo.calls import Cue, DemoCall, Side, Turn
from infra.demo.sound import Samples, at_speech_level, audible, line_noise, played

_FAR_LEVEL = 0.3
_QUIET_START, _QUIET_END = 0.6, 0.8
_PAUSE = (0.18, 0.65)
_OVERLAP = (0.35, 0.7)
_WORD = re.compile(r"\S*\w\S*(?:\s+[^\w\s]+(?!\S))*")  # with French punctuation, which stands apart


class Word(msgspec.Struct, frozen=True):
    """Seconds from the start of the call (in a `Take`: of the take)."""

    text: str
    start: float
    end: float


class Segment(msgspec.Struct, frozen=True):
    speaker: str
    channel: int
    start: float
    end: float
    text: str
    words: tuple[Word, ...]


class Take(msgspec.Struct, frozen=True):
    """One turn as spoken: audible from the first sample to the last."""

    samples: Samples
    words: tuple[Word, ...]


class Staged(msgspec.Struct, frozen=True):
    """A whole call: `tracks` is (channels, samples) at `rate`."""

    tracks: Samples
    rate: int
    segments: tuple[Segment, ...]

    @property
    def duration(self) -> float:
        """Seconds."""
        return float(self.tracks.shape[1] / self.rate)


def take(samples: Samples, text: str, word_starts: Sequence[tuple[int, int]], rate: int) -> Take:
    """Cut the silence around a turn; `word_starts` are (character in text, sample) as espeak-ng reports them."""
    first, last = audible(samples)
    runs = [(max(start, first), words) for start, words in _runs(text, word_starts) if start < last]
    ends = [start for start, _ in runs[1:]] + [last]
    words: list[Word] = []
    for (start, spoken), end in zip(runs, ends, strict=True):
        silent = start + audible(samples[start:end])[1]
        words += _shared(spoken, (start - first) / rate, (silent - first) / rate)
    return Take(at_speech_level(samples[first:last]), tuple(words))


def _runs(text: str, word_starts: Sequence[tuple[int, int]]) -> list[tuple[int, list[str]]]:
    """The words that begin at each reported sample. Mostly one; espeak-ng speaks "of the" or "it is" as one word."""
    runs: list[tuple[int, list[str]]] = []
    for word in _WORD.finditer(text):
        samples = [sample for place, sample in word_starts if word.start() <= place < word.end()]
        if not runs or (samples and min(samples) > runs[-1][0]):
            runs.append((min(samples, default=0), []))
        runs[-1][1].append(word[0])
    return runs


def _shared(words: Sequence[str], start: float, end: float) -> list[Word]:
    """A run's time divided by letters among its words."""
    letters = list(accumulate((len(word) for word in words), initial=0))
    cuts = [start + (end - start) * count / letters[-1] for count in letters]
    return [Word(word, left, right) for word, (left, right) in zip(words, pairwise(cuts), strict=True)]


def stage(call: DemoCall, takes: Sequence[Take], rate: int) -> Staged:
    """Lay the takes (one per turn, in order) and the cues along the call. The same call gives the same bytes."""
    rng = np.random.default_rng(crc32(call.id.encode()))
    waiting, clock = iter(takes), _QUIET_START
    placed: list[tuple[int, int, Samples]] = []
    segments: list[Segment] = []
    for line in call.script:
        if isinstance(line, Cue):
            placed.append((_cue_channel(call), round(clock * rate), played(line, rate)))
            clock += line.seconds
            continue
        spoken = next(waiting)
        start = _start(line, clock, rng, segments)
        placed.append((_channel(call, line), round(start * rate), _as_heard(line, spoken)))
        segments.append(_segment(call, line, spoken, start, rate))
        clock = max(clock, segments[-1].end)
    length = round((clock + _QUIET_END) * rate)
    tracks = _mix(placed, np.stack([line_noise(length, rng) for _ in range(len(call.channels) or 1)]))
    return Staged(tracks, rate, tuple(sorted(segments, key=lambda segment: segment.start)))


def _start(turn: Turn, clock: float, rng: np.random.Generator, before: Sequence[Segment]) -> float:
    """Usually a breath after the turn before; somebody who interrupts doesn't wait for its end."""
    pause = float(rng.uniform(*(_OVERLAP if turn.interrupts else _PAUSE)))
    if turn.interrupts and before:
        return max(before[-1].start + 0.3, clock - pause)
    return clock + pause


def _as_heard(turn: Turn, spoken: Take) -> Samples:
    return spoken.samples * np.float32(_FAR_LEVEL) if turn.far else spoken.samples


def _channel(call: DemoCall, turn: Turn) -> int:
    return call.channels.index(turn.speaker.side) if len(call.channels) > 1 else 0


def _cue_channel(call: DemoCall) -> int:
    """Ringing, beeps and music are heard from the side that was called."""
    called = Side.CLIENT if call.direction is Direction.OUTBOUND else Side.AGENT
    return call.channels.index(called) if len(call.channels) > 1 else 0


def _segment(call: DemoCall, turn: Turn, spoken: Take, start: float, rate: int) -> Segment:
    words = tuple(Word(word.text, _ms(start + word.start), _ms(start + word.end)) for word in spoken.words)
    end = start + spoken.samples.size / rate
    return Segment(turn.speaker.name, _channel(call, turn), _ms(start), _ms(end), turn.text, words)


def _mix(placed: Sequence[tuple[int, int, Samples]], tracks: Samples) -> Samples:
    for channel, start, samples in placed:
        tracks[channel, start : start + samples.size] += samples
    return np.clip(tracks, -1, 1)


def _ms(seconds: float) -> float:
    return round(seconds, 3)
