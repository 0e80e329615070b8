"""Bringing a database's schema up to the program's, and giving the application's role its rights."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from archive.adapters.db.engines import migration_engine
from archive.adapters.db.faults import named
from archive.adapters.db.tables import event_texts, events, metadata
from archive.errors import WrongSetting

_ALL = "SELECT, INSERT, UPDATE, DELETE"
_RIGHTS = {
    events.name: "SELECT, INSERT",
    event_texts.name: "SELECT, INSERT, DELETE",  # erasure removes texts
}
_ONE_AT_A_TIME = 7_022_846_111  # any number that nothing else on this database locks


def upgrade(url: str, application_role: str | None = None) -> None:
    """Migrate the database at `url`, in one transaction; two at once take turns.

    On PostgreSQL `url` is the owner's, and `application_role` the role that the archive runs as, if that is another:
    it then gets what it needs and no more. Raises `Unavailable`, or `WrongSetting` where there is no such role.
    """
    engine = migration_engine(url)
    with named(), engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
        command.upgrade(_config(connection), "head")
        if application_role and connection.dialect.name == "postgresql":
            _let(connection, application_role)


@cache
def head() -> str:
    """The newest migration that the program has."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def _config(connection: Connection | None = None) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    return config


def _let(connection: Connection, role: str) -> None:
    """Give a role its rights on every table anew: what an earlier version gave too much goes.

    The owner keeps its own; from it the events are guarded by triggers alone.
    """
    if role == connection.scalar(text("SELECT current_user")):
        return
    if not connection.scalar(text("SELECT count(*) FROM pg_roles WHERE rolname = :role"), {"role": role}):
        raise WrongSetting(f"The setting database names the role {role}: create it first.", field="database")
    quote = connection.dialect.identifier_preparer.quote
    role = quote(role)
    run = connection.exec_driver_sql
    run(f"GRANT SELECT ON alembic_version TO {role}")
    for table in metadata.sorted_tables:
        name = quote(table.name)
        run(f"REVOKE ALL ON {name} FROM {role}")
        run(f"GRANT {_RIGHTS.get(table.name, _ALL)} ON {name} TO {role}")
    schema = quote(connection.scalar(text("SELECT current_schema()")))
    run(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role}")
