"""Who hears what, and what of it was delivered and reported."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Protocol

from msgspec import Meta, Struct

from archive.calls.call import Call, Rendition
from archive.policy.principal import Principal


class Listen(Struct, frozen=True):
    """One principal hearing one call. `delivered` are byte ranges sent [start, end); `reported` the player's intervals:
    only `close`, `of_call` and `of_principal` bring those, for they may be thousands.

    `seat` is what the media URL is tied to besides the principal: a session's or a registration's public id."""

    id: int
    uid: str
    call_id: int
    call_uid: str
    principal_uid: str
    seat: str
    opened_at: datetime
    last_at: datetime
    rendition: Rendition
    reason: str | None = None
    continues: str | None = None
    closed_at: datetime | None = None
    delivered: tuple[tuple[int, int], ...] = ()
    reported: tuple["Played", ...] = ()


MOST_REPORTED = 10_000
"""Intervals kept of one listen. A player that reports every ten seconds has told twelve hours with less than half."""

Seconds = Annotated[float, Meta(ge=0, le=7 * 24 * 3600)]
"""Within a recording. Bounded, for a claim comes from outside and is added up."""


class Played(Struct, frozen=True, forbid_unknown_fields=True):
    """What a player says it played: media seconds `start` to `end`, at wall time `at`, in `wall` seconds, at `rate`."""

    start: Seconds
    end: Seconds
    at: datetime
    wall: Seconds
    rate: Annotated[float, Meta(gt=0, le=16)] = 1.0
    muted: bool = False
    visible: bool = True


class Listens(Protocol):
    async def add(
        self,
        call: Call,
        principal: Principal,
        seat: str,
        *,
        uid: str,
        reason: str | None,
        continues: str | None,
    ) -> Listen: ...
    async def get(self, uid: str) -> Listen | None: ...
    async def deliver(self, id: int, start: int, end: int) -> bool:
        """Merge one byte range [start, end) into what was delivered; the listen is fresh again.

        False if it was closed meanwhile, or is gone: whoever closes one and whoever adds to it wait for each other."""
        ...

    async def report(self, id: int, played: Sequence[Played]) -> bool:
        """Keep all of `played`; the listen is fresh again. False, and nothing kept, if it was closed meanwhile, is
        gone, or would hold more than `MOST_REPORTED`."""
        ...

    async def close(self, id: int) -> Listen | None:
        """None if it was closed already."""
        ...

    async def open_of(self, call: Call, limit: int) -> list[Listen]:
        """Those of a call that nobody closed, oldest first."""
        ...

    async def abandoned(self, idle: timedelta, limit: int) -> list[Listen]: ...
    async def of_call(
        self,
        call: Call,
        principal: Principal | None = None,
        *,
        before: int | None = None,
        limit: int | None = None,
    ) -> list[Listen]:
        """Newest first, those whose id is less than `before`; of one principal, or of all."""
        ...

    async def of_principal(self, principal: Principal, *, before: int | None, limit: int) -> list[Listen]:
        """Newest first, those whose id is less than `before`."""
        ...

    async def count_of_call(self, call: Call, principal: Principal | None = None) -> tuple[int, int]:
        """How many listens, and by how many principals."""
        ...
