"""Child processes that end with the tests, and knowing when they are ready."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

import httpx

Part = str | Path
"""Of a command."""

START_SECONDS = 60
STOP_SECONDS = 10


class PartError(Exception):
    """A part can't be started; tests that need it fail with this."""


def tied(command: Sequence[Part], *, end: str = "KILL", user: str | None = None) -> list[str]:
    """The command, made to get signal `end` when the thread that starts it ends, and run as `user`.

    By util-linux's setpriv: `preexec_fn` isn't safe, and warns, beside threads.
    """
    identity = ["--reuid", user, "--regid", user, "--init-groups"] if user else []
    return ["setpriv", *identity, "--pdeathsig", end, *(str(part) for part in command)]


class Program:
    """A child process with a folder of its own, that writes what it says to a file there."""

    def __init__(self, name: str, *, user: str | None = None) -> None:
        self.name = name
        self.user = user
        self.folder = Path(tempfile.mkdtemp(prefix=f"archive-{name}-"))
        self.log = self.folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self._again: Callable[[], Self] | None = None
        if user:
            shutil.chown(self.folder, user, user)

    def run(self, command: Sequence[Part]) -> None:
        """Runs something to its end. Raises PartError with what it said."""
        done = subprocess.run(
            tied(command, user=self.user), cwd=self.folder, capture_output=True, check=False
        )
        if done.returncode:
            raise PartError(f"{command[0]} failed: {done.stderr.decode(errors='replace')}")

    def start(
        self,
        command: Sequence[Part],
        ready: Callable[[], bool],
        *,
        end: str = "KILL",
        env: Mapping[str, str] | None = None,
    ) -> Self:
        """Starts it and waits until `ready` says so. Raises PartError if it ends before, or takes too long."""
        self._again = lambda: self.start(command, ready, end=end, env=env)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                tied(command, end=end, user=self.user),
                cwd=self.folder,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._wait(self._process, ready)
        return self

    @property
    def pid(self) -> int:
        """Of the process that runs, or ran last."""
        if self._process is None:
            raise PartError(f"{self.name} was never started")
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def end(self, how: signal.Signals, within: float = STOP_SECONDS) -> int:
        """Sends the signal and answers the exit code; the folder stays. Raises subprocess.TimeoutExpired."""
        self.send(how)
        return self.ended(within)

    def send(self, how: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(how)

    def ended(self, within: float = STOP_SECONDS) -> int:
        """Waits until it has ended by itself and answers the exit code. Raises subprocess.TimeoutExpired."""
        assert self._process is not None
        return self._process.wait(within)

    def again(self) -> None:
        """Starts it as it was started before."""
        assert self._again is not None
        self._again()

    def _wait(self, process: subprocess.Popen[bytes], ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not ready():
            if process.poll() is not None or time.monotonic() > deadline:
                said = self.log.read_text(errors="replace")[-2000:]
                self.stop()
                raise PartError(f"{self.name} did not start:\n{said}")
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Ends it, by force if it takes longer than STOP_SECONDS, and removes its folder."""
        if self._process is not None:
            self._process.send_signal(how)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_is_free(port: int) -> bool:
    """Whether nobody listens there. Connections that are just ending don't count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def alive(pid: int) -> bool:
    """Whether it runs; one that ended and that nobody has asked about since doesn't."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def answers(url: str) -> Callable[[], bool]:
    def ready() -> bool:
        try:
            return httpx.get(url, timeout=2, trust_env=False).is_success
        except httpx.TransportError:
            return False

    return ready


def installed(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise PartError(f"{name} is not on the PATH: make setup installs it")
    return found
