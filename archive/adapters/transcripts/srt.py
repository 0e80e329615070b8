"""SubRip (SRT). pysubs2 reads and writes its times.

Its file reader isn't used: it passes over what it can't read, takes a last line of digits (a number said) for
the next cue's, and turns a backslash and an N into a line break."""

import re

from pysubs2.formats.subrip import SubripFormat
from pysubs2.time import TIMESTAMP, timestamp_to_ms

from archive.adapters.transcripts.lines import Block, blocks
from archive.adapters.transcripts.names import split_name
from archive.calls.transcript import Segment, Transcript, TranscriptError, limited, tidied

_TIMES = re.compile(rf"\s*{TIMESTAMP.pattern}\s*-->\s*{TIMESTAMP.pattern}\s*(?:X1:.*)?")
_TAG = re.compile(r"</?(?:i|b|u|s|font)(?:\s[^<>]*)?>|\{\\[^{}]*\}", re.IGNORECASE)
"""HTML-like styles, and positions such as {\\an8}."""


def read(text: str) -> Transcript:
    segments, lines = [], []
    for block in limited(blocks(text)):
        segment, line = _cue(block)
        segments.append(segment)
        lines.append(line)
    return tidied(Transcript(tuple(segments)), lines)


def _cue(block: Block) -> tuple[Segment, int]:
    """A cue: its number, if any, the line of its times, then its text."""
    at = 1 if block.lines[0].strip().isdecimal() and len(block.lines) > 1 else 0
    start, end = _times(block.lines[at], block.line + at)
    body = block.lines[at + 1 :]
    for line, text in enumerate(body, start=block.line + at + 1):
        if _TIMES.fullmatch(text):
            raise TranscriptError("A new cue begins here. Put an empty line before it.", line)
    speaker, words = split_name(_TAG.sub("", "\n".join(body)))
    return Segment(start, end, words, speaker), block.line + at


def _times(line: str, number: int) -> tuple[float, float]:
    found = _TIMES.fullmatch(line)
    if found is None or any(int(part) > 59 for part in found.group(2, 3, 6, 7)):
        raise TranscriptError("Expected times here, such as 00:00:01,000 --> 00:00:04,000.", number)
    start, end = timestamp_to_ms(found.group(1, 2, 3, 4)), timestamp_to_ms(found.group(5, 6, 7, 8))
    return start / 1000, end / 1000


def write(transcript: Transcript) -> str:
    """Speakers are written as `Name: words`. An arrow in the text could read as times, so it is shortened."""
    return "".join(
        f"{number}\n{_stamp(segment.start)} --> {_stamp(segment.end)}\n{_words(segment)}\n\n"
        for number, segment in enumerate(transcript.segments, start=1)
    )


def _stamp(seconds: float) -> str:
    return SubripFormat.ms_to_timestamp(round(seconds * 1000))


def _words(segment: Segment) -> str:
    words = f"{segment.speaker}: {segment.text}" if segment.speaker else segment.text
    return words.replace("-->", "->")
