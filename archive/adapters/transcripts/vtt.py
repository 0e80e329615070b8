"""WebVTT (W3C), as Teams, Zoom and players write it.

webvtt-py reads the times and writes the file. The blocks are walked here, because it passes over what it
can't read, and a transcript must not lose speech in silence."""

import html
import re
from collections.abc import Iterator
from typing import NamedTuple

from webvtt import Caption, WebVTT
from webvtt.errors import MalformedCaptionError
from webvtt.models import Timestamp

from archive.adapters.transcripts.lines import Block, blocks
from archive.adapters.transcripts.names import split_name
from archive.calls.transcript import Segment, Transcript, TranscriptError, clean, limited, tidied

_HEADER = re.compile(r"WEBVTT(?:[ \t].*)?")
_ASIDE = re.compile(r"(?:NOTE|STYLE|REGION)(?:[ \t].*)?")
_TAG = re.compile(
    r"<(?P<close>/?)(?P<tag>v|c|i|b|u|ruby|rt|lang)(?:\.[^\s<>]*)?(?:[ \t\n](?P<name>[^<>]*))?>"
    r"|<\d[\d:.]*>"
)
"""The tags of cue text, with their classes as one: a repeated group would remember each.

Anything else in angle brackets, such as `<inaudible>`, was meant as text."""


class _Cue(NamedTuple):
    line: int
    start: float
    end: float
    payload: str


def read(text: str) -> Transcript:
    cues = list(limited(_cues(text)))
    voiced = any(tag["tag"] == "v" for cue in cues for tag in _TAG.finditer(cue.payload))
    spoken = ((cue, voice) for cue in cues for voice in _voices(cue.payload, voiced))
    segments, lines = [], []
    for cue, (speaker, words) in limited(spoken):
        segments.append(Segment(cue.start, cue.end, words, speaker))
        lines.append(cue.line)
    return tidied(Transcript(tuple(segments)), lines)


def _cues(text: str) -> Iterator[_Cue]:
    walk = blocks(text)
    _check_header(next(walk, Block(1, [""])))
    for block in walk:
        if not _is_aside(block):
            yield _cue(block)


def _check_header(block: Block) -> None:
    if block.line != 1 or not _HEADER.fullmatch(block.lines[0]):
        raise TranscriptError("A WebVTT file begins with WEBVTT. Send other formats under their own type.", 1)
    _check_no_times(block, 1)


def _is_aside(block: Block) -> bool:
    """Comments, styles and regions; but `NOTE` may also be the name of a cue."""
    return bool(_ASIDE.fullmatch(block.lines[0])) and not any("-->" in line for line in block.lines[:2])


def _cue(block: Block) -> _Cue:
    """A cue: a line to name it, if any, the line of its times, then its text."""
    at = next((at for at, line in enumerate(block.lines[:2]) if "-->" in line), None)
    if at is None:
        raise TranscriptError(
            "Text without a time. Put a line such as 00:00:01.000 --> 00:00:04.000 before it.", block.line
        )
    _check_no_times(block, at + 1)
    start, end = _times(block.lines[at], block.line + at)
    return _Cue(block.line + at, start, end, "\n".join(block.lines[at + 1 :]))


def _check_no_times(block: Block, since: int) -> None:
    for at, line in enumerate(block.lines[since:], start=since):
        if "-->" in line:
            raise TranscriptError("A new cue begins here. Put an empty line before it.", block.line + at)


def _times(line: str, number: int) -> tuple[float, float]:
    """Seconds. What follows the end are settings of the display, which the archive has no use for."""
    start, _, rest = line.partition("-->")
    end = (rest.split(maxsplit=1) or [""])[0]
    try:
        return _seconds(start.strip()), _seconds(end)
    except MalformedCaptionError:
        raise TranscriptError(
            "The times can't be read. Write them as 00:00:01.000 --> 00:00:04.000.", number
        ) from None


def _seconds(stamp: str) -> float:
    return Timestamp.from_string(stamp).in_milliseconds() / 1000


def _voices(payload: str, voiced: bool) -> Iterator[tuple[str, str]]:
    """Each speaker and words of a cue.

    Zoom writes `Name: words` where Teams writes `<v Name>`; a file that does the one doesn't do the other. A
    text that starts with a tag isn't `Name: words` either: so `write` keeps a colon from being misread."""
    spans = _spans(payload) if voiced or payload.startswith("<") else [split_name(payload)]
    for speaker, words in spans:
        if text := clean(html.unescape(_TAG.sub("", words))):
            yield html.unescape(speaker or ""), text


def _spans(payload: str) -> Iterator[tuple[str | None, str]]:
    speaker, at = None, 0
    for tag in _TAG.finditer(payload):
        if tag["tag"] == "v":
            yield speaker, payload[at : tag.start()]
            speaker, at = (None if tag["close"] else tag["name"]), tag.end()
    yield speaker, payload[at:]


def write(transcript: Transcript) -> str:
    """WebVTT with a voice for each known speaker."""
    return str(WebVTT(captions=[_caption(segment) for segment in transcript.segments]).content)


def _caption(segment: Segment) -> Caption:
    return Caption(_stamp(segment.start), _stamp(segment.end), _payload(segment))


def _stamp(seconds: float) -> str:
    return str(Timestamp.from_seconds(seconds))


def _payload(segment: Segment) -> str:
    words = html.escape(segment.text, quote=False)
    if segment.speaker:
        return f"<v {html.escape(segment.speaker, quote=False)}>{words}</v>"
    return words if split_name(words)[0] is None else f"<c>{words}</c>"
