"""Listens, and what was delivered and reported of each."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import chain
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, distinct, func, insert, select, update

from archive.adapters.db.tables import listen_reports, listens
from archive.adapters.db.unit import Unit
from archive.calls.call import Call
from archive.policy.principal import Principal
from archive.ports import MOST_REPORTED, Listen, Played

Ranges = tuple[tuple[int, int], ...]

_SHOWN = [listens.c[name] for name in Listen.__struct_fields__ if name != "reported"]
_principals = func.count(distinct(listens.c.principal_uid))


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
            "intervals": 0,
        }
        adding = insert(listens).values(**values).returning(*_SHOWN)
        return _listen((await self._unit.all(adding))[0])

    async def get(self, uid: str) -> Listen | None:
        row = await self._unit.first(_listens(listens.c.uid == uid))
        return _listen(row) if row else None

    async def deliver(self, id: int, start: int, end: int) -> bool:
        """The row is locked while it is merged: a player asks for several pieces at once."""
        row = await self._unit.first(select(listens.c.delivered).where(*_open(id)).with_for_update())
        if row is None:
            return False
        fresh = {"delivered": merged(row.delivered, start, end), "last_at": await self._unit.now()}
        return await self._unit.changed(update(listens).where(listens.c.id == id).values(**fresh))

    async def report(self, id: int, played: Sequence[Played]) -> bool:
        intervals = listens.c.intervals + len(played)
        fresh = {"intervals": intervals, "last_at": await self._unit.now()}
        taking = update(listens).where(*_open(id), intervals <= MOST_REPORTED)
        if not await self._unit.changed(taking.values(**fresh)):
            return False
        await self._unit.run(insert(listen_reports).values(listen_id=id, played=tuple(played)))
        return True

    async def close(self, id: int) -> Listen | None:
        closing = update(listens).where(*_open(id)).values(closed_at=await self._unit.now())
        row = await self._unit.first(closing.returning(*_SHOWN))
        return (await self._with_reports([row]))[0] if row else None

    async def open_of(self, call: Call, limit: int) -> list[Listen]:
        query = _listens(listens.c.call_id == call.id, listens.c.closed_at.is_(None))
        return [_listen(row) for row in await self._unit.all(query.order_by(listens.c.id).limit(limit))]

    async def abandoned(self, idle: timedelta, limit: int) -> list[Listen]:
        left = (listens.c.closed_at.is_(None), listens.c.last_at <= await self._unit.now() - idle)
        rows = await self._unit.all(_listens(*left).order_by(listens.c.last_at).limit(limit))
        return [_listen(row) for row in rows]

    async def of_call(
        self,
        call: Call,
        principal: Principal | None = None,
        *,
        before: int | None = None,
        limit: int | None = None,
    ) -> list[Listen]:
        query = _listens(*_heard(call, principal)).order_by(listens.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(listens.c.id < before)
        return await self._with_reports(await self._unit.all(query))

    async def of_principal(self, principal: Principal, *, before: int | None, limit: int) -> list[Listen]:
        query = _listens(listens.c.principal_uid == principal.uid).order_by(listens.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(listens.c.id < before)
        return await self._with_reports(await self._unit.all(query))

    async def count_of_call(self, call: Call, principal: Principal | None = None) -> tuple[int, int]:
        counting = select(func.count().label("listens"), _principals.label("by"))
        (row,) = await self._unit.all(counting.where(*_heard(call, principal)))
        return row.listens, row.by

    async def _with_reports(self, rows: Sequence[Row[Any]]) -> list[Listen]:
        reports = await self._reports([row.id for row in rows])
        return [_listen(row, tuple(chain(*reports[row.id]))) for row in rows]

    async def _reports(self, ids: Sequence[int]) -> dict[int, list[Iterable[Played]]]:
        reports: dict[int, list[Iterable[Played]]] = {listen_id: [] for listen_id in ids}
        query = (
            select(listen_reports).where(listen_reports.c.listen_id.in_(ids)).order_by(listen_reports.c.id)
        )
        for row in await self._unit.all(query) if ids else ():
            reports[row.listen_id].append(row.played)
        return reports


def _listens(*conditions: ColumnElement[bool]) -> Select[Any]:
    return select(*_SHOWN).where(*conditions)


def _heard(call: Call, principal: Principal | None) -> Iterator[ColumnElement[bool]]:
    yield listens.c.call_id == call.id
    if principal is not None:
        yield listens.c.principal_uid == principal.uid


def _open(id: int) -> tuple[ColumnElement[bool], ...]:
    return listens.c.id == id, listens.c.closed_at.is_(None)


def _listen(row: Row[Any], reported: tuple[Played, ...] = ()) -> Listen:
    return Listen(**row._mapping, reported=reported)


def merged(ranges: Ranges, start: int, end: int) -> Ranges:
    """The ranges with [start, end) in them: in order, none touching the next."""
    if start >= end:
        return ranges
    apart = [(s, e) for s, e in ranges if e < start or end < s]
    touching = [(s, e) for s, e in ranges if not (e < start or end < s)]
    whole = (min([start, *(s for s, _ in touching)]), max([end, *(e for _, e in touching)]))
    return tuple(sorted([*apart, whole]))
