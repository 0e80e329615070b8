"""Steps: named, timed, shown as they go, and not done twice."""

import hashlib
import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.setup import ROOT, VENV

LINES_SHOWN_ON_FAILURE = 40


class SetupError(Exception):
    """The set-up can't go on; the message says why. Exit code 2 where the reader must act first."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True)
class Step:
    """One thing to bring about. ``done`` looks whether it already is; ``work`` brings it about."""

    name: str
    done: Callable[[], bool]
    work: Callable[[], None]


def run_steps(steps: Sequence[Step]) -> None:
    """Does each step that isn't done yet, in order, and prints one line for it with its seconds."""
    for number, step in enumerate(steps, 1):
        started = time.monotonic()
        label = f"[{number}/{len(steps)}] {step.name}"
        if step.done():
            print(f"{label}: there", flush=True)
            continue
        print(f"{label} ...", flush=True)
        step.work()
        print(f"{label}: done in {time.monotonic() - started:.1f} s", flush=True)


def run(command: Sequence[str | Path], *, env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> None:
    """Runs a command. A terminal sees its latest line; the last lines are printed if it fails.

    Raises SetupError on a non-zero exit.
    """
    tail: deque[str] = deque(maxlen=LINES_SHOWN_ON_FAILURE)
    started = time.monotonic()
    with subprocess.Popen(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            tail.append(line.rstrip())
            _show(f"    {time.monotonic() - started:4.0f} s  {tail[-1]}")
    _show("")
    if process.returncode:
        raise SetupError("\n".join([*tail, f"failed ({process.returncode}): {' '.join(map(str, command))}"]))


def _show(line: str) -> None:
    """Rewrites the terminal's current line; a log file gets none of it."""
    if sys.stdout.isatty():
        print(f"\r\033[K{line[:100]}", end="", flush=True)


def fingerprint(files: Iterable[Path]) -> str:
    """SHA-256 over the bytes of the files, in their order."""
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()


@dataclass(frozen=True)
class Stamp:
    """Remembers, inside the virtual environment, for which content of ``files`` a step was done."""

    name: str
    files: tuple[Path, ...]
    folder: Path = VENV / "stamps"

    @property
    def path(self) -> Path:
        return self.folder / self.name

    def fresh(self) -> bool:
        return self.path.is_file() and self.path.read_text() == fingerprint(self.files)

    def write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(fingerprint(self.files))
