"""What was said, in versions."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from archive.calls.call import Call
from archive.calls.transcript import Transcript
from archive.policy.principal import Principal


class StoredTranscript(Struct, frozen=True):
    version: int
    source: str
    created_at: datetime
    sha256: str
    transcript: Transcript


class Transcripts(Protocol):
    async def add(self, call: Call, transcript: Transcript, source: str, by: Principal) -> StoredTranscript:
        """A new version; earlier ones stay."""
        ...

    async def latest(self, call: Call) -> StoredTranscript | None: ...
    async def version(self, call: Call, version: int) -> StoredTranscript | None: ...
    async def latest_of(self, calls: Collection[Call]) -> dict[int, Transcript]:
        """By the call's id; calls without a transcript are left out."""
        ...
