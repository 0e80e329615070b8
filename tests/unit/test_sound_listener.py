"""What is heard in decoded sound, on waves whose answers are known."""

import numpy as np
import numpy.typing as npt
import pytest

from archive.adapters.ffmpeg.listener import Listener
from archive.adapters.ffmpeg.waveform import MAX_PIXELS, Waveform
from archive.calls.sound import Analysis

RATE = 8_000


def tone(seconds: float, level: float, *, hertz: float = 400.0, phase: float = 0.0) -> npt.NDArray[np.int16]:
    """A sine; `level` is its height in dBFS."""
    times = np.arange(int(seconds * RATE)) / RATE
    wave = np.sin(2 * np.pi * hertz * times + phase) * 10 ** (level / 20)
    return np.round(wave * 32767).astype(np.int16)


def quiet(seconds: float) -> npt.NDArray[np.int16]:
    return np.random.default_rng(1).integers(-20, 20, int(seconds * RATE)).astype(np.int16)


def heard(
    *channels: npt.NDArray[np.int16], loudness: float | None = -20.0, codec: str = "pcm_s16le"
) -> Analysis:
    listener = Listener(len(channels), RATE, codec)
    pcm = memoryview(np.stack(channels, axis=1).tobytes())
    for start in range(0, len(pcm), listener.piece_bytes):
        listener.hear(pcm[start : start + listener.piece_bytes])
    return listener.analysis([loudness] * len(channels))


def words(*parts: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
    return np.concatenate(parts)


def test_talk_is_what_rises_above_the_noise() -> None:
    analysis = heard(words(quiet(2), tone(1, -15), quiet(2), tone(2, -20), quiet(1)))

    assert analysis.talk == (((2.0, 3.0), (5.0, 7.0)),)
    assert analysis.channels[0].talk == pytest.approx(3 / 8)
    assert analysis.silences == ((0.0, 2.0), (3.0, 5.0), (7.0, 8.0))


def test_short_gaps_belong_to_talk_and_clicks_do_not() -> None:
    analysis = heard(
        words(quiet(1), tone(1, -15), quiet(0.2), tone(1, -15), quiet(1), tone(0.05, -15), quiet(1))
    )

    assert analysis.talk == (((1.0, 3.2),),)


def test_talk_across_two_pieces_is_one_talk() -> None:
    analysis = heard(words(quiet(59), tone(2, -15), quiet(9)))

    assert analysis.talk == (((59.0, 61.0),),)


@pytest.mark.parametrize("steady", [tone(5, -20), quiet(5) * 100])
def test_a_steady_tone_or_noise_is_not_talk(steady: npt.NDArray[np.int16]) -> None:
    assert heard(steady).talk == ((),)


def test_the_other_side_leaking_in_is_not_talk() -> None:
    assert heard(words(quiet(2), tone(2, -58), quiet(2)), loudness=-60.0).talk == ((),)


def test_silence_has_no_talk_no_loudness_and_no_peak() -> None:
    analysis = heard(np.zeros(RATE, np.int16), loudness=None)

    side = analysis.channels[0]
    assert (side.loudness, side.true_peak, side.talk, side.clipped) == (None, None, 0.0, 0)
    assert analysis.gains == (0.0,)


def test_what_is_too_short_for_a_loudness_has_its_level_instead() -> None:
    assert heard(tone(0.2, -20), loudness=None).channels[0].loudness == pytest.approx(-23.0, abs=0.1)


def test_a_peak_between_samples_is_found() -> None:
    """A quarter of the sample rate, sampled 45 degrees beside its crests: 3 dB higher than its samples."""
    side = heard(tone(1, -6, hertz=RATE / 4, phase=np.pi / 4)).channels[0]

    assert side.true_peak == pytest.approx(-6.0, abs=0.2)


@pytest.mark.parametrize(("codec", "full"), [("pcm_s16le", 32767), ("pcm_mulaw", 32124), ("pcm_alaw", 32256)])
def test_clipped_samples_are_counted_at_the_codecs_own_end(codec: str, full: int) -> None:
    samples = tone(2, -20)
    samples[[10, 11, RATE + 5]] = full
    samples[20] = -full

    assert heard(samples, codec=codec).channels[0].clipped == 4
    samples[[10, 11, 20, RATE + 5]] = full - 1
    assert heard(samples, codec=codec).channels[0].clipped == 0


def test_sides_are_heard_apart() -> None:
    loud, soft = words(tone(1, -10), quiet(1)), words(quiet(1), tone(1, -20))
    analysis = heard(loud, soft)

    assert analysis.talk == (((0.0, 1.0),), ((1.0, 2.0),))
    assert analysis.silences == ()


def test_pixels_hold_the_lowest_and_highest_sample_of_each_side() -> None:
    left, right = np.zeros(800, np.int16), np.zeros(800, np.int16)
    left[0], left[399], right[400] = 32767, -32768, 25_600

    peaks = heard(left, right).peaks

    assert (peaks.channels, peaks.sample_rate, peaks.samples_per_pixel, peaks.length) == (2, RATE, 400, 2)
    assert np.frombuffer(peaks.data, np.int8).tolist() == [-128, 127, 0, 0, 0, 0, 0, 100]


def test_a_long_call_has_a_coarser_waveform_not_a_larger_one() -> None:
    waveform = Waveform(1, RATE, 400)
    samples = np.zeros(400 * (2 * MAX_PIXELS + 1), np.int16)
    samples[-1] = 12_800
    waveform.add(0, samples)

    peaks = waveform.peaks()

    assert (peaks.samples_per_pixel, peaks.length) == (1_200, -(-(2 * MAX_PIXELS + 1) // 3))
    assert peaks.data[-1] == 50


def test_pieces_are_whole_pixels_and_small_for_any_shape() -> None:
    for channels, rate in [(1, 8_000), (2, 44_100), (8, 48_000), (2, 11_025)]:
        size = Listener(channels, rate, "").piece_bytes
        assert size % (rate // 100 * 5 * channels * 2) == 0
        assert size <= 4 << 20


def test_frames_cut_at_the_end_are_left_out() -> None:
    listener = Listener(2, RATE, "")
    listener.hear(memoryview(bytes(4 * RATE + 3)))

    assert listener.seconds == 1.0
