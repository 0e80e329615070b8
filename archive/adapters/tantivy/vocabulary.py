"""The words an index holds, and which of them a typed word may stand for.

tantivy's own fuzzy queries score all variants alike; these keep rarity, that of the word typed: `reufnd` weighs as much
as `refund`, and a common look-alike of a rare word doesn't drown it.
"""

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import islice

from msgspec import Struct
from rapidfuzz import process
from rapidfuzz.distance import OSA
from tantivy import Searcher

COMPLETIONS = 20
LOOKALIKES = 12
KNOWN = 4_096
"""Typed words whose variants are kept while the index stays as it is."""
_COMPLETED = 0.7
_LOOKS = {1: 0.5, 2: 0.3}
"""What a variant is worth beside the word itself, by the typing slips between them."""


class Variant(Struct, frozen=True):
    """A word of the index and the factor for its score."""

    word: str
    weight: float


class Vocabulary:
    """The words of one state of the index. Building it takes about a millisecond for each 3,000 words."""

    def __init__(self, searcher: Searcher) -> None:
        self._calls = searcher.num_docs
        self._counts = _counts(searcher)
        self._sorted = sorted(self._counts)
        self._by_length: defaultdict[int, list[str]] = defaultdict(list)
        for word in self._sorted:
            self._by_length[len(word)].append(word)
        self._known: dict[str, tuple[Variant, ...]] = {}

    def variants(self, word: str) -> tuple[Variant, ...]:
        """The word itself first, whether or not the index holds it."""
        if word not in self._known:
            if len(self._known) >= KNOWN:
                self._known.clear()
            self._known[word] = tuple(self._variants(word))
        return self._known[word]

    def _variants(self, word: str) -> Iterator[Variant]:
        worth = {**self._lookalikes(word), **self._completions(word)}
        worth.pop(word, None)
        typed = self._counts.get(word) or sum(self._counts[other] for other in worth)
        yield Variant(word, 1.0)
        for other, factor in worth.items():
            yield Variant(other, factor * self._rarity(typed) / self._rarity(self._counts[other]))

    def _rarity(self, count: int) -> float:
        """BM25's inverse document frequency."""
        count = min(count, self._calls)
        return math.log(1 + (self._calls - count + 0.5) / (count + 0.5))

    def _completions(self, word: str) -> dict[str, float]:
        if len(word) < 3:
            return {}
        begins = bisect_left(self._sorted, word)
        following = list(islice(self._beginning(word, begins), 1_000))
        following.sort(key=lambda other: -self._counts[other])
        return dict.fromkeys(following[:COMPLETIONS], _COMPLETED)

    def _beginning(self, word: str, at: int) -> Iterator[str]:
        while at < len(self._sorted) and self._sorted[at].startswith(word):
            yield self._sorted[at]
            at += 1

    def _lookalikes(self, word: str) -> dict[str, float]:
        slips = _slips(word)
        found: list[tuple[int, str]] = []
        for length in range(len(word) - slips, len(word) + slips + 1) if slips else ():
            near = process.extract(
                word,
                self._by_length.get(length, ()),
                scorer=OSA.distance,
                score_cutoff=slips,
                limit=LOOKALIKES,
            )
            found += [(int(distance), other) for other, distance, _ in near]
        found.sort(key=lambda pair: (pair[0], -self._counts[pair[1]]))
        return {other: _LOOKS[max(distance, 1)] for distance, other in found[:LOOKALIKES]}


def _slips(word: str) -> int:
    """How many slips are allowed: none in short words and numbers."""
    if len(word) < 4 or any(letter.isdigit() for letter in word):
        return 0
    return 1 if len(word) < 8 else 2


def _counts(searcher: Searcher) -> Mapping[str, int]:
    counts: defaultdict[str, int] = defaultdict(int)
    for field in ("text", "names"):
        for word, calls in searcher.terms_with_prefix(field, ""):
            counts[word] += calls
    return counts
