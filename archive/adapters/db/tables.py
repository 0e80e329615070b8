"""The tables, as the newest migration leaves them (a test compares).

Ids are integers that are never given twice, so that a grant on a deleted call can't come to mean another one.
"""

from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
    false,
)

from archive.adapters.db.types import Choice, Id, Json, Moment, Text
from archive.audit.event import EventType, ObjectKind, Outcome
from archive.calls.call import Consent, Direction, Kind, Participant, Rendition, State
from archive.calls.reasons import ReasonRule
from archive.calls.sound import Analysis
from archive.policy.actions import Action, Role
from archive.policy.principal import Basis, PrincipalKind
from archive.policy.scope import Scope
from archive.ports import About, Change, ChangeState, Played, RequestState

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    }
)


def _table(name: str, *parts: Any) -> Table:
    """A table whose rows have an id of their own."""
    return Table(name, metadata, Column("id", Id, primary_key=True), *parts, sqlite_autoincrement=True)


def _of(table: str, name: str, *, null: bool = False, cascade: bool = False, **options: Any) -> Column[int]:
    """A reference to a row of another table; with `cascade` this row goes when that one does."""
    reference = ForeignKey(f"{table}.id", ondelete="CASCADE" if cascade else None)
    return Column(name, Id, reference, nullable=null, **options)


# ---- principals ------------------------------------------------------------------------------------------------

principals = _table(
    "principals",
    Column("uid", Text, nullable=False, unique=True),
    Column("kind", Choice(PrincipalKind), nullable=False),
    Column("name", Text, nullable=False),
    Column("email", Text),
    Column("email_key", Text, unique=True),  # the e-mail without case
    Column("purpose", Text),
    Column("disabled_at", Moment),
    Column("created_at", Moment, nullable=False),
    Column("group_key", Text),  # what makes two names of groups one; none once it is disabled
    Index("principals_group_key", "group_key", unique=True),
)

grants = _table(
    "grants",
    Column("uid", Text, nullable=False, unique=True),
    _of("principals", "principal_id", index=True),
    Column("role", Choice(Role)),
    Column("actions", Json(frozenset[Action]), nullable=False),
    Column("scope", Json(Scope), nullable=False),
    Column("since", Moment, nullable=False),
    Column("until", Moment),
    Column("reason", Text, nullable=False),
    Column("granted_by", Text, nullable=False),
    Column("revoked_at", Moment),
    Column("basis", Choice(Basis), nullable=False, server_default=Basis.GIVEN.value),
)

# A group is a principal that never signs in. `provider`: whose sign-in made somebody a member; '' for a person's hand.
group_members = Table(
    "group_members",
    metadata,
    _of("principals", "group_id", primary_key=True, autoincrement=False),
    _of("principals", "member_id", primary_key=True, autoincrement=False, index=True),
    Column("provider", Text, primary_key=True),
    Column("added_at", Moment, nullable=False),
    Column("left_at", Moment),
)

# What of a provider's groups claim makes somebody a member at sign-in.
group_claims = Table(
    "group_claims",
    metadata,
    _of("principals", "group_id", primary_key=True, autoincrement=False),
    Column("provider", Text, primary_key=True),
    Column("value", Text, primary_key=True),
)

# What a provider's groups claim said of somebody when they last signed in, whether it is mapped or not.
carried_claims = Table(
    "carried_claims",
    metadata,
    _of("principals", "principal_id", primary_key=True, autoincrement=False),
    Column("provider", Text, primary_key=True),
    Column("value", Text, primary_key=True),
)

# What integrations have beside what every principal has.
registrations = Table(
    "registrations",
    metadata,
    _of("principals", "principal_id", primary_key=True, autoincrement=False),
    Column("redirect_uris", Json(tuple[str, ...]), nullable=False),
    # What it may ask people to let it do for them.
    Column("actions", Json(frozenset[Action]), nullable=False),
    Column("public", Boolean, nullable=False),
    Column("requests_a_minute", Integer),
    Column("used_at", Moment),
    Column("revision", Integer, nullable=False),
)

# Who a company's sign-in says somebody is: by issuer and subject, never by e-mail alone.
identities = _table(
    "identities",
    _of("principals", "principal_id", index=True),
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("linked_at", Moment, nullable=False),
    UniqueConstraint("issuer", "subject"),
)

# Sign-ins under way at a company's provider: `hash` is of the state, `browser` of the cookie that began it.
company_sign_ins = Table(
    "company_sign_ins",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("browser", LargeBinary, nullable=False),
    Column("provider", Text, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("verifier", Text, nullable=False),
    Column("onward", Text, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
)

# Messages that count once (the `jti` of a provider's logout token), kept until they would have expired anyway.
seen_messages = Table(
    "seen_messages",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("expires_at", Moment, nullable=False, index=True),
)

# One-time passwords (RFC 6238). `step`: the last one used, which never works again.
authenticators = Table(
    "authenticators",
    metadata,
    _of("principals", "principal_id", primary_key=True, autoincrement=False),
    Column("secret", Text, nullable=False),
    Column("confirmed_at", Moment),
    Column("step", Id, nullable=False),
)

recovery_codes = _table(
    "recovery_codes",
    _of("principals", "principal_id", index=True),
    Column("hash", LargeBinary, nullable=False),
    Column("used_at", Moment),
)

passwords = Table(
    "passwords",
    metadata,
    _of("principals", "principal_id", primary_key=True, autoincrement=False),
    Column("encoded", Text, nullable=False),
)

client_secrets = _table(
    "client_secrets",
    _of("principals", "principal_id", index=True),
    Column("encoded", Text, nullable=False),
)

sessions = _table(
    "sessions",
    Column("uid", Text, nullable=False, unique=True),
    Column("hash", LargeBinary, nullable=False, unique=True),
    _of("principals", "principal_id", index=True),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("address", Text),
    Column("user_agent", Text),
    # Of a company's sign-in: its provider, and the session there, which may end this one.
    Column("provider", Text),
    Column("provider_session", Text, index=True),
    Column("provider_token", Text),  # its ID token: by it the provider knows which session to sign out
)

tokens = _table(
    "tokens",
    Column("uid", Text, nullable=False, unique=True),
    Column("hash", LargeBinary, nullable=False, unique=True),
    _of("principals", "principal_id", index=True),
    Column("actions", Json(frozenset[Action]), nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    # Of a program acting for a person: the public id of the authorization, with which it ends.
    Column("family", Text),
)

# What a person lets a program do, whose client id is `client`. Once it ended, so did all codes and tokens of it.
authorizations = _table(
    "authorizations",
    Column("uid", Text, nullable=False, unique=True),
    _of("principals", "principal_id", index=True),
    Column("client", Text, nullable=False, index=True),
    Column("actions", Json(frozenset[Action]), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("used_at", Moment),
    Column("expires_at", Moment, nullable=False),
    Column("ended_at", Moment),
)

# RFC 6749, 4.1: to be turned into tokens once. `challenge`: RFC 7636, S256.
authorization_codes = _table(
    "authorization_codes",
    Column("hash", LargeBinary, nullable=False, unique=True),
    _of("authorizations", "authorization_id", cascade=True, index=True),
    Column("redirect_uri", Text, nullable=False),
    Column("challenge", Text, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
)

# Each is used once, for the next one. Used ones stay as long as they would have lived, to be known again.
refresh_tokens = _table(
    "refresh_tokens",
    Column("hash", LargeBinary, nullable=False, unique=True),
    _of("authorizations", "authorization_id", cascade=True, index=True),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
)

links = _table(
    "links",
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("purpose", Text, nullable=False),
    _of("principals", "principal_id", null=True, index=True),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
)

tries = Table(
    "tries",
    metadata,
    Column("key", Text, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("until", Moment, nullable=False, index=True),
)

# ---- asking, agreeing, saying why --------------------------------------------------------------------------------

# `asked`: what was typed; `found_id`: the call, client or partner that it named, if there is one; `namesakes`: the
# other clients that bore the name then.
access_requests = _table(
    "access_requests",
    Column("uid", Text, nullable=False, unique=True),
    _of("principals", "principal_id", index=True),
    Column("about", Choice(About), nullable=False),
    Column("asked", Text, nullable=False),
    Column("found_id", Id),
    Column("namesakes", Json(tuple[int, ...]), nullable=False),
    Column("until", Moment, nullable=False),
    Column("reason", Text, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("state", Choice(RequestState), nullable=False),
    Column("decided_at", Moment),
    Column("decided_by", Text),
    Column("answer", Text),
    Column("grant_uid", Text),
    Index("access_requests_waiting", "state", "id"),
)

# Access that an administrator took by breaking the glass, until one of those who approve has seen it.
broken_glass = Table(
    "broken_glass",
    metadata,
    _of("grants", "grant_id", primary_key=True, autoincrement=False),
    Column("seen_at", Moment),
    Column("seen_by", Text),
)

# What waits for a second person. `change` says what happens then; `asked_by` and `decided_by` are public ids.
pending_changes = _table(
    "pending_changes",
    Column("uid", Text, nullable=False, unique=True),
    Column("change", Json(Change), nullable=False),
    Column("beneficiary", Text),
    Column("asked_by", Text, nullable=False),
    Column("asked_name", Text, nullable=False),  # at the console: the operating system's user
    Column("asked_at", Moment, nullable=False),
    Column("state", Choice(ChangeState), nullable=False),
    Column("decided_by", Text),
    Column("decided_at", Moment),
    Index("pending_changes_waiting", "state", "id"),
)

reason_rules = _table(
    "reason_rules",
    Column("uid", Text, nullable=False, unique=True),
    Column("rule", Json(ReasonRule), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("ended_at", Moment),
)

# Why somebody reads or hears a call, said from one seat: counts for what they do with it from there.
stated_reasons = _table(
    "stated_reasons",
    _of("principals", "principal_id"),
    _of("calls", "call_id", cascade=True, index=True),
    Column("seat", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("stated_at", Moment, nullable=False),
    Index("stated_reasons_of", "principal_id", "call_id", "id"),
)

# Answers to creations that named an Idempotency-Key, so that the same request again makes nothing new.
answers = Table(
    "answers",
    metadata,
    _of("principals", "principal_id", primary_key=True, autoincrement=False),
    Column("key", Text, primary_key=True),
    Column("request", LargeBinary, nullable=False),  # SHA-256 of method, address and body
    Column("status", Integer),  # None: under way
    Column("headers", Json(dict[str, str]), nullable=False),
    Column("body", LargeBinary),
    Column("created_at", Moment, nullable=False, index=True),
)

# ---- names -----------------------------------------------------------------------------------------------------
# `key` is a name without case and outer space: what makes two names one. `words` are its folded words, each after a
# space: what somebody may type.

partners = _table(
    "partners",
    Column("uid", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("key", Text, nullable=False, unique=True),
    Column("words", Text, nullable=False),
)

teams = _table(
    "teams",
    Column("uid", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("key", Text, nullable=False, unique=True),
    Column("words", Text, nullable=False),
)

clients = _table(
    "clients",
    Column("uid", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("key", Text, nullable=False, index=True),
    Column("words", Text, nullable=False),
    Column("phone", Text),
    Column("phone_digits", Text, index=True),
    # Two partners may give one external id, or one e-mail, and neither is told what the other calls its bearer.
    Column("external_id", Text, index=True),
)

agents = _table(
    "agents",
    Column("uid", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("key", Text, nullable=False, index=True),
    Column("words", Text, nullable=False),
    Column("email", Text),
    Column("email_key", Text, index=True),
)

# ---- calls -----------------------------------------------------------------------------------------------------

calls = _table(
    "calls",
    Column("uid", Text, nullable=False, unique=True),
    Column("kind", Choice(Kind), nullable=False),
    Column("direction", Choice(Direction)),
    Column("started_at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False),
    # Who uploaded it. No foreign key: the archive itself (0) has no row.
    Column("registration_id", Id, nullable=False),
    Column("source", Text, nullable=False),  # '' for none, so that none equals none in the constraint below
    Column("external_id", Text),
    _of("partners", "partner_id", null=True),
    _of("clients", "client_id", null=True),
    _of("agents", "agent_id", null=True),
    _of("teams", "team_id", null=True),
    Column("phone", Text),
    Column("phone_reversed", Text),  # its digits, the last one first
    Column("channels", Json(tuple[str, ...]), nullable=False),
    Column("language", Text),
    Column("note", Text),
    Column("participants", Json(tuple[Participant, ...]), nullable=False),
    Column("words", Text, nullable=False),  # of participants and external id, as in the tables of names
    Column("note_words", Text, nullable=False),
    Column("consent", Choice(Consent), nullable=False),
    Column("sealed", Boolean, nullable=False, server_default=false()),
    Column("duration", Double),
    Column("blob", Text, nullable=False, index=True),
    Column("sha256", Text, nullable=False, index=True),
    Column("bytes", Id, nullable=False),
    Column("container", Text),
    Column("codec", Text),
    Column("sound_channels", Integer),
    Column("sample_rate", Integer),
    Column("rendition", Json(Rendition)),
    Column("rendition_blob", Text, index=True),
    Column("waveform_blob", Text, index=True),
    Column("transcript_version", Integer),
    Column("transcript_source", Text),
    Column("failure_code", Text),
    Column("failure_detail", Text),
    Column("failure_retryable", Boolean),
    Column("duplicate_of", Id, ForeignKey("calls.id", ondelete="SET NULL"), index=True),
    Column("state", Choice(State), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("held_until", Moment, nullable=False),  # whose work it is until then; past: nobody's
    Column("revision", Integer, nullable=False),
    UniqueConstraint("registration_id", "source", "external_id"),
    Index("calls_newest", "started_at", "id"),
    Index("calls_received", "received_at", "id"),
    *(
        Index(f"calls_{of}", of, "started_at", "id")
        for of in ("partner_id", "client_id", "agent_id", "team_id", "source")
    ),
    Index("calls_due", "state", "held_until"),
    Index("calls_external_id", "external_id"),
    Index("calls_phone", "phone_reversed"),
)

call_labels = Table(
    "call_labels",
    metadata,
    _of("calls", "call_id", cascade=True, primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("label", Text, nullable=False),
    Column("words", Text, nullable=False),
    Index("call_labels_label", "label", "call_id"),
)

# Calls of which the index may hold something old. No foreign key: a deleted call is owed too.
index_debts = _table(
    "index_debts",
    Column("call_id", Id, nullable=False, index=True),
    Column("since", Moment, nullable=False),
)

analyses = Table(
    "analyses",
    metadata,
    _of("calls", "call_id", cascade=True, primary_key=True, autoincrement=False),
    Column("analysis", Json(Analysis), nullable=False),
)

transcripts = Table(
    "transcripts",
    metadata,
    _of("calls", "call_id", cascade=True, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("source", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),  # a principal's public id
    Column("sha256", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),  # the transcript as JSON; `sha256` is of these bytes
)

# ---- listens ---------------------------------------------------------------------------------------------------

listens = _table(
    "listens",
    Column("uid", Text, nullable=False, unique=True),
    _of("calls", "call_id", cascade=True, index=True),
    Column("call_uid", Text, nullable=False),
    Column("principal_uid", Text, nullable=False, index=True),
    Column("seat", Text, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    # As it was when the listen was opened: byte ranges mean nothing in a later one.
    Column("rendition", Json(Rendition), nullable=False),
    Column("reason", Text),
    Column("continues", Text),
    Column("closed_at", Moment),
    Column("delivered", Json(tuple[tuple[int, int], ...]), nullable=False),
    Column("intervals", Integer, nullable=False),  # reported in all, so that they can be bounded
    Index("listens_open", "closed_at", "last_at"),
)

listen_reports = _table(
    "listen_reports",
    _of("listens", "listen_id", cascade=True, index=True),
    Column("played", Json(tuple[Played, ...]), nullable=False),
)

# ---- the audit log ---------------------------------------------------------------------------------------------
# No foreign key leads from an event to what it tells of: the trail outlives the call. Triggers refuse to change or
# remove events; on PostgreSQL the application's role may not even try.

events = Table(
    "events",
    metadata,
    Column("seq", Id, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("time", Moment, nullable=False),
    Column("type", Choice(EventType), nullable=False),
    Column("actor_id", Text),
    Column("actor_kind", Text, nullable=False),
    Column("object_kind", Choice(ObjectKind), nullable=False),
    Column("object_id", Text),
    Column("call_uid", Text),
    Column("outcome", Choice(Outcome), nullable=False),
    Column("reason_code", Text),
    Column("body", LargeBinary, nullable=False),
    *(
        Index(f"events_{of}", of, "seq")
        for of in ("time", "type", "actor_id", "object_kind", "object_id", "call_uid", "outcome")
    ),
    sqlite_autoincrement=True,
)

event_texts = Table(
    "event_texts",
    metadata,
    Column("event_seq", Id, ForeignKey("events.seq"), primary_key=True, autoincrement=False),
    Column("field", Text, primary_key=True),
    Column("salt", LargeBinary, nullable=False),
    Column("text", LargeBinary, nullable=False),  # UTF-8: what was typed may hold anything
)
