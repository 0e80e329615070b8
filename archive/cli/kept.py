"""The tokens of whoever signed in from the command line: one file of this account's alone, and turns taken at it."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec
from msgspec import Struct

from archive.errors import ArchiveError

SOON = 30
"""Seconds before its end from which an access token is not used any more."""


class Tokens(Struct, frozen=True):
    """`expires_at`: of the access token, in seconds since 1970."""

    access_token: str
    refresh_token: str
    expires_at: float

    @property
    def fresh(self) -> bool:
        return time.time() < self.expires_at - SOON


class Kept:
    """Tokens by the address of their archive."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or Path(click.get_app_dir("call-archive"))
        self._file = self._folder / "tokens.json"

    def of(self, server: str) -> Tokens | None:
        return self._all().get(server)

    def keep(self, server: str, tokens: Tokens | None) -> None:
        """None forgets. Whoever writes holds the lock."""
        others = {name: one for name, one in self._all().items() if name != server}
        data = msgspec.json.encode(others | ({server: tokens} if tokens else {}))
        new = self._file.with_name(f"{self._file.name}.{os.getpid()}")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())  # the refresh token before it works no more
        new.replace(self._file)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One process at a time: a refresh token that two use ends what both may do."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(self._folder / "tokens.lock", os.O_CREAT | os.O_RDWR, 0o600)) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _all(self) -> dict[str, Tokens]:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=dict[str, Tokens])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.MsgspecError) as error:
            raise ArchiveError(
                f"{self._file} can't be read: {error}. Remove it, then run call-archive login."
            ) from error
