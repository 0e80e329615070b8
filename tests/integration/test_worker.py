"""One worker, in this process."""

import asyncio
from pathlib import Path
from threading import Barrier

import pytest

from archive.bootstrap import connect
from archive.settings import Settings
from workers.main import work

JOBS = 64
"""The most that a worker may be told to do at once: more than asyncio has threads on any common machine."""


@pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning")  # arq's, as it closes
def test_every_job_has_a_thread_to_wait_for_its_engine_in(tmp_path: Path, redis_url: str) -> None:
    barrier = Barrier(JOBS + 1)  # one more: a job's other reads and writes go on

    async def all_wait_at_once() -> None:
        settings = Settings(data=str(tmp_path), redis=redis_url, worker_jobs=JOBS)
        working = asyncio.create_task(work(settings))
        async with connect(settings) as parts:
            while not await parts.doorbell.working():  # noqa: ASYNC110 - Redis tells nobody
                await asyncio.sleep(0.02)
        await asyncio.gather(*(asyncio.to_thread(barrier.wait, 5) for _ in range(barrier.parties)))
        working.cancel()
        await working

    asyncio.run(all_wait_at_once())
