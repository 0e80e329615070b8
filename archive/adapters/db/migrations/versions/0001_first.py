"""The tables of the first version, and what guards the events.

Revision ID: 0001
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _principals()
    _names()
    _calls()
    _listens()
    _audit()


def _create(name: str, *parts: Any) -> None:
    op.create_table(name, sa.Column("id", KEY, primary_key=True), *parts, sqlite_autoincrement=True)


def _of(
    table: str, name: str, *, null: bool = False, cascade: bool = False, **options: Any
) -> sa.Column[int]:
    reference = sa.ForeignKey(f"{table}.id", ondelete="CASCADE" if cascade else None)
    return sa.Column(name, KEY, reference, nullable=null, **options)


def _principals() -> None:
    _create(
        "principals",
        sa.Column("uid", sa.Text, nullable=False, unique=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("email", sa.Text),
        sa.Column("email_key", sa.Text, unique=True),
        sa.Column("purpose", sa.Text),
        sa.Column("disabled_at", sa.BigInteger),
        sa.Column("created_at", sa.BigInteger, nullable=False),
    )
    _create(
        "grants",
        sa.Column("uid", sa.Text, nullable=False, unique=True),
        _of("principals", "principal_id", index=True),
        sa.Column("role", sa.Text),
        sa.Column("actions", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("granted_by", sa.Text, nullable=False),
        sa.Column("revoked_at", sa.BigInteger),
    )
    op.create_table(
        "passwords",
        _of("principals", "principal_id", primary_key=True, autoincrement=False),
        sa.Column("encoded", sa.Text, nullable=False),
    )
    _create(
        "client_secrets",
        _of("principals", "principal_id", index=True),
        sa.Column("encoded", sa.Text, nullable=False),
    )
    _create(
        "sessions",
        sa.Column("uid", sa.Text, nullable=False, unique=True),
        sa.Column("hash", sa.LargeBinary, nullable=False, unique=True),
        _of("principals", "principal_id", index=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.Column("address", sa.Text),
        sa.Column("user_agent", sa.Text),
    )
    _create(
        "tokens",
        sa.Column("uid", sa.Text, nullable=False, unique=True),
        sa.Column("hash", sa.LargeBinary, nullable=False, unique=True),
        _of("principals", "principal_id", index=True),
        sa.Column("actions", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", sa.BigInteger),
    )
    _create(
        "links",
        sa.Column("hash", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("purpose", sa.Text, nullable=False),
        _of("principals", "principal_id", null=True, index=True),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("used_at", sa.BigInteger),
    )
    op.create_table(
        "tries",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False, index=True),
    )


def _names() -> None:
    _create(
        "partners",
        sa.Column("uid", sa.Text, nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False, unique=True),
        sa.Column("words", sa.Text, nullable=False),
    )
    _create(
        "teams",
        sa.Column("uid", sa.Text, nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False, unique=True),
        sa.Column("words", sa.Text, nullable=False),
    )
    _create(
        "clients",
        sa.Column("uid", sa.Text, nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False, index=True),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("phone", sa.Text),
        sa.Column("phone_digits", sa.Text, index=True),
        sa.Column("external_id", sa.Text, index=True),
    )
    _create(
        "agents",
        sa.Column("uid", sa.Text, nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False, index=True),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("email", sa.Text),
        sa.Column("email_key", sa.Text, index=True),
    )


def _calls() -> None:
    _create(
        "calls",
        sa.Column("uid", sa.Text, nullable=False, unique=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("direction", sa.Text),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("registration_id", KEY, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("external_id", sa.Text),
        _of("partners", "partner_id", null=True),
        _of("clients", "client_id", null=True),
        _of("agents", "agent_id", null=True),
        _of("teams", "team_id", null=True),
        sa.Column("phone", sa.Text),
        sa.Column("phone_reversed", sa.Text),
        sa.Column("channels", sa.Text, nullable=False),
        sa.Column("language", sa.Text),
        sa.Column("note", sa.Text),
        sa.Column("participants", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("note_words", sa.Text, nullable=False),
        sa.Column("consent", sa.Text, nullable=False),
        sa.Column("sealed", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("duration", sa.Double),
        sa.Column("blob", sa.Text, nullable=False, index=True),
        sa.Column("sha256", sa.Text, nullable=False, index=True),
        sa.Column("bytes", KEY, nullable=False),
        sa.Column("container", sa.Text),
        sa.Column("codec", sa.Text),
        sa.Column("sound_channels", sa.Integer),
        sa.Column("sample_rate", sa.Integer),
        sa.Column("rendition", sa.Text),
        sa.Column("rendition_blob", sa.Text, index=True),
        sa.Column("waveform_blob", sa.Text, index=True),
        sa.Column("transcript_version", sa.Integer),
        sa.Column("transcript_source", sa.Text),
        sa.Column("failure_code", sa.Text),
        sa.Column("failure_detail", sa.Text),
        sa.Column("failure_retryable", sa.Boolean),
        sa.Column("duplicate_of", KEY, sa.ForeignKey("calls.id", ondelete="SET NULL"), index=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("held_until", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.UniqueConstraint("registration_id", "source", "external_id"),
        sa.Index("calls_newest", "started_at", "id"),
        sa.Index("calls_received", "received_at", "id"),
        *(
            sa.Index(f"calls_{of}", of, "started_at", "id")
            for of in ("partner_id", "client_id", "agent_id", "team_id", "source")
        ),
        sa.Index("calls_due", "state", "held_until"),
        sa.Index("calls_external_id", "external_id"),
        sa.Index("calls_phone", "phone_reversed"),
    )
    op.create_table(
        "call_labels",
        _of("calls", "call_id", cascade=True, primary_key=True, autoincrement=False),
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Index("call_labels_label", "label", "call_id"),
    )
    _create(
        "index_debts",
        sa.Column("call_id", KEY, nullable=False, index=True),
        sa.Column("since", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "analyses",
        _of("calls", "call_id", cascade=True, primary_key=True, autoincrement=False),
        sa.Column("analysis", sa.Text, nullable=False),
    )
    op.create_table(
        "transcripts",
        _of("calls", "call_id", cascade=True, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )


def _listens() -> None:
    _create(
        "listens",
        sa.Column("uid", sa.Text, nullable=False, unique=True),
        _of("calls", "call_id", cascade=True, index=True),
        sa.Column("call_uid", sa.Text, nullable=False),
        sa.Column("principal_uid", sa.Text, nullable=False),
        sa.Column("seat", sa.Text, nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sa.Column("rendition", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("continues", sa.Text),
        sa.Column("closed_at", sa.BigInteger),
        sa.Column("delivered", sa.Text, nullable=False),
        sa.Column("intervals", sa.Integer, nullable=False),
        sa.Index("listens_open", "closed_at", "last_at"),
    )
    _create(
        "listen_reports",
        _of("listens", "listen_id", cascade=True, index=True),
        sa.Column("played", sa.Text, nullable=False),
    )


def _audit() -> None:
    op.create_table(
        "events",
        sa.Column("seq", KEY, primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("actor_id", sa.Text),
        sa.Column("actor_kind", sa.Text, nullable=False),
        sa.Column("object_kind", sa.Text, nullable=False),
        sa.Column("object_id", sa.Text),
        sa.Column("call_uid", sa.Text),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("reason_code", sa.Text),
        sa.Column("body", sa.LargeBinary, nullable=False),
        *(
            sa.Index(f"events_{of}", of, "seq")
            for of in ("time", "type", "actor_id", "object_kind", "object_id", "call_uid", "outcome")
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "event_texts",
        sa.Column("event_seq", KEY, sa.ForeignKey("events.seq"), primary_key=True, autoincrement=False),
        sa.Column("field", sa.Text, primary_key=True),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("text", sa.LargeBinary, nullable=False),
    )
    if op.get_bind().dialect.name == "sqlite":
        _guard_on_sqlite()
    else:
        _guard_on_postgresql()


def _guard_on_sqlite() -> None:
    """Texts may be deleted, which is erasure; events may not. INSERT OR REPLACE would replace either."""
    known = "EXISTS (SELECT 1 FROM events WHERE id = NEW.id OR seq = NEW.seq)"
    known_text = "EXISTS (SELECT 1 FROM event_texts WHERE event_seq = NEW.event_seq AND field = NEW.field)"
    for name, when in {
        "events_no_update": "BEFORE UPDATE ON events",
        "events_no_delete": "BEFORE DELETE ON events",
        "events_no_replace": f"BEFORE INSERT ON events WHEN {known}",
        "event_texts_no_update": "BEFORE UPDATE ON event_texts",
        "event_texts_no_replace": f"BEFORE INSERT ON event_texts WHEN {known_text}",
    }.items():
        op.execute(
            f"CREATE TRIGGER {name} {when} BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
        )


def _guard_on_postgresql() -> None:
    """For roles that have the rights, such as the owner; the application's role doesn't."""
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$"
    )
    for name, when in {
        "events_no_change": "BEFORE UPDATE OR DELETE ON events FOR EACH ROW",
        "events_no_truncate": "BEFORE TRUNCATE ON events FOR EACH STATEMENT",
        "event_texts_no_update": "BEFORE UPDATE ON event_texts FOR EACH ROW",
        "event_texts_no_truncate": "BEFORE TRUNCATE ON event_texts FOR EACH STATEMENT",
    }.items():
        op.execute(f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION refuse_change()")
