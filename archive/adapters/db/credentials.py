"""What proves who somebody is: hashes of secrets, sessions, tokens, links, and counted tries."""

from datetime import datetime, timedelta
from typing import Any

from msgspec import structs
from sqlalchemy import ColumnElement, Row, and_, case, delete, exists, func, insert, or_, select, update

from archive.adapters.db.tables import (
    authorizations,
    client_secrets,
    links,
    passwords,
    sessions,
    tokens,
    tries,
)
from archive.adapters.db.unit import Unit
from archive.ids import uuid7
from archive.policy.actions import Action
from archive.ports import Session, Token

_KEPT = timedelta(hours=1)
"""A token's row outlives its end: what began with it may still run, and is to learn of a revocation."""

_authorized = exists().where(authorizations.c.uid == tokens.c.family, authorizations.c.ended_at.is_(None))
_REVOKED = or_(tokens.c.revoked_at.is_not(None), and_(tokens.c.family.is_not(None), ~_authorized))

_FORGOTTEN = 100  # tries removed at once, by whoever counts one


class SqlCredentials:
    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    # ---- passwords and client secrets ----

    async def password(self, principal_id: int) -> str | None:
        query = select(passwords.c.encoded).where(passwords.c.principal_id == principal_id)
        encoded: str | None = await self._unit.value(query)
        return encoded

    async def set_password(self, principal_id: int, encoded: str) -> None:
        setting = self._unit.insert(passwords).values(principal_id=principal_id, encoded=encoded)
        await self._unit.run(
            setting.on_conflict_do_update(index_elements=["principal_id"], set_={"encoded": encoded})
        )

    async def drop_password(self, principal_id: int) -> None:
        await self._unit.run(delete(passwords).where(passwords.c.principal_id == principal_id))

    async def client_secrets(self, principal_id: int) -> list[str]:
        return list(await self._unit.values(_secrets(principal_id, client_secrets.c.encoded)))

    async def add_client_secret(self, principal_id: int, encoded: str) -> None:
        await self._unit.run(insert(client_secrets).values(principal_id=principal_id, encoded=encoded))

    async def drop_client_secrets(self, principal_id: int, keep: int = 0) -> None:
        ids = await self._unit.values(_secrets(principal_id, client_secrets.c.id))
        await self._unit.run(delete(client_secrets).where(client_secrets.c.id.in_(ids[keep:])))

    # ---- sessions ----

    async def add_session(
        self,
        hash: bytes,
        principal_id: int,
        address: str | None,
        user_agent: str | None,
        *,
        provider: str | None = None,
        provider_session: str | None = None,
    ) -> Session:
        now = await self._unit.now()
        seat = (address, user_agent, provider, provider_session)
        session = Session(uuid7(), principal_id, now, now, *seat)
        await self._unit.run(insert(sessions).values(**structs.asdict(session), hash=hash))
        return session

    async def drop_sessions(self, before: datetime) -> None:
        await self._unit.run(delete(sessions).where(sessions.c.created_at < before))

    async def session(self, hash: bytes) -> Session | None:
        row = await self._unit.first(select(sessions).where(sessions.c.hash == hash))
        return _session(row) if row else None

    async def rotate_session(self, uid: str, hash: bytes) -> bool:
        return await self._unit.changed(update(sessions).where(sessions.c.uid == uid).values(hash=hash))

    async def touch_session(self, uid: str) -> None:
        now = await self._unit.now()
        await self._unit.run(update(sessions).where(sessions.c.uid == uid).values(seen_at=now))

    async def sessions(self, principal_id: int) -> list[Session]:
        """Newest first."""
        query = select(sessions).where(sessions.c.principal_id == principal_id)
        return [_session(row) for row in await self._unit.all(query.order_by(sessions.c.id.desc()))]

    async def end_session(self, uid: str) -> None:
        await self._unit.run(delete(sessions).where(sessions.c.uid == uid))

    async def session_ended(self, uid: str) -> bool:
        return not await self._unit.value(select(exists().where(sessions.c.uid == uid)))

    # ---- tokens ----

    async def add_token(
        self,
        hash: bytes,
        principal_id: int,
        actions: frozenset[Action],
        expires_at: datetime,
        family: str | None = None,
    ) -> Token:
        """The principal's tokens that ended long ago go on this occasion."""
        ended = func.coalesce(tokens.c.revoked_at, tokens.c.expires_at)
        old = (tokens.c.principal_id == principal_id, ended <= await self._unit.now() - _KEPT)
        await self._unit.run(delete(tokens).where(*old))
        token = Token(uuid7(), principal_id, actions, expires_at, family)
        await self._unit.run(insert(tokens).values(**structs.asdict(token), hash=hash))
        return token

    async def token(self, hash: bytes) -> Token | None:
        row = await self._unit.first(select(tokens).where(tokens.c.hash == hash, ~_REVOKED))
        return Token(row.uid, row.principal_id, row.actions, row.expires_at, row.family) if row else None

    async def revoke_token(self, hash: bytes) -> None:
        revoking = update(tokens).where(tokens.c.hash == hash, tokens.c.revoked_at.is_(None))
        await self._unit.run(revoking.values(revoked_at=await self._unit.now()))

    async def token_revoked(self, uid: str) -> bool:
        revoked = exists().where(tokens.c.uid == uid, _REVOKED)
        return bool(await self._unit.value(select(revoked)))

    # ---- links ----

    async def add_link(
        self, hash: bytes, purpose: str, principal_id: int | None, expires_at: datetime
    ) -> None:
        await self._unit.run(delete(links).where(links.c.expires_at <= await self._unit.now()))
        values = {"purpose": purpose, "principal_id": principal_id, "expires_at": expires_at}
        await self._unit.run(insert(links).values(hash=hash, **values))

    async def link(self, hash: bytes, purpose: str) -> tuple[int | None] | None:
        query = select(links.c.principal_id).where(*_usable(hash, purpose, await self._unit.now()))
        row = await self._unit.first(query)
        return (row.principal_id,) if row else None

    async def use_link(self, hash: bytes, purpose: str) -> bool:
        now = await self._unit.now()
        return await self._unit.changed(update(links).where(*_usable(hash, purpose, now)).values(used_at=now))

    async def drop_links(self, purpose: str) -> None:
        await self._unit.run(delete(links).where(links.c.purpose == purpose))

    async def end_links(self, principal_id: int) -> None:
        await self._unit.run(delete(links).where(links.c.principal_id == principal_id))

    # ---- tries ----

    async def count_try(self, key: str, window: timedelta) -> int:
        """One statement counts, so that no two tries can be counted as one."""
        now = await self._unit.now()
        counting = self._unit.insert(tries).values(key=key, count=1, until=now + window)
        first, running = counting.excluded, tries.c.until > now
        again = {
            "count": case((running, tries.c.count + 1), else_=first.count),
            "until": case((running, tries.c.until), else_=first.until),
        }
        counting = counting.on_conflict_do_update(index_elements=["key"], set_=again)
        count = await self._unit.value(counting.returning(tries.c.count))
        await self._forget_old(now)
        return int(count)

    async def forget_tries(self, key: str) -> None:
        await self._unit.run(delete(tries).where(tries.c.key == key))

    async def _forget_old(self, now: datetime) -> None:
        """Some whose window is over; those that somebody else is at are passed over, so that nobody waits."""
        old = select(tries.c.key).where(tries.c.until <= now).limit(_FORGOTTEN)
        await self._unit.run(delete(tries).where(tries.c.key.in_(old.with_for_update(skip_locked=True))))


def _secrets(principal_id: int, column: ColumnElement[Any]) -> Any:
    """Newest first."""
    query = select(column).where(client_secrets.c.principal_id == principal_id)
    return query.order_by(client_secrets.c.id.desc())


def _usable(hash: bytes, purpose: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        links.c.hash == hash,
        links.c.purpose == purpose,
        links.c.used_at.is_(None),
        links.c.expires_at > now,
    )


def _session(row: Row[Any]) -> Session:
    return Session(**{name: getattr(row, name) for name in Session.__struct_fields__})
