"""Identities at companies' sign-ins, one-time codes, recovery codes."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, delete, func, insert, select, update

from archive.adapters.db.tables import authenticators, identities, recovery_codes
from archive.adapters.db.unit import Unit
from archive.ports.sign_ins import Authenticator, Identity


class SqlSignIns:
    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    # ---- identities ----

    async def linked(self, issuer: str, subject: str) -> int | None:
        query = select(identities.c.principal_id)
        found: int | None = await self._unit.value(
            query.where(identities.c.issuer == issuer, identities.c.subject == subject)
        )
        return found

    async def link(self, principal_id: int, issuer: str, subject: str) -> bool:
        linking = self._unit.insert(identities).values(
            principal_id=principal_id, issuer=issuer, subject=subject, linked_at=await self._unit.now()
        )
        linked = await self._unit.value(linking.on_conflict_do_nothing().returning(identities.c.id))
        return linked is not None

    async def identities(self, principal_id: int) -> list[Identity]:
        query = select(identities).where(identities.c.principal_id == principal_id)
        rows = await self._unit.all(query.order_by(identities.c.id))
        return [Identity(row.issuer, row.subject, row.linked_at) for row in rows]

    # ---- one-time codes ----

    async def authenticator(self, principal_id: int) -> Authenticator | None:
        row = await self._unit.first(select(authenticators).where(_authenticator(principal_id)))
        return Authenticator(row.secret, row.confirmed_at, row.step) if row else None

    async def set_authenticator(self, principal_id: int, secret: str) -> None:
        await self.drop_authenticator(principal_id)
        await self._unit.run(insert(authenticators).values(principal_id=principal_id, secret=secret, step=0))

    async def confirm_authenticator(self, principal_id: int) -> None:
        confirming = update(authenticators).where(_authenticator(principal_id))
        await self._unit.run(confirming.values(confirmed_at=await self._unit.now()))

    async def use_step(self, principal_id: int, step: int) -> bool:
        using = update(authenticators).where(_authenticator(principal_id), authenticators.c.step < step)
        return await self._unit.changed(using.values(step=step))

    async def drop_authenticator(self, principal_id: int) -> None:
        await self._unit.run(delete(authenticators).where(_authenticator(principal_id)))
        await self._unit.run(delete(recovery_codes).where(_codes(principal_id)))

    # ---- recovery codes ----

    async def set_recovery_codes(self, principal_id: int, hashes: Collection[bytes]) -> None:
        await self._unit.run(delete(recovery_codes).where(_codes(principal_id)))
        rows = [{"principal_id": principal_id, "hash": one} for one in hashes]
        await self._unit.run(insert(recovery_codes), rows)

    async def use_recovery_code(self, principal_id: int, hash: bytes) -> bool:
        unused = (_codes(principal_id), recovery_codes.c.hash == hash, recovery_codes.c.used_at.is_(None))
        using = update(recovery_codes).where(*unused)
        return await self._unit.changed(using.values(used_at=await self._unit.now()))

    async def recovery_codes(self, principal_id: int) -> int:
        counting = select(func.count()).select_from(recovery_codes)
        unused = counting.where(_codes(principal_id), recovery_codes.c.used_at.is_(None))
        return int(await self._unit.value(unused))


def _authenticator(principal_id: int) -> ColumnElement[bool]:
    return authenticators.c.principal_id == principal_id


def _codes(principal_id: int) -> ColumnElement[bool]:
    return recovery_codes.c.principal_id == principal_id
