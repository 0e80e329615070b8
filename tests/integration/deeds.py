"""What tests do with a running archive: upload, and wait until something is so."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx

T = TypeVar("T")

READY_WITHIN = 60.0
"""Seconds for a call of a few seconds, on a busy machine."""


def until(found: Callable[[], T | None], what: str, within: float = READY_WITHIN) -> T:
    """What `found` gives once it gives something. Fails, naming `what`, when that takes too long."""
    deadline = time.monotonic() + within
    while not (result := found()):
        assert time.monotonic() < deadline, f"not within {within:.0f} s: {what}"
        time.sleep(0.05)
    return result


def settled(api: httpx.Client, uid: str, within: float = READY_WITHIN) -> dict[str, Any]:
    """The call, once it is ready or failed."""

    def look() -> dict[str, Any] | None:
        call: dict[str, Any] = api.get(f"/api/v1/calls/{uid}").raise_for_status().json()
        return call if call["state"] in ("ready", "failed") else None

    return until(look, f"call {uid} settles", within)


def children(pid: int, word: str) -> list[int]:
    """The children of a process whose command line holds the word."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            command = (folder / "cmdline").read_bytes().decode(errors="replace")
        except OSError:  # it ended meanwhile
            continue
        if parent == pid and word in command:
            found.append(int(folder.name))
    return sorted(found)


def family(pid: int) -> list[int]:
    """A process's children, and theirs."""
    return [one for child in children(pid, "") for one in (child, *family(child))]


def upload(
    api: httpx.Client,
    audio: bytes | Path,
    transcript: tuple[str, bytes] | None = None,
    **metadata: Any,
) -> httpx.Response:
    """`transcript` is its media type and its bytes."""
    data = audio.read_bytes() if isinstance(audio, Path) else audio
    about = json.dumps({"started_at": "2026-11-02T09:14:00Z", **metadata}).encode()
    files = {"metadata": ("metadata", about, "application/json"), "audio": ("audio", data, "audio/x")}
    if transcript:
        files["transcript"] = ("transcript", transcript[1], transcript[0])
    return api.post("/api/v1/calls", files=files)
