"""Threads that wait for the database, so that the event loop never does.

A driver that awaits hops several times for each statement; here a statement is one hop, with its rows fetched.
"""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from queue import SimpleQueue
from typing import TypeVar

from archive.adapters.db.faults import busy

T = TypeVar("T")


class Thread:
    """Does one thing after the other. It starts when it is needed, and holds up no exit."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    async def do(self, job: Callable[[], T]) -> T:
        """What it returns or raises; it runs to its end, and a cancellation meanwhile is raised then, in its place."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="database", daemon=True)
            self._thread.start()
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.put(partial(_do, job, done))
        return await _whole(done)

    def end(self) -> None:
        """Blocks until it has."""
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            del job  # what it holds is not to outlive it


class Threads:
    """So many; who comes when all are taken waits in order, `wait` seconds at most."""

    def __init__(self, number: int, wait: float) -> None:
        self._number = number
        self._wait = wait
        self._idle = [Thread() for _ in range(number)]
        self._waiting: deque[asyncio.Future[Thread]] = deque()

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Thread]:
        """To oneself. Raises `Unavailable` if none came free."""
        thread = self._idle.pop() if self._idle else await self._next()
        try:
            yield thread
        finally:
            self._give(thread)

    async def close(self, last: Callable[[], None]) -> None:
        """Wait for whoever is at work, end all threads, then do what is last. One taken later starts again."""
        async with AsyncExitStack() as taken:
            threads = [await taken.enter_async_context(self.one()) for _ in range(self._number)]
            await asyncio.to_thread(_end, threads, last)

    async def _next(self) -> Thread:
        place: asyncio.Future[Thread] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            async with asyncio.timeout(self._wait):
                return await place
        except BaseException as error:
            if not place.cancelled():  # one came at the last moment
                self._give(place.result())
            if isinstance(error, TimeoutError):
                raise busy() from error
            raise

    def _give(self, thread: Thread) -> None:
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():  # done: whoever waited has gone
                place.set_result(thread)
                return
        self._idle.append(thread)


def _end(threads: Iterable[Thread], last: Callable[[], None]) -> None:
    for thread in threads:
        thread.end()
    last()


def _do(job: Callable[[], T], done: asyncio.Future[T]) -> None:
    try:
        tell = partial(done.set_result, job())
    except BaseException as error:  # noqa: BLE001 - it is raised where it is awaited
        tell = partial(done.set_exception, error)
    with suppress(RuntimeError):  # the event loop was closed on whoever waited
        done.get_loop().call_soon_threadsafe(tell)


async def _whole(done: asyncio.Future[T]) -> T:
    cancelled: asyncio.CancelledError | None = None
    while not done.done():
        try:
            await asyncio.wait({done})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return done.result()
    done.exception()  # or asyncio complains that nobody asked
    raise cancelled
