"""Answers to requests that may come again."""

from sqlalchemy import ColumnElement, and_, delete, select, update

from archive.adapters.db.tables import answers
from archive.adapters.db.unit import Unit
from archive.ports.answers import KEPT, KeptAnswer

_ANSWER = [answers.c[name] for name in KeptAnswer.__struct_fields__]


class SqlAnswers:
    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def begin(self, principal_id: int, key: str, request: bytes) -> KeptAnswer | None:
        now = await self._unit.now()
        await self._unit.run(delete(answers).where(answers.c.created_at <= now - KEPT))
        beginning = self._unit.insert(answers).values(
            principal_id=principal_id, key=key, request=request, headers={}, created_at=now
        )
        begun = beginning.on_conflict_do_nothing().returning(answers.c.key)
        if await self._unit.value(begun) is not None:
            return None
        row = await self._unit.first(select(*_ANSWER).where(_one(principal_id, key)))
        return (
            KeptAnswer(**row._mapping) if row else KeptAnswer(request=request)
        )  # forgotten this very moment

    async def finish(self, principal_id: int, key: str, answer: KeptAnswer) -> None:
        values = {"status": answer.status, "headers": answer.headers, "body": answer.body}
        await self._unit.run(update(answers).where(_one(principal_id, key)).values(**values))

    async def forget(self, principal_id: int, key: str) -> None:
        await self._unit.run(delete(answers).where(_one(principal_id, key)))


def _one(principal_id: int, key: str) -> ColumnElement[bool]:
    return and_(answers.c.principal_id == principal_id, answers.c.key == key)
