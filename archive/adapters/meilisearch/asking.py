"""One query of ours as several of Meilisearch's.

It knows no rarity of words, and gives up trailing words only. So: all words first; where that finds few, each choice of
all but one and each word alone, weighted by rarity, in one round; then lists are fused. The last round counts, and asks
where the words stand in the calls of the page.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from archive.adapters.meilisearch.filters import Filter, among, of_filter, of_scope, of_speech
from archive.adapters.meilisearch.shape import FACETS, MOST_HITS
from archive.calls.documents import KIND_CODES, phone_key
from archive.calls.filters import Sort
from archive.calls.query import Phone, Term, spelled
from archive.calls.tiers import DEPTH, FEW, Ranking, enough, fuse
from archive.policy.scope import is_empty
from archive.ports import Counts, EngineAnswer, EngineHit, EngineQuery

Body = dict[str, Any]
MultiSearch = Callable[[list[Body]], Awaitable[list[Mapping[str, Any]]]]
"""Several queries in one request; the answers in their order."""

_KINDS = {code: kind for kind, code in KIND_CODES.items()}


class Branch(Struct, frozen=True):
    """Calls, and the index to search them in. Branches share no call, so their lists and counts can be added."""

    filter: Filter
    index: str


class Want(Struct, frozen=True):
    """One list: calls with all these terms, and with this number."""

    terms: tuple[int, ...]
    phone: Phone | None = None


class Hits(Struct, frozen=True):
    """What all branches answered to a want."""

    ids: tuple[int, ...]
    total: int
    counts: Mapping[str, Mapping[str, int]]


class Asking:
    """`words` and `names`: the indexes with and without what was said."""

    def __init__(self, query: EngineQuery, ask: MultiSearch, words: str, names: str) -> None:
        self._query = query
        self._terms = query.query.terms
        self._ask = ask
        self._branches = list(_branches(query, words, names))

    async def answer(self) -> EngineAnswer:
        everything = tuple(range(len(self._terms)))
        wants = [Want(everything), *(_by_phone(everything, phone) for phone in self._query.query.phones)]
        firsts = dict(zip(wants, await self._lists(wants, self._reach()), strict=True))
        first = firsts[wants[0]]
        if len(wants) == 1 and (len(everything) < 2 or first.total >= FEW):
            return await self._told(first.ids, first.total, first.counts)
        return await self._fused(firsts)

    async def _fused(self, firsts: Mapping[Want, Hits]) -> EngineAnswer:
        wants = list(self._looser()) if max(hits.total for hits in firsts.values()) < FEW else []
        looser = dict(zip(wants, await self._lists(wants, DEPTH), strict=True))
        found = {**firsts, **looser}
        members = {one for want, hits in found.items() if self._is_enough(want) for one in hits.ids}
        fused = fuse(self._rankings(found))
        partial = [one for one in fused if one not in members][: max(FEW - len(members), 0)]
        kept = [one for one in fused if one in members or one in partial]
        kept += sorted(members - set(kept), reverse=True)
        total = max(len(kept), *(hits.total for want, hits in found.items() if self._is_enough(want)))
        ordered, counts = await self._counted(kept)
        return await self._told(ordered, total, counts)

    def _looser(self) -> Iterator[Want]:
        """All words but one, and each alone; quoted ones are never left out."""
        quoted = tuple(at for at, term in enumerate(self._terms) if term.exact)
        others = [at for at, term in enumerate(self._terms) if not term.exact]
        if len(self._terms) > 2:
            for left in others:
                yield Want(tuple(at for at in range(len(self._terms)) if at != left))
        for at in others:
            yield Want(tuple(sorted((*quoted, at))))

    def _is_enough(self, want: Want) -> bool:
        covered = len(set(want.terms) | (want.phone.terms if want.phone else set()))
        return covered >= enough(len(self._terms))

    def _rankings(self, found: Mapping[Want, Hits]) -> Iterator[Ranking]:
        alone = {want.terms[-1]: hits.total for want, hits in found.items() if len(want.terms) == 1}
        rarity = {at: 1 / math.log(math.e + alone.get(at, 0)) for at in range(len(self._terms))}
        whole = sum(rarity.values())
        for want, hits in found.items():
            terms = set(want.terms) | (want.phone.terms if want.phone else set())
            yield Ranking(sum(rarity[at] for at in terms) / whole, hits.ids)

    async def _lists(self, wants: Sequence[Want], limit: int) -> list[Hits]:
        bodies = [self._body(want, branch, limit) for want in wants for branch in self._branches]
        answers = await self._ask(bodies) if bodies else []
        per = len(self._branches)
        return [self._merged(answers[at : at + per]) for at in range(0, len(answers), per)]

    def _body(self, want: Want, branch: Branch, limit: int) -> Body:
        where = [*branch.filter]
        if want.phone:
            where.append(f"phone_keys = {phone_key(want.phone.digits)}")
        body: Body = {
            "indexUid": branch.index,
            "q": " ".join(self._written(want.terms)),
            "filter": where,
            "matchingStrategy": "all",
            "limit": limit,
            "attributesToRetrieve": ["id", "started_at"],
            "showRankingScore": True,
            "facets": FACETS,
        }
        return body | self._order()

    def _order(self) -> Body:
        if self._query.sort is Sort.RELEVANCE and self._terms:
            return {}
        return {"sort": [f"started_at:{'asc' if self._query.sort is Sort.OLDEST else 'desc'}"]}

    def _written(self, terms: Sequence[int]) -> Iterator[str]:
        """Words of letters and digits, in quotes and behind a minus of our own only."""
        for at in terms:
            yield _written(self._terms[at])
        for term in self._query.query.without:
            yield f"-{_written(term)}"

    def _merged(self, answers: Sequence[Mapping[str, Any]]) -> Hits:
        hits = [hit for answer in answers for hit in answer["hits"]]
        if len(answers) > 1:
            hits.sort(key=self._rank)
        counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for answer in answers:
            for field, values in answer.get("facetDistribution", {}).items():
                counts[field].update(values)
        ids = tuple(int(hit["id"]) for hit in hits)
        return Hits(ids, sum(answer["estimatedTotalHits"] for answer in answers), counts)

    def _rank(self, hit: Mapping[str, Any]) -> float:
        if not self._order():
            return -float(hit["_rankingScore"])
        return float(hit["started_at"]) * (1 if self._query.sort is Sort.OLDEST else -1)

    async def _counted(self, ids: Sequence[int]) -> tuple[Sequence[int], Mapping[str, Mapping[str, int]]]:
        """The calls in the order asked for, and what is counted over them."""
        if not ids:
            return ids, {}
        body: Body = {
            "filter": [among("id", ids)],
            "limit": len(ids),
            "attributesToRetrieve": ["id"],
            "facets": FACETS,
        }
        answer = (await self._ask([body | self._order()]))[0]
        ordered = [int(hit["id"]) for hit in answer["hits"]] if self._order() else ids
        return ordered, answer["facetDistribution"]

    async def _told(
        self, ids: Sequence[int], total: int, counts: Mapping[str, Mapping[str, int]]
    ) -> EngineAnswer:
        page = ids[self._query.offset : self._query.offset + self._query.limit]
        spans = await self._spans(page)
        hits = tuple(EngineHit(one, tuple(sorted(spans[one]))) for one in page)
        return EngineAnswer(hits=hits, total=total, counts=_counts(counts))

    async def _spans(self, page: Sequence[int]) -> Mapping[int, set[tuple[int, int]]]:
        """Where each word stands in the texts of the page; phrases are looked up in the database's text."""
        found: defaultdict[int, set[tuple[int, int]]] = defaultdict(set)
        single = [term for term in self._terms if not term.exact]
        if not page or not single or is_empty(self._query.speech):
            return found
        for answer in await self._ask([self._marking(term, page) for term in single]):
            for hit in answer["hits"]:
                matches = hit["_matchesPosition"].get("text", ())
                found[int(hit["id"])].update(
                    (match["start"], match["start"] + match["length"]) for match in matches
                )
        return found

    def _marking(self, term: Term, page: Sequence[int]) -> Body:
        return {
            "q": _written(term),
            "filter": [of_speech(self._query), among("id", page)],
            "attributesToSearchOn": ["text"],
            "limit": len(page),
            "attributesToRetrieve": ["id"],
            "showMatchesPosition": True,
        }

    def _reach(self) -> int:
        return min(max(DEPTH, self._query.offset + self._query.limit), MOST_HITS)


def _branches(query: EngineQuery, words: str, names: str) -> Iterator[Branch]:
    """Where speech may be read, words match names and text; in the rest of `find`, names alone."""
    common = [*of_filter(query.filter), *([f"NOT {among('id', query.owed)}"] if query.owed else [])]
    if not is_empty(query.speech):
        yield Branch([of_speech(query), *common], words)
    if not query.all_speech:
        rest = [of_scope(query.find), f"NOT ({of_speech(query)})"]
        yield Branch([*rest, *common], names)


def _by_phone(terms: Sequence[int], phone: Phone) -> Want:
    return Want(tuple(at for at in terms if at not in phone.terms), phone)


def _written(term: Term) -> str:
    words = " ".join(spelled(term))
    return f'"{words}"' if term.exact else words


def _counts(counted: Mapping[str, Mapping[str, int]]) -> Counts:
    def ids(field: str) -> dict[int, int]:
        return {int(key): calls for key, calls in counted.get(field, {}).items()}

    return Counts(
        partners=ids("partner_id"),
        clients=ids("client_id"),
        teams=ids("team_id"),
        agents=ids("agent_id"),
        kinds={_KINDS[code]: calls for code, calls in ids("kind").items()},
        labels=counted.get("labels", {}),
    )
