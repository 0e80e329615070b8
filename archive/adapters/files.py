"""Recordings in a folder.

A blob is written beside its place, flushed to the disk, and linked into it: a name is either absent or whole, and a
second writer of the same name is refused by the file system.
"""

import asyncio
import errno
import os
import shutil
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from archive.errors import Conflict, NotFound, Unavailable
from archive.ports import BlobInfo

PIECE = 256 * 1024
UNFINISHED = "unfinished"


class FolderStore:
    """Implements `ports.BlobStore`. Names are the archive's own; one that leaves the folder is a bug, and refused."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / UNFINISHED).mkdir(parents=True, exist_ok=True)

    async def write(self, name: str, chunks: AsyncIterable[bytes]) -> int:
        with _explained(), self._unfinished() as beside:
            file = await asyncio.to_thread(beside.open, "wb")
            try:
                async for chunk in chunks:
                    await asyncio.to_thread(file.write, chunk)
                size = file.tell()
                await asyncio.to_thread(_flush, file)
            finally:
                file.close()
            await asyncio.to_thread(self._place, beside, name)
            return size

    async def write_file(self, name: str, source: Path) -> None:
        with _explained(), self._unfinished() as beside:
            await asyncio.to_thread(_copy, source, beside)
            await asyncio.to_thread(self._place, beside, name)

    async def read(self, name: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        with _explained(), await asyncio.to_thread(self._open, name) as file:
            file.seek(start)
            left = (end if end is not None else os.fstat(file.fileno()).st_size) - start
            while left > 0 and (piece := await asyncio.to_thread(file.read, min(PIECE, left))):
                left -= len(piece)
                yield piece

    async def fetch(self, name: str, target: Path) -> None:
        with _explained(), await asyncio.to_thread(self._open, name) as file, target.open("wb") as out:
            await asyncio.to_thread(shutil.copyfileobj, file, out, PIECE)

    async def size(self, name: str) -> int | None:
        path = self._path(name)
        return path.stat().st_size if path.is_file() else None

    async def delete(self, name: str) -> None:
        with _explained():
            await asyncio.to_thread(self._path(name).unlink, missing_ok=True)

    async def names(self, prefix: str) -> AsyncIterator[BlobInfo]:
        for path in await asyncio.to_thread(lambda: sorted(self._folder.glob(f"{prefix}/**/*"))):
            if path.is_file():
                facts = path.stat()
                modified = datetime.fromtimestamp(facts.st_mtime, UTC)
                yield BlobInfo(f"{prefix}/{path.name}", facts.st_size, modified)

    async def check(self) -> None:
        with _explained(), self._unfinished() as beside:
            await asyncio.to_thread(beside.write_bytes, b"ok")

    async def close(self) -> None:
        """Nothing is held open."""

    def _path(self, name: str) -> Path:
        """`originals/0190…` stands in `originals/<last two>/0190…`: at most 256 folders a kind."""
        kind, _, own = name.partition("/")
        if not (kind.isalpha() and own.replace("-", "").isalnum()):
            raise ValueError(f"{name!r} is not a blob's name.")
        return self._folder / kind / own[-2:] / own

    @contextmanager
    def _unfinished(self) -> Iterator[Path]:
        beside = self._folder / UNFINISHED / uuid4().hex
        try:
            yield beside
        finally:
            beside.unlink(missing_ok=True)

    def _place(self, beside: Path, name: str) -> None:
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(beside, path)
        except FileExistsError as error:
            raise Conflict(f"{name} is written already.") from error
        _flush_folder(path.parent)

    def _open(self, name: str) -> BinaryIO:
        try:
            return self._path(name).open("rb")
        except FileNotFoundError as error:
            raise NotFound("The recording's bytes are not in the store.") from error


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        remedy = (
            "Free some space."
            if error.errno in (errno.ENOSPC, errno.EDQUOT)
            else "Check its disk and rights."
        )
        raise Unavailable("Recordings folder", f"{error.strerror}.", remedy) from error


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
