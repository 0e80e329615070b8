"""What deciding costs: one call, by somebody with 1,000 grants; and a search by somebody with 500 partners.

    python -m tests.bench.policy [--quick]      20,000 decisions and 400 searches, or a tenth

The call is reached by the last grant, by none, or not by this action: each the slowest of its kind. The search is the
whole use case on 5,000 calls of 500 partners, on SQLite and tantivy, by somebody whose 500 grants name a partner each,
beside one with a single grant on all. Targets: p99 below 1 ms a decision; at most twice the time of the other's search.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from msgspec import Struct

from archive.adapters.db.database import SqlDatabase
from archive.adapters.db.migrate import upgrade
from archive.calls.asked import Ask
from archive.calls.caller import Caller
from archive.calls.index import reindex
from archive.calls.search import search
from archive.ids import uuid7
from archive.policy.actions import Action, Role
from archive.policy.decide import decide
from archive.policy.principal import Grant, Principal, PrincipalKind
from archive.policy.scope import AllCalls, Partner, Scope
from archive.ports import Parts
from tests.bench.rounds import ratio
from tests.bench.search import Speech, fill, opened, parts_of, queries
from tests.bench.table import markdown

GRANTS, PARTNERS, CALLS = 1_000, 500, 5_000
DECISIONS, QUICK_DECISIONS = 20_000, 2_000
ROUNDS, QUICK_ROUNDS = 3, 1
NOW = datetime(2026, 11, 22, tzinfo=UTC)


class Placed(Struct, frozen=True):
    """A call, as far as scopes look at it."""

    partner_id: int
    id: int = 1
    team_id: int | None = None
    client_id: int | None = None
    agent_id: int | None = None
    sealed: bool = False


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    decisions = QUICK_DECISIONS if quick else DECISIONS
    print(
        f"One call, somebody with {GRANTS:,} grants, {decisions:,} decisions of each; processor microseconds."
    )
    print(markdown(("decision", "p50", "p99"), _deciding(decisions)))
    print()
    asyncio.run(_searching(QUICK_ROUNDS if quick else ROUNDS))


def somebody(scopes: Sequence[Scope]) -> Principal:
    """Each scope by a grant of its own."""
    grants = tuple(
        Grant(at + 1, uuid7(), scope, Role.PARTNER_MANAGER, frozenset(), NOW, None, "", "console")
        for at, scope in enumerate(scopes)
    )
    return Principal(id=1, uid="seeker", kind=PrincipalKind.PERSON, name="Seeker", grants=grants)


def of_partners(count: int) -> list[Scope]:
    return [Partner(frozenset({at + 1})) for at in range(count)]


def _deciding(decisions: int) -> Iterator[tuple[str, ...]]:
    who, last, foreign = somebody(of_partners(GRANTS)), Placed(GRANTS), Placed(GRANTS + 1)
    for name, action, call in (
        ("let by the last grant", Action.LISTEN, last),
        ("let by none", Action.LISTEN, foreign),
        ("no such right", Action.DELETE, foreign),
    ):
        times = sorted(_microseconds(partial(decide, who, action, call, NOW)) for _ in range(decisions))
        yield name, f"{statistics.median(times):.0f}", f"{times[len(times) * 99 // 100]:.0f}"


def _microseconds(work: Callable[[], object]) -> float:
    """Of the processor: what else the machine does in between isn't the decision's."""
    began = time.thread_time_ns()
    work()
    return (time.thread_time_ns() - began) / 1e3


async def _searching(rounds: int) -> None:
    speech = Speech(7)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'archive.sqlite3'}"
        upgrade(url)
        database = SqlDatabase(url)
        asked = list(queries(speech, await fill(database, speech, CALLS, PARTNERS)))
        async with opened("tantivy", folder) as index:
            parts = parts_of(database, index, folder)
            await reindex(parts, Caller(somebody([AllCalls()])), lambda _: None)
            await _compare(parts, asked, rounds)
        await database.close()


async def _compare(parts: Parts, asked: Sequence[str], rounds: int) -> None:
    """Each query by both, in turn, after a round to warm up."""
    everything, listed = (Caller(somebody(scopes)) for scopes in ([AllCalls()], of_partners(PARTNERS)))
    times: tuple[list[float], list[float]] = ([], [])
    for round_ in range(rounds + 1):
        for typed in asked:
            for caller, kept in zip((everything, listed), times, strict=True):
                took = await _milliseconds(partial(search, parts, caller, Ask(q=typed)))
                if round_:
                    kept.append(took)
    print(f"{CALLS:,} calls of {PARTNERS} partners, {len(times[0])} searches by each; milliseconds.")
    rows = [(who, *_shown(kept)) for who, kept in zip(("all calls", "500 grants"), times, strict=True)]
    rows.append(("times as long", f"{ratio(times[1], times[0]):.2f}", ""))
    print(markdown(("search by", "p50", "p99"), rows))


async def _milliseconds(work: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await work()
    return (time.perf_counter() - began) * 1e3


def _shown(times: Sequence[float]) -> tuple[str, str]:
    return f"{statistics.median(times):.1f}", f"{statistics.quantiles(times, n=100)[98]:.1f}"


if __name__ == "__main__":
    main()
