"""Programs from Debian: looked for by command, installed with apt only where missing."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from infra.setup.steps import SetupError, Step, run

POSTGRESQL_FOLDER = Path("/usr/lib/postgresql")


@dataclass(frozen=True)
class Program:
    """Something the archive or its tests run: its Debian packages, and whether it is already there."""

    packages: tuple[str, ...]
    found: Callable[[], bool]


def _command(name: str) -> Callable[[], bool]:
    return lambda: shutil.which(name) is not None


def _venv_works() -> bool:
    return importlib.util.find_spec("ensurepip") is not None and importlib.util.find_spec("venv") is not None


def newest_postgresql() -> Path | None:
    """The folder of initdb and postgres of the newest version; Debian puts them on nobody's PATH."""
    folders = [path.parent for path in POSTGRESQL_FOLDER.glob("*/bin/postgres")]
    return max(folders, key=lambda folder: int(folder.parent.name), default=None)


VENV_MODULE = Program((f"python{sys.version_info.major}.{sys.version_info.minor}-venv",), _venv_works)
CERTIFICATES = Program(("ca-certificates",), Path("/etc/ssl/certs/ca-certificates.crt").exists)
REDIS = Program(("redis-server",), _command("redis-server"))
FFMPEG = Program(("ffmpeg",), _command("ffmpeg"))
ESPEAK = Program(("espeak-ng",), _command("espeak-ng"))
POSTGRESQL = Program(("postgresql",), lambda: newest_postgresql() is not None)
# Without a font of its own a headless browser draws no text, and its screenshots show none.
CHROMIUM = Program(("chromium", "fonts-liberation"), _command("chromium"))

TO_SERVE = (VENV_MODULE, CERTIFICATES, FFMPEG)
TO_SHOW = (*TO_SERVE, REDIS, ESPEAK)
TO_TEST = (*TO_SHOW, POSTGRESQL, CHROMIUM)


def as_root() -> list[str] | None:
    """What to put before a command so that it runs as root; None where that isn't possible without asking."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        return None
    quiet = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
    return ["sudo", "-n"] if quiet.returncode == 0 else None


def system_packages(programs: tuple[Program, ...], prefix: Callable[[], list[str] | None] = as_root) -> Step:
    """Brings the programs about with apt, as root or through sudo that asks no password.

    Raises SetupError with the exact command and exit code 2 where neither is possible.
    """
    return Step(
        "programs from Debian",
        done=lambda: not _missing(programs),
        work=lambda: _install(_missing(programs), prefix()),
    )


def _missing(programs: tuple[Program, ...]) -> list[str]:
    return [name for program in programs if not program.found() for name in program.packages]


def _install(packages: list[str], prefix: list[str] | None) -> None:
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    if prefix is None or shutil.which("apt-get") is None:
        raise SetupError(f"Please run this, then try again:\n\n    sudo {' '.join(install)}\n", exit_code=2)
    environment = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive"]
    run([*environment, "apt-get", "update"])
    run([*environment, *install])
