"""A child process that can't cost more than it was given, reach the network by accident, or outlive its parent."""

import asyncio
import math
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from io import BufferedReader
from typing import TypeVar

from msgspec import Struct

from archive.calls.sound import EngineTrouble, Refusal

T = TypeVar("T")

READ_BYTES = 64 * 1024
KEPT_MESSAGES = 64 * 1024
"""Bytes of stderr. What counts, errors and loudness, comes last; a broken file can write gigabytes before it."""

KILL_AFTER_CPU = 5
"""Seconds. ffmpeg catches SIGXCPU and tries to end in good order; SIGKILL follows if it can't."""


class Ceiling(Struct, frozen=True):
    """What one process may use: bytes of address space, seconds, and bytes of any file it writes."""

    memory: int
    cpu: float
    wall: float
    file_size: int


class Ended(Struct, frozen=True):
    """How a process ended: its exit code (negative: a signal) and the last it said on stderr."""

    code: int
    messages: str


class Child:
    """A running process. Read what it writes to its end, then ask how it `ended`.

    Reading is done in threads, into the reader's own buffer: asyncio's streams copy each byte four times, which for
    minutes of sound costs as much as all that is done with it.
    """

    def __init__(self, process: Process, output: BufferedReader) -> None:
        self._process, self._output = process, output
        self._messages = asyncio.create_task(_drain(process.stderr))
        self._reading: Awaitable[object] | None = None

    async def fill(self, buffer: memoryview) -> int:
        """How many bytes were put into `buffer`: as many as it holds, or what was left."""
        return await self._in_thread(lambda: self._output.readinto(buffer))

    async def line(self) -> bytes:
        """Empty at the end."""
        return await self._in_thread(self._output.readline)

    async def rest(self) -> bytes:
        return await self._in_thread(self._output.read)

    async def ended(self) -> Ended:
        code = await self._process.wait()
        return Ended(code, (await self._messages).decode(errors="replace"))

    async def end(self) -> None:
        """Kill it if it still runs, and wait until nothing reads from it any more."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await asyncio.gather(self._process.wait(), self._messages, self._reading or _nothing())
        self._output.close()

    async def _in_thread(self, read: Callable[[], T]) -> T:
        reading = asyncio.ensure_future(asyncio.to_thread(read))
        self._reading = reading
        return await asyncio.shield(
            reading
        )  # a thread can't be cancelled: `end` waits until the pipe is closed


async def _nothing() -> None: ...


@asynccontextmanager
async def running(command: Sequence[str], ceiling: Ceiling) -> AsyncIterator[Child]:
    """The command under its ceiling, in a process group that is killed when the block is left, however it is left."""
    child = await _start(command, ceiling)
    try:
        async with asyncio.timeout(ceiling.wall) as clock:
            yield child
    except TimeoutError as late:
        if not clock.expired():
            raise
        raise EngineTrouble(
            Refusal.TIMEOUT, "Working on this recording took too long, so it was stopped."
        ) from late
    finally:
        await child.end()


async def _start(command: Sequence[str], ceiling: Ceiling) -> Child:
    ours, theirs = os.pipe()
    output = os.fdopen(ours, "rb")
    try:
        process = await asyncio.create_subprocess_exec(
            *_fenced(command, ceiling),
            stdin=DEVNULL,
            stdout=theirs,
            stderr=PIPE,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},  # no proxies, no secrets
            start_new_session=True,
        )
    except BaseException as error:
        output.close()
        if isinstance(error, OSError):
            raise EngineTrouble(
                Refusal.ENGINE_FAILED, f"The audio engine can't start: {error.strerror}."
            ) from error
        raise
    finally:
        os.close(theirs)
    return Child(process, output)


def _fenced(command: Sequence[str], ceiling: Ceiling) -> list[str]:
    """By util-linux's setpriv and prlimit: `preexec_fn` isn't safe beside threads."""
    cpu = math.ceil(ceiling.cpu)
    limits = [
        f"--as={ceiling.memory}",
        f"--cpu={cpu}:{cpu + KILL_AFTER_CPU}",
        f"--fsize={ceiling.file_size}",
        "--core=0",
        "--nofile=64",
    ]
    return ["setpriv", "--pdeathsig", "KILL", "prlimit", *limits, *command]


async def _drain(stream: asyncio.StreamReader | None) -> bytes:
    """Read all the while, or the process stops at a full pipe; keep the end."""
    kept = bytearray()
    while stream is not None and (chunk := await stream.read(READ_BYTES)):
        kept += chunk
        del kept[:-KEPT_MESSAGES]
    return bytes(kept)
