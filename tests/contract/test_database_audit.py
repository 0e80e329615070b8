"""The audit log: written with the work it tells of, read by filter, changed by nobody."""

import hashlib
import json
import sqlite3
from contextlib import closing
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text

from archive.adapters.db.database import SqlDatabase
from archive.adapters.db.engines import migration_engine
from archive.adapters.db.migrate import upgrade
from archive.audit.event import Actor, EventType, Object, ObjectKind, Origin, Outcome
from archive.policy.scope import AllCalls
from archive.ports import EventFilter
from tests.contract.making import add_playable, new_call, viewed
from tests.databases import Clock
from tests.parts import Postgres, PostgresDatabase

pytestmark = pytest.mark.anyio


async def test_an_event_is_kept_byte_for_byte_with_its_texts_beside_it(
    database: SqlDatabase, clock: Clock
) -> None:
    event = viewed("c1", purpose="case 7", origin=Origin("10.0.0.1", "browser"), texts={"q": "a\0b \u202e"})
    async with database.write() as work:
        written = await work.audit.append(event)
    async with database.read() as work:
        stored = await work.audit.get(written.id)
        assert await work.audit.get("?") is None
    assert stored is not None
    assert (stored.id, stored.time, stored.body, stored.leaf) == (written.id, clock(), written.body, None)
    assert stored.texts == {
        "purpose": "case 7",
        "origin.address": "10.0.0.1",
        "origin.user_agent": "browser",
        "details.q": "a\0b \u202e",
    }
    (typed,) = [each for each in written.texts if each.field == "details.q"]
    shown = json.loads(stored.body)["details"]["q"]["sha256"]
    assert shown == hashlib.sha256(typed.salt + typed.text.encode()).hexdigest()
    assert len(typed.salt) == 16


async def test_an_event_goes_with_the_work_that_failed(database: SqlDatabase) -> None:
    call = new_call()

    async def fail() -> None:
        async with database.write() as work:
            await work.calls.add(call)
            await work.audit.append(viewed(call.uid))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with database.read() as work:
        assert await work.audit.page(EventFilter()) == []
        assert await work.calls.get(call.uid, AllCalls()) is None


async def test_the_trail_outlives_the_call(database: SqlDatabase) -> None:
    call = await add_playable(database)
    async with database.write() as work:
        await work.audit.append(viewed(call.uid))
        await work.calls.delete(call.id)
        assert len(await work.audit.page(EventFilter(call=call.uid))) == 1


async def test_each_filter_narrows_and_pages_go_back_in_time(database: SqlDatabase, clock: Clock) -> None:
    async with database.write() as work:
        for number in range(4):
            await work.audit.append(viewed(f"c{number}"))
        since = clock.forward(minutes=1)
        special = await work.audit.append(
            viewed(
                "c9",
                type=EventType.LISTEN_DENIED,
                actor=Actor("jo", "person"),
                object=Object(ObjectKind.LISTEN, "l1"),
                outcome=Outcome.DENIED,
                reason_code="not_yours",
            )
        )
        until = clock.forward(minutes=1)
        await work.audit.append(viewed("c9"))
    filters = [
        EventFilter(actor="jo"),
        EventFilter(object="l1"),
        EventFilter(object_kind=ObjectKind.LISTEN),
        EventFilter(call="c9", until=until),
        EventFilter(types=frozenset({EventType.LISTEN_DENIED, EventType.LISTEN_OPENED})),
        EventFilter(outcome=Outcome.DENIED),
        EventFilter(since=since, until=since + timedelta(microseconds=1)),
    ]
    async with database.read() as work:
        for narrow in filters:
            assert [event.id for event in await work.audit.page(narrow)] == [special.id], narrow
        first = await work.audit.page(EventFilter(), limit=4)
        rest = await work.audit.page(EventFilter(), before=first[-1].seq, limit=4)
    seqs = [event.seq for event in [*first, *rest]]
    assert seqs == sorted(set(seqs), reverse=True)
    assert len(seqs) == 6


CHANGES = [
    "UPDATE events SET outcome = 'denied'",
    "DELETE FROM events",
    "UPDATE event_texts SET text = salt",
]


REPLACE_BY_ID = (
    "REPLACE INTO events (id, time, type, actor_kind, object_kind, outcome, body)"
    " SELECT id, 0, type, actor_kind, object_kind, outcome, body FROM events"
)


@pytest.mark.parametrize(
    "change",
    [
        *CHANGES,
        "INSERT OR REPLACE INTO events SELECT * FROM events",
        "INSERT OR REPLACE INTO event_texts SELECT * FROM event_texts",
        "INSERT INTO events SELECT * FROM events WHERE true ON CONFLICT (seq) DO UPDATE SET outcome = 'denied'",
        REPLACE_BY_ID,
    ],
)
@pytest.mark.parametrize("recursive", ["ON", "OFF"])
async def test_sqlite_refuses_to_change_events(sqlite_url: str, change: str, recursive: str) -> None:
    await append_one(sqlite_url)
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection:
        connection.execute(f"PRAGMA recursive_triggers = {recursive}")
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(change)


@pytest.mark.parametrize(
    "change",
    [
        *CHANGES,
        "TRUNCATE events",
        "TRUNCATE events CASCADE",
        "ALTER TABLE events DISABLE TRIGGER ALL",
        "DROP TRIGGER events_no_change ON events",
        "DROP TABLE events CASCADE",
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE sql AS 'SELECT 1'",
        "UPDATE alembic_version SET version_num = 'x'",
        "SET session_replication_role = replica",
    ],
)
async def test_the_applications_role_has_no_right_to_change_events(postgres_url: str, change: str) -> None:
    await append_one(postgres_url)
    with psycopg.connect(postgres_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(change.encode())


@pytest.mark.parametrize("change", [*CHANGES, "TRUNCATE events CASCADE", "TRUNCATE event_texts"])
async def test_triggers_refuse_the_owner_too(empty_postgres_database: PostgresDatabase, change: str) -> None:
    url = empty_postgres_database.owner_url
    upgrade(url, Postgres.OWNER)  # one role for both: its own rights stay
    await append_one(url)
    with (
        psycopg.connect(url) as connection,
        pytest.raises(psycopg.errors.RaiseException, match="append-only"),
    ):
        connection.execute(change.encode())


async def test_a_text_can_be_erased_and_the_event_stays(database: SqlDatabase, database_url: str) -> None:
    async with database.write() as work:
        written = await work.audit.append(viewed("c1", purpose="case 7"))
    with migration_engine(database_url).begin() as connection:
        connection.execute(text("DELETE FROM event_texts"))
    async with database.read() as work:
        stored = await work.audit.get(written.id)
    assert stored is not None
    assert (stored.texts, stored.body) == ({}, written.body)


async def append_one(url: str) -> None:
    database = SqlDatabase(url)
    async with database.write() as work:
        await work.audit.append(viewed("c1", purpose="case 7"))
    await database.close()
