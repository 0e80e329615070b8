"""How the console of an embedded archive learns where the private queue of the running one is."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import structs

from archive.settings import Settings

FILE = "queue"
"""In the archive's folder while it runs; one that a killed archive left names a queue that answers nobody."""


@contextmanager
def told(folder: Path, redis: str) -> Iterator[None]:
    file = folder / FILE
    file.write_text(redis, encoding="utf-8")
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def found(settings: Settings) -> Settings:
    """The settings, with the queue of the archive that runs in their folder unless they name one."""
    file = settings.folder / FILE
    if settings.redis or settings.database or not file.is_file():
        return settings
    return structs.replace(settings, redis=file.read_text(encoding="utf-8"))
