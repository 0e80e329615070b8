"""Registrations of programs, and what people let them do."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import structs
from sqlalchemy import ColumnElement, Row, Select, Table, delete, exists, insert, or_, select, update

from archive.adapters.db.tables import (
    authorization_codes,
    authorizations,
    principals,
    refresh_tokens,
    registrations,
)
from archive.adapters.db.unit import Unit
from archive.ids import uuid7
from archive.policy.actions import Action
from archive.policy.principal import PrincipalKind
from archive.ports.programs import Authorization, Code, RefreshToken, Registration

_WRITTEN = ("redirect_uris", "actions", "public", "requests_a_minute")
"""What stands in the registration's own row."""


class SqlRegistrations:
    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def get(self, client_id: str) -> Registration | None:
        row = await self._unit.first(_registered(principals.c.uid == client_id))
        return _registration(row) if row else None

    async def of(self, principal_ids: Collection[int]) -> Mapping[int, Registration]:
        rows = await self._unit.all(_registered(principals.c.id.in_(principal_ids))) if principal_ids else ()
        return {row.id: _registration(row) for row in rows}

    async def change(self, registration: Registration) -> bool:
        written = {name: getattr(registration, name) for name in _WRITTEN}
        values = {**written, "revision": registration.revision + 1}
        key = registration.principal_id
        writing = (
            self._unit.insert(registrations)
            .values(**values, principal_id=key)
            .on_conflict_do_update(
                index_elements=["principal_id"],
                set_=values,
                where=registrations.c.revision == registration.revision,
            )
        )
        if await self._unit.value(writing.returning(registrations.c.revision)) is None:
            return False
        named = {"name": registration.name, "purpose": registration.purpose}
        await self._unit.run(update(principals).where(principals.c.id == key).values(**named))
        return True

    async def touch(self, principal_id: int) -> None:
        """A registration of which nothing is written yet gets its row."""
        now = await self._unit.now()
        empty = Registration(principal_id=principal_id, client_id="", name="")
        written = {name: getattr(empty, name) for name in _WRITTEN}
        touching = self._unit.insert(registrations).values(
            **written, principal_id=principal_id, revision=0, used_at=now
        )
        await self._unit.run(
            touching.on_conflict_do_update(index_elements=["principal_id"], set_={"used_at": now})
        )


class SqlAuthorizations:
    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def add(
        self, principal_id: int, client: str, actions: frozenset[Action], lifetime: timedelta
    ) -> Authorization:
        now = await self._unit.now()
        over = or_(authorizations.c.ended_at <= now - _KEPT, authorizations.c.expires_at <= now - _KEPT)
        await self._unit.run(
            delete(authorizations).where(authorizations.c.principal_id == principal_id, over)
        )
        uid = uuid7()
        values = {"principal_id": principal_id, "client": client, "actions": actions}
        times = {"created_at": now, "expires_at": now + lifetime}
        await self._unit.run(insert(authorizations).values(uid=uid, **values, **times))
        (added,) = await self._found(authorizations.c.uid == uid)
        return added

    async def get(self, uid: str) -> Authorization | None:
        return next(iter(await self._found(authorizations.c.uid == uid)), None)

    async def of(self, principal_id: int) -> list[Authorization]:
        now = await self._unit.now()
        usable = exists().where(
            refresh_tokens.c.authorization_id == authorizations.c.id,
            refresh_tokens.c.used_at.is_(None),
            refresh_tokens.c.expires_at > now,
        )
        found = await self._found(authorizations.c.principal_id == principal_id, usable)
        return [one for one in found if one.in_force(now)]

    async def end(self, uid: str) -> bool:
        ending = update(authorizations).where(
            authorizations.c.uid == uid, authorizations.c.ended_at.is_(None)
        )
        return await self._unit.changed(ending.values(ended_at=await self._unit.now()))

    async def end_all(self, principal_id: int) -> list[str]:
        of_theirs = (authorizations.c.principal_id == principal_id, authorizations.c.ended_at.is_(None))
        ending = update(authorizations).where(*of_theirs).values(ended_at=await self._unit.now())
        return list(await self._unit.values(ending.returning(authorizations.c.uid)))

    async def touch(self, uid: str) -> None:
        touching = update(authorizations).where(authorizations.c.uid == uid)
        await self._unit.run(touching.values(used_at=await self._unit.now()))

    # ---- codes and refresh tokens ----

    async def add_code(
        self, hash: bytes, authorization_id: int, redirect_uri: str, challenge: str, expires_at: datetime
    ) -> None:
        values = {"redirect_uri": redirect_uri, "challenge": challenge, "expires_at": expires_at}
        await self._unit.run(
            insert(authorization_codes).values(hash=hash, authorization_id=authorization_id, **values)
        )

    async def code(self, hash: bytes) -> Code | None:
        row = await self._of_hash(authorization_codes, hash)
        if row is None:
            return None
        authorization = await self._known(row.authorization_id)
        return Code(authorization, row.redirect_uri, row.challenge, row.expires_at, row.used_at)

    async def use_code(self, hash: bytes) -> bool:
        return await self._use(authorization_codes, hash)

    async def add_refresh_token(self, hash: bytes, authorization_id: int, expires_at: datetime) -> None:
        own = refresh_tokens.c.authorization_id == authorization_id
        past = refresh_tokens.c.expires_at <= await self._unit.now()
        await self._unit.run(delete(refresh_tokens).where(own, past))
        values = {"authorization_id": authorization_id, "expires_at": expires_at}
        await self._unit.run(insert(refresh_tokens).values(hash=hash, **values))

    async def refresh_token(self, hash: bytes) -> RefreshToken | None:
        row = await self._of_hash(refresh_tokens, hash)
        if row is None:
            return None
        return RefreshToken(await self._known(row.authorization_id), row.expires_at, row.used_at)

    async def use_refresh_token(self, hash: bytes) -> bool:
        return await self._use(refresh_tokens, hash)

    async def _use(self, table: Table, hash: bytes) -> bool:
        """The row is changed by one: whoever else wants it waits, and then finds it used."""
        using = update(table).where(table.c.hash == hash, table.c.used_at.is_(None))
        return await self._unit.changed(using.values(used_at=await self._unit.now()))

    async def _of_hash(self, table: Table, hash: bytes) -> Row[Any] | None:
        return await self._unit.first(select(table).where(table.c.hash == hash))

    async def _known(self, id: int) -> Authorization:
        (found,) = await self._found(authorizations.c.id == id)
        return found

    async def _found(self, *conditions: ColumnElement[bool]) -> list[Authorization]:
        query = select(authorizations).where(*conditions).order_by(authorizations.c.id.desc())
        return [
            Authorization(**{name: getattr(row, name) for name in Authorization.__struct_fields__})
            for row in await self._unit.all(query)
        ]


_KEPT = timedelta(days=1)
"""An authorization's row outlives its end: a code or token of it that comes again is to be known."""


def _registered(*conditions: ColumnElement[bool]) -> Select[Any]:
    columns = (principals.c.id, principals.c.uid, principals.c.name, principals.c.purpose)
    joined = principals.outerjoin(registrations, registrations.c.principal_id == principals.c.id)
    query = select(*columns, principals.c.disabled_at, registrations).select_from(joined)
    return query.where(principals.c.kind == PrincipalKind.INTEGRATION, *conditions)


def _registration(row: Row[Any]) -> Registration:
    known = Registration(
        principal_id=row.id,
        client_id=row.uid,
        name=row.name,
        purpose=row.purpose,
        disabled_at=row.disabled_at,
    )
    if row.revision is None:
        return known
    written = {name: getattr(row, name) for name in (*_WRITTEN, "used_at", "revision")}
    return structs.replace(known, **written)
