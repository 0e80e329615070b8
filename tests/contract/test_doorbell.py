"""The doorbell on a real Redis, and on none: rings are hints, and a queue that is away stops nothing but itself."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import redis
from arq import Retry, Worker, create_pool, func

from archive.adapters.jobs import NoDoorbell, RedisDoorbell, arq_options, unpack
from archive.calls.call import State
from archive.errors import Unavailable
from archive.ports import Doorbell, Job

pytestmark = pytest.mark.anyio

NOBODY = "redis://127.0.0.1:1/0"


@pytest.fixture
async def doorbell(redis_url: str) -> AsyncIterator[RedisDoorbell]:
    opened = RedisDoorbell(redis_url)
    yield opened
    await opened.close()


@pytest.fixture(params=["unreachable", "none"])
async def away(request: pytest.FixtureRequest) -> AsyncIterator[Doorbell]:
    opened: Doorbell = RedisDoorbell(NOBODY) if request.param == "unreachable" else NoDoorbell()
    yield opened
    await opened.close()


async def heard(redis_url: str, answer: Exception | None = None) -> list[tuple[Any, ...]]:
    """What a worker hears that works until nothing is waiting."""
    rung: list[tuple[Any, ...]] = []

    async def listen(ctx: dict[str, Any], *given: Any) -> None:
        rung.append((ctx["job_try"], *given))
        if answer and ctx["job_try"] == 1:
            raise answer

    options = arq_options(redis_url)
    pool = await create_pool(
        options["redis_settings"]
    )  # ours, to close: arq closes its own in a deprecated way
    functions = [func(listen, name=job.value) for job in Job]
    more: dict[str, Any] = {"burst": True, "max_jobs": 1, "poll_delay": 0.01, "handle_signals": False}
    await Worker(functions, redis_pool=pool, **options, **more).main()
    await pool.aclose(close_connection_pool=True)
    return rung


async def test_a_ring_reaches_a_worker_once(doorbell: RedisDoorbell, redis_url: str) -> None:
    await doorbell.ring(Job.NORMALISE, 7)
    assert await doorbell.depth() == 1
    assert await heard(redis_url) == [(1, 7)]
    assert await doorbell.depth() == 0


async def test_ringing_again_is_heard_again(doorbell: RedisDoorbell, redis_url: str) -> None:
    """Whatever became of the first: no id of a job blocks the next ring for the same call."""
    for _ in range(2):
        await doorbell.ring(Job.INDEX, 7)
    assert await heard(redis_url) == [(1, 7), (1, 7)]
    await doorbell.ring(Job.INDEX, 7)
    assert await heard(redis_url) == [(1, 7)]


async def test_a_late_ring_waits(doorbell: RedisDoorbell, redis_url: str) -> None:
    await doorbell.ring(Job.INDEX, 7, delay=timedelta(hours=1))
    with redis.Redis.from_url(redis_url) as client:
        ((_, due),) = client.zrange("call-archive:jobs", 0, -1, withscores=True)
        seconds, microseconds = client.time()
    assert 3500 < due / 1000 - seconds - microseconds / 1e6 < 3601


async def test_a_job_that_asks_to_comes_back(doorbell: RedisDoorbell, redis_url: str) -> None:
    await doorbell.ring(Job.INDEX, 7)
    assert await heard(redis_url, Retry(defer=0)) == [(1, 7), (2, 7)]


async def test_jobs_are_packed_without_pickle(doorbell: RedisDoorbell, redis_url: str) -> None:
    await doorbell.ring(Job.REFRESH, 7)
    with redis.Redis.from_url(redis_url) as client:
        (key,) = client.keys("arq:job:*")
        job = unpack(client.get(key))
    assert (job["f"], list(job["a"])) == ("refresh", [7])


async def test_progress_is_shown_and_forgotten(doorbell: RedisDoorbell, redis_url: str) -> None:
    assert await doorbell.shown(7) is None
    await doorbell.show(7, State.NORMALISING, 0.25)
    await doorbell.show(7, State.NORMALISING, 0.5)
    assert await doorbell.shown(7) == (State.NORMALISING, 0.5)
    assert await doorbell.shown(8) is None
    with redis.Redis.from_url(redis_url) as client:
        (key,) = client.keys("*shown*")
        assert 0 < client.ttl(key) <= 600


async def test_a_worker_that_stops_leaves_the_other_one_working(
    doorbell: RedisDoorbell, redis_url: str
) -> None:
    assert not await doorbell.working()
    keys = [arq_options(redis_url)["health_check_key"] for _ in range(2)]
    with redis.Redis.from_url(redis_url) as client:
        for key in keys:
            client.set(key, "j_complete=1", ex=15)
        assert await doorbell.working()
        for key, others in zip(keys, (True, False), strict=True):
            client.delete(key)  # as arq does when a worker stops
            assert await doorbell.working() is others
    await doorbell.check()


async def test_nothing_that_rings_or_shows_raises_while_the_queue_is_away(away: Doorbell) -> None:
    await away.ring(Job.NORMALISE, 7)
    await away.ring(Job.NORMALISE, 7, delay=timedelta(seconds=5))
    await away.show(7, State.NORMALISING, 0.5)
    assert await away.shown(7) is None


async def test_whoever_asks_is_told_that_the_queue_is_away_and_what_to_do(away: Doorbell) -> None:
    for use in (away.check(), away.depth(), away.working()):
        with pytest.raises(Unavailable) as fault:
            await use
        assert fault.value.component == "Queue"
        assert "redis" in fault.value.detail.lower()
        assert fault.value.remedy
