"""Counts in Redis, the queue's own: it holds nothing that must outlive it."""

import logging
import time
from datetime import timedelta

from redis.asyncio import Redis
from redis.exceptions import RedisError

PREFIX = "call-archive:limit:"
RESTS = 5.0
"""Seconds without asking a Redis that was away: each try may take two."""

log = logging.getLogger(__name__)


class RedisLimiter:
    """Implements `ports.Limiter`. Connects when first used. A Redis that is away is told in the log once."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2)
        self._away = False
        self._asks_from = 0.0

    async def take(self, key: str, most: int, window: timedelta) -> timedelta | None:
        if time.monotonic() < self._asks_from:
            return None
        try:
            count, left = await self._count(PREFIX + key, window)
        except (RedisError, OSError) as error:
            self._rest(error)
            return None
        self._away = False
        return timedelta(milliseconds=max(left, 1)) if count > most else None

    async def _count(self, key: str, window: timedelta) -> tuple[int, int]:
        """How many there are with this one, and the milliseconds left; in one transaction, so that no key stays."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.set(key, 0, px=window, nx=True)
            pipe.incr(key)
            pipe.pttl(key)
            _, count, left = await pipe.execute()
        return int(count), int(left)

    def _rest(self, error: Exception) -> None:
        if not self._away:
            log.warning("no limits are counted while Redis is away: %s", error)
        self._away = True
        self._asks_from = time.monotonic() + RESTS

    async def close(self) -> None:
        await self._redis.aclose()


class NoLimiter:
    """Implements `ports.Limiter` for a console, which answers no requests."""

    async def take(self, key: str, most: int, window: timedelta) -> timedelta | None:
        log.debug("%s is not counted: %s in %s", key, most, window)
        return None

    async def close(self) -> None:
        """Nothing is held open."""
