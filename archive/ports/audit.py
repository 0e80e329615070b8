"""The record of what was done."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from archive.audit.event import Event, EventType, ObjectKind, Outcome, Record


class EventFilter(Struct, frozen=True):
    """`since` inclusive, `until` exclusive; ids are public. `objects`: any of these, if there are some."""

    actor: str | None = None
    object: str | None = None
    objects: frozenset[str] = frozenset()
    object_kind: ObjectKind | None = None
    call: str | None = None
    types: frozenset[EventType] = frozenset()
    outcome: Outcome | None = None
    since: datetime | None = None
    until: datetime | None = None


class StoredEvent(Struct, frozen=True):
    """`seq` orders the list and makes its cursor. `texts` holds what was not erased, by field.

    `leaf` is the event's number in the Merkle log; None until it is sequenced."""

    seq: int
    id: str
    time: datetime
    body: bytes
    texts: Mapping[str, str]
    leaf: int | None = None


class AuditLog(Protocol):
    async def append(self, event: Event) -> Record:
        """Write the event in this unit of work, at the database's time."""
        ...

    async def page(
        self, filter: EventFilter, *, before: int | None = None, limit: int = 50
    ) -> list[StoredEvent]:
        """Newest first; `before` is a `seq`."""
        ...

    async def get(self, uid: str) -> StoredEvent | None: ...
