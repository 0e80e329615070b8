"""The audit log: rows are added, read, and nothing else."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, insert, select

from archive.adapters.db.tables import event_texts, events
from archive.adapters.db.unit import Unit
from archive.audit.event import SALT_BYTES, Event, Record, record
from archive.ids import uuid7
from archive.ports import EventFilter, StoredEvent


class SqlAuditLog:
    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def append(self, event: Event) -> Record:
        fixed = record(event, id=uuid7(), time=await self._unit.now(), salt=lambda: os.urandom(SALT_BYTES))
        seq = await self._unit.value(insert(events).values(**_values(fixed)).returning(events.c.seq))
        texts = [
            {"event_seq": seq, "field": text.field, "salt": text.salt, "text": text.text.encode()}
            for text in fixed.texts
        ]
        if texts:
            await self._unit.run(insert(event_texts), texts)
        return fixed

    async def page(
        self, filter: EventFilter, *, before: int | None = None, limit: int = 50
    ) -> list[StoredEvent]:
        query = select(events).where(*_conditions(filter)).order_by(events.c.seq.desc()).limit(limit)
        return await self._all(query if before is None else query.where(events.c.seq < before))

    async def get(self, uid: str) -> StoredEvent | None:
        return next(iter(await self._all(select(events).where(events.c.id == uid))), None)

    async def _all(self, query: Select[Any]) -> list[StoredEvent]:
        rows = await self._unit.all(query)
        texts = await self._texts([row.seq for row in rows])
        return [_stored(row, texts[row.seq]) for row in rows]

    async def _texts(self, seqs: Sequence[int]) -> dict[int, dict[str, str]]:
        texts: dict[int, dict[str, str]] = {seq: {} for seq in seqs}
        query = select(event_texts).where(event_texts.c.event_seq.in_(seqs))
        for row in await self._unit.all(query) if seqs else ():
            texts[row.event_seq][row.field] = row.text.decode()
        return texts


def _values(fixed: Record) -> dict[str, Any]:
    event = fixed.event
    return {
        "id": fixed.id,
        "time": fixed.time,
        "type": event.type,
        "actor_id": event.actor.id,
        "actor_kind": event.actor.kind,
        "object_kind": event.object.kind,
        "object_id": event.object.id,
        "call_uid": event.call,
        "outcome": event.outcome,
        "reason_code": event.reason_code,
        "body": fixed.body,
    }


def _conditions(filter: EventFilter) -> Iterator[ColumnElement[bool]]:
    exact: tuple[tuple[ColumnElement[Any], object], ...] = (
        (events.c.actor_id, filter.actor),
        (events.c.object_id, filter.object),
        (events.c.object_kind, filter.object_kind),
        (events.c.call_uid, filter.call),
        (events.c.outcome, filter.outcome),
    )
    yield from (column == value for column, value in exact if value is not None)
    if filter.objects:
        yield events.c.object_id.in_(sorted(filter.objects))
    if filter.types:
        yield events.c.type.in_(sorted(filter.types))
    if filter.since is not None:
        yield events.c.time >= filter.since
    if filter.until is not None:
        yield events.c.time < filter.until


def _stored(row: Row[Any], texts: dict[str, str]) -> StoredEvent:
    return StoredEvent(seq=row.seq, id=row.id, time=row.time, body=row.body, texts=texts)
