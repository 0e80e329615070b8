"""A call's segments written as the transcripts that recording systems deliver."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence

import msgspec

from infra.demo.calls import TranscriptFormat
from infra.demo.stage import Segment


class Written(msgspec.Struct, frozen=True):
    body: bytes
    suffix: str
    media_type: str


def write(segments: Sequence[Segment], how: TranscriptFormat, language: str) -> Written | None:
    """The transcript part of an upload; None if this call comes without one."""
    if how is TranscriptFormat.NONE:
        return None
    if how is TranscriptFormat.JSON:
        return Written(_json(segments, language), ".json", "application/json")
    writer, suffix, media_type = _WRITERS[how]
    return Written(writer(segments).encode(), suffix, media_type)


def _json(segments: Sequence[Segment], language: str) -> bytes:
    return msgspec.json.format(msgspec.json.encode({"language": language, "segments": segments}), indent=1)


def _vtt(segments: Sequence[Segment]) -> str:
    """WebVTT with voices; names and words are escaped (https://www.w3.org/TR/webvtt1/)."""
    cues = (
        f"{_clock(segment.start, '.')} --> {_clock(segment.end, '.')}\n"
        f"<v {html.escape(segment.speaker, quote=False)}>{html.escape(segment.text, quote=False)}</v>\n"
        for segment in segments
    )
    return "\n".join(["WEBVTT\n", *cues])


def _srt(segments: Sequence[Segment]) -> str:
    return "\n".join(
        f"{number}\n{_clock(segment.start, ',')} --> {_clock(segment.end, ',')}\n{segment.speaker}: {segment.text}\n"
        for number, segment in enumerate(segments, 1)
    )


def _text(segments: Sequence[Segment]) -> str:
    """Speaker and mm:ss on a line, the words on the next, as people type them."""
    return "\n".join(
        f"{segment.speaker} {int(segment.start) // 60:02}:{int(segment.start) % 60:02}\n{segment.text}\n"
        for segment in segments
    )


def _clock(seconds: float, point: str) -> str:
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{point}{milliseconds:03}"


_WRITERS: dict[TranscriptFormat, tuple[Callable[[Sequence[Segment]], str], str, str]] = {
    TranscriptFormat.VTT: (_vtt, ".vtt", "text/vtt"),
    TranscriptFormat.SRT: (_srt, ".srt", "application/x-subrip"),
    TranscriptFormat.TEXT: (_text, ".txt", "text/plain"),
}
