"""The databases' own errors as the archive's: what a person can do something about is named with its remedy."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DBAPIError, StatementError

from archive.errors import ArchiveError, Invalid, Unavailable

Fault = tuple[str, str]
"""What is wrong, and what to do."""

MIGRATE = "Run call-archive migrate."

_TOO_LARGE = "A number is too large."

_BUSY = ("it is busy: a lock was held too long.", "Try again; if it stays so, look for a long transaction.")
_FULL = ("its disk is full.", "Free space on the disk of the database, then try again.")
_READ_ONLY = ("it can't be written to.", "Check the permissions of its files, or whether it is a standby.")
_AWAY = ("it can't be reached.", "Check that it runs, and the setting database.")
_BROKEN = ("its file can't be read.", "Check the disk, then restore the newest backup.")
_REFUSED = ("it refuses the archive's role.", "Check the role and password in the setting database.")

_NO_RIGHT = (
    "its role lacks a right.",
    "Name in the setting database_owner a role that may create tables, then run call-archive migrate.",
)

_SQLITE = {
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_IOERR: _BROKEN,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: (
        "its file can't be opened.",
        "Check that its folder exists and may be written to.",
    ),
    sqlite3.SQLITE_CORRUPT: _BROKEN,
    sqlite3.SQLITE_NOTADB: _BROKEN,
}

# By SQLSTATE, or its first two signs, the class: https://www.postgresql.org/docs/15/errcodes-appendix.html
_POSTGRESQL = {
    "25006": _READ_ONLY,
    "28": _REFUSED,
    "42501": _NO_RIGHT,
    "3D": ("there is no such database.", "Create it, or correct the setting database."),
    "40": _BUSY,
    "53100": _FULL,
    "53": _BUSY,
    "55": _BUSY,
    "57": _AWAY,
    "58": _BROKEN,
    "08": _AWAY,
}


@contextmanager
def named() -> Iterator[None]:
    """Raise `Unavailable` for what is the database's fault, `Invalid` for values that it can't hold; let the
    program's own mistakes through."""
    try:
        yield
    except OverflowError as error:  # SQLite's driver: past 64 bits
        raise Invalid(_TOO_LARGE) from error
    except StatementError as error:
        if known := _known(error):
            raise known from error
        raise


def busy() -> Unavailable:
    return _unavailable(_BUSY)


def _unavailable(fault: Fault) -> Unavailable:
    return Unavailable("Database", *fault)


def _known(error: StatementError) -> ArchiveError | None:
    original = error.orig
    if isinstance(original, ArchiveError):  # raised while a value was made ready for its column
        return original
    if isinstance(original, psycopg.errors.NumericValueOutOfRange):
        return Invalid(_TOO_LARGE)
    fault = _fault(original)
    if fault is None and isinstance(error, DBAPIError) and error.connection_invalidated:
        fault = _AWAY
    return fault and _unavailable(fault)


def _fault(original: BaseException | None) -> Fault | None:
    if isinstance(original, sqlite3.Error):  # those of the driver itself have no code
        return _SQLITE.get(getattr(original, "sqlite_errorcode", 0) & 0xFF)
    return _by_state(original) if isinstance(original, psycopg.Error) else None


def _by_state(error: psycopg.Error) -> Fault | None:
    if error.sqlstate is None:  # never reached the server, or lost it
        return _AWAY if isinstance(error, psycopg.OperationalError) else None
    return _POSTGRESQL.get(error.sqlstate) or _POSTGRESQL.get(error.sqlstate[:2])
