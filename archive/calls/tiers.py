"""How lists of hits become one: weighted reciprocal rank fusion.

Lists of all words, of all but one and of any are joined, not stacked: stacking loses the query with a wrong word.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from msgspec import Struct

DEPTH = 200
"""Hits taken from a list, and calls ranked by fusion; what follows them comes in the engine's own order."""
FEW = 10
"""With fewer calls than this, calls that match less than `enough` words fill up."""
_DAMPING = 60  # Cormack, Clarke and Büttcher, 2009


class Ranking(Struct, frozen=True):
    """Ids, best first, and what a place in this list is worth."""

    weight: float
    ids: Sequence[int]


def enough(terms: int) -> int:
    """How many of a query's terms a call must match to be counted: one may be wrong from three on, two from six on."""
    return terms - (terms >= 3) - (terms >= 6)


def fuse(rankings: Iterable[Ranking]) -> list[int]:
    scores: defaultdict[int, float] = defaultdict(float)
    for ranking in rankings:
        for rank, one in enumerate(dict.fromkeys(ranking.ids)):
            scores[one] += ranking.weight / (_DAMPING + rank)
    return sorted(scores, key=lambda one: (-scores[one], -one))[:DEPTH]
