"""From how ffmpeg or ffprobe ended to a sentence for people."""

import re
from pathlib import Path

from archive.adapters.ffmpeg.accepted import ACCEPTED
from archive.adapters.ffmpeg.limits import Ended
from archive.adapters.ffmpeg.sniff import not_audio
from archive.calls.sound import BadAudio, EngineTrouble, NotAudio, Refusal, SoundError

_DEMUXER = re.compile(r"\[([\w,]+) @ 0x[0-9a-f]+\] Format not on whitelist")
_DECODER = re.compile(r"Codec \((\w+)\) not on whitelist")
_VIDEO = frozenset({"h264", "hevc", "vp8", "vp9", "av1", "libdav1d", "mpeg4", "h263", "theora", "mpeg2video"})
_NO_MEMORY = ("Cannot allocate memory", "Out of memory", "failed to map segment")
_NO_ROOM = ("No space left on device", "File too large")
_SIGXCPU_CAUGHT = "received signal 24"
_SIGKILL, _SIGXFSZ = -9, -25
_NOT_RUN = (126, 127)
"""What prlimit answers when there is no such program."""


def refusal(ended: Ended, source: Path) -> SoundError:
    """Why a process that failed did so."""
    return _trouble(ended) or _codec(ended.messages) or _container(ended.messages, source)


def _trouble(ended: Ended) -> SoundError | None:
    if any(text in ended.messages for text in _NO_MEMORY):
        return EngineTrouble(Refusal.OUT_OF_MEMORY, "Working on this recording took more memory than it may.")
    if _SIGXCPU_CAUGHT in ended.messages or ended.code == _SIGKILL:
        return EngineTrouble(Refusal.TIMEOUT, "Working on this recording took too long, so it was stopped.")
    if ended.code in _NOT_RUN:
        return EngineTrouble(Refusal.ENGINE_FAILED, "The audio engine, ffmpeg, is not installed.")
    if ended.code == _SIGXFSZ or any(text in ended.messages for text in _NO_ROOM):
        return EngineTrouble(Refusal.ENGINE_FAILED, "There is no room to write what listeners would hear.")
    return None


def _codec(messages: str) -> SoundError | None:
    found = _DECODER.search(messages)
    if found is None:
        return None
    if found[1] in _VIDEO:
        return video(found[1])
    return BadAudio(
        Refusal.CODEC_REFUSED, f"The sound is coded as {found[1]!r}, which isn't accepted. {ACCEPTED}"
    )


def video(codec: str) -> NotAudio:
    return NotAudio(
        Refusal.VIDEO,
        f"This is a video ({codec}). The archive keeps sound alone: send the sound without the picture.",
    )


def _container(messages: str, source: Path) -> SoundError:
    if "moov atom not found" in messages:
        return BadAudio(Refusal.TRUNCATED, "This recording is cut off: its index, written last, is missing.")
    found = _DEMUXER.search(messages)
    return not_audio(source, found[1] if found else None)


def cut_off(missing: float) -> BadAudio:
    """`missing`: seconds."""
    return BadAudio(Refusal.TRUNCATED, f"This recording is cut off: the last {_length(missing)} are missing.")


def no_sound() -> BadAudio:
    return BadAudio(Refusal.EMPTY, "There is no sound in this file.")


def too_long(limit: float) -> BadAudio:
    return BadAudio(
        Refusal.TOO_LONG, f"This recording is longer than {_length(limit)}, the most that is accepted."
    )


def _length(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    if seconds < 7200:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"
