"""Answers kept for requests that come again, by whoever sent them and the key that they chose."""

import asyncio

import pytest

from archive.adapters.db.database import SqlDatabase
from archive.ports import KeptAnswer
from tests.contract.making import add_person
from tests.databases import Clock

pytestmark = pytest.mark.anyio

ASKED, OTHER = b"a" * 32, b"b" * 32
ANSWER = KeptAnswer(request=ASKED, status=201, headers={"ETag": '"1"'}, body=b'{"id":"\xff"}')


async def test_one_begins_and_the_others_are_told_of_it(database: SqlDatabase) -> None:
    jo = await add_person(database)

    async def begin(request: bytes) -> KeptAnswer | None:
        async with database.write() as work:
            return await work.answers.begin(jo.id, "key", request)

    told = await asyncio.gather(*(begin(ASKED) for _ in range(8)))
    assert sorted(told, key=bool) == [None] + [KeptAnswer(request=ASKED)] * 7
    assert await begin(OTHER) == KeptAnswer(request=ASKED)


async def test_an_answer_is_kept_for_24_hours(database: SqlDatabase, clock: Clock) -> None:
    jo, other = await add_person(database), await add_person(database, "x@example.com")
    async with database.write() as work:
        await work.answers.begin(jo.id, "key", ASKED)
        await work.answers.finish(jo.id, "key", ANSWER)
        assert await work.answers.begin(other.id, "key", OTHER) is None
        assert await work.answers.begin(jo.id, "KEY", OTHER) is None
    clock.forward(hours=23, minutes=59)
    async with database.write() as work:
        assert await work.answers.begin(jo.id, "key", OTHER) == ANSWER
    clock.forward(minutes=1)
    async with database.write() as work:
        assert await work.answers.begin(jo.id, "key", OTHER) is None


async def test_what_is_forgotten_never_began(database: SqlDatabase) -> None:
    jo = await add_person(database)
    async with database.write() as work:
        await work.answers.begin(jo.id, "key", ASKED)
        await work.answers.forget(jo.id, "key")
        assert await work.answers.begin(jo.id, "key", OTHER) is None
