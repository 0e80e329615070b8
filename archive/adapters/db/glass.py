"""Broken glass: whom it was told to."""

from datetime import datetime

from sqlalchemy import func, or_, select, update

from archive.adapters.db.principals import SqlPrincipals
from archive.adapters.db.tables import broken_glass, grants, principals
from archive.adapters.db.unit import Unit
from archive.ports import BrokenGlass

_told = broken_glass.join(grants, grants.c.id == broken_glass.c.grant_id)
_unseen = broken_glass.c.seen_at.is_(None)


class SqlGlass:
    def __init__(self, unit: Unit, holders: SqlPrincipals) -> None:
        self._unit = unit
        self._holders = holders

    async def broken(self, grant_id: int) -> None:
        await self._unit.run(self._unit.insert(broken_glass).values(grant_id=grant_id))

    async def lately(self, since: datetime) -> list[BrokenGlass]:
        query = (
            select(broken_glass, grants.c.principal_id)
            .select_from(_told)
            .where(or_(_unseen, grants.c.since >= since))
            .order_by(grants.c.id.desc())
        )
        rows = await self._unit.all(query)
        holders = {one.id: one for one in await self._holders.by_ids({row.principal_id for row in rows})}
        taken = {grant.id: grant for one in holders.values() for grant in one.grants}
        return [
            BrokenGlass(holders[row.principal_id], taken[row.grant_id], row.seen_at, row.seen_by)
            for row in rows
        ]

    async def unseen(self, but: str) -> int:
        others = _told.join(principals, principals.c.id == grants.c.principal_id)
        counting = select(func.count()).select_from(others).where(_unseen, principals.c.uid != but)
        return int(await self._unit.value(counting))

    async def see(self, grant_uid: str, by: str) -> bool:
        told = broken_glass.c.grant_id.in_(select(grants.c.id).where(grants.c.uid == grant_uid))
        seeing = update(broken_glass).where(told, _unseen)
        return await self._unit.changed(seeing.values(seen_at=await self._unit.now(), seen_by=by))
