"""Connections: how each database is reached, and what is set on every connection."""

from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from archive.adapters.db.threads import Threads
from archive.adapters.db.transactions import Transactions

WAIT_SECONDS = 10
"""For a lock, a connection, or a free place in the pool; then the database counts as unavailable."""

_WRITE_PRAGMAS = (
    "journal_mode = WAL",
    # In WAL mode the default loses the last commits when the power fails; what was acknowledged must stay.
    "synchronous = FULL",
    "foreign_keys = ON",
    # Without it INSERT OR REPLACE removes rows past the triggers that guard the events.
    "recursive_triggers = ON",
    f"busy_timeout = {WAIT_SECONDS * 1000}",
)
_READ_PRAGMAS = (f"busy_timeout = {WAIT_SECONDS * 1000}", "query_only = ON")
_BEGIN_WRITING = "BEGIN IMMEDIATE"
_SQLITE_READERS = 4

# A reader sees one moment of the archive however many statements it takes, as it does on SQLite.
_BEGIN_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_POSTGRESQL_CONNECTIONS, _POSTGRESQL_KEPT = 20, 10


def is_sqlite(url: str) -> bool:
    return make_url(url).get_backend_name() == "sqlite"


def transactions(url: str) -> tuple[Transactions, Transactions]:
    """For writing and for reading."""
    return _on_sqlite(url) if is_sqlite(url) else _on_postgresql(url)


def migration_engine(url: str) -> Engine:
    """For one transaction of migrations."""
    if is_sqlite(url):
        return _sqlite(url, _WRITE_PRAGMAS, _BEGIN_WRITING, poolclass=NullPool)
    return create_engine(_psycopg(url), poolclass=NullPool, connect_args={"connect_timeout": WAIT_SECONDS})


def _on_sqlite(url: str) -> tuple[Transactions, Transactions]:
    """One connection writes: writers of one process queue for it in order, and not for the file's lock, which isn't
    fair (p99 of 32 writers: 100 ms against 1.6 s). Readers never wait for it."""
    writing = _sqlite(url, _WRITE_PRAGMAS, _BEGIN_WRITING, pool_size=1)
    reading = _sqlite(url, _READ_PRAGMAS, "BEGIN", pool_size=_SQLITE_READERS)
    return (
        Transactions(writing, Threads(1, WAIT_SECONDS)),
        Transactions(reading, Threads(_SQLITE_READERS, WAIT_SECONDS)),
    )


def _on_postgresql(url: str) -> tuple[Transactions, Transactions]:
    engine = create_engine(
        _psycopg(url),
        pool_size=_POSTGRESQL_KEPT,
        max_overflow=_POSTGRESQL_CONNECTIONS - _POSTGRESQL_KEPT,
        connect_args={
            "autocommit": True,  # the driver is to begin nothing: see _beginning
            "connect_timeout": WAIT_SECONDS,
            "application_name": "call-archive",
            "options": f"-c lock_timeout={WAIT_SECONDS}s",
        },
    )
    writing, reading = _beginning(engine, "BEGIN"), _beginning(engine, _BEGIN_READING)
    threads = Threads(_POSTGRESQL_CONNECTIONS, WAIT_SECONDS)
    return Transactions(writing, threads), Transactions(reading, threads)


def _psycopg(url: str) -> URL:
    return make_url(url).set(drivername="postgresql+psycopg")


def _sqlite(url: str, pragmas: tuple[str, ...], begin: str, **pool: Any) -> Engine:
    target = make_url(url).set(drivername="sqlite+pysqlite")
    engine = create_engine(target, connect_args={"isolation_level": None}, **pool)

    @event.listens_for(engine, "connect")
    def _set(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        try:
            cursor = connection.cursor()
            for pragma in pragmas:
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()
        except BaseException:  # the pool doesn't know this connection yet: nobody else would close it
            connection.close()
            raise

    return _beginning(engine, begin)


def _beginning(engine: Engine, statement: str) -> Engine:
    """The same connections, with the beginning of transactions taken from the driver. SQLite's begins them late: two
    that read and then write would deadlock ("database is locked" at once, whatever the timeout)."""
    engine = engine.execution_options()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(statement)

    return engine
