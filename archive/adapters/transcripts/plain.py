"""Text with speakers and times, as people and meeting programs export it:

    Anna Berg 00:21          [00:00:21] Anna: Good morning.       00:21 Anna: Good morning.
    Good morning.

The first line tells which; a line without a time goes on with the segment before it."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from archive.adapters.transcripts.lines import lines_of
from archive.adapters.transcripts.names import is_name, split_name
from archive.calls.transcript import LATEST, Segment, Transcript, TranscriptError, limited, tidied

_CLOCK = r"[\[(]?(?:(?P<h>\d{1,3}):)?(?P<m>\d{1,3}):(?P<s>\d{2})(?:[.,](?P<f>\d{1,3}))?"
_LEADING = re.compile(rf"{_CLOCK}(?:[\])]|(?=\s|$))\s*(?:[-\u2013\u2014]\s)?\s*(?P<rest>.*)")
_TRAILING = re.compile(rf"(?P<name>\S.*?)\s{_CLOCK}[\])]?(?:$|:\s+(?P<rest>.*))")
_LONGEST_HEAD = 200
_WORDS_A_SECOND = 2.5
_SHORTEST = 1.0
"""Seconds. The last segment's end isn't written anywhere, so it is reckoned at a talker's speed."""


class _Passage(NamedTuple):
    line: int
    start: float
    speaker: str | None
    texts: list[str]


def read(text: str) -> Transcript:
    passages = sorted(limited(_passages(text)), key=lambda passage: passage.start)
    segments = tuple(
        Segment(passage.start, end, "\n".join(passage.texts), passage.speaker)
        for passage, end in zip(passages, _ends(passages), strict=True)
    )
    return tidied(Transcript(segments), [passage.line for passage in passages])


def _passages(text: str) -> Iterator[_Passage]:
    heading, last = None, None
    for number, line in _spoken(text):
        heading = heading or _layout(line, number)
        if passage := _passage(heading, line, number):
            if last:
                yield last
            last = passage
        elif last:
            last.texts.append(line)
    if last:
        yield last


def _spoken(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines_of(text), start=1):
        if stripped := line.strip():
            yield number, stripped


def _layout(line: str, number: int) -> re.Pattern[str]:
    for heading in (_LEADING, _TRAILING):
        if _passage(heading, line, number):
            return heading
    raise TranscriptError(
        "No time here. Begin with a line such as Anna 00:21 or [00:21] Anna: Hello.", number
    )


def _passage(heading: re.Pattern[str], line: str, number: int) -> _Passage | None:
    """The passage that a line begins; None where it goes on with the last."""
    head = heading.match(line[:_LONGEST_HEAD])
    if head is None:
        return None
    rest = line[head.start("rest") :] if head["rest"] else ""
    speaker, words = split_name(rest) if heading is _LEADING else (head["name"].rstrip(" \t,-|"), rest)
    if heading is _TRAILING and not is_name(speaker or ""):
        return None
    return _Passage(number, _seconds(head, number), speaker, [words])


def _seconds(head: re.Match[str], number: int) -> float:
    hours, minutes, seconds = (int(head[part] or 0) for part in "hms")
    if seconds > 59 or (head["h"] and minutes > 59):
        raise TranscriptError("This time doesn't exist: minutes and seconds end at 59.", number)
    return hours * 3600 + minutes * 60 + seconds + float(f"0.{head['f'] or 0}")


def _ends(passages: Sequence[_Passage]) -> list[float]:
    """Each passage ends where the next later one starts."""
    ends: list[float] = []
    later: float | None = None
    for at in reversed(range(len(passages))):
        start = passages[at].start
        if at + 1 < len(passages) and passages[at + 1].start > start:
            later = passages[at + 1].start
        ends.append(_read_aloud(passages[at]) if later is None else later)
    return ends[::-1]


def _read_aloud(passage: _Passage) -> float:
    words = sum(len(text.split()) for text in passage.texts)
    end = passage.start + max(words / _WORDS_A_SECOND, _SHORTEST)
    return min(end, max(passage.start, LATEST))


def write(transcript: Transcript) -> str:
    """One line a segment: `[00:00:21] Anna: Good morning.`"""
    return "".join(f"[{_clock(segment.start)}] {_words(segment)}\n" for segment in transcript.segments)


def _clock(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}"


def _words(segment: Segment) -> str:
    return f"{segment.speaker}: {segment.text}" if segment.speaker else segment.text
