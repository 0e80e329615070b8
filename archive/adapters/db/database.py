"""Units of work on SQLite or PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from archive.adapters.db.audit import SqlAuditLog
from archive.adapters.db.calls import SqlCalls
from archive.adapters.db.credentials import SqlCredentials
from archive.adapters.db.engines import is_sqlite, postgresql_engine, sqlite_engines
from archive.adapters.db.faults import MIGRATE, named
from archive.adapters.db.index_debts import SqlIndexDebts
from archive.adapters.db.listens import SqlListens
from archive.adapters.db.migrate import head
from archive.adapters.db.names import SqlNames
from archive.adapters.db.principals import SqlPrincipals
from archive.adapters.db.sign_ins import SqlSignIns
from archive.adapters.db.transactions import transaction, whole
from archive.adapters.db.transcripts import SqlTranscripts
from archive.adapters.db.unit import Clock, Unit
from archive.errors import Unavailable


class SqlWork:
    """One transaction, with every repository on it."""

    def __init__(self, connection: AsyncConnection, clock: Clock | None) -> None:
        self._unit = Unit(connection, clock)
        self.calls = SqlCalls(self._unit)
        self.names = SqlNames(self._unit)
        self.index_debts = SqlIndexDebts(self._unit)
        self.transcripts = SqlTranscripts(self._unit)
        self.listens = SqlListens(self._unit)
        self.principals = SqlPrincipals(self._unit)
        self.credentials = SqlCredentials(self._unit)
        self.sign_ins = SqlSignIns(self._unit)
        self.audit = SqlAuditLog(self._unit)

    async def now(self) -> datetime:
        return await self._unit.now()


class SqlDatabase:
    """`url` is `sqlite:///file` or `postgresql://user:password@host/name`. Nothing is connected before it is needed.

    `clock` stands in for the database host's clock in tests.
    """

    def __init__(self, url: str, *, clock: Clock | None = None) -> None:
        self._clock = clock
        if is_sqlite(url):
            self._writing, self._reading = sqlite_engines(url)
        else:
            self._writing = postgresql_engine(url)
            # A reader sees one moment of the archive however many statements it takes, as it does on SQLite.
            self._reading = self._writing.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )

    @asynccontextmanager
    async def write(self) -> AsyncIterator[SqlWork]:
        with named():
            async with transaction(self._writing) as connection:
                yield SqlWork(connection, self._clock)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[SqlWork]:
        with named():
            async with transaction(self._reading) as connection:
                yield SqlWork(connection, self._clock)

    async def check(self) -> None:
        found = await self._revision()
        if found != head():
            raise Unavailable(
                "Database", f"its schema is {found or 'missing'}, this program's is {head()}.", MIGRATE
            )

    async def close(self) -> None:
        await self._reading.dispose()
        await self._writing.dispose()

    async def _revision(self) -> str | None:
        """The migration that the database is at; None if it has none."""
        with named():
            try:
                async with transaction(self._reading) as connection:
                    return await whole(connection.scalar(text("SELECT version_num FROM alembic_version")))
            except (OperationalError, ProgrammingError) as error:
                if _no_table(error):
                    return None
                raise


def _no_table(error: OperationalError | ProgrammingError) -> bool:
    """SQLite tells it by its message alone; PostgreSQL has a code, undefined_table."""
    return getattr(error.orig, "sqlstate", None) == "42P01" or "no such table" in str(error.orig)
