"""One worker, in this process or in one of its own."""

import asyncio
import json
import os
import subprocess
import sys
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


def test_a_worker_logs_as_the_api_does(tmp_path: Path) -> None:
    settings = {"ARCHIVE_DATA": str(tmp_path), "ARCHIVE_REDIS": "unix:///nowhere"}
    command = [sys.executable, "-m", "workers"]
    ended = subprocess.run(
        command, env={**os.environ, **settings}, capture_output=True, timeout=60, check=False
    )
    first = json.loads(ended.stderr.splitlines()[0])
    assert (first["level"], first["logger"]) == ("warning", "arq.connections")
