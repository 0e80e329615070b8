"""Units of work on SQLite or PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from archive.adapters.db.answers import SqlAnswers
from archive.adapters.db.audit import SqlAuditLog
from archive.adapters.db.calls import SqlCalls
from archive.adapters.db.changes import SqlPendingChanges
from archive.adapters.db.company import SqlCompanySignIns
from archive.adapters.db.credentials import SqlCredentials
from archive.adapters.db.engines import transactions
from archive.adapters.db.faults import MIGRATE, named
from archive.adapters.db.glass import SqlGlass
from archive.adapters.db.groups import SqlGroups
from archive.adapters.db.index_debts import SqlIndexDebts
from archive.adapters.db.listens import SqlListens
from archive.adapters.db.migrate import head
from archive.adapters.db.names import SqlNames
from archive.adapters.db.principals import SqlPrincipals
from archive.adapters.db.programs import SqlAuthorizations, SqlRegistrations
from archive.adapters.db.reaching import SqlReaching
from archive.adapters.db.reasons import SqlReasons
from archive.adapters.db.requests import SqlAccessRequests
from archive.adapters.db.sign_ins import SqlSignIns
from archive.adapters.db.transactions import Transaction
from archive.adapters.db.transcripts import SqlTranscripts
from archive.adapters.db.unit import Clock, Unit
from archive.errors import Unavailable


class SqlWork:
    """One transaction, with every repository on it."""

    def __init__(self, transaction: Transaction, clock: Clock | None) -> None:
        self._unit = Unit(transaction, clock)
        self.calls = SqlCalls(self._unit)
        self.names = SqlNames(self._unit)
        self.index_debts = SqlIndexDebts(self._unit)
        self.transcripts = SqlTranscripts(self._unit)
        self.listens = SqlListens(self._unit)
        self.principals = SqlPrincipals(self._unit)
        self.groups = SqlGroups(self._unit, self.principals)
        self.reaching = SqlReaching(self._unit)
        self.requests = SqlAccessRequests(self._unit)
        self.glass = SqlGlass(self._unit, self.principals)
        self.changes = SqlPendingChanges(self._unit)
        self.reasons = SqlReasons(self._unit)
        self.credentials = SqlCredentials(self._unit)
        self.sign_ins = SqlSignIns(self._unit)
        self.company = SqlCompanySignIns(self._unit)
        self.registrations = SqlRegistrations(self._unit)
        self.authorizations = SqlAuthorizations(self._unit)
        self.answers = SqlAnswers(self._unit)
        self.audit = SqlAuditLog(self._unit)

    async def now(self) -> datetime:
        return await self._unit.now()


class SqlDatabase:
    """`url` is `sqlite:///file` or `postgresql://user:password@host/name`. Nothing is connected before it is needed.

    `clock` stands in for the database host's clock in tests.
    """

    def __init__(self, url: str, *, clock: Clock | None = None) -> None:
        self._clock = clock
        self._writing, self._reading = transactions(url)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[SqlWork]:
        with named():
            async with self._writing.one() as transaction:
                yield SqlWork(transaction, self._clock)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[SqlWork]:
        with named():
            async with self._reading.one() as transaction:
                yield SqlWork(transaction, self._clock)

    async def check(self) -> None:
        found = await self._revision()
        if found != head():
            raise Unavailable(
                "Database", f"its schema is {found or 'missing'}, this program's is {head()}.", MIGRATE
            )

    async def close(self) -> None:
        await self._reading.close()
        await self._writing.close()

    async def _revision(self) -> str | None:
        """The migration that the database is at; None if it has none."""
        with named():
            try:
                async with self._reading.one() as transaction:
                    return await transaction.run(_revision)
            except (OperationalError, ProgrammingError) as error:
                if _no_table(error):
                    return None
                raise


def _revision(connection: Connection) -> str:
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())


def _no_table(error: OperationalError | ProgrammingError) -> bool:
    """SQLite tells it by its message alone; PostgreSQL has a code, undefined_table."""
    return getattr(error.orig, "sqlstate", None) == "42P01" or "no such table" in str(error.orig)
