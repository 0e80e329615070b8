"""What pydub says of each second of one channel: how loud it is, and whether it is clipped."""

import warnings

import numpy as np
import numpy.typing as npt

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of audioop's end, which audioop-lts answers, and of regular expressions
    from pydub import AudioSegment  # type: ignore[import-untyped]

SILENT = -70.0
"""dBFS. A second below holds nothing to hear, as in BS.1770's gate."""

_FULL_SCALE = {"pcm_mulaw": 32124, "pcm_alaw": 32256}
"""The loudest sample that G.711 can hold; other codecs reach the end of the scale."""


class Seconds:
    """`clipped`: samples at the highest level the codec can hold. `loudest`: dBFS of the loudest second, or None."""

    def __init__(self, rate: int, codec: str) -> None:
        self._rate = rate
        self._full_scale = _FULL_SCALE.get(codec, 32767)
        self._loudest = -np.inf
        self.clipped = 0

    @property
    def loudest(self) -> float | None:
        return float(self._loudest) if self._loudest > SILENT else None

    def add(self, samples: npt.NDArray[np.int16]) -> None:
        for start in range(0, len(samples), self._rate):
            self._hear(samples[start : start + self._rate])

    def _hear(self, samples: npt.NDArray[np.int16]) -> None:
        second = AudioSegment(samples.tobytes(), sample_width=2, frame_rate=self._rate, channels=1)
        self._loudest = max(self._loudest, second.dBFS)
        if second.max >= self._full_scale:
            self.clipped += int(np.count_nonzero(np.abs(samples.astype(np.int32)) >= self._full_scale))
