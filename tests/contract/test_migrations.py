"""Migrations: from nothing to the program's tables, on both databases, once however often or by how many."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import make_url

from archive.adapters.db.engines import migration_engine
from archive.adapters.db.migrate import head, upgrade
from archive.adapters.db.tables import metadata
from archive.errors import Unavailable, WrongSetting
from tests.databases import KINDS
from tests.parts import Postgres, PostgresDatabase

GUARDS = {
    "sqlite": {
        "events_no_update",
        "events_no_delete",
        "events_no_replace",
        "event_texts_no_update",
        "event_texts_no_replace",
    },
    "postgresql": {
        "events_no_change",
        "events_no_truncate",
        "event_texts_no_update",
        "event_texts_no_truncate",
    },
}


@pytest.fixture(params=KINDS)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The owner's address of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new 100%.db'}"
    database: PostgresDatabase = request.getfixturevalue("empty_postgres_database")
    return database.owner_url


def test_the_migrations_make_exactly_the_programs_tables(empty_url: str) -> None:
    upgrade(empty_url)
    with migration_engine(empty_url).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == head()


def test_migrating_again_changes_nothing(empty_url: str) -> None:
    upgrade(empty_url)
    before = schema(empty_url)
    upgrade(empty_url)
    assert schema(empty_url) == before


def test_two_who_migrate_at_once_take_turns(empty_url: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(upgrade, [empty_url, empty_url]))
    assert schema(empty_url)


def test_the_guards_of_the_events_stand(empty_url: str) -> None:
    upgrade(empty_url)
    assert {name for kind, name in schema(empty_url) if kind == "trigger"} == GUARDS[
        make_url(empty_url).drivername
    ]


def test_the_applications_role_gets_what_it_needs_and_no_more(
    empty_postgres_database: PostgresDatabase,
) -> None:
    url = empty_postgres_database.owner_url
    upgrade(url, Postgres.APPLICATION)
    with psycopg.connect(url) as connection:
        connection.execute("GRANT ALL ON events TO archive")  # an earlier version's mistake
    upgrade(url, Postgres.APPLICATION)
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT table_name, privilege_type FROM information_schema.role_table_grants WHERE grantee = 'archive'"
        ).fetchall()
    rights: dict[str, set[str]] = {}
    for table, right in rows:
        rights.setdefault(table, set()).add(right)
    assert rights.pop("alembic_version") == {"SELECT"}
    assert rights.pop("events") == {"SELECT", "INSERT"}
    assert rights.pop("event_texts") == {"SELECT", "INSERT", "DELETE"}
    assert set(rights) == set(metadata.tables) - {"events", "event_texts"}
    assert all(each == {"SELECT", "INSERT", "UPDATE", "DELETE"} for each in rights.values())


def test_a_role_that_is_not_there_leaves_nothing_behind(empty_postgres_database: PostgresDatabase) -> None:
    url = empty_postgres_database.owner_url
    with pytest.raises(WrongSetting, match="nobody"):
        upgrade(url, "nobody")
    assert schema(url) == set()


def test_whoever_may_not_make_tables_is_told_so(empty_postgres_database: PostgresDatabase) -> None:
    with pytest.raises(Unavailable, match="database_owner"):
        upgrade(empty_postgres_database.url)


def schema(url: str) -> set[tuple[str, str]]:
    """Tables, indexes and triggers, by kind and name."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            return set(connection.execute("SELECT type, name FROM sqlite_schema"))
    with psycopg.connect(url) as server:
        found = server.execute(
            "SELECT 'table', tablename FROM pg_tables WHERE schemaname = 'public'"
            " UNION ALL SELECT 'index', indexname FROM pg_indexes WHERE schemaname = 'public'"
            " UNION ALL SELECT 'trigger', tgname FROM pg_trigger WHERE NOT tgisinternal"
        )
        return {(kind, name) for kind, name in found}
