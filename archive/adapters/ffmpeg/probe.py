"""What a file's headers say, asked of ffprobe before anything is decoded."""

import asyncio
from pathlib import Path

from msgspec import DecodeError, Struct, field, json

from archive.adapters.ffmpeg.accepted import CONTAINERS, reading
from archive.adapters.ffmpeg.limits import Ceiling, running
from archive.adapters.ffmpeg.refusals import cut_off, no_sound, refusal, too_long, video
from archive.adapters.ffmpeg.sniff import encrypted, is_protected_mp4, not_audio
from archive.adapters.ffmpeg.wave import missing_seconds
from archive.calls.sound import AudioFacts, AudioLimits, BadAudio, NotAudio, Refusal

PROBE_SECONDS = 30.0
MISSING_SECONDS = 1.0
"""That a header may promise too much: recorders round."""

_ENTRIES = (
    "format=format_name,duration"
    ":stream=codec_type,codec_name,channels,sample_rate,duration:stream_disposition=attached_pic"
)
_SHORTENED_MP3 = "filesize and duration do not match"
"""ffprobe compares the Xing header with the file."""


class _Format(Struct):
    format_name: str = ""
    duration: str = "0"


class _Stream(Struct):
    codec_type: str = ""
    codec_name: str = "unknown"
    channels: int = 0
    sample_rate: str = "0"
    disposition: dict[str, int] = field(default_factory=dict)


class _Found(Struct):
    format: _Format = field(default_factory=_Format)
    streams: list[_Stream] = field(default_factory=list)


async def probe(source: Path, limits: AudioLimits) -> AudioFacts:
    """Raises `NotAudio` and `BadAudio`. Cheap: reads at most a few MB."""
    await asyncio.to_thread(_refuse_empty, source)
    found = await _ask(source, limits)
    facts = await asyncio.to_thread(_facts, found, source)
    _within(facts, limits)
    return facts


async def _ask(source: Path, limits: AudioLimits) -> _Found:
    command = ["ffprobe", "-v", "warning", "-show_entries", _ENTRIES, "-of", "json", *reading(source)]
    ceiling = Ceiling(memory=limits.memory, cpu=PROBE_SECONDS, wall=PROBE_SECONDS, file_size=0)
    async with running(command, ceiling) as child:
        answer = await child.rest()  # bounded: ffprobe stops at 1,000 streams
        ended = await child.ended()
    if ended.code != 0:
        raise refusal(ended, source)
    if _SHORTENED_MP3 in ended.messages:
        raise BadAudio(
            Refusal.TRUNCATED, "This recording is cut off: its header promises more than is there."
        )
    return _parse(answer, source)


def _parse(answer: bytes, source: Path) -> _Found:
    try:
        return json.decode(answer, type=_Found)
    except DecodeError as error:
        raise not_audio(source) from error


def _refuse_empty(source: Path) -> None:
    if source.stat().st_size == 0:
        raise NotAudio(Refusal.EMPTY, "The file is empty.")


def _facts(found: _Found, source: Path) -> AudioFacts:
    container = CONTAINERS.get(found.format.format_name)
    stream = _only_sound(found)
    if container is None or stream.channels == 0 or stream.sample_rate == "0":
        raise not_audio(source)
    _refuse_damaged(container, source)
    return AudioFacts(
        container=container,
        codec=stream.codec_name,
        channels=stream.channels,
        sample_rate=int(stream.sample_rate),
        duration=float(found.format.duration),
    )


def _only_sound(found: _Found) -> _Stream:
    for stream in found.streams:
        if stream.codec_type == "video" and not stream.disposition.get("attached_pic"):
            raise video(stream.codec_name)
    sounds = [stream for stream in found.streams if stream.codec_type == "audio"]
    if not sounds:
        raise no_sound()
    if len(sounds) > 1:  # picking one would lose the other's speaker without a word
        detail = f"This file holds {len(sounds)} sound tracks. Send one, with a channel for each side."
        raise BadAudio(Refusal.SEVERAL_TRACKS, detail)
    return sounds[0]


def _refuse_damaged(container: str, source: Path) -> None:
    if container == "mp4" and is_protected_mp4(source):
        raise encrypted("encrypted against copying")
    if container == "wav" and (missing := missing_seconds(source)) > MISSING_SECONDS:
        raise cut_off(missing)


def _within(facts: AudioFacts, limits: AudioLimits) -> None:
    if facts.duration > limits.max_seconds:
        raise too_long(limits.max_seconds)
    if facts.channels > limits.max_channels:
        detail = f"This recording has {facts.channels} channels; at most {limits.max_channels} are accepted."
        raise BadAudio(Refusal.TOO_MANY_CHANNELS, detail)
    if not limits.min_sample_rate <= facts.sample_rate <= limits.max_sample_rate:
        raise BadAudio(Refusal.SAMPLE_RATE, f"A sample rate of {facts.sample_rate} Hz isn't accepted.")
