"""Listens to decoded sound piece by piece and remembers little: memory stays flat however long the call."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from archive.adapters.ffmpeg.levels import Levels
from archive.adapters.ffmpeg.seconds import Seconds
from archive.adapters.ffmpeg.truepeak import TruePeak
from archive.adapters.ffmpeg.waveform import WINDOWS_PER_PIXEL, Waveform
from archive.calls.sound import Analysis, ChannelSound, gain_to_target, silences_between, talk_share

MOST_PIXELS, MOST_BYTES = 1_200, 4 << 20
"""Of a piece: 60 seconds, or what 4 MB hold where that is less. Whole pixels, so that none spans two pieces."""

Samples = npt.NDArray[np.int16]
"""One channel, contiguous."""


class Listener:
    """Hears interleaved 16-bit little-endian PCM; `seconds` is what it heard so far."""

    def __init__(self, channels: int, rate: int, codec: str) -> None:
        self.rate = rate
        self._channels = channels
        window = rate // 100  # samples in 10 ms, rounded down
        self._samples_per_pixel = window * WINDOWS_PER_PIXEL
        self._frames = 0
        self._waveform = Waveform(channels, rate, self._samples_per_pixel)
        self._sides = [_Side(rate, window, codec) for _ in range(channels)]

    @property
    def piece_bytes(self) -> int:
        pixel = self._samples_per_pixel * self._channels * 2
        return pixel * min(MOST_PIXELS, MOST_BYTES // pixel)

    @property
    def seconds(self) -> float:
        return self._frames / self.rate

    def hear(self, piece: memoryview) -> None:
        """A piece of `piece_bytes`; only the last may be shorter."""
        whole = len(piece) // (2 * self._channels)
        sound = np.frombuffer(piece, "<i2", count=whole * self._channels).reshape(-1, self._channels)
        for channel, side in enumerate(self._sides):
            samples = np.ascontiguousarray(sound[:, channel])
            low, high = self._waveform.add(channel, samples)
            side.hear(samples, np.maximum(high, -low))
        self._frames += whole

    def analysis(self, loudness: Sequence[float | None]) -> Analysis:
        """`loudness`: LUFS per channel, as ebur128 measured it."""
        measured = [side.loudness(lufs) for side, lufs in zip(self._sides, loudness, strict=True)]
        talk = tuple(side.levels.talk(lufs) for side, lufs in zip(self._sides, measured, strict=True))
        return Analysis(
            duration=self.seconds,
            channels=tuple(
                ChannelSound(lufs, side.peak.dbtp, talk_share(spans, self.seconds), side.seconds.clipped)
                for side, lufs, spans in zip(self._sides, measured, talk, strict=True)
            ),
            gains=tuple(gain_to_target(lufs) for lufs in measured),
            silences=silences_between(talk, self.seconds),
            talk=talk,
            peaks=self._waveform.peaks(),
        )


class _Side:
    """What is remembered of one channel."""

    def __init__(self, rate: int, window: int, codec: str) -> None:
        self.levels = Levels(rate, window)
        self.seconds = Seconds(rate, codec)
        self.peak = TruePeak(window * WINDOWS_PER_PIXEL)

    def hear(self, samples: Samples, heights: npt.NDArray[np.int32]) -> None:
        """`heights`: how far the samples of each pixel reach from zero."""
        self.levels.add(samples)
        self.seconds.add(samples)
        self.peak.add(samples, heights)

    def loudness(self, lufs: float | None) -> float | None:
        """ebur128 needs 0.4 s of sound; a shorter one has the level of its loudest second instead."""
        return lufs if lufs is not None else self.seconds.loudest
