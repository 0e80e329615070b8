"""What every repository is given: one transaction's connection, and its clock."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import BigInteger, CursorResult, Executable, Row, Table, cast, extract, func, select
from sqlalchemy.dialects import postgresql, sqlite

from archive.adapters.db.faults import named
from archive.adapters.db.transactions import Transaction
from archive.adapters.db.types import moment

T = TypeVar("T")

Clock = Callable[[], datetime]
Insert = postgresql.Insert | sqlite.Insert

# Not now(), which stands still while a transaction lasts.
_SERVER_TIME = select(cast(extract("epoch", func.clock_timestamp()) * 1_000_000, BigInteger))


class Unit:
    """One transaction. `clock` stands in for the database host's clock in tests."""

    def __init__(self, transaction: Transaction, clock: Clock | None) -> None:
        self._transaction = transaction
        self._clock = clock

    async def now(self) -> datetime:
        """The database host's time, in UTC: for SQLite that host is this one."""
        if self._clock is not None:
            return self._clock()
        if self._transaction.postgresql:
            return moment(await self.value(_SERVER_TIME))
        await self._transaction.begin()  # before a wait for the lock, it would be an earlier time
        return datetime.now(UTC)

    def insert(self, table: Table) -> Insert:
        """An INSERT that can say ON CONFLICT, which each database spells in its own class."""
        return postgresql.insert(table) if self._transaction.postgresql else sqlite.insert(table)

    async def run(self, statement: Executable, rows: Sequence[dict[str, Any]] | None = None) -> None:
        """Run a statement, or once for each of `rows`."""
        await self._do(statement, CursorResult.close, rows)

    async def all(self, statement: Executable) -> Sequence[Row[Any]]:
        return await self._do(statement, CursorResult.all)

    async def first(self, statement: Executable) -> Row[Any] | None:
        return await self._do(statement, CursorResult.first)

    async def value(self, statement: Executable) -> Any:
        """The first column of the first row; None if there is no row."""
        return await self._do(statement, CursorResult.scalar)

    async def values(self, statement: Executable) -> Sequence[Any]:
        """The first column of all rows."""
        return await self._do(statement, lambda result: result.scalars().all())

    async def changed(self, statement: Executable) -> bool:
        """Whether an UPDATE or DELETE found its row."""
        return await self._do(statement, lambda result: result.rowcount > 0)

    async def _do(
        self,
        statement: Executable,
        take: Callable[[CursorResult[Any]], T],
        rows: Sequence[dict[str, Any]] | None = None,
    ) -> T:
        with named():
            return await self._transaction.run(lambda connection: take(connection.execute(statement, rows)))
