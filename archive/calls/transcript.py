"""What was said on a call: ordered segments, with words and their times where known.

A transcript the archive keeps has passed `tidied`: its times can be trusted, its segments are in order, and
no text holds a line break or a control character. Readers of every format, and recognisers, end there.
"""

import math
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import accumulate
from typing import TypeVar

from msgspec import Struct

from archive.errors import Invalid

MAX_SEGMENTS = 200_000
MAX_TEXT = 1_000_000
"""Characters of one segment, about 18 hours of talk. Cleaning more than that at once takes memory many times over."""

MAX_NAME = 200
LATEST = 359_999.999
"""Seconds. Times stay below 100 hours: this is the last that SRT can write."""

_BREAKS = re.compile(r"[ \t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff]")
_BIDI = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,6}")

_Found = TypeVar("_Found")


class Word(Struct, frozen=True, forbid_unknown_fields=True):
    """`start` and `end` in seconds; `confidence` as its engine counts it: not comparable across engines."""

    text: str
    start: float
    end: float
    confidence: float | None = None


class Segment(Struct, frozen=True, forbid_unknown_fields=True):
    """One speaker's passage, `start` to `end` in seconds. `channel` counts from 0."""

    start: float
    end: float
    text: str
    speaker: str | None = None
    channel: int | None = None
    words: tuple[Word, ...] = ()


class Transcript(Struct, frozen=True, forbid_unknown_fields=True):
    """`language` is a BCP 47 tag. Written as JSON, these structs are the transcript of the HTTP API."""

    segments: tuple[Segment, ...]
    language: str | None = None


class TranscriptFormat(StrEnum):
    JSON = "json"
    VTT = "vtt"
    SRT = "srt"
    TEXT = "text"


class TranscriptError(Invalid):
    """The transcript can't be used.

    `detail` says what is wrong, where, and what to do; it never quotes what was said. `line` counts from 1
    and is None where the fault has no line."""

    code = "invalid_transcript"

    def __init__(self, reason: str, line: int | None = None) -> None:
        detail = reason if line is None else f"Line {line}: {reason}"
        super().__init__(detail, field="transcript", line=line)
        self.line = line


def text_of(transcript: Transcript) -> str:
    """What search reads: the segments' texts, one a line."""
    return "\n".join(segment.text for segment in transcript.segments)


def offsets(transcript: Transcript) -> list[int]:
    """Where each segment begins in `text_of`, in bytes of UTF-8."""
    lengths = (len(segment.text.encode()) + 1 for segment in transcript.segments[:-1])
    return list(accumulate(lengths, initial=0))


def place(transcript: Transcript, byte_offset: int) -> tuple[int, float]:
    """Which segment a byte of `text_of` lies in, and the second at which to start hearing it.

    That is the start of the word there, or of the segment where words have no times. An offset outside the
    text (an index older than the transcript) leads to the nearest segment."""
    starts = offsets(transcript)
    index = max(bisect_right(starts, byte_offset) - 1, 0)
    segment = transcript.segments[index]
    return index, _second(segment, byte_offset - starts[index])


def _second(segment: Segment, byte_offset: int) -> float:
    """The start of the last word that begins up to `byte_offset`; words not in the text are skipped."""
    text = segment.text.encode()
    second, cursor = segment.start, 0
    for word in segment.words:
        at = text.find(word.text.encode(), cursor)
        if at > byte_offset:
            break
        if at >= 0:
            second, cursor = word.start, at + len(word.text.encode())
    return second


def clean(text: str) -> str:
    """One line: breaks and tabs become a space, runs of spaces one, other control characters go."""
    return _BREAKS.sub(" ", _CONTROLS.sub("", text)).strip()


def clean_name(name: str) -> str:
    """As `clean`, without the characters that turn the direction of writing: no name may disguise another."""
    return clean(_BIDI.sub("", name))


def limited(found: Iterable[_Found]) -> Iterator[_Found]:
    """What a reader finds, one by one; raises `TranscriptError` after `MAX_SEGMENTS`, so that no file fills memory."""
    for number, item in enumerate(found):
        if number == MAX_SEGMENTS:
            raise TranscriptError(f"The transcript has more than {MAX_SEGMENTS:,} segments. Split the call.")
        yield item


def check_length(characters: int, line: int | None) -> None:
    """Before work on one passage's text begins. Raises `TranscriptError`."""
    if characters > MAX_TEXT:
        raise TranscriptError(f"One passage is longer than {MAX_TEXT:,} characters. Split it.", line)


def tidied(transcript: Transcript, lines: Sequence[int] = ()) -> Transcript:
    """The transcript as the archive keeps it; segments without text are left out. Raises `TranscriptError`.

    `lines[i]` is the source's line of segment i, for the error."""
    places: Sequence[int | None] = lines or [None] * len(transcript.segments)
    segments = [
        _segment(segment, f"segment {number}", line)
        for number, (segment, line) in enumerate(
            zip(limited(transcript.segments), places, strict=True), start=1
        )
    ]
    kept = sorted((segment for segment in segments if segment.text), key=lambda segment: segment.start)
    if not kept:
        raise TranscriptError(
            "The transcript holds no words. Upload the call without it, or send one with text."
        )
    return Transcript(tuple(kept), _language(transcript.language))


def _segment(segment: Segment, name: str, line: int | None) -> Segment:
    _check_times(segment.start, segment.end, name, line)
    check_length(len(segment.text), line)
    if segment.channel is not None and not 0 <= segment.channel < 256:
        raise TranscriptError(f"The channel of {name} must be from 0 to 255.", line)
    return Segment(
        start=segment.start,
        end=segment.end,
        text=clean(segment.text),
        speaker=_speaker(segment.speaker, name, line),
        channel=segment.channel,
        words=tuple(_words(segment.words, name, line)),
    )


def _words(words: Iterable[Word], name: str, line: int | None) -> Iterable[Word]:
    for number, word in enumerate(words, start=1):
        _check_times(word.start, word.end, f"word {number} of {name}", line)
        if word.confidence is not None and not math.isfinite(word.confidence):
            raise TranscriptError(f"The confidence of word {number} of {name} must be a finite number.", line)
        if text := clean(word.text):
            yield Word(text, word.start, word.end, word.confidence)


def _check_times(start: float, end: float, name: str, line: int | None) -> None:
    if not (0 <= start <= LATEST and 0 <= end <= LATEST):
        raise TranscriptError(f"The times of {name} must be from 0 to below 100 hours.", line)
    if end < start:
        raise TranscriptError(f"The end of {name}, {end:.3f} s, comes before its start, {start:.3f} s.", line)


def _speaker(speaker: str | None, name: str, line: int | None) -> str | None:
    cleaned = clean_name(speaker or "")
    if len(cleaned) > MAX_NAME:
        raise TranscriptError(f"The speaker's name in {name} is longer than {MAX_NAME} characters.", line)
    return cleaned or None


def _language(language: str | None) -> str | None:
    if language is not None and not _LANGUAGE.fullmatch(language):
        raise TranscriptError("The language must be a tag such as en or de-AT (BCP 47).")
    return language
