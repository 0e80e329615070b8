"""People and integrations, with what they were granted."""

from collections.abc import Collection, Iterable
from typing import Any

from msgspec import structs
from sqlalchemy import ColumnElement, Row, delete, exists, func, select, update

from archive.adapters.db.tables import (
    agents,
    client_secrets,
    grants,
    links,
    passwords,
    principals,
    sessions,
    tokens,
)
from archive.adapters.db.unit import Unit
from archive.adapters.db.words import email_key
from archive.errors import Conflict
from archive.ids import uuid7
from archive.policy.principal import Grant, Principal, PrincipalKind
from archive.policy.scope import Intersection, OwnCalls, Scope, Union, Unsealed
from archive.ports import NewGrant

_KEYS = (passwords, client_secrets, sessions, tokens, links)
_SHOWN = ("id", "uid", "kind", "name", "email", "purpose", "disabled_at", "created_at")


class SqlPrincipals:
    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def get(self, uid: str) -> Principal | None:
        return await self._one(principals.c.uid == uid)

    async def by_id(self, id: int) -> Principal | None:
        return await self._one(principals.c.id == id)

    async def by_email(self, email: str) -> Principal | None:
        return await self._one(principals.c.email_key == email_key(email))

    async def by_client_id(self, client_id: str) -> Principal | None:
        return await self._one(principals.c.uid == client_id, principals.c.kind == PrincipalKind.INTEGRATION)

    async def people(self, after: int = 0, limit: int | None = None) -> list[Principal]:
        return await self._all(*_past(after, PrincipalKind.PERSON), limit=limit)

    async def integrations(self, after: int = 0, limit: int | None = None) -> list[Principal]:
        return await self._all(*_past(after, PrincipalKind.INTEGRATION), limit=limit)

    async def count_people(self) -> int:
        counting = select(func.count()).select_from(principals)
        return int(await self._unit.value(counting.where(principals.c.kind == PrincipalKind.PERSON)))

    async def named(self, uids: Collection[str]) -> dict[str, str]:
        query = select(principals.c.uid, principals.c.name).where(principals.c.uid.in_(uids))
        return {row.uid: row.name for row in await self._unit.all(query)}

    async def add_person(self, email: str, name: str) -> Principal:
        email = email.strip()
        return await self._add(PrincipalKind.PERSON, name, email=email, email_key=email_key(email))

    async def add_integration(self, name: str, purpose: str | None) -> Principal:
        return await self._add(PrincipalKind.INTEGRATION, name, purpose=purpose)

    async def disable(self, id: int) -> None:
        disabling = update(principals).where(principals.c.id == id, principals.c.disabled_at.is_(None))
        await self._unit.run(disabling.values(disabled_at=await self._unit.now()))
        for table in _KEYS:
            await self._unit.run(delete(table).where(table.c.principal_id == id))

    async def give(self, principal_id: int, grant: NewGrant) -> Grant:
        values = structs.asdict(structs.replace(grant, scope=owned(grant.scope, frozenset())))
        uid = uuid7()
        await self._unit.run(self._unit.insert(grants).values(**values, uid=uid, principal_id=principal_id))
        return (await self._grant(uid))[1]

    async def grant(self, uid: str) -> tuple[Principal, Grant] | None:
        known = await self._unit.value(select(exists().where(grants.c.uid == uid)))
        return await self._grant(uid) if known else None

    async def revoke(self, grant_id: int) -> None:
        revoking = update(grants).where(grants.c.id == grant_id, grants.c.revoked_at.is_(None))
        await self._unit.run(revoking.values(revoked_at=await self._unit.now()))

    async def anyone(self) -> bool:
        return bool(await self._unit.value(select(exists().where(principals.c.kind == PrincipalKind.PERSON))))

    async def _add(self, kind: PrincipalKind, name: str, **values: str | None) -> Principal:
        now = await self._unit.now()
        insert = self._unit.insert(principals).values(
            uid=uuid7(), kind=kind, name=name, created_at=now, **values
        )
        added = await self._unit.value(insert.on_conflict_do_nothing().returning(principals.c.id))
        if added is None:
            raise Conflict("Somebody has this e-mail already.", field="email")
        (principal,) = await self._all(principals.c.id == added)
        return principal

    async def _grant(self, uid: str) -> tuple[Principal, Grant]:
        holder = principals.c.id.in_(select(grants.c.principal_id).where(grants.c.uid == uid))
        (principal,) = await self._all(holder)
        return principal, next(grant for grant in principal.grants if grant.uid == uid)

    async def _one(self, *conditions: ColumnElement[bool]) -> Principal | None:
        return next(iter(await self._all(*conditions)), None)

    async def _all(self, *conditions: ColumnElement[bool], limit: int | None = None) -> list[Principal]:
        query = select(principals).where(*conditions).order_by(principals.c.id).limit(limit)
        rows = await self._unit.all(query)
        own = await self._own([row.email_key for row in rows if row.email_key])
        held = await self._held([row.id for row in rows])
        return [_principal(row, held.get(row.id, ()), own.get(row.email_key, frozenset())) for row in rows]

    async def _own(self, emails: Collection[str]) -> dict[str, frozenset[int]]:
        """The agents that carry each e-mail: one for each circle of partners that names it."""
        query = select(agents.c.email_key, agents.c.id).where(agents.c.email_key.in_(emails))
        rows = await self._unit.all(query) if emails else ()
        return {email: frozenset(row.id for row in rows if row.email_key == email) for email in emails}

    async def _held(self, ids: Collection[int]) -> dict[int, list[Row[Any]]]:
        held: dict[int, list[Row[Any]]] = {}
        query = select(grants).where(grants.c.principal_id.in_(ids)).order_by(grants.c.id)
        for row in await self._unit.all(query) if ids else ():
            held.setdefault(row.principal_id, []).append(row)
        return held


def _past(after: int, kind: PrincipalKind) -> tuple[ColumnElement[bool], ...]:
    return principals.c.kind == kind, principals.c.id > after


def owned(scope: Scope, agents: frozenset[int]) -> Scope:
    """The scope with `agents` as those whose calls are one's own."""
    match scope:
        case OwnCalls():
            return OwnCalls(agents)
        case Union(parts):
            return Union(tuple(owned(part, agents) for part in parts))
        case Intersection(parts):
            return Intersection(tuple(owned(part, agents) for part in parts))
        case Unsealed(inner):
            return Unsealed(owned(inner, agents))
        case _:
            return scope


def _principal(row: Row[Any], held: Iterable[Row[Any]], own: frozenset[int]) -> Principal:
    values = {name: getattr(row, name) for name in _SHOWN}
    return Principal(**values, grants=tuple(_grant_from(grant, own) for grant in held))


def _grant_from(row: Row[Any], own: frozenset[int]) -> Grant:
    values = {name: getattr(row, name) for name in Grant.__struct_fields__}
    return Grant(**{**values, "scope": owned(row.scope, own)})
