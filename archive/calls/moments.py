"""Where in a call the words of a query were said: up to three moments, each a passage with its second and its marks."""

import math
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import accumulate, islice

from msgspec import Struct

from archive.calls.query import Query, Token, occurrences, tokens
from archive.calls.transcript import Transcript, place, text_of

MOST = 3
PASSAGE_WORDS = 40
"""A longer segment is shown in passages of so many words."""
_COMPLETED, _LOOKALIKE = 0.8, 0.5
"""What a word counts that begins with the one typed, and one that resembles it."""
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


class _Passage(Struct):
    """Characters [start, end) of the call's text, in one segment. `worth`: of each term that it holds."""

    segment: int
    start: int
    end: int
    marks: list[_Mark]
    worth: dict[int, float]


def hear(transcript: Transcript, query: Query, variants: Variants) -> Heard:
    text = text_of(transcript)
    marks = _marks(text, query, variants)
    spoken = _words(text, marks)
    passages = _passages(transcript, text, marks)
    rarity = {term: 1 / (1 + math.log(words.total())) for term, words in spoken.items()}
    for passage in passages:
        for mark in passage.marks:
            worth = mark.worth * rarity[mark.term]
            passage.worth[mark.term] = max(worth, passage.worth.get(mark.term, 0.0))
    return Heard(tuple(_moment(transcript, text, passage) for passage in _choose(passages)), spoken)


def mentions(text: str, query: Query, variants: Variants) -> dict[int, Counter[str]]:
    """For each term that the text holds, the words that stand for it."""
    return _words(text, _marks(text, query, variants))


def variants_at(transcript: Transcript, query: Query, spans: Iterable[tuple[int, int]]) -> Variants:
    """The words at byte ranges of the call's text, each for the terms that it resembles.

    Ranges from an index older than the transcript hit any word: one that resembles no term is left out."""
    text = text_of(transcript)
    words = {token.word for at in _characters(text, spans) for token in islice(tokens(text, at), 1)}
    return resembling(words, query)


def resembling(words: Collection[str], query: Query) -> Variants:
    """Which of the words stand for which term, where the engine doesn't tell."""
    return [
        frozenset(word for word in words if len(term.words) == 1 and _likeness(word, term.words[0]) >= _ALIKE)
        for term in query.terms
    ]


def _marks(text: str, query: Query, variants: Variants) -> list[_Mark]:
    """In the order of the text."""
    meant: defaultdict[str, dict[int, float]] = defaultdict(dict)
    for word, term, worth in _meant(query, variants):
        meant[word][term] = worth
    begins = {term.words[0] for term in query.terms}
    marks = []
    for token in occurrences(text, begins | meant.keys()):
        marks += [_Mark(term, token.start, token.end, worth) for term, worth in meant[token.word].items()]
        marks += _phrases(text, query, token)
    return sorted(_plainest(marks), key=lambda mark: mark.start)


def _plainest(marks: Sequence[_Mark]) -> Iterator[_Mark]:
    """Where a call holds a word as typed, or one that begins with it, those that only look like it say nothing."""
    plain = {mark.term for mark in marks if mark.worth > _LOOKALIKE}
    return (mark for mark in marks if mark.worth > _LOOKALIKE or mark.term not in plain)


def _meant(query: Query, variants: Variants) -> Iterator[tuple[str, int, float]]:
    """Words, the terms they stand for and their worth; the word as typed comes last."""
    for at, term in enumerate(query.terms):
        if term.exact or len(term.words) > 1:
            continue
        for word in variants[at] if at < len(variants) else ():
            yield word, at, _COMPLETED if word.startswith(term.words[0]) else _LOOKALIKE
        yield term.words[0], at, 1.0


def _phrases(text: str, query: Query, first: Token) -> Iterator[_Mark]:
    """The quoted terms that begin at a word."""
    for at, term in enumerate(query.terms):
        if (term.exact or len(term.words) > 1) and term.words[0] == first.word:
            run = list(islice(tokens(text, first.start), len(term.words)))
            if tuple(token.word for token in run) == term.words:
                yield from (_Mark(at, token.start, token.end, 1.0) for token in run)


def _words(text: str, marks: Iterable[_Mark]) -> dict[int, Counter[str]]:
    found: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for mark in marks:
        found[mark.term][text[mark.start : mark.end].casefold()] += 1
    return dict(found)


def _passages(transcript: Transcript, text: str, marks: Sequence[_Mark]) -> list[_Passage]:
    """The passages that hold marks, in order of time."""
    starts = list(accumulate((len(segment.text) + 1 for segment in transcript.segments), initial=0))
    found: list[_Passage] = []
    for mark in marks:
        if not found or mark.start >= found[-1].end:
            segment = bisect_right(starts, mark.start) - 1
            start, end = _passage(text, starts[segment], starts[segment + 1] - 1, mark.start)
            found.append(_Passage(segment, start, end, [], {}))
        found[-1].marks.append(mark)
    return found


def _passage(text: str, start: int, end: int, at: int) -> tuple[int, int]:
    """The segment [start, end), or the part of it with `at` if it is long."""
    if text.count(" ", start, end) < PASSAGE_WORDS:
        return start, end
    cuts = [token.start for token in tokens(text[start:end])][PASSAGE_WORDS::PASSAGE_WORDS]
    bounds = [start, *(start + cut for cut in cuts), end]
    part = bisect_right(bounds, at, hi=len(bounds) - 1) - 1
    return bounds[part], bounds[part + 1]


def _choose(passages: Sequence[_Passage]) -> list[_Passage]:
    """The best first; each next one is the best at showing what the earlier ones don't."""
    left = set(range(len(passages)))
    chosen: list[_Passage] = []
    shown: set[int] = set()
    while left and len(chosen) < MOST:
        best = max(sorted(left), key=lambda at: _gain(passages, at, shown))
        left.remove(best)
        chosen.append(passages[best])
        shown |= passages[best].worth.keys()
    return chosen


def _gain(passages: Sequence[_Passage], at: int, shown: set[int]) -> float:
    own = passages[at]
    gain = sum(worth * (_REPEATED if term in shown else 1.0) for term, worth in own.worth.items())
    for near in (*passages[max(at - 1, 0) : at], *passages[at + 1 : at + 2]):
        if abs(near.segment - own.segment) <= 1:
            new = near.worth.keys() - own.worth.keys() - shown
            gain += sum(_NEAR * near.worth[term] for term in new)
    return gain


def _moment(transcript: Transcript, text: str, passage: _Passage) -> Moment:
    segment = transcript.segments[passage.segment]
    first = passage.marks[0].start
    second = place(transcript, len(text[:first].encode()))[1] if segment.words else segment.start
    places = ((mark.start - passage.start, mark.end - passage.start) for mark in passage.marks)
    return Moment(
        start=second,
        end=max(segment.end, second),
        speaker=segment.speaker,
        text=text[passage.start : passage.end].rstrip(),
        matches=tuple(dict.fromkeys(places)),
    )


def _characters(text: str, spans: Iterable[tuple[int, int]]) -> Iterator[int]:
    """Where the byte ranges begin, in characters."""
    if text.isascii():
        yield from (start for start, _ in spans)
        return
    data = text.encode()
    yield from (len(data[:start].decode(errors="ignore")) for start, _ in spans)


def _likeness(word: str, typed: str) -> float:
    if word == typed:
        return 1.0
    if len(typed) > 2 and word.startswith(typed):
        return 0.9
    return SequenceMatcher(None, word, typed).ratio() if len(typed) > 3 else 0.0
