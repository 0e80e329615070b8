"""SQLite and PostgreSQL for tests: each test gets a migrated database of its own, on a clock that it moves."""

import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from archive.adapters.db.database import SqlDatabase
from archive.adapters.db.migrate import upgrade
from tests.parts import Postgres, unique

KINDS = ("sqlite", "postgresql")


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def forward(self, **span: float) -> datetime:
        self.time += timedelta(**span)
        return self.time


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """What this process asks of databases while the test runs; to be cleared before what is to be counted."""
    asked: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        if not statement.startswith("BEGIN"):
            asked.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield asked
    event.remove(Engine, "before_cursor_execute", note)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(_sqlite_template: Path, tmp_path: Path) -> str:
    return f"sqlite:///{shutil.copy(_sqlite_template, tmp_path / 'archive.db')}"


@pytest.fixture(scope="session")
def _postgres_template(postgres: Postgres) -> str:
    database = postgres.create("upgraded")
    upgrade(database.owner_url, Postgres.APPLICATION)
    return database.name


@pytest.fixture
def postgres_url(postgres: Postgres, _postgres_template: str) -> Iterator[str]:
    """For the application's role."""
    database = postgres.create(unique("test"), template=_postgres_template)
    yield database.url
    postgres.drop(database.name)


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest) -> str:
    """Of both databases, one after the other."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    return str(request.getfixturevalue(name))


@pytest.fixture
async def database(database_url: str, clock: Clock) -> AsyncIterator[SqlDatabase]:
    opened = SqlDatabase(database_url, clock=clock)
    yield opened
    await opened.close()
