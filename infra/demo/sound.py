"""The sounds of a telephone line, as numpy arrays of floats between -1 and 1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from infra.demo.calls import Cue, Sound

Samples = NDArray[np.float32]

AUDIBLE = 0.004  # -48 dBFS: below it espeak-ng is silent
SPEECH_LEVEL = 0.1  # -20 dBFS RMS, a usual telephone speech level
_NOISE_LEVEL = 0.0012  # -58 dBFS: heard in the pauses, never over a word
_FADE = 0.005
_HOLD_TUNE = (392.0, 493.9, 587.3, 493.9, 440.0, 523.3, 659.3, 523.3)
_NOTE = 0.4


def audible(samples: Samples) -> tuple[int, int]:
    """The first audible sample and the one after the last; (0, 0) if all is silence."""
    loud = np.flatnonzero(np.abs(samples) > AUDIBLE)
    return (int(loud[0]), int(loud[-1]) + 1) if loud.size else (0, 0)


def at_speech_level(samples: Samples) -> Samples:
    rms = float(np.sqrt(np.mean(samples**2))) if samples.size else 0.0
    return samples if rms == 0.0 else np.clip(samples * np.float32(SPEECH_LEVEL / rms), -0.95, 0.95)


def line_noise(count: int, rng: np.random.Generator) -> Samples:
    return rng.standard_normal(count, dtype=np.float32) * np.float32(_NOISE_LEVEL)


def played(cue: Cue, rate: int) -> Samples:
    """What a cue sounds like; a pause is silence, to which the line adds its noise."""
    count = round(cue.seconds * rate)
    if cue.sound is Sound.PAUSE:
        return np.zeros(count, dtype=np.float32)
    times = np.arange(count) / rate
    wave = {Sound.RING: _ring, Sound.BEEP: _beep, Sound.HOLD: _hold}[cue.sound](times)
    return _faded(wave.astype(np.float32), rate)


def _ring(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """British ringing tone: 400 and 450 Hz, 0.4 s on, 0.2 off, 0.4 on, 2 off (BT SIN 350)."""
    phase = times % 3.0
    sounding = (phase < 0.4) | ((phase >= 0.6) & (phase < 1.0))
    return np.asarray(0.06 * sounding * (np.sin(2 * np.pi * 400 * times) + np.sin(2 * np.pi * 450 * times)))


def _beep(times: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(0.12 * np.sin(2 * np.pi * 1000 * times))


def _hold(times: NDArray[np.float64]) -> NDArray[np.float64]:
    notes = np.asarray(_HOLD_TUNE)[(times // _NOTE).astype(int) % len(_HOLD_TUNE)]
    within = times % _NOTE
    return np.asarray(0.1 * np.exp(-5 * within) * np.sin(2 * np.pi * notes * within))


def _faded(wave: Samples, rate: int) -> Samples:
    """Without a click at either end."""
    edge = min(round(_FADE * rate), wave.size // 2)
    slope = np.linspace(0, 1, edge, dtype=np.float32)
    wave[:edge] *= slope
    wave[wave.size - edge :] *= slope[::-1]
    return wave
