"""When a reason is asked for, and which ones were stated."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, func, select, update

from archive.adapters.db.tables import reason_rules, stated_reasons
from archive.adapters.db.unit import Unit
from archive.calls.call import Call
from archive.calls.reasons import ReasonRule
from archive.ids import uuid7
from archive.ports import StoredRule

_RULE = [reason_rules.c[name] for name in StoredRule.__struct_fields__]


class SqlReasons:
    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def rules(self) -> Sequence[StoredRule]:
        query = select(*_RULE).where(reason_rules.c.ended_at.is_(None)).order_by(reason_rules.c.id)
        return [_stored(row) for row in await self._unit.all(query)]

    async def rule(self, uid: str) -> StoredRule | None:
        query = select(*_RULE).where(reason_rules.c.uid == uid, reason_rules.c.ended_at.is_(None))
        row = await self._unit.first(query)
        return None if row is None else _stored(row)

    async def add_rule(self, rule: ReasonRule, by: str) -> StoredRule:
        added = StoredRule(uuid7(), rule, await self._unit.now(), by)
        values = {name: getattr(added, name) for name in StoredRule.__struct_fields__}
        await self._unit.run(self._unit.insert(reason_rules).values(**values))
        return added

    async def replace_rule(self, uid: str, rule: ReasonRule, by: str) -> bool:
        values = {"rule": rule, "created_at": await self._unit.now(), "created_by": by}
        return await self._change(uid, values)

    async def end_rule(self, uid: str) -> bool:
        return await self._change(uid, {"ended_at": await self._unit.now()})

    async def state(self, principal_id: int, seat: str, call: Call, reason: str) -> None:
        values = {"seat": seat, "reason": reason, "stated_at": await self._unit.now()}
        insert = self._unit.insert(stated_reasons)
        await self._unit.run(insert.values(principal_id=principal_id, call_id=call.id, **values))

    async def stated(
        self, principal_id: int, seat: str, calls: Collection[Call], within: timedelta
    ) -> dict[int, str]:
        s = stated_reasons.c
        query = (
            select(s.call_id, s.reason)
            .where(s.principal_id == principal_id, s.call_id.in_([call.id for call in calls]), s.seat == seat)
            .where(s.stated_at > await self._unit.now() - within)
            .order_by(s.id)
        )
        return {row.call_id: row.reason for row in await self._unit.all(query)}

    async def stated_of(self, principal_id: int, seat: str, within: timedelta, limit: int) -> list[int]:
        s, newest = stated_reasons.c, func.max(stated_reasons.c.id)
        query = (
            select(s.call_id)
            .where(s.principal_id == principal_id, s.seat == seat)
            .where(s.stated_at > await self._unit.now() - within)
            .group_by(s.call_id)
            .order_by(newest.desc())
            .limit(limit)
        )
        return [row.call_id for row in await self._unit.all(query)]

    async def _change(self, uid: str, values: dict[str, Any]) -> bool:
        in_force = update(reason_rules).where(reason_rules.c.uid == uid, reason_rules.c.ended_at.is_(None))
        return await self._unit.changed(in_force.values(**values))


def _stored(row: Row[Any]) -> StoredRule:
    return StoredRule(**{name: getattr(row, name) for name in StoredRule.__struct_fields__})
