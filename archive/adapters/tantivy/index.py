"""The `SearchIndex` port on tantivy. tantivy blocks, so each use of it runs in a thread."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from archive.adapters.files import FULL
from archive.adapters.tantivy.reader import Reader
from archive.adapters.tantivy.storage import Generation, Storage, Writing, unusable
from archive.calls.documents import CallDocument
from archive.errors import Unavailable
from archive.policy.scope import is_empty
from archive.ports import EngineAnswer, EngineQuery

T = TypeVar("T")

FREE = "Free some space; what is owed to the index is then indexed by itself."
_CODE = re.compile(r"(?:Errno|os error|code:) (\d+)")
"""The system's error number, in the words of Python and of tantivy."""
_STOPPED = "index writer was killed"
"""All that tantivy says where one of its threads met the error."""


class TantivyIndex:
    """An index in the folder `root`, made when it is first used."""

    def __init__(self, root: Path) -> None:
        self._storage = Storage(root)
        self._reader = Reader(self._storage)

    async def put(self, documents: Sequence[CallDocument]) -> None:
        await _in_thread(lambda: self._write(lambda writing: _put(writing, documents)))

    async def remove(self, call_ids: Collection[int]) -> None:
        await _in_thread(lambda: self._write(lambda writing: _remove(writing, call_ids)))

    async def search(self, query: EngineQuery) -> EngineAnswer:
        if is_empty(query.find):
            return EngineAnswer()
        return await _in_thread(lambda: self._reader.snapshot().answer(query))

    @asynccontextmanager
    async def rebuild(self) -> AsyncIterator["Rebuild"]:
        with self._storage.rebuilding() as generation:
            yield Rebuild(generation)
        self._reader.expire()

    async def count(self) -> int:
        return await _in_thread(lambda: self._reader.snapshot().calls.num_docs)

    async def check(self) -> None:
        await _in_thread(self._reader.snapshot)

    async def close(self) -> None:
        self._reader.forget()

    def _write(self, change: Callable[[Writing], None]) -> None:
        self._storage.prepare()
        with self._storage.locked(), self._storage.current().writing() as writing:
            change(writing)
        self._reader.expire()


class Rebuild:
    """Fills a new generation."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation

    async def put(self, documents: Sequence[CallDocument]) -> None:
        await _in_thread(lambda: self._write(documents))

    def _write(self, documents: Sequence[CallDocument]) -> None:
        with self._generation.writing() as writing:
            _put(writing, documents)


def _put(writing: Writing, documents: Sequence[CallDocument]) -> None:
    for document in documents:
        writing.put(document)


def _remove(writing: Writing, call_ids: Collection[int]) -> None:
    for call_id in call_ids:
        writing.remove(call_id)


def _translated(error: ValueError | OSError) -> Unavailable:
    """What a full disk broke off was never committed: the index is as good as before, and the debts stand."""
    if any(int(code[1]) in FULL for code in _CODE.finditer(str(error))):
        return Unavailable("search index", "Its disk is full.", FREE)
    if _STOPPED in str(error):
        return Unavailable("search index", "It could not be written.", f"If its disk is full: {FREE}")
    return unusable(f"The index can't be used: {str(error).rstrip('.')}.")


async def _in_thread(work: Callable[[], T]) -> T:
    return await asyncio.to_thread(_guarded, work)


def _guarded(work: Callable[[], T]) -> T:
    """tantivy raises ValueError for damaged files and full disks alike; a panic in it is no `Exception` at all."""
    try:
        return work()
    except (ValueError, OSError) as error:
        raise _translated(error) from error
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise unusable("The index can't be used: it is damaged.") from error
        raise
