"""True peak: how high the wave swings between its samples (ITU-R BS.1770-4, annex 2).

ebur128 would measure it at ten times the cost of everything else. Here only the highest
pixels of each piece are oversampled, four times; elsewhere a wave would have to swing higher from lower samples.
"""

import math

import numpy as np
import numpy.typing as npt

OVERSAMPLED = 4
PIXELS_PER_PIECE = 4
_REACH = 12
"""Samples on either side that shape the wave between two."""


def _taps() -> npt.NDArray[np.float32]:
    """(2 * reach, phases): a windowed sinc that answers the wave at 0, 1/4, 1/2 and 3/4 between two samples."""
    distance = np.arange(1 - _REACH, _REACH + 1)[:, None] - np.arange(OVERSAMPLED) / OVERSAMPLED
    window = np.cos(np.pi * distance / (2 * _REACH + 1)) ** 2
    taps: npt.NDArray[np.float32] = (np.sinc(distance) * window).astype(np.float32)
    return taps


class TruePeak:
    """`dbtp`: of all that was added; None if that was silent."""

    def __init__(self, samples_per_pixel: int) -> None:
        self._samples_per_pixel = samples_per_pixel
        self._taps = _taps()
        self._highest = 0.0

    @property
    def dbtp(self) -> float | None:
        return round(20 * math.log10(self._highest / 32768), 2) if self._highest >= 1 else None

    def add(self, samples: npt.NDArray[np.int16], heights: npt.NDArray[np.int32]) -> None:
        """`heights`: how far the samples of each pixel reach from zero."""
        for pixel in np.argsort(heights)[-PIXELS_PER_PIECE:].tolist():
            start = pixel * self._samples_per_pixel
            near = samples[max(start - _REACH, 0) : start + self._samples_per_pixel + _REACH]
            self._highest = max(self._highest, self._between(near))

    def _between(self, samples: npt.NDArray[np.int16]) -> float:
        padded = np.pad(samples.astype(np.float32), _REACH)
        windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * _REACH)
        return float(np.abs(windows @ self._taps).max())
