"""Work in the background."""

from datetime import timedelta
from enum import StrEnum
from typing import Protocol

from archive.calls.call import State


class Job(StrEnum):
    """What a ring asks for: one of the stages, or `REFRESH`, what the index is owed of a call that changed."""

    NORMALISE = "normalise"
    TRANSCRIBE = "transcribe"
    INDEX = "index"
    REFRESH = "refresh"


class Doorbell(Protocol):
    """Rings are hints: the database knows what is owed, and the sweep rings again for what was lost."""

    async def ring(self, job: Job, call_id: int, *, delay: timedelta = timedelta(0)) -> None:
        """Never raises: `check` reports an unreachable queue, and the sweep rings again. Ringing twice is cheap."""
        ...

    async def show(self, call_id: int, stage: State, share: float) -> None:
        """Tell whoever watches how far a stage is; kept for minutes, lost without harm."""
        ...

    async def shown(self, call_id: int) -> tuple[State, float] | None: ...
    async def depth(self) -> int:
        """Jobs waiting."""
        ...

    async def working(self) -> bool:
        """Whether any worker reported lately: within seconds, not minutes."""
        ...

    async def check(self) -> None: ...
    async def close(self) -> None: ...
