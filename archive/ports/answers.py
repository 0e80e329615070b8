"""Answers kept for whoever sends the same request again, not knowing whether the first one came through."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol

from msgspec import Struct

KEPT = timedelta(hours=24)
"""So long a key stands for the request that it first came with."""


class KeptAnswer(Struct, frozen=True, kw_only=True):
    """`request`: the hash of what was asked. `status` None: it is under way, or nobody knows how it ended. `body` None:
    it held a secret, which is shown once."""

    request: bytes
    status: int | None = None
    headers: Mapping[str, str] = {}
    body: bytes | None = None


class Answers(Protocol):
    """By principal and the key that they chose."""

    async def begin(self, principal_id: int, key: str, request: bytes) -> KeptAnswer | None:
        """None for exactly one caller, however many begin at once; the others get what stands there."""
        ...

    async def finish(self, principal_id: int, key: str, answer: KeptAnswer) -> None: ...
    async def forget(self, principal_id: int, key: str) -> None:
        """As if it had never begun."""
        ...
