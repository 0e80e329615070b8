"""Runs migrations on the connection that `archive.adapters.db.migrate` hands over.

Migrations add; they never rebuild `events` or `event_texts`: on SQLite `batch_alter_table` would drop the triggers that
guard them, without a word.
"""

from alembic import context

from archive.adapters.db.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
