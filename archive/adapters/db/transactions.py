"""Transactions that end properly, however the task that runs them ends.

Servers cancel a handler when its client goes away, at whatever it awaits. A statement cancelled half-way leaves its
connection in an unknown state; SQLAlchemy then drops it, and if the cancelling goes on (as anyio's does) drops it
unclosed: on SQLite its lock would stay. So statements run to their end, and the cancellation counts right after.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

T = TypeVar("T")


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Commits at the end; rolls back if the block raises or is cancelled."""
    connection = engine.connect()
    try:
        await whole(_begin(connection))
        yield connection
        await whole(connection.commit())
    finally:
        if connection.sync_connection is not None:  # else it never connected
            await whole(connection.close())


async def whole(work: Coroutine[Any, Any, T]) -> T:
    """Await something to its end; a cancellation meanwhile is raised then, in place of its result."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return task.result()
    if not task.cancelled():
        task.exception()  # or asyncio complains that nobody asked
    raise cancelled


async def _begin(connection: AsyncConnection) -> None:
    await connection.start()
    await connection.begin()
