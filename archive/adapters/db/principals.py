"""People and integrations, with what they were granted."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any

from msgspec import structs
from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Row,
    Text,
    delete,
    exists,
    func,
    null,
    or_,
    select,
    type_coerce,
    update,
)

from archive.adapters.db.tables import (
    agents,
    authenticators,
    authorizations,
    client_secrets,
    grants,
    group_members,
    links,
    passwords,
    principals,
    recovery_codes,
    sessions,
    tokens,
)
from archive.adapters.db.unit import Unit
from archive.adapters.db.words import email_key, words
from archive.errors import Conflict
from archive.ids import uuid7
from archive.policy.actions import ROLE_ACTIONS, Action
from archive.policy.principal import Grant, Principal, PrincipalKind
from archive.policy.scope import Intersection, OwnCalls, Scope, Union, Unsealed
from archive.ports import GrantFilter, Known, NewGrant

_KEYS = (
    passwords,
    authenticators,
    recovery_codes,
    client_secrets,
    sessions,
    tokens,
    authorizations,
    links,
)
# Once each, whether by hand or by how many providers somebody belongs to a group.
_memberships = (
    select(group_members.c.group_id, group_members.c.member_id)
    .where(group_members.c.left_at.is_(None))
    .distinct()
    .subquery()
)
_ever_had_members = exists().where(group_members.c.group_id == principals.c.id)

_SHOWN = ("id", "uid", "kind", "name", "email", "purpose", "disabled_at", "created_at")


class SqlPrincipals:
    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def get(self, uid: str) -> Principal | None:
        return await self._one(principals.c.uid == uid)

    async def by_id(self, id: int) -> Principal | None:
        return await self._one(principals.c.id == id)

    async def acting(self, id: int, now: datetime) -> Principal | None:
        return next(iter(await self._all(principals.c.id == id, lasting=now)), None)

    async def by_ids(self, ids: Collection[int]) -> list[Principal]:
        return await self._all(principals.c.id.in_(ids)) if ids else []

    async def by_uids(self, uids: Collection[str]) -> list[Principal]:
        return await self._all(principals.c.uid.in_(sorted(uids))) if uids else []

    async def by_email(self, email: str) -> Principal | None:
        return await self._one(principals.c.email_key == email_key(email))

    async def known(self, email: str) -> Known | None:
        query = select(principals.c.id, principals.c.uid, principals.c.disabled_at)
        row = await self._unit.first(query.where(principals.c.email_key == email_key(email)))
        return Known(row.id, row.uid, row.disabled_at) if row else None

    async def by_client_id(self, client_id: str) -> Principal | None:
        return await self._one(principals.c.uid == client_id, principals.c.kind == PrincipalKind.INTEGRATION)

    async def people(
        self, after: int = 0, limit: int | None = None, *, like: str | None = None
    ) -> list[Principal]:
        past = _past(after, PrincipalKind.PERSON)
        if like is None:
            return await self._all(*past, limit=limit)
        columns = principals.c.id, principals.c.name, principals.c.email
        rows = await self._unit.all(select(*columns).where(*past).order_by(principals.c.id))
        found = [row.id for row in rows if _begins(like, row.name, row.email)]  # people are few
        return await self.by_ids(found[:limit])

    async def integrations(self, after: int = 0, limit: int | None = None) -> list[Principal]:
        return await self._all(*_past(after, PrincipalKind.INTEGRATION), limit=limit)

    async def count_people(self) -> int:
        counting = select(func.count()).select_from(principals)
        return int(await self._unit.value(counting.where(principals.c.kind == PrincipalKind.PERSON)))

    async def named(self, uids: Collection[str]) -> dict[str, str]:
        query = select(principals.c.uid, principals.c.name).where(principals.c.uid.in_(uids))
        return {row.uid: row.name for row in await self._unit.all(query)}

    async def names(self) -> dict[str, str]:
        acting = principals.c.kind.in_((PrincipalKind.PERSON, PrincipalKind.INTEGRATION))
        rows = await self._unit.all(select(principals.c.uid, principals.c.name).where(acting))
        return {row.uid: row.name for row in rows}

    async def add_person(self, email: str, name: str) -> Principal:
        email = email.strip()
        return await self._add(PrincipalKind.PERSON, name, email=email, email_key=email_key(email))

    async def add_integration(self, name: str, purpose: str | None) -> Principal:
        return await self._add(PrincipalKind.INTEGRATION, name, purpose=purpose)

    async def disable(self, id: int) -> None:
        disabling = update(principals).where(principals.c.id == id, principals.c.disabled_at.is_(None))
        now = await self._unit.now()
        await self._unit.run(disabling.values(disabled_at=now))
        uid = select(principals.c.uid).where(principals.c.id == id).scalar_subquery()
        acting = update(authorizations).where(authorizations.c.client == uid)
        await self._unit.run(acting.where(authorizations.c.ended_at.is_(None)).values(ended_at=now))
        for table in _KEYS:
            await self._unit.run(delete(table).where(table.c.principal_id == id))

    async def enable(self, id: int) -> bool:
        enabling = update(principals).where(principals.c.id == id, principals.c.disabled_at.is_not(None))
        return await self._unit.changed(enabling.values(disabled_at=None))

    async def rename_person(self, id: int, name: str, email: str) -> None:
        taken = exists().where(principals.c.email_key == email_key(email), principals.c.id != id)
        if await self._unit.value(select(taken)):
            raise Conflict("Somebody has this e-mail already.", field="email")
        renaming = update(principals).where(principals.c.id == id)
        await self._unit.run(renaming.values(name=name, email=email, email_key=email_key(email)))

    async def give(self, principal_id: int, grant: NewGrant) -> Grant:
        values = structs.asdict(structs.replace(grant, scope=owned(grant.scope, frozenset())))
        uid = uuid7()
        await self._unit.run(self._unit.insert(grants).values(**values, uid=uid, principal_id=principal_id))
        return (await self._grant(uid))[1]

    async def grant(self, uid: str) -> tuple[Principal, Grant] | None:
        known = await self._unit.value(select(exists().where(grants.c.uid == uid)))
        return await self._grant(uid) if known else None

    async def grants(self, filter: GrantFilter, after: int, limit: int) -> list[tuple[Principal, Grant]]:
        query = select(grants.c.id, grants.c.principal_id).where(grants.c.id > after, *_matching(filter))
        rows = await self._unit.all(query.order_by(grants.c.id).limit(limit))
        holders = {one.id: one for one in await self.by_ids({row.principal_id for row in rows})}
        given = {grant.id: grant for one in holders.values() for grant in one.grants if grant.group is None}
        return [(holders[row.principal_id], given[row.id]) for row in rows]

    async def change_end(self, grant: Grant, until: datetime | None) -> bool:
        changing = update(grants).where(
            grants.c.id == grant.id,
            grants.c.until.is_not_distinct_from(grant.until),
            grants.c.revoked_at.is_(None),
        )
        return await self._unit.changed(changing.values(until=until))

    async def holding(self, action: Action) -> list[Principal]:
        now = await self._unit.now()
        giving = (_gives(action), *live(now))
        own = select(grants.c.principal_id).where(*giving)
        shared = (
            select(group_members.c.member_id)
            .join(principals, principals.c.id == group_members.c.group_id)
            .join(grants, grants.c.principal_id == group_members.c.group_id)
            .where(*giving, group_members.c.left_at.is_(None), principals.c.disabled_at.is_(None))
        )
        ids = await self._unit.values(own.union(shared))
        return [
            one
            for one in await self._all(principals.c.id.in_(ids), lasting=now)
            if one.kind is PrincipalKind.PERSON and one.disabled_at is None
        ]

    async def ever_held(self, action: Action) -> list[Scope]:
        begun = or_(grants.c.revoked_at.is_(None), grants.c.revoked_at >= grants.c.since)
        holders = principals.c.id == grants.c.principal_id
        query = (
            select(grants.c.scope)
            .join(principals, holders)
            .where(_gives(action), grants.c.since <= await self._unit.now(), begun)
            .where(or_(principals.c.kind == PrincipalKind.PERSON, _ever_had_members))
        )
        return list(await self._unit.values(query))

    async def held_until(self, action: Action) -> list[tuple[Scope, datetime]]:
        now, member = await self._unit.now(), principals.alias()
        times = (grants.c.since, grants.c.until, grants.c.revoked_at, principals.c.disabled_at)
        holders = principals.c.id == grants.c.principal_id
        held = select(grants.c.scope, *times).join(principals, holders).where(_gives(action))
        own = held.where(principals.c.kind == PrincipalKind.PERSON)
        shared = (
            held.add_columns(member.c.disabled_at, group_members.c.left_at)
            .join(group_members, group_members.c.group_id == principals.c.id)
            .join(member, member.c.id == group_members.c.member_id)
        )
        rows = [*await self._unit.all(own), *await self._unit.all(shared)]
        ended = [(scope, since, _first(ends)) for scope, since, *ends in map(tuple, rows)]
        return [(scope, end) for scope, since, end in ended if end is not None and since <= end <= now]

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

    async def _all(
        self, *conditions: ColumnElement[bool], limit: int | None = None, lasting: datetime | None = None
    ) -> list[Principal]:
        """`lasting`: without the grants that are over then."""
        query = select(principals).where(*conditions).order_by(principals.c.id).limit(limit)
        rows = await self._unit.all(query)
        own = await self._own([row.email_key for row in rows if row.email_key])
        held = await self._held([row.id for row in rows], *(not_over(lasting) if lasting else ()))
        return [_principal(row, held.get(row.id, ()), own.get(row.email_key, frozenset())) for row in rows]

    async def _own(self, emails: Collection[str]) -> dict[str, frozenset[int]]:
        """The agents that carry each e-mail: one for each circle of partners that names it."""
        query = select(agents.c.email_key, agents.c.id).where(agents.c.email_key.in_(emails))
        rows = await self._unit.all(query) if emails else ()
        return {email: frozenset(row.id for row in rows if row.email_key == email) for email in emails}

    async def _held(self, ids: Collection[int], *which: ColumnElement[bool]) -> dict[int, list[Row[Any]]]:
        """By who holds them: their own grants, and those of the groups that they are in."""
        held: dict[int, list[Row[Any]]] = {}
        for row in await self._unit.all(_holding(ids, *which)) if ids else ():
            held.setdefault(row.holder, []).append(row)
        return held


def _first(moments: Iterable[datetime | None]) -> datetime | None:
    return min((one for one in moments if one is not None), default=None)


def _begins(typed: str, *texts: str | None) -> bool:
    """As `words.begins`, of texts that were read."""
    wanted = words(typed)
    return bool(wanted) and wanted in words(*texts)


def _past(after: int, kind: PrincipalKind) -> tuple[ColumnElement[bool], ...]:
    return principals.c.kind == kind, principals.c.id > after


def _holding(ids: Collection[int], *which: ColumnElement[bool]) -> CompoundSelect[Any]:
    own = select(grants, null().cast(Text).label("group"), grants.c.principal_id.label("holder")).where(
        *which
    )
    shared = (
        select(grants, principals.c.uid.label("group"), _memberships.c.member_id.label("holder"))
        .join(_memberships, _memberships.c.group_id == grants.c.principal_id)
        .join(principals, principals.c.id == grants.c.principal_id)
        .where(_memberships.c.member_id.in_(ids), principals.c.disabled_at.is_(None), *which)
    )
    return own.where(grants.c.principal_id.in_(ids)).union_all(shared).order_by("id")


def _gives(action: Action) -> ColumnElement[bool]:
    """Whether a row of the grants gives the action, by its role or by itself."""
    roles = [role for role, actions in ROLE_ACTIONS.items() if action in actions]
    return or_(grants.c.role.in_(roles), type_coerce(grants.c.actions, Text).contains(f'"{action.value}"'))


def _matching(filter: GrantFilter) -> Iterator[ColumnElement[bool]]:
    if filter.uids is not None:
        yield grants.c.uid.in_(sorted(filter.uids))
    if filter.holder is not None:
        yield _held_by(filter.holder)
    if filter.concerning is not None:
        yield or_(_held_by(filter.concerning), grants.c.granted_by == filter.concerning)
    if filter.in_force is not None:
        yield from live(filter.in_force)


def _held_by(uid: str) -> ColumnElement[bool]:
    return grants.c.principal_id.in_(select(principals.c.id).where(principals.c.uid == uid))


def live(now: datetime) -> Iterator[ColumnElement[bool]]:
    yield grants.c.since <= now
    yield from not_over(now)


def not_over(now: datetime) -> Iterator[ColumnElement[bool]]:
    yield grants.c.revoked_at.is_(None)
    yield or_(grants.c.until.is_(None), grants.c.until > now)


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
