"""Children of an embedded archive: kept running, ended with it, however it ends."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from archive.errors import Unavailable
from archive.supervise import WHILE_PARENT_LIVES, Child, private_redis, supervised
from tests.processes import alive

pytestmark = pytest.mark.anyio

STARTED = """
import os, sys, time
with open(sys.argv[1], "a") as file:
    print(os.getpid(), file=file)
time.sleep(600)
"""

PARENT = """
import asyncio, sys
from archive.supervise import Child, private_redis, supervised

async def main():
    async with private_redis() as address, supervised([Child("child", tuple(sys.argv[1:]))]):
        print(address, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def child(notes: Path) -> Child:
    """Writes down its process id, then waits."""
    return Child("child", (sys.executable, "-c", STARTED, str(notes)))


def ids(notes: Path) -> list[int]:
    return [int(line) for line in notes.read_text().splitlines()] if notes.exists() else []


def open_to_others(path: Path) -> bool:
    return path.stat().st_mode & 0o077 != 0


async def until(holds: Callable[[], Awaitable[bool] | bool]) -> None:
    """Processes tell nobody that they began or ended: look often, for 20 seconds at most."""
    for _ in range(1000):
        answer = holds()
        if answer if isinstance(answer, bool) else await answer:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never came to that")


async def test_a_killed_child_is_started_again_and_ends_with_the_block(tmp_path: Path) -> None:
    notes = tmp_path / "ids"
    async with supervised([child(notes)]):
        await until(lambda: len(ids(notes)) == 1)
        os.kill(ids(notes)[0], signal.SIGKILL)
        await until(lambda: len(ids(notes)) == 2)
        assert alive(ids(notes)[1])
    assert not any(alive(process) for process in ids(notes))


async def test_a_child_gets_its_own_environment_on_top_of_ours(tmp_path: Path) -> None:
    notes = tmp_path / "environment"
    command = ("sh", "-c", f'echo "$ARCHIVE_TEST_MARK $PATH" > {notes}; exec sleep 600')
    async with supervised([Child("child", command, {"ARCHIVE_TEST_MARK": "set"})]):
        await until(lambda: notes.exists() and bool(notes.read_text()))
    assert notes.read_text().strip() == f"set {os.environ['PATH']}"


async def test_a_program_that_is_missing_does_not_stop_the_others(tmp_path: Path) -> None:
    notes = tmp_path / "ids"
    async with supervised([Child("none", ("no-such-program",)), child(notes)]):
        await until(lambda: len(ids(notes)) == 1)


async def test_ctrl_c_reaches_the_parent_alone(tmp_path: Path) -> None:
    notes = tmp_path / "ids"
    async with supervised([child(notes)]):
        await until(lambda: len(ids(notes)) == 1)
        assert os.getsid(ids(notes)[0]) != os.getsid(0)


async def test_a_private_redis_answers_alone_on_its_socket_and_goes_with_its_folder() -> None:
    async with private_redis() as address:
        path = Path(address.removeprefix("unix://"))
        assert not open_to_others(path)
        async with Redis.from_url(address) as client:
            assert await client.ping()
            process = int((await client.info("server"))["process_id"])
            assert (await client.config_get("port"))["port"] == "0"
            assert (await client.config_get("save"))["save"] == ""
    assert not alive(process)
    assert not path.parent.exists()


async def test_a_private_redis_that_was_killed_comes_back_under_its_address() -> None:
    async with private_redis() as address, Redis.from_url(address) as client:
        first = int((await client.info("server"))["process_id"])
        os.kill(first, signal.SIGKILL)
        await until(lambda: _another(client, first))


async def _another(client: Redis, first: int) -> bool:
    try:
        return int((await client.info("server"))["process_id"]) != first
    except (RedisError, OSError):
        return False


async def test_a_redis_that_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable) as fault:
        async with private_redis():
            pass
    assert "redis-server" in fault.value.remedy


def test_a_child_whose_parent_is_gone_already_does_not_begin() -> None:
    for parent, says in ((os.getpid(), b"here\n"), (0, b"")):
        command = [*WHILE_PARENT_LIVES, str(parent), "echo", "here"]
        assert subprocess.run(command, capture_output=True, check=False).stdout == says


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
async def test_no_child_outlives_its_parent(tmp_path: Path, how: signal.Signals) -> None:
    notes = tmp_path / "ids"
    command = [sys.executable, "-c", PARENT, *child(notes).command]
    parent = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    address = (await parent.stdout.readline()).decode().strip()
    async with Redis.from_url(address) as client:
        queue = int((await client.info("server"))["process_id"])
    await until(lambda: len(ids(notes)) == 1)
    parent.send_signal(how)
    await parent.wait()
    await until(lambda: not alive(queue) and not alive(ids(notes)[0]))
