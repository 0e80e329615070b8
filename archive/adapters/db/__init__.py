"""The database: SQLite and PostgreSQL behind one set of tables. Nothing outside this package imports its tables."""
