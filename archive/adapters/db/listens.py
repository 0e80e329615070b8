"""Listens, and what was delivered and reported of each."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import chain
from typing import Any

from sqlalchemy import Select, Update, insert, select, update

from archive.adapters.db.tables import listen_reports, listens
from archive.adapters.db.unit import Unit
from archive.calls.call import Call
from archive.policy.principal import Principal
from archive.ports import Listen, Played

Ranges = tuple[tuple[int, int], ...]


class SqlListens:
    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def add(
        self,
        call: Call,
        principal: Principal,
        seat: str,
        *,
        uid: str,
        reason: str | None,
        continues: str | None,
    ) -> Listen:
        now = await self._unit.now()
        values = {
            "uid": uid,
            "call_id": call.id,
            "call_uid": call.uid,
            "principal_uid": principal.uid,
            "seat": seat,
            "opened_at": now,
            "last_at": now,
            "rendition": call.rendition,
            "reason": reason,
            "continues": continues,
            "delivered": (),
        }
        await self._unit.run(insert(listens).values(**values))
        (listen,) = await self._all(select(listens).where(listens.c.uid == uid))
        return listen

    async def get(self, uid: str) -> Listen | None:
        return next(iter(await self._all(select(listens).where(listens.c.uid == uid))), None)

    async def deliver(self, id: int, start: int, end: int) -> None:
        """The row is locked while it is merged: a player asks for several pieces at once."""
        query = select(listens.c.delivered).where(listens.c.id == id).with_for_update()
        delivered = await self._unit.value(query)
        if delivered is not None:
            await self._refresh(id, delivered=merged(delivered, start, end))

    async def report(self, id: int, played: Sequence[Played]) -> None:
        await self._unit.run(insert(listen_reports).values(listen_id=id, played=tuple(played)))
        await self._refresh(id)

    async def close(self, id: int) -> Listen | None:
        closing = update(listens).where(listens.c.id == id, listens.c.closed_at.is_(None))
        if not await self._unit.changed(closing.values(closed_at=await self._unit.now())):
            return None
        (listen,) = await self._all(select(listens).where(listens.c.id == id))
        return listen

    async def abandoned(self, idle: timedelta, limit: int) -> list[Listen]:
        left = (listens.c.closed_at.is_(None), listens.c.last_at <= await self._unit.now() - idle)
        return await self._all(select(listens).where(*left).order_by(listens.c.last_at).limit(limit))

    async def of_call(self, call: Call, principal: Principal | None = None) -> list[Listen]:
        query = select(listens).where(listens.c.call_id == call.id)
        if principal is not None:
            query = query.where(listens.c.principal_uid == principal.uid)
        return await self._all(query.order_by(listens.c.id.desc()))

    async def _refresh(self, id: int, **values: Ranges) -> None:
        fresh: Update = update(listens).where(listens.c.id == id)
        await self._unit.run(fresh.values(last_at=await self._unit.now(), **values))

    async def _all(self, query: Select[Any]) -> list[Listen]:
        rows = await self._unit.all(query)
        reports = await self._reports([row.id for row in rows])
        return [Listen(**row._mapping, reported=tuple(chain(*reports[row.id]))) for row in rows]

    async def _reports(self, ids: Sequence[int]) -> dict[int, list[Iterable[Played]]]:
        reports: dict[int, list[Iterable[Played]]] = {listen_id: [] for listen_id in ids}
        query = (
            select(listen_reports).where(listen_reports.c.listen_id.in_(ids)).order_by(listen_reports.c.id)
        )
        for row in await self._unit.all(query) if ids else ():
            reports[row.listen_id].append(row.played)
        return reports


def merged(ranges: Ranges, start: int, end: int) -> Ranges:
    """The ranges with [start, end) in them: in order, none touching the next."""
    if start >= end:
        return ranges
    apart = [(s, e) for s, e in ranges if e < start or end < s]
    touching = [(s, e) for s, e in ranges if not (e < start or end < s)]
    whole = (min([start, *(s for s, _ in touching)]), max([end, *(e for _, e in touching)]))
    return tuple(sorted([*apart, whole]))
