"""Where in a call the words of a query were said: up to three moments, each a passage with its second and its marks."""

import math
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import accumulate

from msgspec import Struct

from archive.calls.query import Query, Token, tokens
from archive.calls.transcript import Transcript, place, text_of

MOST = 3
PASSAGE_WORDS = 40
"""A longer segment is shown in passages of so many words."""
_REPEATED = 0.2
"""What a term adds to a passage when an earlier moment shows it already."""
_NEAR = 0.5
"""What a term in a neighbouring passage adds."""
_ALIKE = 0.7
"""How alike (0 to 1) a word must be to a term to be taken for it, where the engine names no variants."""

Variants = Sequence[frozenset[str]]
"""For each term of a query, the folded words that stand for it."""


class Moment(Struct, frozen=True):
    """`start` and `end` in seconds; `matches` are the characters [start, end) of `text` to mark."""

    start: float
    end: float
    speaker: str | None
    text: str
    matches: tuple[tuple[int, int], ...]


class Heard(Struct, frozen=True):
    """What of a query was said on a call. `spoken[i]`: how often each word that stands for term i was."""

    moments: tuple[Moment, ...]
    spoken: Mapping[int, Counter[str]]


class _Mark(Struct, frozen=True):
    """Term `term` stands at the characters [start, end) of the call's text; `worth` is 1 for the word as typed."""

    term: int
    start: int
    end: int
    worth: float


class _Passage(Struct, frozen=True):
    """Characters [start, end) of the call's text, in one segment."""

    segment: int
    start: int
    end: int


def hear(transcript: Transcript, query: Query, variants: Variants) -> Heard:
    text = text_of(transcript)
    said = list(tokens(text))
    marks = list(_marks(said, query, variants))
    spoken = _words(text, marks)
    passages = _passages(transcript, said, marks)
    chosen = _choose(passages, {term: _rarity(words) for term, words in spoken.items()})
    moments = tuple(_moment(transcript, text, passage, passages[passage]) for passage in chosen)
    return Heard(moments, spoken)


def mentions(text: str, query: Query, variants: Variants) -> dict[int, Counter[str]]:
    """For each term that the text holds, the words that stand for it."""
    return _words(text, _marks(list(tokens(text)), query, variants))


def variants_at(transcript: Transcript, query: Query, spans: Iterable[tuple[int, int]]) -> Variants:
    """The words at byte ranges of the call's text, each for the terms that it resembles.

    Ranges from an index older than the transcript hit any word: one that resembles no term is left out."""
    text = text_of(transcript)
    said = list(tokens(text))
    starts = [token.start for token in said]
    at = {max(bisect_right(starts, begins) - 1, 0) for begins in _characters(text, spans)}
    return resembling({said[place].word for place in at if said}, query)


def resembling(words: Collection[str], query: Query) -> Variants:
    """Which of the words stand for which term, where the engine doesn't tell."""
    return [
        frozenset(word for word in words if len(term.words) == 1 and _likeness(word, term.words[0]) >= _ALIKE)
        for term in query.terms
    ]


def _marks(said: Sequence[Token], query: Query, variants: Variants) -> Iterator[_Mark]:
    for at, term in enumerate(query.terms):
        if term.exact or len(term.words) > 1:
            yield from _phrases(said, at, term.words)
    meant: defaultdict[str, dict[int, float]] = defaultdict(dict)
    for word, at, worth in _meant(query, variants):
        meant[word][at] = worth
    for token in said:
        if token.word in meant:
            for at, worth in meant[token.word].items():
                yield _Mark(at, token.start, token.end, worth)


def _meant(query: Query, variants: Variants) -> Iterator[tuple[str, int, float]]:
    """Words, the terms they stand for and their worth; the word as typed comes last."""
    for at, term in enumerate(query.terms):
        if term.exact or len(term.words) > 1:
            continue
        for word in variants[at] if at < len(variants) else ():
            yield word, at, 0.8 if word.startswith(term.words[0]) else 0.5
        yield term.words[0], at, 1.0


def _words(text: str, marks: Iterable[_Mark]) -> dict[int, Counter[str]]:
    found: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for mark in marks:
        found[mark.term][text[mark.start : mark.end].casefold()] += 1
    return dict(found)


def _phrases(said: Sequence[Token], term: int, wanted: tuple[str, ...]) -> Iterator[_Mark]:
    length = len(wanted)
    for at, first in enumerate(said):
        if first.word == wanted[0] and tuple(token.word for token in said[at : at + length]) == wanted:
            for token in said[at : at + length]:
                yield _Mark(term, token.start, token.end, 1.0)


def _rarity(words: Counter[str]) -> float:
    return 1 / (1 + math.log(words.total()))


def _passages(
    transcript: Transcript, said: Sequence[Token], marks: Sequence[_Mark]
) -> dict[_Passage, list[_Mark]]:
    """The passages that hold marks, in order of time."""
    lengths = (len(segment.text) + 1 for segment in transcript.segments[:-1])
    segments = list(accumulate(lengths, initial=0))
    starts = [token.start for token in said]
    found: defaultdict[_Passage, list[_Mark]] = defaultdict(list)
    for mark in sorted(marks, key=lambda mark: mark.start):
        segment = bisect_right(segments, mark.start) - 1
        end = segments[segment] + len(transcript.segments[segment].text)
        found[_passage(starts, segment, segments[segment], end, mark)].append(mark)
    return found


def _passage(starts: Sequence[int], segment: int, begins: int, ends: int, mark: _Mark) -> _Passage:
    first = bisect_right(starts, begins - 1)
    after = bisect_right(starts, ends - 1)
    part = (bisect_right(starts, mark.start) - 1 - first) // PASSAGE_WORDS * PASSAGE_WORDS
    start = starts[first + part] if part else begins
    following = first + part + PASSAGE_WORDS
    return _Passage(segment, start, starts[following] if following < after else ends)


def _choose(passages: Mapping[_Passage, Sequence[_Mark]], rarity: Mapping[int, float]) -> list[_Passage]:
    """The best first; each next one is the best at showing what the earlier ones don't."""
    left = list(passages)
    worth = {passage: _worth(passages[passage], rarity) for passage in left}
    chosen: list[_Passage] = []
    shown: set[int] = set()
    while left and len(chosen) < MOST:
        gains = {passage: _gain(passage, left, worth, shown) for passage in left}
        best = max(left, key=lambda passage: gains[passage])
        left.remove(best)
        chosen.append(best)
        shown |= worth[best].keys()
    return chosen


def _worth(marks: Sequence[_Mark], rarity: Mapping[int, float]) -> dict[int, float]:
    worth: dict[int, float] = {}
    for mark in marks:
        worth[mark.term] = max(worth.get(mark.term, 0.0), mark.worth * rarity[mark.term])
    return worth


def _gain(
    passage: _Passage,
    left: Sequence[_Passage],
    worth: Mapping[_Passage, Mapping[int, float]],
    shown: set[int],
) -> float:
    near = dict(_neighbours(passage, left, worth))
    own = worth[passage]
    gain = sum(value * (_REPEATED if term in shown else 1.0) for term, value in own.items())
    return gain + sum(_NEAR * value for term, value in near.items() if term not in own and term not in shown)


def _neighbours(
    passage: _Passage, left: Sequence[_Passage], worth: Mapping[_Passage, Mapping[int, float]]
) -> Iterator[tuple[int, float]]:
    at = left.index(passage)
    for other in left[max(at - 1, 0) : at + 2]:
        if abs(other.segment - passage.segment) <= 1:
            yield from worth[other].items()


def _moment(transcript: Transcript, text: str, passage: _Passage, marks: Sequence[_Mark]) -> Moment:
    segment = transcript.segments[passage.segment]
    shown = text[passage.start : passage.end].rstrip()
    _, second = place(transcript, len(text[: marks[0].start].encode()))
    return Moment(
        start=second,
        end=max(segment.end, second),
        speaker=segment.speaker,
        text=shown,
        matches=tuple(
            dict.fromkeys((mark.start - passage.start, mark.end - passage.start) for mark in marks)
        ),
    )


def _characters(text: str, spans: Iterable[tuple[int, int]]) -> Iterator[int]:
    """Where the byte ranges begin, in characters."""
    if text.isascii():
        yield from (start for start, _ in spans if start < len(text))
        return
    data = text.encode()
    yield from (len(data[:start].decode(errors="ignore")) for start, _ in spans if start < len(data))


def _likeness(word: str, typed: str) -> float:
    if word == typed:
        return 1.0
    if len(typed) > 2 and word.startswith(typed):
        return 0.9
    return SequenceMatcher(None, word, typed).ratio() if len(typed) > 3 else 0.0
