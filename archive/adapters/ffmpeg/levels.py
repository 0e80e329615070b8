"""Who talks when: the level of every 10 ms of one channel, and what in it is speech.

Not a recogniser of speech: music on hold counts as talk. A steady tone, noise or hum doesn't.
"""

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


class Levels:
    """`window`: samples in 10 ms."""

    def __init__(self, rate: int, window: int) -> None:
        self._window, self._window_seconds = window, window / rate
        self._stride = max(rate // _SAMPLES_PER_SECOND, 1)
        self._pieces: list[Bytes] = []

    def add(self, samples: npt.NDArray[np.int16]) -> None:
        if rest := -len(samples) % self._window:
            samples = np.pad(samples, (0, rest))
        some = samples.reshape(-1, self._window)[:, :: self._stride].astype(np.float32)
        power = np.einsum("ij,ij->i", some, some) / some.shape[1]
        below = -20.0 * np.log10(np.maximum(power, 1e-9) / 32768.0**2)  # 10 log10, in half decibels
        self._pieces.append(np.clip(below, 0, _QUIETEST).astype(np.uint8))

    def talk(self, loudness: float | None) -> tuple[Span, ...]:
        """(start, end) of what is said. `loudness` of the channel in LUFS; None if it is silent."""
        levels = np.concatenate(self._pieces) if self._pieces else np.zeros(0, np.uint8)
        if loudness is None or (threshold := _threshold(levels, loudness)) is None:
            return ()
        return tuple(self._spans(levels < -2.0 * threshold))

    def _spans(self, loud: npt.NDArray[np.bool_]) -> list[Span]:
        edges = np.flatnonzero(np.diff(np.concatenate(([False], loud, [False])).astype(np.int8)))
        times = (edges * self._window_seconds).reshape(-1, 2)
        return [(start, end) for start, end in _joined(times) if end - start >= SHORTEST_SECONDS]


def _threshold(levels: Bytes, loudness: float) -> float | None:
    """dBFS from which on a window is talk; None if all is one steady level."""
    noise, speech = _quiet_and_loud(levels[levels < _SILENT])
    if speech - noise < STEADY:
        return None
    wanted = max(noise + ABOVE_NOISE, loudness - BELOW_SPEECH_MOST)
    return max(min(wanted, loudness - BELOW_SPEECH_LEAST), QUIETEST_TALK)


def _quiet_and_loud(levels: Bytes) -> tuple[float, float]:
    """dBFS of the quiet tenth, and of the loudest twentieth or fifth of a second: a word in an hour is talk too."""
    if not len(levels):
        return (0.0, 0.0)
    louder = np.cumsum(np.bincount(levels, minlength=_QUIETEST + 1))
    loud, quiet = np.searchsorted(louder, (min(0.05 * len(levels), LOUDEST_WINDOWS), 0.90 * len(levels)))
    return (-float(quiet) / 2, -float(loud) / 2)


def _joined(times: npt.NDArray[np.floating]) -> list[Span]:
    spans: list[Span] = []
    for start, end in times.tolist():
        if spans and start - spans[-1][1] < JOIN_SECONDS:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans
