"""Parts in reach of a test's hand: they note what they are asked, and fail when told to."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from archive.audit.event import Event
from archive.calls.call import State
from archive.calls.documents import CallDocument
from archive.calls.sound import Analysis, AudioFacts, ChannelSound, Peaks
from archive.errors import Unavailable
from archive.ports import Database, EngineAnswer, EngineQuery, IndexRebuild, Job, Progress

RENDITION = bytes(range(256)) * 2600  # 650 KiB: three pieces
SECONDS = 120.0


class ClockLimiter:
    """Implements `ports.Limiter` on the clock of the test."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._windows: dict[str, tuple[datetime, int]] = {}

    async def take(self, key: str, most: int, window: timedelta) -> timedelta | None:
        now = self._clock()
        ends, count = self._windows.get(key, (now, 0))
        if ends <= now:
            ends, count = now + window, 0
        self._windows[key] = ends, count + 1
        return None if count < most else ends - now

    async def close(self) -> None:
        """Nothing is held open."""


class Doorbell:
    """Implements `ports.Doorbell`: writes down what was rung. Nobody here rings for later."""

    def __init__(self) -> None:
        self.rung: list[tuple[Job, int]] = []
        self.told: dict[int, tuple[State, float]] = {}

    async def ring(self, job: Job, call_id: int, *, delay: timedelta = timedelta(0)) -> None:
        assert not delay
        self.rung.append((job, call_id))

    async def show(self, call_id: int, stage: State, share: float) -> None:
        self.told[call_id] = stage, share

    async def shown(self, call_id: int) -> tuple[State, float] | None:
        return self.told.get(call_id)

    async def depth(self) -> int:
        return len(self.rung)

    async def working(self) -> bool:
        return True

    async def check(self) -> None: ...

    async def close(self) -> None: ...


class Index:
    """Implements `ports.SearchIndex` for calls that come and go. `down` is what every use then raises."""

    def __init__(self) -> None:
        self.held: dict[int, CallDocument] = {}
        self.down: Unavailable | None = None

    async def put(self, documents: Sequence[CallDocument]) -> None:
        self._check()
        self.held |= {document.id: document for document in documents}

    async def remove(self, call_ids: Collection[int]) -> None:
        self._check()
        for call_id in call_ids:
            self.held.pop(call_id, None)

    async def search(self, query: EngineQuery) -> EngineAnswer:
        raise AssertionError(f"the story searches elsewhere: {query}")

    @asynccontextmanager
    async def rebuild(self) -> AsyncIterator[IndexRebuild]:
        self.held.clear()
        yield self

    async def count(self) -> int:
        return len(self.held)

    async def check(self) -> None:
        self._check()

    async def close(self) -> None: ...

    def _check(self) -> None:
        if self.down:
            raise self.down


class Engine:
    """Implements `ports.AudioEngine`: any recording becomes `RENDITION`; `meanwhile` happens while it renders."""

    engine = "test 1"

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.meanwhile: Callable[[], Any] | None = None

    async def probe(self, source: Path) -> AudioFacts:
        assert await asyncio.to_thread(source.is_file)
        if self.error:
            raise self.error
        return AudioFacts("wav", "pcm_mulaw", 2, 8000, SECONDS)

    async def analyse(self, source: Path, facts: AudioFacts, progress: Progress) -> Analysis:
        assert await asyncio.to_thread(source.is_file)
        progress(1.0)
        peaks = Peaks(channels=1, sample_rate=8000, samples_per_pixel=80, length=1, data=b"\x00\x01")
        channel = ChannelSound(-23.0, -3.0, 0.5, 0)
        return Analysis(facts.duration, (channel,), (4.0,), (), ((),), peaks)

    async def render(self, source: Path, target: Path, analysis: Analysis, progress: Progress) -> None:
        if self.meanwhile:
            await self.meanwhile()
        assert analysis.duration == SECONDS
        await asyncio.to_thread(shutil.copy, source, target)
        await asyncio.to_thread(target.write_bytes, RENDITION)
        progress(1.0)


class NoPasswords:
    """Implements `ports.PasswordHasher`; nobody signs in here."""

    async def hash(self, password: str) -> str:
        return password

    async def verify(self, encoded: str | None, password: str) -> bool:
        return encoded == password


class ReadOnly:
    """A database that takes nothing in."""

    def __init__(self, database: Database) -> None:
        self.read, self.check, self.close = database.read, database.check, database.close

    def write(self) -> Any:
        raise Unavailable("Database", "its disk is full.", "Free space.")


class BrokenLog:
    """A database whose audit log refuses events; `refused` are their types."""

    def __init__(self, database: Database, *refused: str) -> None:
        self._database = database
        self._refused = refused

    def write(self) -> Any:
        return self._write()

    @asynccontextmanager
    async def _write(self) -> AsyncIterator[Any]:
        async with self._database.write() as work:
            yield _Work(work, self._refused)

    def read(self) -> Any:
        return self._database.read()

    async def check(self) -> None:
        await self._database.check()

    async def close(self) -> None: ...


class _Work:
    def __init__(self, work: Any, refused: tuple[str, ...]) -> None:
        self._work = work
        self._refused = refused
        self.audit = self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._work, name)

    async def append(self, event: Event) -> Any:
        if event.type in self._refused:
            raise Unavailable("Database", "its disk is full.", "Free space.")
        return await self._work.audit.append(event)
