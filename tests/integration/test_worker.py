"""One worker, in this process or in one of its own."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Barrier

import pytest

from archive.bootstrap import connect, migrate
from archive.calls.call import Call, State
from archive.calls.leases import LEASE
from archive.policy.scope import AllCalls
from archive.ports import Job, Parts
from archive.settings import Settings
from tests.contract.making import new_call
from tests.parts import Redis
from tests.processes import Program
from tests.story import chunks
from workers.main import work

JOBS = 64
"""The most that a worker may be told to do at once: more than asyncio has threads on any common machine."""

ENDLESS = "#!/bin/sh\nexec sleep 600\n"
"""In the place of an engine, so that a job is caught at work."""


@pytest.fixture
def queue() -> Iterator[Redis]:
    """One that a test may end."""
    part = Redis()
    yield part
    part.stop()


@pytest.fixture
def working() -> Iterator[Program]:
    program = Program("worker")
    yield program
    program.stop()


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


@pytest.mark.anyio
@pytest.mark.parametrize("told", [False, True], ids=["lost", "lost and told to stop"])
async def test_a_worker_that_loses_its_queue_gives_its_calls_back(
    tmp_path: Path, queue: Redis, working: Program, told: bool
) -> None:
    """The next worker need not wait for their leases. Told to stop as well: that is how `up` ends when it is killed."""
    settings = Settings(data=str(tmp_path), redis=queue.start(), worker_jobs=2)
    await asyncio.to_thread(migrate, settings)
    async with connect(settings) as parts:
        calls = [await _received(parts) for _ in range(2)]
        working.start(
            [sys.executable, "-m", "workers"], lambda: True, env=_endless(settings, tmp_path / "bin")
        )
        while await _states(parts) != {State.NORMALISING}:  # noqa: ASYNC110 - another process tells nobody
            await asyncio.sleep(0.02)
        queue.program.end(signal.SIGKILL)
        if told:
            working.send(signal.SIGTERM)
        assert await asyncio.to_thread(working.ended, 60)
        async with parts.database.write() as unit:
            claims = [
                await unit.calls.claim(call.id, {State.NORMALISING}, State.NORMALISING, LEASE)
                for call in calls
            ]
        assert all(claims)


async def _received(parts: Parts) -> Call:
    """A call of which the worker was told."""
    given = new_call()
    await parts.blobs.write(given.recording.blob, chunks(b"RIFF"))
    async with parts.database.write() as unit:
        call = await unit.calls.add(given)
    await parts.doorbell.ring(Job.NORMALISE, call.id)
    return call


async def _states(parts: Parts) -> set[State]:
    async with parts.database.read() as unit:
        return {call.state for call in (await unit.calls.select([1, 2], AllCalls())).values()}


def _endless(settings: Settings, folder: Path) -> dict[str, str]:
    """The environment of a worker whose jobs don't end by themselves."""
    folder.mkdir()
    probe = folder / "ffprobe"
    probe.write_text(ENDLESS)
    probe.chmod(0o755)
    return {
        "ARCHIVE_DATA": settings.data,
        "ARCHIVE_REDIS": settings.redis,
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
    }
