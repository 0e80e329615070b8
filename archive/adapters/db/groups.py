"""Groups: principals that never sign in, who belongs to them, and which claims make somebody a member."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Executable, Row, delete, func, select, update

from archive.adapters.db.principals import SqlPrincipals
from archive.adapters.db.tables import carried_claims, group_claims, group_members, principals
from archive.adapters.db.unit import Unit
from archive.adapters.db.words import key
from archive.errors import Conflict
from archive.ids import uuid7
from archive.policy.principal import PrincipalKind
from archive.ports import Claim, Group, Member

BY_HAND = ""

_m, _c = group_members.c, group_claims.c
_current = _m.left_at.is_(None)


class SqlGroups:
    def __init__(self, unit: Unit, holders: SqlPrincipals) -> None:
        self._unit = unit
        self._holders = holders

    async def add(self, name: str) -> Group:
        insert = self._unit.insert(principals).values(
            uid=uuid7(),
            kind=PrincipalKind.GROUP,
            name=name,
            group_key=key(name),
            created_at=await self._unit.now(),
        )
        added = await self._unit.value(insert.on_conflict_do_nothing().returning(principals.c.id))
        if added is None:
            raise _taken()
        (group,) = await self._all(principals.c.id == added)
        return group

    async def get(self, uid: str) -> Group | None:
        return await self._one(principals.c.uid == uid)

    async def by_uids(self, uids: Collection[str]) -> list[Group]:
        return await self._all(principals.c.uid.in_(sorted(uids))) if uids else []

    async def by_name(self, name: str) -> Group | None:
        return await self._one(principals.c.group_key == key(name))

    async def all(self, after: int = 0, limit: int | None = None) -> list[Group]:
        return await self._all(principals.c.disabled_at.is_(None), principals.c.id > after, limit=limit)

    async def rename(self, id: int, name: str) -> None:
        holder = select(principals.c.id).where(principals.c.group_key == key(name), principals.c.id != id)
        if await self._unit.value(holder) is not None:
            raise _taken()
        renaming = update(principals).where(principals.c.id == id, principals.c.disabled_at.is_(None))
        await self._unit.run(renaming.values(name=name, group_key=key(name)))

    async def disable(self, id: int) -> None:
        disabling = update(principals).where(principals.c.id == id, principals.c.disabled_at.is_(None))
        await self._unit.run(disabling.values(disabled_at=await self._unit.now(), group_key=None))

    async def members(self, group_id: int) -> list[Member]:
        query = select(group_members).where(_m.group_id == group_id, _current).order_by(_m.member_id)
        rows = await self._unit.all(query)
        people = {one.id: one for one in await self._holders.by_ids({row.member_id for row in rows})}
        return [Member(people[row.member_id], row.provider, row.added_at) for row in rows]

    async def of(self, principal_id: int) -> list[Group]:
        mine = select(_m.group_id).where(_m.member_id == principal_id, _current)
        return await self._all(principals.c.id.in_(mine), principals.c.disabled_at.is_(None))

    async def add_member(self, group_id: int, member_id: int) -> bool:
        return await self._enter(group_id, member_id, BY_HAND)

    async def remove_member(self, group_id: int, member_id: int) -> bool:
        return await self._leave(_m.group_id == group_id, _m.member_id == member_id)

    async def map_claim(self, group_id: int, claim: Claim) -> bool:
        insert = self._unit.insert(group_claims).values(
            group_id=group_id, provider=claim.provider, value=claim.value
        )
        return await self._wrote(insert.on_conflict_do_nothing().returning(_c.group_id))

    async def unmap_claim(self, group_id: int, claim: Claim) -> bool:
        return await self._unit.changed(
            delete(group_claims).where(
                _c.group_id == group_id, _c.provider == claim.provider, _c.value == claim.value
            )
        )

    async def claimed(
        self, principal_id: int, provider: str, values: Collection[str]
    ) -> tuple[set[str], set[str]]:
        await self._carry(principal_id, provider, values)
        carried = select(carried_claims.c.value).where(
            carried_claims.c.principal_id == principal_id, carried_claims.c.provider == provider
        )
        mapped = (
            select(principals.c.id, principals.c.uid)
            .join(group_claims, _c.group_id == principals.c.id)
            .where(_c.provider == provider, _c.value.in_(carried), principals.c.disabled_at.is_(None))
        )
        wanted = {row.id: row.uid for row in await self._unit.all(mapped)}
        had = await self._by_provider(principal_id, provider)
        for group_id in wanted.keys() - had.keys():
            await self._enter(group_id, principal_id, provider)
        for group_id in had.keys() - wanted.keys():
            await self._leave(_m.group_id == group_id, _m.member_id == principal_id, _m.provider == provider)
        return (
            {wanted[one] for one in wanted.keys() - had.keys()},
            {had[one] for one in had.keys() - wanted.keys()},
        )

    async def carries(self, principal_id: int, claim: Claim) -> bool:
        query = select(carried_claims.c.value).where(
            carried_claims.c.principal_id == principal_id,
            carried_claims.c.provider == claim.provider,
            carried_claims.c.value == claim.value,
        )
        return await self._unit.value(query) is not None

    async def _by_provider(self, principal_id: int, provider: str) -> dict[int, str]:
        """Public ids of somebody's groups by this provider, by id."""
        query = (
            select(principals.c.id, principals.c.uid)
            .join(group_members, _m.group_id == principals.c.id)
            .where(_m.member_id == principal_id, _m.provider == provider, _current)
        )
        return {row.id: row.uid for row in await self._unit.all(query)}

    async def _carry(self, principal_id: int, provider: str, values: Collection[str]) -> None:
        of = {"principal_id": principal_id, "provider": provider}
        await self._unit.run(
            delete(carried_claims).where(*(carried_claims.c[name] == one for name, one in of.items()))
        )
        rows = [{**of, "value": value} for value in sorted(set(values))]
        if rows:
            await self._unit.run(self._unit.insert(carried_claims), rows)

    async def _enter(self, group_id: int, member_id: int, provider: str) -> bool:
        insert = self._unit.insert(group_members).values(
            group_id=group_id, member_id=member_id, provider=provider, added_at=await self._unit.now()
        )
        anew = {"added_at": insert.excluded.added_at, "left_at": None}
        keys = ["group_id", "member_id", "provider"]
        entering = insert.on_conflict_do_update(index_elements=keys, set_=anew, where=_m.left_at.is_not(None))
        return await self._wrote(entering.returning(_m.group_id))

    async def _wrote(self, inserting: Executable) -> bool:
        return await self._unit.value(inserting) is not None

    async def _leave(self, *which: ColumnElement[bool]) -> bool:
        leaving = update(group_members).where(*which, _current)
        return await self._unit.changed(leaving.values(left_at=await self._unit.now()))

    async def _one(self, condition: ColumnElement[bool]) -> Group | None:
        return next(iter(await self._all(condition)), None)

    async def _all(self, *conditions: ColumnElement[bool], limit: int | None = None) -> list[Group]:
        group = principals.c.kind == PrincipalKind.GROUP
        query = select(principals.c.id).where(group, *conditions).order_by(principals.c.id).limit(limit)
        ids = await self._unit.values(query)
        claims, counts = await self._claims(ids), await self._counts(ids)
        return [
            Group(
                id=one.id,
                uid=one.uid,
                name=one.name,
                grants=one.grants,
                claims=tuple(Claim(row.provider, row.value) for row in claims if row.group_id == one.id),
                members=counts.get(one.id, 0),
                disabled_at=one.disabled_at,
            )
            for one in await self._holders.by_ids(ids)
        ]

    async def _claims(self, ids: Collection[int]) -> Collection[Row[Any]]:
        query = select(group_claims).where(_c.group_id.in_(ids)).order_by(_c.provider, _c.value)
        return await self._unit.all(query) if ids else ()

    async def _counts(self, ids: Collection[int]) -> dict[int, int]:
        query = (
            select(_m.group_id, func.count(_m.member_id.distinct()).label("members"))
            .where(_m.group_id.in_(ids), _current)
            .group_by(_m.group_id)
        )
        return {row.group_id: row.members for row in await self._unit.all(query)} if ids else {}


def _taken() -> Conflict:
    return Conflict("A group has this name already.", field="name")
