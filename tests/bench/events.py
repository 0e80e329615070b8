"""Audit events committed a second, against plain INSERTs of one row of the same bytes in the same database.

    python -m tests.bench.events [--quick]      windows of 3 s, or of half a second

An event goes in as every use case's does: `SqlDatabase.write()`, its exact bytes, its personal texts salted beside it,
one commit each. The plain row goes straight through the driver, a thread and a commit each, with the same durability;
on SQLite over one connection, for which the threads queue. PostgreSQL runs here with its own defaults: what is
committed is on the disk, in both.
"""

import argparse
import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from msgspec import Struct

from archive.adapters.db.database import SqlDatabase
from archive.adapters.db.migrate import upgrade
from archive.audit.event import Actor, Event, EventType, Object, ObjectKind, Origin, record
from archive.ids import uuid7
from tests.bench.rounds import in_turn, middle, ratio
from tests.bench.serving import postgres
from tests.bench.table import markdown
from tests.parts import unique

WRITERS = (1, 8, 32)
ROUNDS, QUICK_ROUNDS = 5, 1
SECONDS, QUICK_SECONDS = 3.0, 0.5

COLUMNS = ("database, writers", "of plain INSERTs", "events a second", "plain INSERTs a second")
EVENT = Event(
    type=EventType.LISTEN_OPENED,
    actor=Actor(uuid7(), "person"),
    object=Object(ObjectKind.LISTEN, uuid7()),
    call=uuid7(),
    origin=Origin("192.0.2.7", "Mozilla/5.0 (X11; Linux x86_64)", session=uuid7()),
    purpose="Complaint 4711",
    details={"rendition": "0" * 64, "continues": None},
)
BODY = record(EVENT, id=uuid7(), time=datetime.now(UTC), salt=lambda: bytes(16)).body

Insert = Callable[[], object]


class Target(Struct, frozen=True):
    """`url` is for the archive; `plain` opens what inserts one row, for one thread."""

    name: str
    url: str
    plain: Callable[[], AbstractContextManager[Insert]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    rounds, window = (QUICK_ROUNDS, QUICK_SECONDS) if quick else (ROUNDS, SECONDS)
    with ExitStack() as stack:
        targets = [stack.enter_context(database()) for database in (_sqlite, _postgresql)]
        rows = [_row(target, writers, rounds, window) for target in targets for writers in WRITERS]
    print(f"Events of {len(BODY)} bytes with 3 texts; windows of {window:g} s, the median of {rounds}.")
    print(markdown(COLUMNS, rows))


def _row(target: Target, writers: int, rounds: int, window: float) -> tuple[str, ...]:
    ours, plain = in_turn(
        rounds,
        lambda: asyncio.run(_events(target.url, writers, window)),
        partial(_rows, target.plain, writers, window),
    )
    figures = (f"{ratio(ours, plain):.2f}", f"{middle(ours):,.0f}", f"{middle(plain):,.0f}")
    return (f"{target.name}, {writers}", *figures)


async def _events(url: str, writers: int, window: float) -> float:
    database = SqlDatabase(url)

    async def write(until: float) -> int:
        committed = 0
        while time.perf_counter() < until:
            async with database.write() as work:
                await work.audit.append(EVENT)
            committed += 1
        return committed

    await asyncio.gather(
        *(write(time.perf_counter() + 0.1) for _ in range(writers))
    )  # connections open before the clock runs
    began = time.perf_counter()
    committed = sum(await asyncio.gather(*(write(began + window) for _ in range(writers))))
    took = time.perf_counter() - began
    await database.close()
    return committed / took


def _rows(plain: Callable[[], AbstractContextManager[Insert]], writers: int, window: float) -> float:
    ready = threading.Barrier(writers)

    def write(_: int) -> tuple[int, float]:
        with plain() as insert:
            ready.wait()
            return _repeated(insert, window)

    with ThreadPoolExecutor(writers) as pool:
        return sum(committed / took for committed, took in pool.map(write, range(writers)))


def _repeated(insert: Insert, window: float) -> tuple[int, float]:
    """How often in how many seconds."""
    committed, began = 0, time.perf_counter()
    while time.perf_counter() < began + window:
        insert()
        committed += 1
    return committed, time.perf_counter() - began


@contextmanager
def _sqlite() -> Iterator[Target]:
    with TemporaryDirectory(prefix="bench-") as folder:
        path = Path(folder) / "archive.sqlite3"
        upgrade(f"sqlite:///{path}")
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE plain (id INTEGER PRIMARY KEY, body BLOB NOT NULL)")
        lock = threading.Lock()

        def insert() -> None:
            with lock:
                connection.execute("INSERT INTO plain (body) VALUES (?)", (BODY,))

        yield Target("SQLite", f"sqlite:///{path}", lambda: nullcontext(insert))
        connection.close()


@contextmanager
def _postgresql() -> Iterator[Target]:
    with postgres() as cluster:
        database = cluster.create(unique("bench"))
        upgrade(database.owner_url, cluster.APPLICATION)
        with psycopg.connect(database.owner_url, autocommit=True) as owner:
            owner.execute("CREATE TABLE plain (id bigserial PRIMARY KEY, body bytea NOT NULL)")

        @contextmanager
        def plain() -> Iterator[Insert]:
            with psycopg.connect(database.owner_url, autocommit=True) as connection:
                yield lambda: connection.execute("INSERT INTO plain (body) VALUES (%s)", (BODY,))

        yield Target("PostgreSQL", database.url, plain)


if __name__ == "__main__":
    main()
