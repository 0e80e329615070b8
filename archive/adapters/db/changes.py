"""Changes that wait for a second person."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update

from archive.adapters.db.tables import pending_changes
from archive.adapters.db.unit import Unit
from archive.ids import uuid7
from archive.ports import Change, ChangeState, PendingChange

_COLUMNS = [pending_changes.c[name] for name in PendingChange.__struct_fields__]


class SqlPendingChanges:
    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def add(
        self, change: Change, *, beneficiary: str | None, asked_by: str, asked_name: str
    ) -> PendingChange:
        insert = self._unit.insert(pending_changes).values(
            uid=uuid7(),
            change=change,
            beneficiary=beneficiary,
            asked_by=asked_by,
            asked_name=asked_name,
            asked_at=await self._unit.now(),
            state=ChangeState.WAITING,
        )
        added = await self._unit.first(insert.returning(*_COLUMNS))
        assert added is not None  # noqa: S101 - it was inserted
        return _change(added)

    async def get(self, uid: str) -> PendingChange | None:
        row = await self._unit.first(select(*_COLUMNS).where(pending_changes.c.uid == uid))
        return None if row is None else _change(row)

    async def waiting(self, asked_since: datetime) -> list[PendingChange]:
        query = (
            select(*_COLUMNS)
            .where(pending_changes.c.state == ChangeState.WAITING, pending_changes.c.asked_at >= asked_since)
            .order_by(pending_changes.c.id)
        )
        return [_change(row) for row in await self._unit.all(query)]

    async def decide(self, id: int, state: ChangeState, by: str) -> bool:
        deciding = update(pending_changes).where(
            pending_changes.c.id == id, pending_changes.c.state == ChangeState.WAITING
        )
        values = {"state": state, "decided_by": by, "decided_at": await self._unit.now()}
        return await self._unit.changed(deciding.values(values))


def _change(row: Row[Any]) -> PendingChange:
    return PendingChange(**{name: getattr(row, name) for name in PendingChange.__struct_fields__})
