"""Partners, clients, agents and teams."""

from collections.abc import Collection
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, FromClause, Row, Table, or_, select, true

from archive.adapters.db.calls import readable
from archive.adapters.db.tables import agents, calls, clients, partners, teams
from archive.adapters.db.unit import Unit
from archive.adapters.db.words import digits, email_key, key, words
from archive.calls.call import AgentRef, ClientRef, Named
from archive.ids import uuid7
from archive.policy.scope import Scope

T = TypeVar("T", Named, ClientRef, AgentRef)

_client, _agent = clients.alias(), agents.alias()  # beside those that `readable` joins to each call


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
        self, name: str | None, phone: str | None, external_id: str | None, carried: Scope | None = None
    ) -> ClientRef | None:
        """A number alone leads to whoever has it."""
        c, theirs = _client.c, _carried(_client, calls.c.client_id, carried)
        if external_id:
            return _made(ClientRef, await self._first(_client, c.external_id == external_id, theirs))
        named = [c.key == key(name), theirs] if name else [theirs]
        row = await self._first(_client, c.phone_digits == digits(phone), *named) if phone else None
        if row is None and name:
            row = await self._first(_client, *named)
        return _made(ClientRef, row)

    async def agent_like(
        self, name: str | None, email: str | None, carried: Scope | None = None
    ) -> AgentRef | None:
        """A name alone leads only to agents without an e-mail: an e-mail says whose own calls these are."""
        c, theirs = _agent.c, _carried(_agent, calls.c.agent_id, carried)
        if email:
            return _made(AgentRef, await self._first(_agent, c.email_key == email_key(email), theirs))
        if name is None:
            return None
        return _made(AgentRef, await self._first(_agent, c.key == key(name), c.email_key.is_(None), theirs))

    async def add_partner(self, name: str) -> Named:
        return _some(Named, await self._add(partners, name))

    async def add_team(self, name: str) -> Named:
        return _some(Named, await self._add(teams, name))

    async def add_client(self, name: str, phone: str | None, external_id: str | None) -> ClientRef:
        values = {"phone": phone, "phone_digits": digits(phone), "external_id": external_id}
        return _some(ClientRef, await self._add(clients, name, **values))

    async def add_agent(self, name: str, email: str | None) -> AgentRef:
        return _some(AgentRef, await self._add(agents, name, email=email, email_key=email_key(email)))

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

    async def _first(self, table: FromClause, *conditions: ColumnElement[bool]) -> Row[Any] | None:
        return await self._unit.first(select(table).where(*conditions).order_by(table.c.id).limit(1))

    async def _add(self, table: Table, name: str, **values: str | None) -> Row[Any]:
        """Write a name; where there may be one alone of it and somebody else wrote it a moment ago, theirs."""
        values |= {"uid": uuid7(), "name": name.strip(), "key": key(name), "words": words(name)}
        insert = self._unit.insert(table).values(**values).on_conflict_do_nothing()
        row = await self._unit.first(insert.returning(table)) or await self._called(table, name)
        assert row is not None  # noqa: S101 - it was inserted, or the conflict names it
        return row

    async def _listed(self, table: Table, ids: Collection[int] | None) -> list[Named]:
        query = select(table).order_by(table.c.key, table.c.id)
        if ids is not None:
            query = query.where(table.c.id.in_(ids))
        return [_some(Named, row) for row in await self._unit.all(query)]


def _is(table: Table, name_or_uid: str) -> ColumnElement[bool]:
    return or_(table.c.uid == name_or_uid, table.c.key == key(name_or_uid))


def _carried(table: FromClause, of_call: ColumnElement[Any], scope: Scope | None) -> ColumnElement[bool]:
    """Whether a call of the scope carries a row of `table`; None asks nothing."""
    if scope is None:
        return true()
    return (
        readable(scope).with_only_columns(calls.c.id).where(of_call == table.c.id).correlate(table).exists()
    )


def _made(kind: type[T], row: Row[Any] | None) -> T | None:
    return None if row is None else _some(kind, row)


def _some(kind: type[T], row: Row[Any]) -> T:
    return kind(**{name: getattr(row, name) for name in kind.__struct_fields__})
