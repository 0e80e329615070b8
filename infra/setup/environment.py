"""The virtual environment, filled from hashed lock files, and the command in it."""

import subprocess
import sys
import tomllib
from pathlib import Path

from infra.setup import BIN, ROOT, VENV
from infra.setup.steps import Stamp, Step, run

PRODUCT_LOCK = ROOT / "requirements.lock"
FRONTEND_LOCK = ROOT / "requirements-frontend.lock"
DEVELOPMENT_LOCK = ROOT / "requirements-dev.lock"

DEVELOPMENT = Stamp("python-development", (DEVELOPMENT_LOCK,))
PRODUCT = Stamp("python-product", (PRODUCT_LOCK, FRONTEND_LOCK))

COMMAND = BIN / "call-archive"
COMMAND_TEXT = f"""\
#!{BIN / "python"}
import sys

from archive.cli import main

sys.exit(main())
"""


def virtual_environment() -> Step:
    """An environment of the Python that runs the set-up; made anew where it is of another one, or broken."""
    return Step(
        "virtual environment",
        done=_same_python,
        work=lambda: run([sys.executable, "-m", "venv", "--clear", VENV]),
    )


def _same_python() -> bool:
    question = "import sys; print(sys.version_info[:2])"
    try:
        answer = subprocess.run([BIN / "python", "-c", question], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return answer.stdout.strip() == str(sys.version_info[:2])


def product_packages() -> Step:
    """What running needs. The development packages hold all of it, so they count too."""
    return Step(
        "Python packages to run",
        done=lambda: PRODUCT.fresh() or DEVELOPMENT.fresh(),
        work=lambda: _pip_install(PRODUCT),
    )


def development_packages() -> Step:
    return Step(
        "Python packages to run and test", done=DEVELOPMENT.fresh, work=lambda: _pip_install(DEVELOPMENT)
    )


def _pip_install(stamp: Stamp) -> None:
    """Wheels only, each of a hash in the lock: nothing that isn't in it is downloaded or executed."""
    locks = [argument for lock in stamp.files for argument in ("--requirement", str(lock))]
    only_locked = ["--require-hashes", "--no-deps", "--only-binary", ":all:"]
    quiet = ["--disable-pip-version-check", "--progress-bar", "off"]
    run([BIN / "python", "-m", "pip", "install", *only_locked, *quiet, *locks])
    stamp.write()


def command() -> Step:
    """``call-archive``, run from this clone: the path, the metadata and the script of an editable install.

    By hand, because pip would fetch a build backend for it from outside the lock files.
    """
    return Step("the call-archive command", done=_command_there, work=_write_command)


def _command_files() -> dict[Path, str]:
    """Path -> content."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    name, version = project["name"], project["version"]
    packages = VENV / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    metadata = packages / f"{name.replace('-', '_')}.dist-info" / "METADATA"
    return {
        packages / "call_archive.pth": f"{ROOT}\n",
        metadata: f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        COMMAND: COMMAND_TEXT,
    }


def _command_there() -> bool:
    return all(path.is_file() and path.read_text() == text for path, text in _command_files().items())


def _write_command() -> None:
    for path, text in _command_files().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    COMMAND.chmod(0o755)
