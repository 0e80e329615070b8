"""How long a search takes: the use case (scope, engine, recheck, moments, event) against the engine called directly.

    python -m tests.bench.search [--calls 20000] [--engine tantivy] [--engine meilisearch]

Generated calls of about 1,200 words whose rarity falls as in real text; queries of several kinds, each asked of both in
turn. Times in milliseconds. Words are generated from a seed, so every run asks the same.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import accumulate
from pathlib import Path

from msgspec import Struct

from archive.adapters.db.database import SqlDatabase
from archive.adapters.db.migrate import upgrade
from archive.adapters.ffmpeg import FFmpegEngine
from archive.adapters.files import FolderStore
from archive.adapters.jobs import NoDoorbell
from archive.adapters.limiter import NoLimiter
from archive.adapters.passwords import Argon2Hasher
from archive.adapters.transcripts import TranscriptFormats
from archive.calls.asked import Ask
from archive.calls.call import Kind, Recording
from archive.calls.caller import Caller
from archive.calls.filters import CallFilter
from archive.calls.index import reindex
from archive.calls.query import parse
from archive.calls.search import search
from archive.calls.sound import AudioLimits
from archive.calls.transcript import Segment, Transcript
from archive.ids import uuid7
from archive.policy.actions import Role
from archive.policy.principal import Grant, Principal, PrincipalKind
from archive.policy.scope import AllCalls, Unsealed
from archive.ports import EngineQuery, NewCall, Parts, SearchIndex
from tests.parts import Meilisearch, SearchIndexes
from tests.search_world import meilisearch_engine, tantivy_engine

WORDS_OF_A_CALL = 1_200
WORDS_OF_A_SEGMENT = 20
VOCABULARY = 30_000
QUERIES = 120
PARTNERS = 40
START = datetime(2026, 1, 1, tzinfo=UTC)
SCOPE = Unsealed(AllCalls())


class Times(Struct):
    """Milliseconds of each query."""

    engine: list[float]
    use_case: list[float]


class Speech:
    """Made-up words, each as rare as its rank."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.words = sorted({self._word() for _ in range(VOCABULARY)})
        self.random.shuffle(self.words)
        self._rarity = list(accumulate(1 / (rank + 3) for rank in range(len(self.words))))

    def say(self, words: int) -> list[str]:
        return self.random.choices(self.words, cum_weights=self._rarity, k=words)

    def transcript(self) -> Transcript:
        said = self.say(WORDS_OF_A_CALL)
        spoken = (said[at : at + WORDS_OF_A_SEGMENT] for at in range(0, len(said), WORDS_OF_A_SEGMENT))
        return Transcript(
            tuple(
                Segment(8.0 * at, 8.0 * at + 7.5, " ".join(words), ("agent", "caller")[at % 2], at % 2)
                for at, words in enumerate(spoken)
            )
        )

    def _word(self) -> str:
        syllables = self.random.choices(
            [first + second for first in "bdfgklmnprstvz" for second in "aeiou"], k=self.random.randint(2, 4)
        )
        return "".join(syllables)


def queries(speech: Speech, spoken: Sequence[Transcript]) -> Iterator[str]:
    """Words in one place, scattered, with a slip, with a wrong word, one alone, and a partner with a topic."""
    kinds = (_together, _scattered, _slip, _wrong, _alone, _partner)
    for at in range(QUERIES):
        transcript = speech.random.choice(spoken)
        yield kinds[at % len(kinds)](speech.random, transcript)


def _words(transcript: Transcript) -> list[str]:
    return " ".join(segment.text for segment in transcript.segments).split()


def _together(chance: random.Random, transcript: Transcript) -> str:
    return " ".join(chance.sample(chance.choice(transcript.segments).text.split(), 3))


def _scattered(chance: random.Random, transcript: Transcript) -> str:
    return " ".join(chance.sample(_words(transcript), 3))


def _slip(chance: random.Random, transcript: Transcript) -> str:
    first, second = chance.sample([word for word in _words(transcript) if len(word) > 4], 2)
    return f"{first[0]}{first[2]}{first[1]}{first[3:]} {second}"


def _wrong(chance: random.Random, transcript: Transcript) -> str:
    return " ".join([*chance.sample(_words(transcript), 4), "wrongword"])


def _alone(chance: random.Random, transcript: Transcript) -> str:
    return chance.choice(_words(transcript))


def _partner(chance: random.Random, transcript: Transcript) -> str:
    return f"Partner{chance.randrange(PARTNERS)} {chance.choice(_words(transcript))}"


async def fill(
    database: SqlDatabase, speech: Speech, calls: int, partner_count: int = PARTNERS
) -> list[Transcript]:
    """Calls with their transcripts; some of them, for the queries."""
    kept: list[Transcript] = []
    async with database.write() as work:
        partners = [await work.names.add_partner(f"Partner{at}") for at in range(partner_count)]
    for first in range(0, calls, 200):
        async with database.write() as work:
            for at in range(first, min(first + 200, calls)):
                call = await work.calls.add(_new_call(at, partners[at % partner_count].id))
                transcript = speech.transcript()
                await work.transcripts.add(call, transcript, "imported", SEEKER.principal)
                if at % 50 == 0:
                    kept.append(transcript)
    return kept


def _new_call(at: int, partner_id: int) -> NewCall:
    uid = uuid7()
    return NewCall(
        uid=uid,
        kind=Kind.PHONE,
        direction=None,
        started_at=START + timedelta(minutes=at),
        received_at=START + timedelta(minutes=at),
        recording=Recording(f"originals/{uid}", uid, 1),
        registration_id=1,
        partner_id=partner_id,
    )


SEEKER = Caller(
    Principal(
        id=1,
        uid="seeker",
        kind=PrincipalKind.PERSON,
        name="Seeker",
        grants=(Grant(1, "grant", AllCalls(), Role.TEAM_LEAD, frozenset(), START, None, "", "console"),),
    )
)


async def measure(parts: Parts, asked: Sequence[str]) -> Times:
    """Engine and use case in turn, after a round to warm up."""
    times = Times([], [])
    for round_ in range(2):
        for typed in asked:
            engine = await _timed(partial(parts.index.search, _engine_query(typed)))
            use_case = await _timed(partial(search, parts, SEEKER, Ask(q=typed)))
            if round_:
                times.engine.append(engine)
                times.use_case.append(use_case)
    return times


def _engine_query(typed: str) -> EngineQuery:
    return EngineQuery(parse(typed), CallFilter(), SCOPE, SCOPE)


async def _timed(work: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await work()
    return (time.perf_counter() - began) * 1000


@asynccontextmanager
async def opened(name: str, folder: Path) -> AsyncIterator[SearchIndex]:
    server = Meilisearch() if name == "meilisearch" else None
    index = (
        meilisearch_engine(SearchIndexes(server.start(), "bench"))
        if server
        else tantivy_engine(folder / "index")
    )
    yield index
    await index.close()
    if server:
        server.stop()


async def run(calls: int, engines: Sequence[str]) -> None:
    speech = Speech(7)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'archive.sqlite3'}"
        upgrade(url)
        database = SqlDatabase(url)
        spoken = await fill(database, speech, calls)
        asked = list(queries(speech, spoken))
        print(f"{calls:,} calls of {WORDS_OF_A_CALL:,} words, {len(asked)} queries; milliseconds")
        print(
            "| engine | indexing | engine p50 | engine p99 | search p50 | search p99 | ratio p50 | ratio p99 |"
        )
        print("|---|---|---|---|---|---|---|---|")
        for engine in engines:
            async with opened(engine, folder) as index:
                await report(engine, parts_of(database, index, folder), asked)
        await database.close()


async def report(engine: str, parts: Parts, asked: Sequence[str]) -> None:
    indexing = await _timed(lambda: reindex(parts, SEEKER, lambda _: None))
    times = await measure(parts, asked)
    low, high = (_percentiles(each) for each in (times.engine, times.use_case))
    figures = (*low, *high, high[0] / low[0], high[1] / low[1])
    row = " | ".join(f"{figure:.1f}" for figure in figures)
    print(f"| {engine} | {indexing / 1000:.0f} s | {row} |", flush=True)


def _percentiles(times: Sequence[float]) -> tuple[float, float]:
    return statistics.median(times), statistics.quantiles(times, n=100)[98]


def parts_of(database: SqlDatabase, index: SearchIndex, folder: Path) -> Parts:
    return Parts(
        database=database,
        blobs=FolderStore(folder / "recordings"),
        index=index,
        doorbell=NoDoorbell(),
        audio=FFmpegEngine(AudioLimits()),
        formats=TranscriptFormats(),
        passwords=Argon2Hasher(),
        limiter=NoLimiter(),
    )


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--calls", type=int, default=20_000)
    options.add_argument("--engine", action="append", choices=("tantivy", "meilisearch"))
    given = options.parse_args()
    asyncio.run(run(given.calls, given.engine or ("tantivy", "meilisearch")))


if __name__ == "__main__":
    main()
