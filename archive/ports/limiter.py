"""How often somebody may do something, counted for all processes at once."""

from datetime import timedelta
from typing import Protocol


class Limiter(Protocol):
    async def take(self, key: str, most: int, window: timedelta) -> timedelta | None:
        """Count one. None while the window, which begins with the first, holds no more than `most`; else how long it
        still lasts. Never raises: where nothing can be counted, it lets through."""
        ...

    async def close(self) -> None: ...
