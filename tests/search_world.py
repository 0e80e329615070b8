"""Calls, their words and both search engines, for the tests and benchmarks of searching."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from archive.adapters.meilisearch import MeilisearchIndex
from archive.adapters.tantivy import TantivyIndex
from archive.calls.call import (
    AgentRef,
    Call,
    ClientRef,
    Direction,
    Kind,
    Named,
    Recording,
    State,
    TranscriptRef,
)
from archive.calls.documents import CallDocument, document
from archive.calls.filters import CallFilter, Sort
from archive.calls.query import parse
from archive.calls.transcript import Segment, Transcript, Word
from archive.policy.scope import AllCalls, Scope
from archive.ports import EngineAnswer, EngineQuery, SearchIndex, Withheld
from tests.parts import SearchIndexes

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
PARTNERS = {1: "Alder Freight", 2: "Birch Telecom", 3: "Cedar Insurance"}


def make_call(
    id: int,
    *,
    partner: int | None = 1,
    team: int | None = None,
    agent: int | None = None,
    client: str | None = None,
    phone: str | None = None,
    labels: tuple[str, ...] = (),
    kind: Kind = Kind.PHONE,
    direction: Direction | None = None,
    sealed: bool = False,
    duration: float | None = None,
    note: str | None = None,
    external_id: str | None = None,
    source: str | None = None,
) -> Call:
    """A ready call; each id starts an hour after the one before."""
    return Call(
        id=id,
        uid=f"call-{id}",
        kind=kind,
        direction=direction,
        started_at=NOON + timedelta(hours=id),
        received_at=NOON + timedelta(hours=id, minutes=30),
        state=State.READY,
        recording=Recording(f"originals/{id}", "0" * 64, 1),
        registration_id=1,
        partner=Named(partner, f"partner-{partner}", PARTNERS.get(partner, f"Partner {partner}"))
        if partner
        else None,
        client=ClientRef(id, f"client-{id}", client or f"Client {id}", phone),
        agent=AgentRef(agent, f"agent-{agent}", f"Agent {agent}") if agent else None,
        team=Named(team, f"team-{team}", f"Team {team}") if team else None,
        labels=labels,
        sealed=sealed,
        duration=duration,
        note=note,
        external_id=external_id,
        source=source,
        transcript=TranscriptRef(1, "imported"),
    )


def said(*texts: str) -> Transcript:
    """Segments of ten seconds, two speakers in turn, and in each a word every half second."""
    return Transcript(tuple(_segment(at, text) for at, text in enumerate(texts)))


def _segment(at: int, text: str) -> Segment:
    start = 10.0 * at
    times = (start + 0.5 * place for place in range(len(text.split())))
    words = tuple(Word(word, time, time + 0.4) for word, time in zip(text.split(), times, strict=True))
    return Segment(start, start + 9.5, text, speaker=("Agent", "Caller")[at % 2], words=words)


def tantivy_engine(folder: Path) -> SearchIndex:
    return TantivyIndex(folder)


def meilisearch_engine(indexes: SearchIndexes) -> SearchIndex:
    return MeilisearchIndex(indexes.server.url, indexes.server.key, indexes.prefix)


Make = Callable[[], SearchIndex]
"""Another adapter on the same index: another process, or the same one started again."""


async def ask(
    index: SearchIndex,
    typed: str = "",
    *,
    find: Scope | None = None,
    speech: Scope | None = None,
    filter: CallFilter | None = None,
    sort: Sort = Sort.RELEVANCE,
    offset: int = 0,
    limit: int = 50,
    owed: frozenset[int] = frozenset(),
    withheld: tuple[Withheld, ...] = (),
    told: frozenset[int] = frozenset(),
) -> EngineAnswer:
    """`speech` is `find` where it isn't given; `find` is all calls."""
    find = find or AllCalls()
    return await index.search(
        EngineQuery(
            query=parse(typed),
            filter=filter or CallFilter(),
            find=find,
            speech=speech or find,
            sort=sort,
            offset=offset,
            limit=limit,
            owed=owed,
            withheld=withheld,
            told=told,
        )
    )


def ids(answer: EngineAnswer) -> list[int]:
    return [hit.call_id for hit in answer.hits]


def documents(calls: Sequence[tuple[Call, Transcript | None]]) -> list[CallDocument]:
    return [document(call, transcript) for call, transcript in calls]
