"""What the index is owed."""

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import delete, func, insert, select

from archive.adapters.db.tables import index_debts
from archive.adapters.db.unit import Unit

UNPAID = timedelta(seconds=10)
"""So long a debt may stand before its ring counts as lost."""


class SqlIndexDebts:
    """Each debt is a row of its own, so that paying the ones that were read can't take a later one along."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def owe(self, call_id: int) -> None:
        await self._unit.run(insert(index_debts).values(call_id=call_id, since=await self._unit.now()))

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
