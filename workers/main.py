"""One arq worker: `call-archive work`, or the child of `call-archive up`."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any

from arq import Worker, cron, func

from archive.bootstrap import connect, queue_options
from archive.settings import Settings
from workers.jobs import TRIES, USE_CASES, ring
from workers.sweep import EVERY_SECONDS, sweep, sweep_blobs

LONGEST_JOB = timedelta(hours=6)
POLL_SECONDS = 0.2
SPARE_THREADS = 8
"""Beside one for each job, in which it waits for what its ffmpeg writes: whatever else blocks is short."""


async def work(settings: Settings) -> None:
    """Work until told to stop. Returns when signalled; raises when Redis goes away (whoever started it restarts it)."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(settings.worker_jobs + SPARE_THREADS))
    async with connect(settings, writing_index=True) as parts:
        arq = worker(settings, {"parts": parts})
        with suppress(asyncio.CancelledError):  # so arq tells that it was signalled
            await arq.async_run()
        await arq.close()


def worker(settings: Settings, ctx: dict[str, Any]) -> Worker:
    return Worker(
        functions=[func(ring(use_case), name=job.value) for job, use_case in USE_CASES.items()],
        cron_jobs=[
            cron(sweep, second=set(range(0, 60, EVERY_SECONDS)), timeout=60, max_tries=1),
            cron(sweep_blobs, hour=3, minute=40, timeout=timedelta(hours=2), max_tries=1),
        ],
        max_jobs=settings.worker_jobs,
        max_tries=TRIES,
        job_timeout=LONGEST_JOB,
        poll_delay=POLL_SECONDS,
        ctx=ctx,
        **queue_options(settings),
    )


def run(settings: Settings) -> None:
    asyncio.run(work(settings))
