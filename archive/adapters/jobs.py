"""The doorbell: arq on Redis, with msgpack.

arq is only told that a call wants something; the database knows what. So every ring has an id of its own, a ring that
gets lost is rung again by the sweep, and nothing that Redis holds is missed when it is gone.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import msgpack  # type: ignore[import-untyped]
from arq.connections import ArqRedis, RedisSettings
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

from archive.calls.call import State
from archive.errors import Unavailable
from archive.ids import uuid7
from archive.ports import Job

QUEUE = "call-archive:jobs"
HEALTH_KEYS = "call-archive:worker:"
"""One for each worker: arq deletes its own as it stops, and the others go on."""
HEALTH_SECONDS = 15
SCANNED = 1000
"""Keys that Redis looks through at a time; a waiting job is one."""
SHOWN_FOR = timedelta(minutes=10)

log = logging.getLogger(__name__)


def redis_settings(url: str) -> RedisSettings:
    """arq's settings for `redis://…`, `rediss://…` or `unix:///path`: one try of 2 seconds, then callers are told."""
    if urlsplit(url).scheme == "unix":
        settings = RedisSettings(unix_socket_path=urlsplit(url).path)
    else:
        settings = RedisSettings.from_dsn(url)
    settings.conn_timeout = 2
    settings.conn_retries = 1
    return settings


def arq_options(url: str) -> dict[str, Any]:
    """What an arq worker must be told to answer this doorbell."""
    return {
        "queue_name": QUEUE,
        "redis_settings": redis_settings(url),
        "health_check_key": f"{HEALTH_KEYS}{uuid7()}",
        "health_check_interval": HEALTH_SECONDS,
        "job_serializer": pack,
        "job_deserializer": unpack,
        "keep_result": 0,
    }


def pack(value: dict[str, Any]) -> bytes:
    return bytes(msgpack.packb(value, default=str))


def unpack(data: bytes) -> dict[str, Any]:
    return dict(msgpack.unpackb(data))


class RedisDoorbell:
    """Implements `ports.Doorbell`. Connects when first used, so the archive starts without Redis."""

    def __init__(self, url: str) -> None:
        self._redis = _client(url)

    async def ring(self, job: Job, call_id: int, *, delay: timedelta = timedelta(0)) -> None:
        try:
            await self._redis.enqueue_job(job.value, call_id, _queue_name=QUEUE, _defer_by=delay)
        except (RedisError, OSError) as error:
            log.warning("the queue did not take %s for call %s: %s", job, call_id, error)

    async def show(self, call_id: int, stage: State, share: float) -> None:
        try:
            await self._redis.set(_shown(call_id), f"{stage.value} {share:.3f}", ex=SHOWN_FOR)
        except (RedisError, OSError) as error:
            log.debug("progress of call %s not shown: %s", call_id, error)

    async def shown(self, call_id: int) -> tuple[State, float] | None:
        try:
            told = await self._redis.get(_shown(call_id))
        except (RedisError, OSError):
            return None
        if not told:
            return None
        stage, _, share = told.decode().partition(" ")
        return State(stage), float(share)

    async def depth(self) -> int:
        with _explained():
            return int(await self._redis.zcard(QUEUE))

    async def working(self) -> bool:
        with _explained():
            async for _ in self._redis.scan_iter(f"{HEALTH_KEYS}*", count=SCANNED):
                return True
        return False

    async def check(self) -> None:
        with _explained():
            await self._redis.ping()

    async def close(self) -> None:
        await self._redis.aclose(close_connection_pool=True)


class NoDoorbell:
    """Implements `ports.Doorbell` for a console beside an embedded archive, whose queue is its own. The sweep of the
    running archive finds what a ring would have told it."""

    async def ring(self, job: Job, call_id: int, *, delay: timedelta = timedelta(0)) -> None:
        log.debug("%s for call %s waits for the sweep, not for %s", job, call_id, delay)

    async def show(self, call_id: int, stage: State, share: float) -> None:
        log.debug("nobody watches call %s: %s %.3f", call_id, stage, share)

    async def shown(self, call_id: int) -> tuple[State, float] | None:
        log.debug("nobody was told of call %s", call_id)
        return None

    async def depth(self) -> int:
        raise _no_queue()

    async def working(self) -> bool:
        raise _no_queue()

    async def check(self) -> None:
        raise _no_queue()

    async def close(self) -> None:
        """Nothing is held open."""


def _no_queue() -> Unavailable:
    return Unavailable(
        "Queue", "The setting redis is empty.", "Set it, or run call-archive up, which brings its own."
    )


def _client(url: str) -> ArqRedis:
    pool = ConnectionPool.from_url(url, socket_connect_timeout=2, socket_timeout=5)
    return ArqRedis(pool, job_serializer=pack, job_deserializer=unpack, default_queue_name=QUEUE)


def _shown(call_id: int) -> str:
    return f"call-archive:shown:{call_id}"


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        raise Unavailable("Queue", "Redis can't be reached.", "Check redis, and that it runs.") from error
