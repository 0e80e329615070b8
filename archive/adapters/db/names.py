"""Partners, clients, agents and teams."""

from collections.abc import Collection
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, Table, or_, select

from archive.adapters.db.tables import agents, clients, partners, teams
from archive.adapters.db.unit import Unit
from archive.adapters.db.words import digits, email_key, key, words
from archive.calls.call import AgentRef, ClientRef, Named
from archive.ids import uuid7

T = TypeVar("T", Named, ClientRef, AgentRef)


class SqlNames:
    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def partner(self, name_or_uid: str) -> Named | None:
        return _made(Named, await self._called(partners, name_or_uid))

    async def team(self, name_or_uid: str) -> Named | None:
        return _made(Named, await self._called(teams, name_or_uid))

    async def partner_ids(self, name_or_uid: str) -> list[int]:
        return await self._ids(partners, name_or_uid)

    async def client_ids(self, name_or_uid: str) -> list[int]:
        return await self._ids(clients, name_or_uid)

    async def agent_ids(self, name_or_uid: str) -> list[int]:
        return await self._ids(agents, name_or_uid)

    async def team_ids(self, name_or_uid: str) -> list[int]:
        return await self._ids(teams, name_or_uid)

    async def client_like(
        self, name: str | None, phone: str | None, external_id: str | None
    ) -> ClientRef | None:
        """A number alone leads to whoever has it."""
        c = clients.c
        if external_id:
            return _made(ClientRef, await self._first(clients, c.external_id == external_id))
        named = [c.key == key(name)] if name else []
        row = await self._first(clients, c.phone_digits == digits(phone), *named) if phone else None
        if row is None and name:
            row = await self._first(clients, *named)
        return _made(ClientRef, row)

    async def agent_like(self, name: str | None, email: str | None) -> AgentRef | None:
        """A name alone leads only to agents without an e-mail: an e-mail says whose own calls these are."""
        if email:
            return _made(AgentRef, await self._first(agents, agents.c.email_key == email_key(email)))
        if name is None:
            return None
        named = (agents.c.key == key(name), agents.c.email_key.is_(None))
        return _made(AgentRef, await self._first(agents, *named))

    async def add_partner(self, name: str) -> Named:
        return _some(Named, await self._add(partners, name, partners.c.key == key(name)))

    async def add_team(self, name: str) -> Named:
        return _some(Named, await self._add(teams, name, teams.c.key == key(name)))

    async def add_client(self, name: str, phone: str | None, external_id: str | None) -> ClientRef:
        taken = clients.c.external_id == external_id
        values = {"phone": phone, "phone_digits": digits(phone), "external_id": external_id}
        return _some(ClientRef, await self._add(clients, name, taken, **values))

    async def add_agent(self, name: str, email: str | None) -> AgentRef:
        taken = agents.c.email_key == email_key(email)
        return _some(AgentRef, await self._add(agents, name, taken, email=email, email_key=email_key(email)))

    async def partners(self, ids: Collection[int] | None = None) -> list[Named]:
        return await self._listed(partners, ids)

    async def teams(self, ids: Collection[int] | None = None) -> list[Named]:
        return await self._listed(teams, ids)

    async def clients(self, ids: Collection[int]) -> list[Named]:
        return await self._listed(clients, ids)

    async def agents(self, ids: Collection[int]) -> list[Named]:
        return await self._listed(agents, ids)

    async def _called(self, table: Table, name_or_uid: str) -> Row[Any] | None:
        return await self._first(table, _is(table, name_or_uid))

    async def _ids(self, table: Table, name_or_uid: str) -> list[int]:
        query = select(table.c.id).where(_is(table, name_or_uid)).order_by(table.c.id)
        return list(await self._unit.values(query))

    async def _first(self, table: Table, *conditions: ColumnElement[bool]) -> Row[Any] | None:
        return await self._unit.first(select(table).where(*conditions).order_by(table.c.id).limit(1))

    async def _add(
        self, table: Table, name: str, taken: ColumnElement[bool], **values: str | None
    ) -> Row[Any]:
        """Write a name; where somebody else did so a moment ago (`taken` finds it), theirs."""
        name = name.strip()
        values |= {"uid": uuid7(), "name": name, "key": key(name), "words": words(name)}
        insert = self._unit.insert(table).values(**values).on_conflict_do_nothing()
        row = await self._unit.first(insert.returning(table)) or await self._first(table, taken)
        assert row is not None  # noqa: S101 - it was inserted, or the conflict names it
        return row

    async def _listed(self, table: Table, ids: Collection[int] | None) -> list[Named]:
        query = select(table).order_by(table.c.key, table.c.id)
        if ids is not None:
            query = query.where(table.c.id.in_(ids))
        return [_some(Named, row) for row in await self._unit.all(query)]


def _is(table: Table, name_or_uid: str) -> ColumnElement[bool]:
    return or_(table.c.uid == name_or_uid, table.c.key == key(name_or_uid))


def _made(kind: type[T], row: Row[Any] | None) -> T | None:
    return None if row is None else _some(kind, row)


def _some(kind: type[T], row: Row[Any]) -> T:
    return kind(**{name: getattr(row, name) for name in kind.__struct_fields__})
