"""Recordings: bytes under names."""

from collections.abc import AsyncIterable, AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Protocol

from msgspec import Struct


class BlobInfo(Struct, frozen=True):
    name: str
    bytes: int
    modified: datetime


class BlobStore(Protocol):
    """Bytes under names that the archive made (`originals/…`, `renditions/…`, `waveforms/…`). Written once."""

    async def write(self, name: str, chunks: AsyncIterable[bytes]) -> int:
        """Store a stream; its length. Nothing stays if the stream breaks. Raises `Conflict` where the name is taken."""
        ...

    async def write_file(self, name: str, source: Path) -> None: ...
    def read(self, name: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Bytes [start, end), in pieces of at most 256 KiB. Raises `NotFound` at the first one without such a blob."""
        ...

    async def fetch(self, name: str, target: Path) -> None:
        """Raises `OSError` where the target can't be written: its disk is the caller's."""
        ...

    async def delete(self, name: str) -> None:
        """Deleting what isn't there is fine."""
        ...

    def names(self, prefix: str) -> AsyncIterator[BlobInfo]: ...
    async def drop_unfinished(self, before: datetime) -> None:
        """Remove what writers that were killed before that time left behind."""
        ...

    async def check(self) -> None: ...
    async def close(self) -> None: ...
