"""What every repository is given: one transaction's connection, and its clock."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, CursorResult, Executable, Row, Table, cast, extract, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from archive.adapters.db.faults import named
from archive.adapters.db.transactions import whole
from archive.adapters.db.types import moment

Clock = Callable[[], datetime]
Insert = postgresql.Insert | sqlite.Insert

# Not now(), which stands still while a transaction lasts.
_SERVER_TIME = select(cast(extract("epoch", func.clock_timestamp()) * 1_000_000, BigInteger))


class Unit:
    """One transaction. `clock` stands in for the database host's clock in tests."""

    def __init__(self, connection: AsyncConnection, clock: Clock | None) -> None:
        self._connection = connection
        self._clock = clock
        self._postgresql = connection.dialect.name == "postgresql"

    async def now(self) -> datetime:
        """The database host's time, in UTC: for SQLite that host is this one."""
        if self._clock is not None:
            return self._clock()
        return moment(await self.value(_SERVER_TIME)) if self._postgresql else datetime.now(UTC)

    def insert(self, table: Table) -> Insert:
        """An INSERT that can say ON CONFLICT, which each database spells in its own class."""
        return postgresql.insert(table) if self._postgresql else sqlite.insert(table)

    async def run(
        self, statement: Executable, rows: Sequence[dict[str, Any]] | None = None
    ) -> CursorResult[Any]:
        """Run a statement, or once for each of `rows`."""
        with named():
            return await whole(self._connection.execute(statement, rows))

    async def all(self, statement: Executable) -> Sequence[Row[Any]]:
        return (await self.run(statement)).all()

    async def first(self, statement: Executable) -> Row[Any] | None:
        return (await self.run(statement)).first()

    async def value(self, statement: Executable) -> Any:
        """The first column of the first row; None if there is no row."""
        return (await self.run(statement)).scalar()

    async def values(self, statement: Executable) -> Sequence[Any]:
        """The first column of all rows."""
        return (await self.run(statement)).scalars().all()

    async def changed(self, statement: Executable) -> bool:
        """Whether an UPDATE or DELETE found its row."""
        return (await self.run(statement)).rowcount > 0
