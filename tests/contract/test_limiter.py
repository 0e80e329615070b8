"""The limiter: one count for everybody who shares it."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from archive.adapters import limiter
from archive.adapters.limiter import RedisLimiter
from archive.ids import uuid7
from archive.ports import Limiter
from tests.databases import Clock
from tests.fakes import ClockLimiter

pytestmark = pytest.mark.anyio
MINUTE = timedelta(minutes=1)


@pytest.fixture(params=["fake", "redis"])
async def one(request: pytest.FixtureRequest, clock: Clock) -> AsyncIterator[Limiter]:
    made: Limiter = (
        ClockLimiter(clock) if request.param == "fake" else RedisLimiter(request.getfixturevalue("redis_url"))
    )
    yield made
    await made.close()


async def test_the_first_ones_pass_and_the_next_are_told_how_long(one: Limiter) -> None:
    assert [await one.take("a", 3, MINUTE) for _ in range(3)] == [None] * 3
    wait = await one.take("a", 3, MINUTE)
    assert wait is not None
    assert timedelta(0) < wait <= MINUTE
    assert await one.take("b", 3, MINUTE) is None


async def test_those_who_ask_at_once_are_counted_one_by_one(one: Limiter) -> None:
    waits = await asyncio.gather(*(one.take("a", 5, MINUTE) for _ in range(9)))
    assert [wait is None for wait in waits].count(True) == 5


async def test_a_window_ends_whoever_goes_on_asking(redis_url: str) -> None:
    counting, key = RedisLimiter(redis_url), uuid7()
    window = timedelta(milliseconds=100)
    assert await counting.take(key, 1, window) is None
    async with asyncio.timeout(30):
        while wait := await counting.take(key, 1, window):  # noqa: ASYNC110 - the time is Redis's
            await asyncio.sleep(wait.total_seconds())
    await counting.close()


async def test_two_processes_share_one_count(redis_url: str) -> None:
    both = RedisLimiter(redis_url), RedisLimiter(redis_url)
    waits = [await one.take("a", 2, MINUTE) for one in (*both, *both)]
    assert [wait is None for wait in waits] == [True, True, False, False]
    for one in both:
        await one.close()


async def test_without_redis_everybody_passes_and_the_log_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limiter, "RESTS", 0.0)
    away = RedisLimiter(f"unix://{tmp_path}/nobody")
    with caplog.at_level(logging.WARNING, logger=limiter.__name__):
        assert [await away.take("a", 1, MINUTE) for _ in range(3)] == [None] * 3
    assert len(caplog.records) == 1
    await away.close()


async def test_a_redis_that_is_away_is_not_asked_each_time(tmp_path: Path) -> None:
    away = RedisLimiter(f"unix://{tmp_path}/late")
    assert await away.take("a", 1, MINUTE) is None
    asked: list[object] = []

    async def answer(*_: object) -> None:
        asked.append(object())

    server = await asyncio.start_unix_server(answer, f"{tmp_path}/late")
    async with server:
        assert await away.take("a", 1, MINUTE) is None
    assert asked == []
    await away.close()
