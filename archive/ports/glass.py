"""Access that administrators took by breaking the glass, and whether anybody who approves has seen it."""

from datetime import datetime
from typing import Protocol

from msgspec import Struct

from archive.policy.principal import Grant, Principal


class BrokenGlass(Struct, frozen=True):
    """`seen_by` is the public id of whoever, among those who approve, saw it first."""

    holder: Principal
    grant: Grant
    seen_at: datetime | None
    seen_by: str | None


class Glass(Protocol):
    async def broken(self, grant_id: int) -> None:
        """From now on those who approve are told of this grant."""
        ...

    async def lately(self, since: datetime) -> list[BrokenGlass]:
        """Newest first: what began since then, and whatever nobody has seen."""
        ...

    async def unseen(self, but: str) -> int:
        """How many nobody has seen, whoever `but` took left out: nobody is told of their own."""
        ...

    async def see(self, grant_uid: str, by: str) -> bool:
        """False if there is no such, or somebody saw it before."""
        ...
