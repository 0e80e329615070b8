"""Small recordings for tests, made by espeak-ng and ffmpeg when first asked for and kept until the process ends."""

import atexit
import random
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct

AGENT = "Good morning, thank you for calling. My name is Anna. How can I help you today?"
CLIENT = "Hello. I am calling about the order that I placed two weeks ago. It has not arrived."

CALL_SECONDS = 12.0
CLIENT_STARTS = 6.0


class Format(Struct, frozen=True):
    """How ffmpeg writes it (`suffix`, `options`), and what a probe must find."""

    suffix: str
    options: str
    container: str
    codec: str
    channels: int = 2
    sample_rate: int = 16_000


FORMATS = {
    "wav-pcm16": Format("wav", "-c:a pcm_s16le", "wav", "pcm_s16le"),
    "wav-pcm8": Format("wav", "-c:a pcm_u8", "wav", "pcm_u8"),
    "wav-pcm24": Format("wav", "-c:a pcm_s24le", "wav", "pcm_s24le"),
    "wav-float": Format("wav", "-c:a pcm_f32le", "wav", "pcm_f32le"),
    "wav-96khz": Format("wav", "-c:a pcm_s16le -ar 96000", "wav", "pcm_s16le", sample_rate=96_000),
    "wav-rf64": Format("wav", "-c:a pcm_s16le -rf64 always", "wav", "pcm_s16le"),
    "wav-mulaw": Format("wav", "-c:a pcm_mulaw -ar 8000", "wav", "pcm_mulaw", sample_rate=8_000),
    "wav-alaw": Format("wav", "-c:a pcm_alaw -ar 8000", "wav", "pcm_alaw", sample_rate=8_000),
    "wav-adpcm-ms": Format("wav", "-c:a adpcm_ms", "wav", "adpcm_ms"),
    "wav-adpcm-ima": Format("wav", "-c:a adpcm_ima_wav", "wav", "adpcm_ima_wav"),
    "wav-gsm": Format("wav", "-c:a libgsm_ms -ar 8000 -ac 1", "wav", "gsm_ms", 1, 8_000),
    "mp3-cbr": Format("mp3", "-c:a libmp3lame -b:a 64k -ar 44100", "mp3", "mp3", sample_rate=44_100),
    "mp3-vbr": Format("mp3", "-c:a libmp3lame -q:a 5 -ar 22050", "mp3", "mp3", sample_rate=22_050),
    "m4a-aac": Format("m4a", "-c:a aac -b:a 64k", "mp4", "aac"),
    "m4a-alac": Format("m4a", "-c:a alac", "mp4", "alac"),
    "mp4-aac": Format("mp4", "-c:a aac -ar 48000", "mp4", "aac", sample_rate=48_000),
    "3gp-aac": Format("3gp", "-c:a aac -ac 1", "mp4", "aac", 1),
    "adts-aac": Format("aac", "-c:a aac", "aac", "aac"),
    "ogg-vorbis": Format("ogg", "-c:a libvorbis", "ogg", "vorbis"),
    "ogg-opus": Format("opus", "-c:a libopus -b:a 32k", "ogg", "opus", sample_rate=48_000),
    "ogg-flac": Format("oga", "-c:a flac", "ogg", "flac"),
    "webm-opus": Format("webm", "-c:a libopus -b:a 32k", "webm", "opus", sample_rate=48_000),
    "webm-vorbis": Format("webm", "-c:a libvorbis", "webm", "vorbis"),
    "flac": Format("flac", "-c:a flac", "flac", "flac"),
    "aiff": Format("aiff", "-c:a pcm_s16be", "aiff", "pcm_s16be"),
    "caf-pcm": Format("caf", "-c:a pcm_s16be", "caf", "pcm_s16be"),
    "caf-mulaw": Format("caf", "-c:a pcm_mulaw -ar 8000", "caf", "pcm_mulaw", sample_rate=8_000),
    "caf-ima": Format("caf", "-c:a adpcm_ima_qt -ac 1", "caf", "adpcm_ima_qt", 1),
}
"""Every accepted container and codec that Debian's ffmpeg can write. It can't write AMR: see `amr`."""


@cache
def folder() -> Path:
    made = TemporaryDirectory(prefix="samples-")
    atexit.register(made.cleanup)
    return Path(made.name)


def ffmpeg(*arguments: str | Path) -> None:
    subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, arguments)],
        check=True,
        timeout=60,
        capture_output=True,
    )


@cache
def speech(text: str = AGENT, voice: str = "en") -> Path:
    """One voice, mono, 22.05 kHz, about 5 seconds."""
    target = folder() / f"speech-{abs(hash((text, voice)))}.wav"
    subprocess.run(
        ["espeak-ng", "-v", voice, "-w", str(target), text], check=True, timeout=60, capture_output=True
    )
    return target


@cache
def call(client_gain: float = -18.0) -> Path:
    """A call of `CALL_SECONDS`: the agent left, then the client right, quieter by 18 dB. WAV, 16 kHz."""
    target = folder() / f"call{client_gain}.wav"
    sides = (
        f"[0]aresample=16000,apad=whole_dur={CALL_SECONDS},atrim=0:{CALL_SECONDS}[a];"
        f"[1]aresample=16000,volume={client_gain}dB,adelay={CLIENT_STARTS * 1000:.0f},"
        f"apad=whole_dur={CALL_SECONDS},atrim=0:{CALL_SECONDS}[b];"
        "[a][b]join=inputs=2:channel_layout=stereo[o]"
    )
    ffmpeg("-i", speech(), "-i", speech(CLIENT, "en+m3"), "-filter_complex", sides, "-map", "[o]", target)
    return target


@cache
def in_format(name: str) -> Path:
    """The call in one of `FORMATS`."""
    target = folder() / f"{name}.{FORMATS[name].suffix}"
    ffmpeg("-i", call(), *FORMATS[name].options.split(), target)
    return target


@cache
def amr() -> Path:
    """Two seconds of AMR, 12.2 kbit/s: valid frames of random sound, for want of an encoder (RFC 4867, 5)."""
    chance = random.Random(1)
    frames = b"".join(b"\x3c" + chance.randbytes(31) for _ in range(100))
    target = folder() / "random.amr"
    target.write_bytes(b"#!AMR\n" + frames)
    return target


@cache
def made(source: str, seconds: float, suffix: str = "wav", options: str = "") -> Path:
    """Sound from one of ffmpeg's generators, such as `sine` or `anullsrc=r=8000:cl=mono`."""
    target = folder() / f"made-{abs(hash((source, seconds, options)))}.{suffix}"
    ffmpeg("-f", "lavfi", "-i", source, "-t", str(seconds), *options.split(), target)
    return target
