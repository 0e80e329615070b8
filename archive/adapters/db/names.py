"""Partners, clients, agents and teams."""

from collections.abc import Collection
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, FromClause, Row, Table, or_, select, true, tuple_, update

from archive.adapters.db.calls import readable
from archive.adapters.db.tables import agents, calls, clients, partners, teams
from archive.adapters.db.unit import Unit
from archive.adapters.db.words import begins, digits, email_key, key, words
from archive.calls.call import AgentRef, ClientRef, Named
from archive.errors import Conflict
from archive.ids import uuid7
from archive.policy.scope import Partner, Scope, Team, ids_of
from archive.ports import KnownName, NameFilter, NameKind, NameMark

T = TypeVar("T", Named, ClientRef, AgentRef)

_TABLES = {NameKind.PARTNER: partners, NameKind.CLIENT: clients, NameKind.TEAM: teams}
_REACHING: dict[NameKind, type[Partner] | type[Team]] = {NameKind.PARTNER: Partner, NameKind.TEAM: Team}

_client, _agent = clients.alias(), agents.alias()  # beside those that `readable` joins to each call
_told = {NameKind.PARTNER: partners.alias(), NameKind.CLIENT: _client, NameKind.TEAM: teams.alias()}


class SqlNames:
    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def partner(self, name_or_uid: str) -> Named | None:
        return _made(Named, await self._called(partners, name_or_uid))

    async def team(self, name_or_uid: str) -> Named | None:
        return _made(Named, await self._called(teams, name_or_uid))

    async def partner_ids(self, name_or_uid: str) -> list[int]:
        return await self._ids(partners, name_or_uid)

    async def partners_of(self, uids: Collection[str]) -> dict[str, int]:
        query = select(partners.c.uid, partners.c.id).where(partners.c.uid.in_(sorted(uids)))
        return {row.uid: row.id for row in await self._unit.all(query)} if uids else {}

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

    async def known(self, kind: NameKind, uid: str, within: Scope | None = None) -> KnownName | None:
        table = _told[kind]
        row = await self._first(table, table.c.uid == uid, _within(kind, within))
        return None if row is None else _known(row)

    async def page(
        self, kind: NameKind, filter: NameFilter, after: NameMark | None, limit: int
    ) -> list[KnownName]:
        table = _told[kind]
        query = select(table).where(_within(kind, filter.within))
        if filter.like is not None:
            query = query.where(begins(table.c.words, filter.like))
        if after is not None:
            query = query.where(tuple_(table.c.key, table.c.id) > tuple_(key(after.name), after.id))
        rows = await self._unit.all(query.order_by(table.c.key, table.c.id).limit(limit))
        return [_known(row) for row in rows]

    async def add(self, kind: NameKind, name: str, external_id: str | None = None) -> KnownName:
        more = {"external_id": external_id} if kind is NameKind.CLIENT else {}
        row = await self._insert(_TABLES[kind], name, **more)
        if row is None:
            raise _taken(kind)
        return _known(row)

    async def rename(self, kind: NameKind, id: int, name: str) -> None:
        table = _TABLES[kind]
        if kind is not NameKind.CLIENT:
            holder = await self._first(table, table.c.key == key(name))
            if holder is not None and holder.id != id:
                raise _taken(kind)
        values = {"name": name.strip(), "key": key(name), "words": words(name)}
        await self._unit.run(update(table).where(table.c.id == id).values(values))

    async def _called(self, table: Table, name_or_uid: str) -> Row[Any] | None:
        return await self._first(table, _is(table, name_or_uid))

    async def _ids(self, table: Table, name_or_uid: str) -> list[int]:
        query = select(table.c.id).where(_is(table, name_or_uid)).order_by(table.c.id)
        return list(await self._unit.values(query))

    async def _first(self, table: FromClause, *conditions: ColumnElement[bool]) -> Row[Any] | None:
        return await self._unit.first(select(table).where(*conditions).order_by(table.c.id).limit(1))

    async def _add(self, table: Table, name: str, **values: str | None) -> Row[Any]:
        """Write a name; where there may be one alone of it and somebody else wrote it a moment ago, theirs."""
        row = await self._insert(table, name, **values) or await self._called(table, name)
        assert row is not None  # noqa: S101 - it was inserted, or the conflict names it
        return row

    async def _insert(self, table: Table, name: str, **values: str | None) -> Row[Any] | None:
        """None where there may be one alone of the name, and there is."""
        values |= {"uid": uuid7(), "name": name.strip(), "key": key(name), "words": words(name)}
        insert = self._unit.insert(table).values(**values).on_conflict_do_nothing()
        return await self._unit.first(insert.returning(table))

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


def _within(kind: NameKind, scope: Scope | None) -> ColumnElement[bool]:
    """Whether a scope reaches calls by a name, or a call of it carries that; None asks nothing."""
    table, reaching = _told[kind], _REACHING.get(kind)
    carried = _carried(table, calls.c[f"{kind}_id"], scope)
    if scope is None or reaching is None:
        return carried
    return or_(table.c.id.in_(sorted(ids_of(scope, reaching))), carried)


def _known(row: Row[Any]) -> KnownName:
    return KnownName(row.id, row.uid, row.name, getattr(row, "external_id", None))


def _taken(kind: NameKind) -> Conflict:
    return Conflict(f"There is a {kind} of this name already.", field="name")


def _made(kind: type[T], row: Row[Any] | None) -> T | None:
    return None if row is None else _some(kind, row)


def _some(kind: type[T], row: Row[Any]) -> T:
    return kind(**{name: getattr(row, name) for name in kind.__struct_fields__})
