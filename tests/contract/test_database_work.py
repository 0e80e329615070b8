"""Units of work: whole or not at all, side by side, and plain about what is wrong with the database."""

import asyncio
import sqlite3
import threading
from contextlib import closing, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import anyio.lowlevel
import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from archive.adapters.db.database import SqlDatabase
from archive.adapters.db.migrate import upgrade
from archive.calls.filters import CallFilter
from archive.errors import Unavailable
from archive.policy.scope import AllCalls
from archive.ports import EventFilter
from tests.contract.making import add_call, viewed
from tests.databases import Clock
from tests.parts import PostgresDatabase

pytestmark = pytest.mark.anyio


async def test_eight_who_read_and_then_write_wait_for_each_other(
    database: SqlDatabase, database_url: str
) -> None:
    """Two pools, as of two processes: on SQLite a plain BEGIN answers "database is locked" at once."""
    second = SqlDatabase(database_url)

    async def write(through: SqlDatabase) -> None:
        for _ in range(5):
            async with through.write() as work:
                await work.audit.page(EventFilter(), limit=1)
                await work.audit.append(viewed())

    await asyncio.gather(*(write(through) for through in (database, second) * 4))
    await second.close()
    async with database.read() as work:
        assert len(await work.audit.page(EventFilter(), limit=100)) == 40


async def test_a_reader_sees_one_moment_and_waits_for_no_writer(database: SqlDatabase) -> None:
    await add_call(database)
    async with database.read() as reader:
        assert await reader.calls.count(AllCalls(), CallFilter()) == 1
        await add_call(database)
        assert await reader.calls.count(AllCalls(), CallFilter()) == 1
    async with database.read() as reader:
        assert await reader.calls.count(AllCalls(), CallFilter()) == 2


async def test_nothing_is_seen_before_it_is_committed(database: SqlDatabase) -> None:
    async with database.write() as writer:
        await writer.names.add_team("T")
        async with database.read() as reader:
            assert await reader.names.teams() == []


async def test_whoever_only_reads_cannot_write(database: SqlDatabase) -> None:
    async with database.read() as work:
        with pytest.raises(Unavailable, match="written"):
            await work.names.add_team("T")


async def test_the_programs_own_mistakes_stay_what_they_are(database: SqlDatabase) -> None:
    async with database.write() as work:
        with pytest.raises(IntegrityError):
            await work.credentials.set_password(999, "encoded")


async def test_time_is_the_clocks_or_the_database_hosts(
    database: SqlDatabase, database_url: str, clock: Clock
) -> None:
    async with database.read() as work:
        assert await work.now() == clock()
    real = SqlDatabase(database_url)
    async with real.write() as work:
        first, second = await work.now(), await work.now()
    await real.close()
    assert abs(first - datetime.now(UTC)) < timedelta(minutes=1)
    assert first < second
    assert first.utcoffset() == timedelta(0)


async def test_a_database_at_this_programs_schema_is_fine(database: SqlDatabase) -> None:
    await database.check()


async def test_an_empty_database_asks_for_migration(
    tmp_path: Path, empty_postgres_database: PostgresDatabase
) -> None:
    for url in (f"sqlite:///{tmp_path / 'new.db'}", empty_postgres_database.url):
        database = SqlDatabase(url)
        with pytest.raises(Unavailable, match=r"missing.*Run call-archive migrate"):
            await database.check()
        await database.close()


async def test_another_versions_schema_asks_for_migration(sqlite_url: str) -> None:
    with closing(sqlite3.connect(database_file(sqlite_url), isolation_level=None)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    database = SqlDatabase(sqlite_url)
    with pytest.raises(Unavailable, match=r"9999.*Run call-archive migrate"):
        await database.check()
    await database.close()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql://archive@/x?host={folder}", "can't be reached"),
        ("postgresql://archive@127.0.0.1:1/x", "can't be reached"),
        ("sqlite:///{folder}/none/archive.db", "can't be opened"),
    ],
)
async def test_a_database_that_is_away_is_named_with_its_remedy(
    tmp_path: Path, url: str, reason: str
) -> None:
    database = SqlDatabase(url.format(folder=tmp_path))
    for use in (database.check(), add_call(database)):
        with pytest.raises(Unavailable, match=reason) as raised:
            await use
        assert raised.value.component == "Database"
    await database.close()
    with pytest.raises(Unavailable, match=reason):
        upgrade(url.format(folder=tmp_path))


async def test_a_file_that_is_no_database_is_said_to_be_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "archive.db"
    path.write_bytes(b"not a database" * 1000)
    database = SqlDatabase(f"sqlite:///{path}")
    with pytest.raises(Unavailable, match="can't be read"):
        await database.check()
    await database.close()


@pytest.mark.parametrize("broken", [False, True], ids=["sound", "no database"])
async def test_a_closed_sqlite_leaves_no_thread_and_no_open_file(sqlite_url: str, broken: bool) -> None:
    before, database = set(threading.enumerate()), SqlDatabase(sqlite_url)
    if broken:
        spoil(sqlite_url)
    for use in (database.check(), add_call(database)):
        with pytest.raises(Unavailable) if broken else nullcontext():
            await use
    await database.close()
    assert "database" not in {thread.name for thread in set(threading.enumerate()) - before}
    assert not [file for file in open_files() if file.startswith(database_file(sqlite_url))]


async def test_a_full_disk_is_named_and_what_was_there_stays(sqlite_url: str) -> None:
    database = SqlDatabase(sqlite_url)
    call = await add_call(database)
    async with database.write() as work:
        pages = await work.calls._unit.value(text("PRAGMA page_count"))
        await work.calls._unit.run(text(f"PRAGMA max_page_count = {pages}"))
    with pytest.raises(Unavailable, match="disk is full"):
        await add_call(database, note="x" * 100_000)
    async with database.read() as work:
        assert await work.calls.get(call.uid, AllCalls()) == call
    await database.close()


async def test_a_postgresql_that_comes_back_is_used_again(postgres_url: str) -> None:
    database = SqlDatabase(postgres_url)
    await database.check()
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    await database.check()
    await database.close()


async def test_a_client_that_goes_away_leaves_no_lock_and_no_half_work(database: SqlDatabase) -> None:
    """Servers cancel the handler then, at whatever it awaits; some keep cancelling until it is out."""
    for pause in range(12):
        with anyio.CancelScope() as scope:
            async with database.write() as work, anyio.create_task_group() as group:
                group.start_soon(cancel_after, scope, pause)
                await work.names.add_team(f"half {pause}")
                await work.audit.append(viewed())
                await anyio.sleep_forever()
        assert scope.cancelled_caught
    async with database.write() as work:
        assert await work.names.teams() == []
        await work.names.add_team("whole")
    async with database.read() as work:
        assert [team.name for team in await work.names.teams()] == ["whole"]


def test_a_database_serves_one_event_loop_after_another(database_url: str) -> None:
    """As the console's commands do; and several writers at once in each."""
    database = SqlDatabase(database_url)

    async def write() -> None:
        async with database.write() as work:
            await work.audit.append(viewed())

    async def use() -> int:
        await asyncio.gather(*(write() for _ in range(3)))
        async with database.read() as work:
            return len(await work.audit.page(EventFilter(), limit=100))

    assert [asyncio.run(use()) for _ in range(3)] == [3, 6, 9]
    asyncio.run(database.close())


async def test_whoever_waits_for_the_writer_holds_up_nobody_else(sqlite_url: str) -> None:
    database = SqlDatabase(sqlite_url)
    with closing(sqlite3.connect(database_file(sqlite_url), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.create_task(add_call(database))
        async with database.read() as work:
            assert await work.calls.count(AllCalls(), CallFilter()) == 0
        assert not writing.done()
        other.execute("COMMIT")
    await writing
    await database.close()


async def test_the_time_of_a_writer_is_later_than_its_wait(sqlite_url: str) -> None:
    """So that times follow the order of what was written."""
    database = SqlDatabase(sqlite_url)

    async def time() -> datetime:
        async with database.write() as work:
            return await work.now()

    with closing(sqlite3.connect(database_file(sqlite_url), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.create_task(time())
        await database.check()
        released = datetime.now(UTC)
        other.execute("COMMIT")
    assert await writing >= released
    await database.close()


def database_file(sqlite_url: str) -> str:
    return sqlite_url.removeprefix("sqlite:///")


def spoil(sqlite_url: str) -> None:
    Path(database_file(sqlite_url)).write_bytes(b"not a database" * 1000)


def open_files() -> list[str]:
    return [str(file.readlink()) for file in Path("/proc/self/fd").iterdir() if file.is_symlink()]


async def cancel_after(scope: anyio.CancelScope, turns: int) -> None:
    """Cancel after so many turns of the event loop, to meet the work at each of its steps."""
    for _ in range(turns):
        await anyio.lowlevel.checkpoint()
    scope.cancel()
