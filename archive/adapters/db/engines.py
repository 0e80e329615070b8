"""Connections: how each database is reached, and what is set on every connection."""

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

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


def is_sqlite(url: str) -> bool:
    return make_url(url).get_backend_name() == "sqlite"


def sqlite_engines(url: str) -> tuple[AsyncEngine, AsyncEngine]:
    """For writing and for reading.

    One connection writes: writers of one process queue for it in order, and not for the file's lock, which isn't
    fair (p99 of 32 writers: 100 ms against 1.6 s). Readers never wait for it.
    """
    target = make_url(url).set(drivername="sqlite+aiosqlite")
    write = create_async_engine(target, pool_size=1, max_overflow=0, pool_timeout=WAIT_SECONDS)
    read = create_async_engine(target, pool_size=4, max_overflow=0, pool_timeout=WAIT_SECONDS)
    _prepare_sqlite(write.sync_engine, _WRITE_PRAGMAS, "BEGIN IMMEDIATE")
    _prepare_sqlite(read.sync_engine, _READ_PRAGMAS, "BEGIN")
    return write, read


def postgresql_engine(url: str) -> AsyncEngine:
    return create_async_engine(
        _psycopg(url),
        pool_size=10,
        max_overflow=10,
        pool_timeout=WAIT_SECONDS,
        pool_pre_ping=True,  # after the server was restarted, its old connections are found out before they are used
        connect_args={
            "connect_timeout": WAIT_SECONDS,
            "application_name": "call-archive",
            "options": f"-c lock_timeout={WAIT_SECONDS}s",
        },
    )


def migration_engine(url: str) -> Engine:
    """Synchronous, for one transaction of migrations."""
    if not is_sqlite(url):
        return create_engine(
            _psycopg(url), poolclass=NullPool, connect_args={"connect_timeout": WAIT_SECONDS}
        )
    engine = create_engine(make_url(url).set(drivername="sqlite+pysqlite"), poolclass=NullPool)
    _prepare_sqlite(engine, _WRITE_PRAGMAS, "BEGIN IMMEDIATE")
    return engine


def _psycopg(url: str) -> URL:
    return make_url(url).set(drivername="postgresql+psycopg")


def _prepare_sqlite(engine: Engine, pragmas: tuple[str, ...], begin: str) -> None:
    """Take the beginning of transactions from the driver, which begins them late: two that read and then write
    would deadlock ("database is locked" at once, whatever the timeout)."""

    @event.listens_for(engine, "connect")
    def _set(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        try:
            cursor = connection.cursor()
            for pragma in pragmas:
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()
        except BaseException:  # the pool doesn't know this connection yet: nobody else would close it
            connection.close()
            raise

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)
