"""Who talks when: the level of every 10 ms of one channel, and what in it is speech.

Not a recogniser of speech: music on hold counts as talk. A steady tone, noise or hum doesn't.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from archive.calls.sound import Span

ABOVE_NOISE = 8.0
BELOW_SPEECH_MOST, BELOW_SPEECH_LEAST = 22.0, 10.0
QUIETEST_TALK = -55.0
"""dB. Talk is louder than the line's noise by ABOVE_NOISE, and within 22 dB of the channel's loudness; where nobody
pauses, the quietest syllables pass for noise, so the threshold stays 10 dB below the loudness. dBFS: what is
quieter than QUIETEST_TALK is the other side's voice leaking in."""

LOUDEST_WINDOWS = 20
STEADY = 8.0
"""dB between the quiet and the loud. Speech rises and falls by 20 and more."""

JOIN_SECONDS, SHORTEST_SECONDS = 0.3, 0.1
"""Gaps within a sentence are bridged; shorter bursts are clicks."""

_SAMPLES_PER_SECOND = 8_000
"""Enough to tell the power of 10 ms: at higher rates only every n-th sample is squared, which changes no mean."""

_QUIETEST = 255
"""Levels are kept as one byte, half decibels below full scale: 8 hours of a channel are 3 MB."""
_SILENT = 180
"""-90 dBFS: digital silence, which says nothing about the line's noise."""

Bytes = npt.NDArray[np.uint8]
Counts = npt.NDArray[np.int64]
"""How many windows have each level."""


class Levels:
    """`window`: samples in 10 ms."""

    def __init__(self, rate: int, window: int) -> None:
        self._window, self._window_seconds = window, window / rate
        self._stride = max(rate // _SAMPLES_PER_SECOND, 1)
        self._pieces: list[Bytes] = []
        self._counts = np.zeros(_QUIETEST + 1, np.int64)

    def add(self, samples: npt.NDArray[np.int16]) -> None:
        if rest := -len(samples) % self._window:
            samples = np.pad(samples, (0, rest))
        some = samples.reshape(-1, self._window)[:, :: self._stride].astype(np.float32)
        power = np.einsum("ij,ij->i", some, some) / some.shape[1]
        below = -20.0 * np.log10(np.maximum(power, 1e-9) / 32768.0**2)  # 10 log10, in half decibels
        piece = np.clip(below, 0, _QUIETEST).astype(np.uint8)
        self._pieces.append(piece)
        self._counts += np.bincount(piece, minlength=_QUIETEST + 1)

    def talk(self, loudness: float | None) -> tuple[Span, ...]:
        """(start, end) of what is said. `loudness` of the channel in LUFS; None if it is silent."""
        if loudness is None or (threshold := _threshold(self._counts, loudness)) is None:
            return ()
        loud = np.concatenate([piece < -2.0 * threshold for piece in self._pieces])
        return tuple(self._spans(loud)) if loud.any() else ()

    def _spans(self, loud: npt.NDArray[np.bool_]) -> Iterator[Span]:
        """In arrays to the end: a day's syllables as Python objects would be 20 MB."""
        edges = np.flatnonzero(loud[1:] != loud[:-1]) + 1
        edges = np.concatenate(([0] if loud[0] else [], edges, [len(loud)] if loud[-1] else []))
        starts, ends = edges[::2] * self._window_seconds, edges[1::2] * self._window_seconds
        apart = starts[1:] - ends[:-1] >= JOIN_SECONDS
        starts, ends = starts[np.append(True, apart)], ends[np.append(apart, True)]
        long = ends - starts >= SHORTEST_SECONDS
        return zip(starts[long].tolist(), ends[long].tolist(), strict=True)


def _threshold(counts: Counts, loudness: float) -> float | None:
    """dBFS from which on a window is talk; None if all is one steady level."""
    noise, speech = _quiet_and_loud(counts[:_SILENT])
    if speech - noise < STEADY:
        return None
    wanted = max(noise + ABOVE_NOISE, loudness - BELOW_SPEECH_MOST)
    return max(min(wanted, loudness - BELOW_SPEECH_LEAST), QUIETEST_TALK)


def _quiet_and_loud(counts: Counts) -> tuple[float, float]:
    """dBFS of the quiet tenth, and of the loudest twentieth or fifth of a second: a word in an hour is talk too."""
    louder = np.cumsum(counts)
    if louder[-1] == 0:
        return (0.0, 0.0)
    loud, quiet = np.searchsorted(louder, (min(0.05 * louder[-1], LOUDEST_WINDOWS), 0.90 * louder[-1]))
    return (-float(quiet) / 2, -float(loud) / 2)
