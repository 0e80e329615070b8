"""What the numbers were measured on: enough to compare by, nothing that names a machine."""

import os
import platform
import re
import sqlite3
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from infra.setup.system import newest_postgresql
from tests.parts import Meilisearch

PACKAGES = ("uvicorn", "litestar", "SQLAlchemy", "tantivy")


def facts() -> str:
    """One line: day, processor, memory, system, and the versions of what is measured."""
    size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = f"{os.cpu_count()} cores of {_processor()}, {size:.0f} GB of memory"
    return f"{datetime.now(UTC):%Y-%m-%d} on {cores}; {', '.join(_versions())}."


def _versions() -> list[str]:
    system = [f"Linux {platform.release().split('-')[0]}", f"Python {platform.python_version()}"]
    packages = [f"{name} {version(name)}" for name in PACKAGES]
    programs = [f"SQLite {sqlite3.sqlite_version}", _found("ffmpeg", ["ffmpeg", "-version"])]
    if folder := newest_postgresql():
        programs.append(_found("PostgreSQL", [str(folder / "postgres"), "--version"]))
    if Meilisearch.available():
        programs.append(_found("Meilisearch", ["meilisearch", "--version"]))
    return [*system, *packages, *programs]


def _processor() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()


def _found(name: str, command: list[str]) -> str:
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"\d+(\.\d+)+", said)
    return f"{name} {found[0] if found else 'of unknown version'}"
