"""The lowest and highest sample of every twentieth of a second, as audiowaveform counts them."""

import numpy as np
import numpy.typing as npt

from archive.calls.sound import Peaks

WINDOWS_PER_PIXEL = 5
"""Of 10 ms: 20 pixels a second, sharp enough to see syllables."""

MAX_PIXELS = 20_000
"""A quarter of an hour at full sharpness; a longer call gets coarser instead of larger: the page loads all of it."""

Pixels = npt.NDArray[np.int8]
Extremes = npt.NDArray[np.int32]
"""Of 16-bit samples: their negatives fit."""


class Waveform:
    def __init__(self, channels: int, rate: int, samples_per_pixel: int) -> None:
        self._rate, self._samples_per_pixel = rate, samples_per_pixel
        self._low: list[list[Pixels]] = [[] for _ in range(channels)]
        self._high: list[list[Pixels]] = [[] for _ in range(channels)]

    def add(self, channel: int, samples: npt.NDArray[np.int16]) -> tuple[Extremes, Extremes]:
        """The lowest and the highest sample of each pixel. The last piece is filled up with silence."""
        if rest := -len(samples) % self._samples_per_pixel:
            samples = np.pad(samples, (0, rest))
        pixels = samples.reshape(-1, self._samples_per_pixel)
        low, high = pixels.min(axis=1).astype(np.int32), pixels.max(axis=1).astype(np.int32)
        self._low[channel].append(_eight_bits(low))
        self._high[channel].append(_eight_bits(high))
        return low, high

    def peaks(self) -> Peaks:
        low = np.stack([np.concatenate(pieces) for pieces in self._low])
        high = np.stack([np.concatenate(pieces) for pieces in self._high])
        factor = max(-(-low.shape[1] // MAX_PIXELS), 1)
        low, high = _grouped(low, factor).min(axis=2), _grouped(high, factor).max(axis=2)
        return Peaks(
            channels=len(low),
            sample_rate=self._rate,
            samples_per_pixel=self._samples_per_pixel * factor,
            length=low.shape[1],
            data=np.stack([low, high], axis=2).transpose(1, 0, 2).tobytes(),
        )


def _eight_bits(values: Extremes) -> Pixels:
    """Toward zero, so that a quiet line is a flat line."""
    return (values / 256).astype(np.int8)


def _grouped(pixels: Pixels, factor: int) -> Pixels:
    """(channels, pixels) -> (channels, coarser pixels, factor)."""
    rest = -pixels.shape[1] % factor
    return np.pad(pixels, ((0, 0), (0, rest))).reshape(len(pixels), -1, factor)
