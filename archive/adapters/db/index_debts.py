"""What the index is owed."""

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import delete, func, insert, literal, select

from archive.adapters.db.calls import readable
from archive.adapters.db.tables import calls, index_debts
from archive.adapters.db.types import Moment
from archive.adapters.db.unit import Unit
from archive.policy.scope import AllCalls
from archive.ports import NameKind

UNPAID = timedelta(seconds=10)
"""So long a debt may stand before its ring counts as lost."""


class SqlIndexDebts:
    """Each debt is a row of its own, so that paying the ones that were read can't take a later one along."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def owe(self, call_id: int) -> None:
        await self._unit.run(insert(index_debts).values(call_id=call_id, since=await self._unit.now()))

    async def owe_named(self, kind: NameKind, id: int) -> None:
        now = literal(await self._unit.now(), Moment)
        carrying = readable(AllCalls()).where(calls.c[f"{kind}_id"] == id)
        owed = carrying.with_only_columns(calls.c.id, now)
        await self._unit.run(insert(index_debts).from_select(["call_id", "since"], owed))

    async def of_call(self, call_id: int) -> list[int]:
        return list(await self._unit.values(select(index_debts.c.id).where(index_debts.c.call_id == call_id)))

    async def pay(self, debts: Collection[int]) -> None:
        await self._unit.run(delete(index_debts).where(index_debts.c.id.in_(debts)))

    async def calls(self, limit: int) -> frozenset[int]:
        return frozenset(await self._unit.values(select(index_debts.c.call_id).distinct().limit(limit)))

    async def due(self, limit: int) -> list[int]:
        query = (
            select(index_debts.c.call_id)
            .where(index_debts.c.since <= await self._unit.now() - UNPAID)
            .group_by(index_debts.c.call_id)
            .order_by(func.min(index_debts.c.id))
            .limit(limit)
        )
        return list(await self._unit.values(query))
