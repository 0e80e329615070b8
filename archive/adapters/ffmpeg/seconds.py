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
        sound = AudioSegment(samples.view(np.uint8).data, sample_width=2, frame_rate=self._rate, channels=1)
        for start in range(0, len(sound), 1000):
            self._hear(sound[start : start + 1000])

    def _hear(self, second: AudioSegment) -> None:
        self._loudest = max(self._loudest, second.dBFS)
        if second.max >= self._full_scale:
            samples = np.frombuffer(second.raw_data, np.int16).astype(np.int32)
            self.clipped += int(np.count_nonzero(np.abs(samples) >= self._full_scale))
