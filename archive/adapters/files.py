"""Recordings in a folder.

A blob is written beside its place, flushed to the disk, and linked into it: a name is either absent or whole, and a
second writer of the same name is refused by the file system.
"""

import asyncio
import errno
import os
import shutil
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from archive.adapters.blob_names import checked
from archive.errors import Conflict, NotFound, Unavailable
from archive.ports import BlobInfo

PIECE = 256 * 1024
UNFINISHED = "unfinished"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class FolderStore:
    """Implements `ports.BlobStore`. Names are the archive's own; one that leaves the folder is a bug, and refused."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with _explained():
            (folder / UNFINISHED).mkdir(parents=True, exist_ok=True)

    async def write(self, name: str, chunks: AsyncIterable[bytes]) -> int:
        path = self._path(name)
        with self._unfinished() as beside:
            size = await _spool(chunks, beside)
            with _explained():
                await asyncio.to_thread(_place, beside, path)
            return size

    async def write_file(self, name: str, source: Path) -> None:
        path = self._path(name)
        with _explained(), self._unfinished() as beside:
            await asyncio.to_thread(_copy, source, beside)
            await asyncio.to_thread(_place, beside, path)

    async def read(self, name: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        with _explained(), await asyncio.to_thread(self._open, name) as file:
            file.seek(start)
            left = (end if end is not None else os.fstat(file.fileno()).st_size) - start
            while left > 0 and (piece := await asyncio.to_thread(file.read, min(PIECE, left))):
                left -= len(piece)
                yield piece

    async def fetch(self, name: str, target: Path) -> None:
        with target.open("wb") as out:
            async for piece in self.read(name):
                await asyncio.to_thread(out.write, piece)

    async def delete(self, name: str) -> None:
        with _explained():
            await asyncio.to_thread(self._path(name).unlink, missing_ok=True)

    async def names(self, prefix: str) -> AsyncIterator[BlobInfo]:
        kind = self._folder / prefix
        with _explained():
            for folder in await asyncio.to_thread(_entries, kind):
                for blob in await asyncio.to_thread(_blobs, prefix, folder):
                    yield blob

    async def drop_unfinished(self, before: datetime) -> None:
        with _explained():
            await asyncio.to_thread(_drop_old, self._folder / UNFINISHED, before)

    async def check(self) -> None:
        with _explained(), self._unfinished() as beside:
            await asyncio.to_thread(beside.write_bytes, b"ok")

    async def close(self) -> None:
        """Nothing is held open."""

    def _path(self, name: str) -> Path:
        """`originals/0190…` stands in `originals/<last two>/0190…`: at most 256 folders a kind."""
        kind, _, own = checked(name).partition("/")
        return self._folder / kind / own[-2:] / own

    @contextmanager
    def _unfinished(self) -> Iterator[Path]:
        beside = self._folder / UNFINISHED / uuid4().hex
        try:
            yield beside
        finally:
            beside.unlink(missing_ok=True)

    def _open(self, name: str) -> BinaryIO:
        try:
            return self._path(name).open("rb")
        except FileNotFoundError as error:
            raise NotFound("The recording's bytes are not in the store.") from error


def _modified(facts: os.stat_result) -> datetime:
    return datetime.fromtimestamp(facts.st_mtime, UTC)


def _drop_old(folder: Path, before: datetime) -> None:
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            if _modified(path.stat()) < before:
                path.unlink()


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        remedy = "Free some space." if error.errno in FULL else "Check its disk and rights."
        raise Unavailable("Recordings folder", f"{error.strerror}.", remedy) from error


async def _spool(chunks: AsyncIterable[bytes], target: Path) -> int:
    """Write a stream to a file and on to the disk; its length. What the stream itself raises passes as it is."""
    with _explained():
        file = await asyncio.to_thread(target.open, "wb")
    try:
        async for chunk in chunks:
            with _explained():
                await asyncio.to_thread(file.write, chunk)
        with _explained():
            await asyncio.to_thread(_flush, file)
            return file.tell()
    finally:
        _close(file)


def _close(file: BinaryIO) -> None:
    """On a full disk closing tries once more to write what is left, and fails once more."""
    with suppress(OSError):
        file.close()


def _place(beside: Path, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(beside, path)
    except FileExistsError as error:
        raise Conflict(f"{path.name} is written already.") from error
    _flush_folder(path.parent)


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _blobs(kind: str, folder: Path) -> list[BlobInfo]:
    """The blobs of one folder; one that goes meanwhile is left out."""
    found = []
    for path in _entries(folder):
        with suppress(FileNotFoundError):
            facts = path.stat()
            found.append(BlobInfo(f"{kind}/{path.name}", facts.st_size, _modified(facts)))
    return found


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as file, target.open("wb") as out:
        shutil.copyfileobj(file, out, PIECE)
        _flush(out)


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Make the new name itself durable, as fsync(2) asks."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
