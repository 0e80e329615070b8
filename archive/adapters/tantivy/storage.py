"""The folder of an index: `current` names the generation in use, which holds the indexes `calls` and `windows`.

Several processes share it. Readers look whether something changed before each search; whoever writes holds the lock.
"""

import fcntl
import shutil
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tantivy import Index, IndexWriter

from archive.adapters.tantivy.schema import (
    VERSION,
    call_document,
    calls_schema,
    window_documents,
    windows_schema,
)
from archive.calls.documents import CallDocument
from archive.errors import Conflict, Unavailable

_HEAP = 32_000_000
"""Bytes a writer may use before it flushes; tantivy wants 15 MB at least."""


def unusable(reason: str) -> Unavailable:
    return Unavailable("search index", reason, "Run `call-archive reindex` to build it anew.")


class Generation:
    """One complete index on disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls = Index(calls_schema(), path=str(folder / "calls"))
        self.windows = Index(windows_schema(), path=str(folder / "windows"))

    @property
    def stamp(self) -> tuple[object, ...]:
        """Changes with every commit: tantivy replaces its meta file whole."""
        files = (self.folder / name / "meta.json" for name in ("windows", "calls"))
        return tuple((stat.st_ino, stat.st_mtime_ns) for stat in (file.stat() for file in files))

    @contextmanager
    def writing(self) -> Iterator["Writing"]:
        """Commits at the end, `calls` last: what a search counts is never ahead of its windows."""
        calls, windows = self.calls.writer(_HEAP, 1), self.windows.writer(_HEAP, 1)
        try:
            yield Writing(self, calls, windows)
            windows.commit()
            calls.commit()
        except BaseException:
            windows.rollback()
            calls.rollback()
            raise
        finally:
            windows.wait_merging_threads()
            calls.wait_merging_threads()


class Writing:
    def __init__(self, generation: Generation, calls: IndexWriter, windows: IndexWriter) -> None:
        self._generation = generation
        self._calls = calls
        self._windows = windows

    def put(self, document: CallDocument) -> None:
        self.remove(document.id)
        self._calls.add_document(call_document(document, self._generation.calls.schema))
        for window in window_documents(document, self._generation.windows.schema):
            self._windows.add_document(window)

    def remove(self, call_id: int) -> None:
        for writer in (self._calls, self._windows):
            writer.delete_documents_by_term("key", str(call_id))


class Storage:
    def __init__(self, root: Path) -> None:
        self._root = root

    def prepare(self) -> None:
        """Make an empty generation if there is none yet."""
        if self._name() is None:
            with self.locked():
                if self._name() is None:
                    self.switch(self.fresh())

    def current(self) -> Generation:
        """The generation in use. Raises `Unavailable` if it is another version's."""
        name = self._name() or ""
        if not name.startswith(f"{VERSION}-"):
            raise unusable("The index was built by another version of the program.")
        return Generation(self._root / name)

    def is_current(self, generation: Generation) -> bool:
        return self._name() == generation.folder.name

    def fresh(self) -> Generation:
        folder = self._root / f"{VERSION}-{uuid.uuid4().hex[:8]}"
        for name in ("calls", "windows"):
            (folder / name).mkdir(parents=True)
        return Generation(folder)

    def switch(self, generation: Generation) -> None:
        """Put the generation in use and delete the others: who still reads them keeps the open files."""
        pointer = self._root / "current.new"
        pointer.write_text(generation.folder.name, encoding="ascii")
        pointer.replace(self._root / "current")
        for folder in self._root.iterdir():
            if folder.is_dir() and folder != generation.folder:
                shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def rebuilding(self) -> Iterator[Generation]:
        """A generation to fill; put in use at the end, deleted if the block raises.

        Raises `Conflict` while another is filled."""
        with self._lock("rebuild.lock", fcntl.LOCK_EX | fcntl.LOCK_NB):
            generation = self.fresh()
            try:
                yield generation
                with self.locked():
                    self.switch(generation)
            except BaseException:
                shutil.rmtree(generation.folder, ignore_errors=True)
                raise

    def locked(self) -> AbstractContextManager[None]:
        """One writer at a time."""
        return self._lock("write.lock", fcntl.LOCK_EX)

    @contextmanager
    def _lock(self, name: str, how: int) -> Iterator[None]:
        """Across processes; the lock ends with its process."""
        self._root.mkdir(parents=True, exist_ok=True)
        with (self._root / name).open("w") as file:
            try:
                fcntl.flock(file, how)
            except BlockingIOError as error:
                raise Conflict("The search index is being rebuilt already.") from error
            yield

    def _name(self) -> str | None:
        try:
            return (self._root / "current").read_text(encoding="ascii")
        except FileNotFoundError:
            return None
