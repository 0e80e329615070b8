"""Transactions that end properly, however the task that runs them ends.

Servers cancel a handler when its client goes away, at whatever it awaits. A statement can't be left half-way, and a
connection that holds a lock can't be dropped: so each statement runs to its end on the transaction's thread, and the
cancellation counts right after.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from archive.adapters.db.threads import Thread, Threads

T = TypeVar("T")


class Transaction:
    """It connects and begins along with its first statement, and holds one thread for all of them."""

    def __init__(self, engine: Engine, thread: Thread) -> None:
        self.postgresql = engine.dialect.name == "postgresql"
        self._engine = engine
        self._thread = thread
        self._connection: Connection | None = None

    async def run(self, work: Callable[[Connection], T]) -> T:
        """What `work` makes of the connection, on the thread: rows are to be fetched there."""
        return await self._thread.do(lambda: work(self._begun()))

    async def begin(self) -> None:
        """Now, not with the first statement."""
        if self._connection is None:
            await self._thread.do(self._begun)

    async def commit(self) -> None:
        if self._connection is not None:
            await self._thread.do(self._commit)

    async def close(self) -> None:
        """Roll back what wasn't committed."""
        if self._connection is not None and not self._connection.closed:
            await self._thread.do(self._connection.close)

    def _begun(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
            _begin(self._connection)
        return self._connection

    def _commit(self) -> None:
        with self._begun() as connection:  # gives it back to the pool, in the same hop
            connection.commit()


class Transactions:
    """Of one engine; others may share its threads."""

    def __init__(self, engine: Engine, threads: Threads) -> None:
        self._engine = engine
        self._threads = threads

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Transaction]:
        """Commits at the end; rolls back if the block raises or is cancelled."""
        async with self._threads.one() as thread:
            transaction = Transaction(self._engine, thread)
            try:
                yield transaction
                await transaction.commit()
            finally:
                await transaction.close()

    async def close(self) -> None:
        await self._threads.close(self._engine.dispose)


def _begin(connection: Connection) -> None:
    """A connection that lay in the pool while its server was restarted is found out here, and replaced."""
    try:
        connection.begin()
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        connection.begin()
