"""The pure arithmetic of sound: gains, silences, shares, and waveforms as audiowaveform writes them."""

import struct

import msgspec
import pytest

from archive.calls.sound import (
    AudioLimits,
    BadAudio,
    EngineTrouble,
    Peaks,
    Refusal,
    gain_to_target,
    silences_between,
    talk_share,
)

PEAKS = Peaks(
    channels=2, sample_rate=8_000, samples_per_pixel=400, length=2, data=struct.pack("8b", *range(-4, 4))
)


@pytest.mark.parametrize(
    ("loudness", "gain"),
    [(-19.0, 0.0), (-37.5, 18.5), (-9.0, -10.0), (-60.0, 30.0), (40.0, -30.0), (None, 0.0)],
)
def test_a_gain_leads_to_the_target_within_bounds(loudness: float | None, gain: float) -> None:
    assert gain_to_target(loudness) == gain


@pytest.mark.parametrize(
    ("talk", "quiet"),
    [
        ([], ((0.0, 10.0),)),
        ([[(0.0, 10.0)]], ()),
        ([[(1.0, 4.0)], [(6.0, 10.0)]], ((0.0, 1.0), (4.0, 6.0))),
        ([[(0.0, 9.0)], [(2.0, 3.0)]], ((9.0, 10.0),)),
        ([[(0.0, 5.0), (5.4, 10.0)]], ()),
    ],
)
def test_silence_is_where_nobody_talks(
    talk: list[list[tuple[float, float]]], quiet: tuple[tuple[float, float], ...]
) -> None:
    assert silences_between(talk, 10.0) == quiet


def test_the_share_of_talk_lies_between_0_and_1() -> None:
    assert talk_share([(0.0, 1.0), (2.0, 3.0)], 4.0) == 0.5
    assert talk_share([(0.0, 4.005)], 4.0) == 1.0
    assert talk_share([], 0.0) == 0.0


def test_peaks_are_written_as_audiowaveforms_json() -> None:
    assert msgspec.json.decode(PEAKS.to_json()) == {
        "version": 2,
        "channels": 2,
        "sample_rate": 8_000,
        "samples_per_pixel": 400,
        "bits": 8,
        "length": 2,
        "data": [-4, -3, -2, -1, 0, 1, 2, 3],
    }


def test_a_lying_header_buys_no_more_time_than_the_longest_call() -> None:
    limits = AudioLimits(max_seconds=100, base_seconds=10, cpu_factor=0.5, wall_factor=2)

    assert (limits.cpu_seconds(20), limits.wall_seconds(20)) == (20, 50)
    assert (limits.cpu_seconds(1e9), limits.wall_seconds(1e9)) == (60, 210)


def test_an_error_says_whether_trying_again_can_help() -> None:
    assert not BadAudio(Refusal.TOO_LONG, "This is too long.").retryable
    assert EngineTrouble(Refusal.TIMEOUT, "This took too long.").retryable
    assert BadAudio(Refusal.TOO_LONG, "This is too long.").code == "too_long"
