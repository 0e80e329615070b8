"""Groups, company sign-in, second factors, programs that act for a person, asking, agreeing, and saying why.

Revision ID: 0002
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

COMPLIANCE_SAYS_WHY = (
    '{"actions":["download","listen"],"roles":["compliance"],"partners":[],"labels":[],"kinds":[],"masks":[],'
    '"explanation":""}'
)


def upgrade() -> None:
    _more_columns()
    _groups()
    _people()
    _programs()
    _asking()
    _reasons()
    _answers()


def _create(name: str, *parts: Any) -> None:
    op.create_table(name, sa.Column("id", KEY, primary_key=True), *parts, sqlite_autoincrement=True)


def _of(
    table: str, name: str, *, null: bool = False, cascade: bool = False, **options: Any
) -> sa.Column[int]:
    reference = sa.ForeignKey(f"{table}.id", ondelete="CASCADE" if cascade else None)
    return sa.Column(name, KEY, reference, nullable=null, **options)


def _key(name: str) -> sa.Column[int]:
    return _of("principals", name, primary_key=True, autoincrement=False)


def _moment(name: str, *, null: bool = False, **options: Any) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=null, **options)


def _text(name: str, *, null: bool = False, **options: Any) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=null, **options)


def _hash(**options: Any) -> sa.Column[bytes]:
    return sa.Column("hash", sa.LargeBinary, nullable=False, **options)


def _more_columns() -> None:
    op.add_column("principals", _text("group_key", null=True))
    op.create_index("principals_group_key", "principals", ["group_key"], unique=True)
    op.add_column("grants", _text("basis", server_default="given"))
    op.add_column("sessions", _text("provider", null=True))
    op.add_column("sessions", _text("provider_session", null=True))
    op.add_column("sessions", _text("provider_token", null=True))
    op.create_index("sessions_provider_session", "sessions", ["provider_session"])
    op.add_column("tokens", _text("family", null=True))
    op.create_index("listens_principal_uid", "listens", ["principal_uid"])


def _groups() -> None:
    op.create_table(
        "group_members",
        _key("group_id"),
        _of("principals", "member_id", primary_key=True, autoincrement=False, index=True),
        _text("provider", primary_key=True),
        _moment("added_at"),
        _moment("left_at", null=True),
    )
    op.create_table(
        "group_claims",
        _key("group_id"),
        _text("provider", primary_key=True),
        _text("value", primary_key=True),
    )
    op.create_table(
        "carried_claims",
        _key("principal_id"),
        _text("provider", primary_key=True),
        _text("value", primary_key=True),
    )


def _people() -> None:
    _create(
        "identities",
        _of("principals", "principal_id", index=True),
        _text("issuer"),
        _text("subject"),
        _moment("linked_at"),
        sa.UniqueConstraint("issuer", "subject"),
    )
    op.create_table(
        "company_sign_ins",
        _hash(primary_key=True),
        sa.Column("browser", sa.LargeBinary, nullable=False),
        *(_text(name) for name in ("provider", "nonce", "verifier", "onward")),
        _moment("expires_at", index=True),
    )
    op.create_table("seen_messages", _hash(primary_key=True), _moment("expires_at", index=True))
    op.create_table(
        "authenticators",
        _key("principal_id"),
        _text("secret"),
        _moment("confirmed_at", null=True),
        sa.Column("step", KEY, nullable=False),
    )
    _create(
        "recovery_codes",
        _of("principals", "principal_id", index=True),
        _hash(),
        _moment("used_at", null=True),
    )


def _programs() -> None:
    op.create_table(
        "registrations",
        _key("principal_id"),
        _text("redirect_uris"),
        _text("actions"),
        sa.Column("public", sa.Boolean, nullable=False),
        sa.Column("requests_a_minute", sa.Integer),
        _moment("used_at", null=True),
        sa.Column("revision", sa.Integer, nullable=False),
    )
    _create(
        "authorizations",
        _text("uid", unique=True),
        _of("principals", "principal_id", index=True),
        _text("client", index=True),
        _text("actions"),
        _moment("created_at"),
        _moment("used_at", null=True),
        _moment("expires_at"),
        _moment("ended_at", null=True),
    )
    _create(
        "authorization_codes",
        _hash(unique=True),
        _of("authorizations", "authorization_id", cascade=True, index=True),
        _text("redirect_uri"),
        _text("challenge"),
        _moment("expires_at"),
        _moment("used_at", null=True),
    )
    _create(
        "refresh_tokens",
        _hash(unique=True),
        _of("authorizations", "authorization_id", cascade=True, index=True),
        _moment("expires_at"),
        _moment("used_at", null=True),
    )


def _asking() -> None:
    _create(
        "access_requests",
        _text("uid", unique=True),
        _of("principals", "principal_id", index=True),
        _text("about"),
        _text("asked"),
        sa.Column("found_id", KEY),
        _text("namesakes"),
        _moment("until"),
        _text("reason"),
        _moment("asked_at"),
        _text("state"),
        _moment("decided_at", null=True),
        *(_text(name, null=True) for name in ("decided_by", "answer", "grant_uid")),
        sa.Index("access_requests_waiting", "state", "id"),
    )
    op.create_table(
        "broken_glass",
        _of("grants", "grant_id", primary_key=True, autoincrement=False),
        _moment("seen_at", null=True),
        _text("seen_by", null=True),
    )
    _create(
        "pending_changes",
        _text("uid", unique=True),
        _text("change"),
        _text("beneficiary", null=True),
        _text("asked_by"),
        _text("asked_name"),
        _moment("asked_at"),
        _text("state"),
        _text("decided_by", null=True),
        _moment("decided_at", null=True),
        sa.Index("pending_changes_waiting", "state", "id"),
    )


def _reasons() -> None:
    _create(
        "reason_rules",
        _text("uid", unique=True),
        _text("rule"),
        _moment("created_at"),
        _text("created_by"),
        _moment("ended_at", null=True),
    )
    # Compliance listens with a reason, until somebody changes that. The uid is the rule's own, the same everywhere.
    rules = sa.table(
        "reason_rules", *(sa.column(name) for name in ("uid", "rule", "created_at", "created_by"))
    )
    op.bulk_insert(
        rules,
        [
            {
                "uid": "00000000-0000-7000-8000-000000000001",
                "rule": COMPLIANCE_SAYS_WHY,
                "created_at": 0,
                "created_by": "system",
            }
        ],
    )
    _create(
        "stated_reasons",
        _of("principals", "principal_id"),
        _of("calls", "call_id", cascade=True, index=True),
        _text("seat"),
        _text("reason"),
        _moment("stated_at"),
        sa.Index("stated_reasons_of", "principal_id", "call_id", "id"),
    )


def _answers() -> None:
    op.create_table(
        "answers",
        _key("principal_id"),
        _text("key", primary_key=True),
        sa.Column("request", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.Integer),
        _text("headers"),
        sa.Column("body", sa.LargeBinary),
        _moment("created_at", index=True),
    )
