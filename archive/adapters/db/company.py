"""Sign-ins under way at a company's provider, messages that count once, and the sessions that began there."""

from datetime import datetime

from msgspec import structs
from sqlalchemy import delete, insert, select, update

from archive.adapters.db.tables import company_sign_ins, seen_messages, sessions
from archive.adapters.db.unit import Unit
from archive.ports import Begun, Session


class SqlCompanySignIns:
    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def begin(self, state: bytes, begun: Begun, expires_at: datetime) -> None:
        over = delete(company_sign_ins).where(company_sign_ins.c.expires_at <= await self._unit.now())
        await self._unit.run(over)
        values = {**structs.asdict(begun), "hash": state, "expires_at": expires_at}
        await self._unit.run(insert(company_sign_ins).values(**values))

    async def take(self, state: bytes) -> Begun | None:
        now = await self._unit.now()
        taking = delete(company_sign_ins).where(company_sign_ins.c.hash == state)
        row = await self._unit.first(taking.returning(company_sign_ins))
        if row is None or row.expires_at <= now:
            return None
        return Begun(**{name: getattr(row, name) for name in Begun.__struct_fields__})

    async def first_time(self, message: bytes, expires_at: datetime) -> bool:
        await self._unit.run(
            delete(seen_messages).where(seen_messages.c.expires_at <= await self._unit.now())
        )
        seeing = self._unit.insert(seen_messages).values(hash=message, expires_at=expires_at)
        seen = await self._unit.value(seeing.on_conflict_do_nothing().returning(seen_messages.c.hash))
        return seen is not None

    async def keep_token(self, session: bytes, id_token: str) -> None:
        await self._unit.run(
            update(sessions).where(sessions.c.hash == session).values(provider_token=id_token)
        )

    async def token(self, session: bytes) -> str | None:
        kept: str | None = await self._unit.value(
            select(sessions.c.provider_token).where(sessions.c.hash == session)
        )
        return kept

    async def sessions(
        self, provider: str, *, session: str | None, principal_id: int | None
    ) -> list[Session]:
        whose = sessions.c.provider_session == session if session else sessions.c.principal_id == principal_id
        query = select(sessions).where(sessions.c.provider == provider, whose).order_by(sessions.c.id)
        rows = await self._unit.all(query)
        return [Session(**{name: getattr(row, name) for name in Session.__struct_fields__}) for row in rows]
