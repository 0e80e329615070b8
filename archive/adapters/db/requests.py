"""Requests for access."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from msgspec import structs
from sqlalchemy import ColumnElement, Row, and_, func, or_, select, update

from archive.adapters.db.calls import readable
from archive.adapters.db.tables import access_requests, calls, principals
from archive.adapters.db.unit import Unit
from archive.ids import uuid7
from archive.ports import REQUEST_LIFE, About, AccessRequest, Decidable, NewRequest, RequestState

_r = access_requests.c
_shown = (
    select(access_requests, principals.c.uid.label("by"), _r.grant_uid.label("grant"))
    .join(principals, principals.c.id == _r.principal_id)
)  # fmt: skip


class SqlAccessRequests:
    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def add(self, new: NewRequest) -> AccessRequest:
        uid = uuid7()
        inserting = self._unit.insert(access_requests).values(
            **structs.asdict(new), uid=uid, asked_at=await self._unit.now(), state=RequestState.WAITING
        )
        await self._unit.run(inserting)
        added = await self.get(uid)
        assert added is not None  # noqa: S101 - it was inserted
        return added

    async def get(self, uid: str) -> AccessRequest | None:
        row = await self._unit.first(_shown.where(_r.uid == uid))
        return None if row is None else _request(row)

    async def of(self, principal_id: int, *, before: int | None, limit: int) -> list[AccessRequest]:
        query = _shown.where(_r.principal_id == principal_id)
        if before is not None:
            query = query.where(_r.id < before)
        return [_request(row) for row in await self._unit.all(query.order_by(_r.id.desc()).limit(limit))]

    async def waiting(
        self, now: datetime, which: Decidable, *, after: int, limit: int
    ) -> list[AccessRequest]:
        query = _shown.where(*_open(now), *_of(which), _r.id > after)
        return [_request(row) for row in await self._unit.all(query.order_by(_r.id).limit(limit))]

    async def count(self, now: datetime, which: Decidable) -> int:
        counting = select(func.count()).select_from(access_requests)
        return int(await self._unit.value(counting.where(*_open(now), *_of(which))))

    async def count_waiting(self, principal_id: int, now: datetime) -> int:
        counting = select(func.count()).select_from(access_requests)
        return int(await self._unit.value(counting.where(_r.principal_id == principal_id, *_open(now))))

    async def decide(
        self, id: int, state: RequestState, by: str, answer: str | None, grant: str | None
    ) -> bool:
        now = await self._unit.now()
        deciding = update(access_requests).where(_r.id == id, *_open(now))
        return await self._unit.changed(
            deciding.values(state=state, decided_at=now, decided_by=by, answer=answer, grant_uid=grant)
        )


def _open(now: datetime) -> Iterator[ColumnElement[bool]]:
    """As `AccessRequest.as_of` has it."""
    yield _r.state == RequestState.WAITING
    yield _r.asked_at >= now - REQUEST_LIFE
    yield _r.until > now


def _of(which: Decidable) -> Iterator[ColumnElement[bool]]:
    one = readable(which.calls).with_only_columns(calls.c.id).where(calls.c.id == _r.found_id)
    call = and_(_r.about == About.CALL, one.correlate(access_requests).exists())
    yield _r.found_id.is_not(None)
    yield _r.principal_id != which.but
    yield or_(call, _r.about != About.CALL) if which.names else call


def _request(row: Row[Any]) -> AccessRequest:
    return AccessRequest(**{name: getattr(row, name) for name in AccessRequest.__struct_fields__})
