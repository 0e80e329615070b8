"""Child processes of an embedded archive: started, restarted when they end, stopped with their parent.

A child that would outlive a killed parent gets a signal when the parent dies (PR_SET_PDEATHSIG, prctl(2)), asked for
by util-linux's setpriv: `preexec_fn` isn't safe beside threads. Children get a session of their own, so that Ctrl-C
reaches the parent alone and things end in order.
"""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct

from archive.errors import Unavailable

WHILE_PARENT_LIVES = (
    "setpriv",
    "--pdeathsig",
    "TERM",
    "/bin/sh",
    "-c",
    '[ "$PPID" = "$0" ] || exit 1; exec "$@"',
)
"""Before the parent's id and a command. A parent that was killed before setpriv asked sends no signal any more."""

GRACE_SECONDS = 10.0
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0
STEADY_SECONDS = 30.0
"""A child that ran this long had started well: its next restart doesn't wait."""

REDIS_STARTS_WITHIN = 5.0

log = logging.getLogger(__name__)


class Child(Struct, frozen=True):
    name: str
    command: tuple[str, ...]
    environ: Mapping[str, str] = {}


@asynccontextmanager
async def supervised(children: Sequence[Child]) -> AsyncIterator[None]:
    """Keep the children running while the block runs."""
    keepers = [asyncio.create_task(_keep(child)) for child in children]
    try:
        yield
    finally:
        for keeper in reversed(keepers):
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper


@asynccontextmanager
async def private_redis() -> AsyncIterator[str]:
    """A redis-server for this archive alone, on a Unix socket; its address. It keeps nothing on disk: the database
    knows what is owed."""
    with TemporaryDirectory(prefix="call-archive-") as folder:
        socket = (
            Path(folder) / "redis.sock"
        )  # data folders may lie deeper than the 107 bytes of a socket's name
        command = ("redis-server", "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700")
        quiet = ("--save", "", "--appendonly", "no", "--dir", folder, "--logfile", str(Path(folder) / "log"))
        async with supervised([Child("redis-server", command + quiet)]):
            await _appears(socket)
            yield f"unix://{socket}"


async def _appears(socket: Path) -> None:
    deadline = asyncio.get_running_loop().time() + REDIS_STARTS_WITHIN
    while not await _listens(socket):
        if asyncio.get_running_loop().time() > deadline:
            raise Unavailable(
                "Queue", "redis-server did not start.", "Install it: apt-get install redis-server."
            )
        await asyncio.sleep(0.02)


async def _listens(socket: Path) -> bool:
    try:
        _, writer = await asyncio.open_unix_connection(socket)
    except OSError:
        return False
    writer.close()
    return True


async def _keep(child: Child) -> None:
    pause = FIRST_PAUSE
    clock = asyncio.get_running_loop().time
    while True:
        began = clock()
        status = await run(child)
        pause = FIRST_PAUSE if clock() - began > STEADY_SECONDS else min(pause * 2, LONGEST_PAUSE)
        log.warning("%s ended (%s); starting it again in %.1f s", child.name, status, pause)
        await asyncio.sleep(pause)


async def run(child: Child) -> int | str:
    """Run a child to its end; its exit code, or why it could not start. Cancelled, it ends the child first."""
    try:
        process = await asyncio.create_subprocess_exec(
            *WHILE_PARENT_LIVES,
            str(os.getpid()),
            *child.command,
            env={**os.environ, **child.environ},
            stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        return error.strerror or str(error)
    try:
        return await process.wait()
    finally:
        await asyncio.shield(asyncio.ensure_future(_stop(process)))


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), GRACE_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
