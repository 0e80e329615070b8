"""One search on one state of the index: lists from both levels, fused, counted and paged."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from tantivy import Order, Query, Schema, Searcher

from archive.adapters.tantivy.filters import all_of, among, any_of
from archive.adapters.tantivy.level import Level, of_calls, of_windows, unscored
from archive.adapters.tantivy.vocabulary import Variant, Vocabulary
from archive.calls.documents import KIND_CODES
from archive.calls.filters import Sort
from archive.calls.query import Term
from archive.calls.tiers import DEPTH, FEW, Ranking, enough, fuse
from archive.ports import Counts, EngineAnswer, EngineHit, EngineQuery

_WINDOWS = 2 * DEPTH
"""Windows taken from a list: a call has several."""
_VALUES = 50
"""Values counted of each field, the most frequent first."""
_KINDS = {code: kind for kind, code in KIND_CODES.items()}


class Snapshot:
    """The index as of one commit. Safe to share between threads."""

    def __init__(
        self, calls: Searcher, windows: Searcher, schemas: tuple[Schema, Schema], vocabulary: Vocabulary
    ) -> None:
        self.calls = calls
        self.windows = windows
        self.schemas = schemas
        self.vocabulary = vocabulary

    def answer(self, query: EngineQuery) -> EngineAnswer:
        return Search(self, query).answer()


class Search:
    def __init__(self, snapshot: Snapshot, query: EngineQuery) -> None:
        terms = query.query.terms
        self._calls, self._windows = snapshot.calls, snapshot.windows
        self._query = query
        self._variants = [_variants(snapshot.vocabulary, term) for term in terms]
        self._schema, window_schema = snapshot.schemas
        self._call_level = of_calls(self._schema, query, self._variants)
        self._window_level = of_windows(window_schema, query, self._variants)
        self._enough = enough(len(terms))
        self._members = self._call_level.matching(self._enough)

    def answer(self) -> EngineAnswer:
        ranked = bool(self._query.query.terms) and self._query.sort is Sort.RELEVANCE
        found, ids, total = self._ranked() if ranked else self._dated()
        return EngineAnswer(
            hits=tuple(EngineHit(call_id) for call_id in ids),
            total=total,
            counts=self._counts(found),
            variants=tuple(frozenset(variant.word for variant in variants) for variants in self._variants),
        )

    def _dated(self) -> tuple[Query, Sequence[int], int]:
        order = Order.Asc if self._query.sort is Sort.OLDEST else Order.Desc
        result = self._calls.search(
            self._members,
            max(self._query.limit, 1),
            order_by_field="started_at",
            offset=self._query.offset,
            order=order,
        )
        ids = _ids(self._calls, result.hits)[: self._query.limit]
        return self._members, ids, self._count(self._members)

    def _ranked(self) -> tuple[Query, Sequence[int], int]:
        """The fused calls first, then the other members by score."""
        fused = fuse(self._rankings())
        total = self._count(self._members)
        kept = set(self._among(self._members, fused))
        found = self._members
        if total < FEW:
            partial = self._partial(fused, kept)[: FEW - total]
            kept.update(partial)
            total += len(partial)
            found = any_of(found, among(self._schema, "call_id", partial))
        head = [call_id for call_id in fused if call_id in kept]
        return found, self._page(head), total

    def _rankings(self) -> Iterator[Ranking]:
        terms = len(self._query.query.terms)
        for least, weight in dict.fromkeys(_tiers(terms)):
            yield Ranking(weight, self._list(self._windows, self._window_level, least, _WINDOWS))
            yield Ranking(weight, self._list(self._calls, self._call_level, least, DEPTH))

    def _list(self, searcher: Searcher, level: Level, least: int, depth: int) -> Sequence[int]:
        return _ids(searcher, searcher.search(level.matching(least), depth, count=False).hits)

    def _partial(self, fused: Sequence[int], members: Collection[int]) -> list[int]:
        others = [call_id for call_id in fused if call_id not in members]
        allowed = set(self._among(self._call_level.matching(1), others))
        return [call_id for call_id in others if call_id in allowed]

    def _among(self, query: Query, ids: Sequence[int]) -> Sequence[int]:
        """Those of `ids` that match."""
        if not ids:
            return []
        narrowed = all_of(query, unscored(among(self._schema, "call_id", ids)))
        return _ids(self._calls, self._calls.search(narrowed, len(ids), count=False).hits)

    def _page(self, head: Sequence[int]) -> Sequence[int]:
        offset, limit = self._query.offset, self._query.limit
        page = list(head[offset : offset + limit])
        if len(page) == limit:
            return page
        ahead = set(head)
        tail = self._list(self._calls, self._call_level, self._enough, offset + limit)
        others = [call_id for call_id in tail if call_id not in ahead]
        after = max(offset - len(head), 0)
        return page + others[after : after + limit - len(page)]

    def _count(self, query: Query) -> int:
        return int(self._calls.search(query, 1).count)  # type: ignore[attr-defined]  # missing from its stubs

    def _counts(self, found: Query) -> Counts:
        fields = ("partner_id", "client_id", "team_id", "agent_id", "kind", "labels")
        wanted = {field: {"terms": {"field": field, "size": _VALUES}} for field in fields}
        counted = self._calls.aggregate(found, wanted)
        partners, clients, teams, agents, kinds, labels = (_buckets(counted[field]) for field in fields)
        return Counts(
            partners=partners,
            clients=clients,
            teams=teams,
            agents=agents,
            kinds={_KINDS[code]: calls for code, calls in kinds.items()},
            labels=labels,
        )


def _tiers(terms: int) -> Iterator[tuple[int, float]]:
    """How many terms a list asks for, and its weight."""
    yield terms, 1.0
    if terms > 2:
        yield terms - 1, 0.6
    if terms > 1:
        yield 1, 0.5


def _variants(vocabulary: Vocabulary, term: Term) -> tuple[Variant, ...]:
    if term.exact or len(term.words) > 1:
        return tuple(Variant(word, 1.0) for word in term.words)
    return vocabulary.variants(term.words[0])


def _ids(searcher: Searcher, hits: Sequence[tuple[Any, Any]]) -> list[int]:
    """The calls of hits, each once."""
    values = searcher.fast_field_values("call_id", [address for _, address in hits])
    return list(dict.fromkeys(int(value) for value in values if value is not None))


def _buckets(counted: dict[str, Any]) -> dict[Any, int]:
    return {bucket["key"]: bucket["doc_count"] for bucket in counted["buckets"]}
