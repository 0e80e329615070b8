"""What turns sound and words into each other, and passwords into hashes."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from archive.calls.sound import Analysis, AudioFacts
from archive.calls.transcript import Segment, Transcript, TranscriptFormat

Progress = Callable[[float], None]
"""Told how far a piece of work is, from 0 to 1."""


class AudioEngine(Protocol):
    @property
    def engine(self) -> str:
        """Name and version of the pipeline, recorded with each rendition."""
        ...

    async def probe(self, source: Path) -> AudioFacts: ...
    async def analyse(self, source: Path, facts: AudioFacts, progress: Progress) -> Analysis: ...
    async def render(self, source: Path, target: Path, analysis: Analysis, progress: Progress) -> None: ...


class Recogniser(Protocol):
    """A speech recogniser. Scores are comparable only within one `confidence_kind`."""

    @property
    def engine_id(self) -> str: ...
    @property
    def confidence_kind(self) -> str | None: ...
    @property
    def capabilities(self) -> frozenset[str]: ...
    def transcribe(
        self,
        pcm16k_mono: Path,
        *,
        language: str | None,
        hints: Sequence[str],
        progress: Progress,
        cancel: Callable[[], bool],
    ) -> Iterable[Segment]:
        """Segments of one channel (16 kHz, 16-bit, mono), in order of time."""
        ...


class TranscriptFormats(Protocol):
    def read(self, data: bytes, content_type: str | None) -> Transcript: ...
    def write(self, transcript: Transcript, fmt: TranscriptFormat) -> bytes: ...


class PasswordHasher(Protocol):
    """argon2id; about 150 ms each, in a thread."""

    async def hash(self, password: str) -> str: ...
    async def verify(self, encoded: str | None, password: str) -> bool:
        """With `encoded` None it takes as long and answers False, so that an unknown user can't be told by time."""
        ...
