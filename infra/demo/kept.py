"""What the demo keeps between its starts: `demo.json` in its folder, for its owner's eyes alone."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import msgspec


class Kept(msgspec.Struct):
    """`today` is the day that the calls' dates count from; `uploaded` maps a demo call's id to the archive's.

    `visits`: how many of the written visits were made.
    """

    today: date
    client_id: str = ""
    client_secret: str = ""
    uploaded: dict[str, str] = {}
    visits: int = 0


class Keeper:
    """The file and what it holds now; `save` after each step, so that a start killed there goes on behind it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        data = path.read_bytes() if path.exists() else b""
        self.kept = msgspec.json.decode(data, type=Kept) if data.strip() else Kept(date.today())  # noqa: DTZ011

    def save(self) -> None:
        """Whole or not at all."""
        beside = self._path.with_suffix(".new")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.encode(self.kept))
        beside.replace(self._path)
