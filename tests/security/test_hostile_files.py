"""Files that are no recording, or want more than they should: each ends in a plain sentence, at a bounded cost."""

import os
import random
import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from archive.adapters.ffmpeg import FFmpegEngine
from archive.calls.sound import (
    Analysis,
    AudioFacts,
    AudioLimits,
    BadAudio,
    NotAudio,
    Peaks,
    Refusal,
    SoundError,
)
from tests import samples

pytestmark = pytest.mark.anyio

ENGINE = FFmpegEngine(AudioLimits())
CLAIMED = AudioFacts(container="wav", codec="pcm_s16le", channels=1, sample_rate=8_000, duration=10.0)


def ignored(_: float) -> None: ...


async def refused(source: Path, limits: AudioLimits | None = None) -> SoundError:
    """What the engine says of a file, at whichever step it says it."""
    engine = FFmpegEngine(limits or AudioLimits())
    with pytest.raises(SoundError) as error:
        await engine.analyse(source, await engine.probe(source), ignored)
    return error.value


class Canary:
    """A listener that nobody may connect to, and a file that nobody may open: opening a pipe waits for its writer."""

    def __init__(self, folder: Path) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/canary.wav"
        self.file = folder / "canary.wav"
        os.mkfifo(self.file)

    def was_touched(self) -> bool:
        try:
            connection, _ = self.listener.accept()
        except BlockingIOError:
            return False
        connection.close()
        return True


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Canary]:
    made = Canary(tmp_path)
    yield made
    made.listener.close()


Playlist = Callable[[str], str]


def hls(target: str) -> str:
    return f"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{target}\n#EXT-X-ENDLIST\n"


def concat(target: str) -> str:
    return f"ffconcat version 1.0\nfile '{target}'\n"


def dash(target: str) -> str:
    return (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT10S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period>'
        '<AdaptationSet mimeType="audio/mp4"><Representation id="1" bandwidth="64000">'
        f"<BaseURL>{target}</BaseURL></Representation></AdaptationSet></Period></MPD>"
    )


@pytest.mark.parametrize("playlist", [hls, concat, dash])
@pytest.mark.parametrize("reach", ["url", "file"])
async def test_a_playlist_named_wav_reaches_nothing(
    playlist: Playlist, reach: str, canary: Canary, tmp_path: Path
) -> None:
    source = tmp_path / "input.wav"
    source.write_text(playlist(canary.url if reach == "url" else canary.file.name))

    error = await refused(source)

    assert (type(error), error.code) == (NotAudio, Refusal.PLAYLIST)
    assert error.detail == "This is a playlist, not a recording. Send the recording itself."
    assert not canary.was_touched()


@pytest.mark.parametrize("playlist", [hls, concat, dash])
async def test_every_step_has_the_fences_not_only_the_probe(
    playlist: Playlist, canary: Canary, tmp_path: Path
) -> None:
    source, target = tmp_path / "input", tmp_path / "rendition.m4a"
    source.write_text(playlist(canary.url))
    analysis = Analysis(10.0, (), (0.0,), (), (), Peaks(1, 8_000, 400, 0, b""))

    with pytest.raises(NotAudio):
        await ENGINE.analyse(source, CLAIMED, ignored)
    with pytest.raises(NotAudio):
        await ENGINE.render(source, target, analysis, ignored)

    assert not canary.was_touched()


RANDOM = random.Random(1).randbytes(300_000)
NOT_RECORDINGS = {
    "nothing": (b"", Refusal.EMPTY, "The file is empty."),
    "text": (b"Dear Sir or Madam,\nplease find attached\n" * 50, Refusal.NOT_AUDIO, "This is text"),
    "page": (b"<!doctype html><html><body>Hello</body></html>" * 20, Refusal.NOT_AUDIO, "This is a web page"),
    "svg": (
        b'<svg xmlns="http://www.w3.org/2000/svg"><rect/></svg>',
        Refusal.NOT_AUDIO,
        "This is a web page",
    ),
    "pdf": (b"%PDF-1.7\n" + RANDOM[:5000], Refusal.NOT_AUDIO, "This is a PDF document"),
    "zip": (b"PK\x03\x04\x14\0\0\0\x08\0" + RANDOM[:5000], Refusal.NOT_AUDIO, "This is a ZIP archive"),
    "gzip": (b"\x1f\x8b\x08\0" + RANDOM[:5000], Refusal.NOT_AUDIO, "This is a gzip archive"),
    "program": (b"\x7fELF\x02\x01\x01" + RANDOM[:5000], Refusal.NOT_AUDIO, "This is a program"),
    "noise": (RANDOM, Refusal.NOT_AUDIO, "This is no recording that could be recognised"),
    "openssl": (b"Salted__" + RANDOM, Refusal.ENCRYPTED, "This file is encrypted by OpenSSL"),
    "age": (
        b"age-encryption.org/v1\n-> X25519 " + RANDOM,
        Refusal.ENCRYPTED,
        "This file is encrypted by age",
    ),
    "pgp": (
        b"-----BEGIN PGP MESSAGE-----\n\n" + RANDOM.hex().encode(),
        Refusal.ENCRYPTED,
        "This file is encrypted",
    ),
}


@pytest.mark.parametrize("kind", NOT_RECORDINGS)
async def test_what_is_no_recording_is_named(kind: str, tmp_path: Path) -> None:
    data, code, sentence = NOT_RECORDINGS[kind]
    (tmp_path / "input").write_bytes(data)

    error = await refused(tmp_path / "input")

    assert (type(error), error.code) == (NotAudio, code)
    assert error.detail.startswith(sentence)
    assert not error.retryable


async def test_a_picture_is_named(tmp_path: Path) -> None:
    error = await refused(samples.made("color=red:s=64x64:d=1", 1, "png", "-frames:v 1"))

    assert (error.code, error.detail[:21]) == (Refusal.NOT_AUDIO, "This is a PNG picture")


@pytest.mark.parametrize("suffix", ["mp4", "webm"])
async def test_a_video_with_sound_is_refused_and_named(suffix: str, tmp_path: Path) -> None:
    source = tmp_path / f"video.{suffix}"
    picture = ["-f", "lavfi", "-i", "testsrc=s=64x64:d=2", "-t", "2"]
    samples.ffmpeg("-i", samples.speech(), *picture, "-threads", "1", source)

    error = await refused(source)

    assert error.code == Refusal.VIDEO
    assert error.detail.startswith("This is a video (")


async def test_another_container_is_refused_and_named(tmp_path: Path) -> None:
    samples.ffmpeg("-i", samples.speech(), tmp_path / "input.wma")

    error = await refused(tmp_path / "input.wma")

    assert error.code == Refusal.NOT_AUDIO
    assert error.detail.startswith("This is a file of the kind 'asf', which isn't accepted.")


async def test_another_codec_is_refused_and_named(tmp_path: Path) -> None:
    samples.ffmpeg("-i", samples.speech(), "-c:a", "ac3", tmp_path / "input.mp4")

    error = await refused(tmp_path / "input.mp4")

    assert (type(error), error.code) == (BadAudio, Refusal.CODEC_REFUSED)
    assert "'ac3'" in error.detail


async def test_encrypted_sound_in_mp4_is_refused(tmp_path: Path) -> None:
    key = "00112233445566778899aabbccddeeff"
    scheme = ["-encryption_scheme", "cenc-aes-ctr", "-encryption_key", key, "-encryption_kid", key]
    samples.ffmpeg("-i", samples.speech(), "-c:a", "aac", *scheme, tmp_path / "input.mp4")

    assert (await refused(tmp_path / "input.mp4")).code == Refusal.ENCRYPTED


async def test_a_second_sound_track_is_not_dropped_without_a_word(tmp_path: Path) -> None:
    samples.ffmpeg(
        "-i", samples.speech(), "-map", "0:a", "-map", "0:a", "-c:a", "aac", tmp_path / "input.m4a"
    )

    assert (await refused(tmp_path / "input.m4a")).code == Refusal.SEVERAL_TRACKS


def wav(claimed: int, data: bytes) -> bytes:
    """Mono, mu-law, 8 kHz; the header claims `claimed` bytes of sound."""
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 7, 1, 8_000, 8_000, 1, 8)
    head = struct.pack("<4sI4s", b"RIFF", min(claimed + 36, 0xFFFF_FFFF), b"WAVE")
    return head + fmt + struct.pack("<4sI", b"data", claimed) + data


async def test_a_wav_header_that_claims_4_gb_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "input").write_bytes(wav(0xFFFF_FFF0, b"\xff" * 24_000))

    error = await refused(tmp_path / "input")

    assert error.code == Refusal.TRUNCATED
    assert error.detail == "This recording is cut off: the last 149.1 hours are missing."


@pytest.mark.parametrize("claimed", [0, 0xFFFF_FFFF, 0x7FFF_FFFF])
async def test_a_wav_that_was_streamed_is_accepted(claimed: int, tmp_path: Path) -> None:
    (tmp_path / "input").write_bytes(wav(claimed, b"\xff" * 24_000))

    analysis = await ENGINE.analyse(tmp_path / "input", await ENGINE.probe(tmp_path / "input"), ignored)

    assert analysis.duration == 3.0


async def test_a_wav_without_sound_is_empty(tmp_path: Path) -> None:
    (tmp_path / "input").write_bytes(wav(0, b""))

    assert (await refused(tmp_path / "input")).code in {Refusal.EMPTY, Refusal.NOT_AUDIO}


@pytest.mark.parametrize("name", ["wav-mulaw", "mp3-vbr", "m4a-aac", "flac", "aiff"])
async def test_a_recording_that_was_cut_off_is_refused(name: str, tmp_path: Path) -> None:
    whole = samples.in_format(name).read_bytes()
    (tmp_path / "input").write_bytes(whole[: len(whole) // 2])

    error = await refused(tmp_path / "input")

    assert (type(error), error.code) == (BadAudio, Refusal.TRUNCATED)
    assert error.detail.startswith("This recording is cut off: ")


async def test_endless_silence_in_a_small_flac_is_stopped(tmp_path: Path) -> None:
    """Ten minutes in 110 kB, from a file that doesn't say how long it is."""
    data = bytearray(samples.made("anullsrc=r=8000:cl=mono", 600, "flac").read_bytes())
    data[21] &= 0xF0  # STREAMINFO's 36 bits of total samples (RFC 9639, 8.2)
    data[22:26] = bytes(4)
    (tmp_path / "input").write_bytes(data)

    error = await refused(tmp_path / "input", AudioLimits(max_seconds=60))

    assert len(data) < 120_000
    assert (error.code, error.detail) == (
        Refusal.TOO_LONG,
        "This recording is longer than 60 seconds, the most that is accepted.",
    )


async def test_a_length_that_the_header_admits_is_refused_before_decoding() -> None:
    with pytest.raises(BadAudio) as error:
        await FFmpegEngine(AudioLimits(max_seconds=5)).probe(samples.call())

    assert error.value.code == Refusal.TOO_LONG


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (AudioLimits(max_channels=1), Refusal.TOO_MANY_CHANNELS),
        (AudioLimits(max_sample_rate=8_000), Refusal.SAMPLE_RATE),
        (AudioLimits(min_sample_rate=44_100), Refusal.SAMPLE_RATE),
    ],
)
async def test_odd_shapes_are_refused(limits: AudioLimits, code: Refusal) -> None:
    assert (await refused(samples.call(), limits)).code == code
