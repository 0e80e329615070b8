"""Events: what was done, by whom, to what, and the exact bytes that record it.

The bytes are canonical JSON (RFC 8785). To stay exact on every platform, events hold no floating-point numbers
and only ASCII keys. Whatever is personal or was typed enters the bytes as SHA-256(salt || text); salt and text
stand in a side row, so that erasing the row leaves the event provable and leaves nothing to guess against.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum

from msgspec import Struct

MAX_BYTES = 65_535
SALT_BYTES = 16


class EventType(StrEnum):
    SESSION_OPENED = "session.opened"
    SESSION_DENIED = "session.denied"
    SESSION_ENDED = "session.ended"
    TOKEN_ISSUED = "token.issued"
    TOKEN_DENIED = "token.denied"
    TOKEN_REVOKED = "token.revoked"
    TOKEN_REUSED = "token.reused"
    PROGRAM_ALLOWED = "program.allowed"
    PASSWORD_CHANGED = "password.changed"
    AUTHENTICATOR_ADDED = "authenticator.added"
    AUTHENTICATOR_REMOVED = "authenticator.removed"
    RECOVERY_USED = "recovery.used"
    CREDENTIALS_ENDED = "credentials.ended"
    LINK_MADE = "link.made"
    LINK_USED = "link.used"
    IDENTITY_LINKED = "identity.linked"
    CALL_UPLOADED = "call.uploaded"
    CALL_VIEWED = "call.viewed"
    CALL_EDITED = "call.edited"
    CALL_DELETED = "call.deleted"
    CALL_DENIED = "call.denied"
    CALL_RETRIED = "call.retried"
    RENDITION_MADE = "rendition.made"
    PROCESSING_FAILED = "processing.failed"
    TRANSCRIPT_ADDED = "transcript.added"
    TRANSCRIPT_READ = "transcript.read"
    SEARCH_PERFORMED = "search.performed"
    SEARCH_MISMATCH = "search.mismatch"
    LISTEN_OPENED = "listen.opened"
    LISTEN_CLOSED = "listen.closed"
    LISTEN_DENIED = "listen.denied"
    RECORDING_DOWNLOADED = "recording.downloaded"
    RECORDING_DELIVERED = "recording.delivered"
    GRANT_GIVEN = "grant.given"
    GRANT_REVOKED = "grant.revoked"
    GRANT_CHANGED = "grant.changed"
    GRANT_ASKED = "grant.asked"
    GRANT_APPROVED = "grant.approved"
    GRANT_REFUSED = "grant.refused"
    GRANT_WITHDRAWN = "grant.withdrawn"
    GROUP_ADDED = "group.added"
    GROUP_CHANGED = "group.changed"
    GROUP_DISABLED = "group.disabled"
    GROUP_ENTERED = "group.entered"
    GROUP_LEFT = "group.left"
    GROUP_MAPPED = "group.mapped"
    GROUP_UNMAPPED = "group.unmapped"
    CHANGE_ASKED = "change.asked"
    CHANGE_AGREED = "change.agreed"
    CHANGE_REFUSED = "change.refused"
    CHANGE_WITHDRAWN = "change.withdrawn"
    REASON_STATED = "reason.stated"
    RULE_SET = "rule.set"
    RULE_ENDED = "rule.ended"
    GLASS_BROKEN = "glass.broken"
    GLASS_MENDED = "glass.mended"
    GLASS_SEEN = "glass.seen"
    CALL_SEALED = "call.sealed"
    CALL_UNSEALED = "call.unsealed"
    NAME_ADDED = "name.added"
    NAME_CHANGED = "name.changed"
    PERSON_ADDED = "person.added"
    PERSON_DISABLED = "person.disabled"
    PERSON_ENABLED = "person.enabled"
    PERSON_CHANGED = "person.changed"
    INTEGRATION_CREATED = "integration.created"
    INTEGRATION_CHANGED = "integration.changed"
    INTEGRATION_ROTATED = "integration.rotated"
    INTEGRATION_REVOKED = "integration.revoked"
    AUDIT_READ = "audit.read"
    INDEX_REBUILT = "index.rebuilt"
    ARCHIVE_DENIED = "archive.denied"


class Outcome(StrEnum):
    ALLOWED = "allowed"
    DENIED = "denied"
    FAILED = "failed"


class ObjectKind(StrEnum):
    ARCHIVE = "archive"
    CALL = "call"
    LISTEN = "listen"
    PERSON = "person"
    INTEGRATION = "integration"
    GRANT = "grant"
    SESSION = "session"
    AUDIT = "audit"
    GROUP = "group"
    REQUEST = "request"
    CHANGE = "change"
    RULE = "rule"
    PARTNER = "partner"
    CLIENT = "client"
    TEAM = "team"


class Actor(Struct, frozen=True):
    """`id` is the principal's public id; None where nobody was recognised (a failed sign-in)."""

    id: str | None
    kind: str


class Object(Struct, frozen=True):
    kind: ObjectKind
    id: str | None = None


class Origin(Struct, frozen=True):
    """Where a request came from. `client` is an integration's client id, `session` a session's public id."""

    address: str | None = None
    user_agent: str | None = None
    client: str | None = None
    session: str | None = None


Detail = str | int | bool | None | Sequence["Detail"] | Mapping[str, "Detail"]


class Event(Struct, frozen=True, kw_only=True):
    """One thing that happened. `call` is the public id of the call it concerns, if any.

    `purpose` and the values of `texts` are personal: they enter the bytes only as salted hashes. `details`
    must hold nothing personal and nothing typed; `texts` stand in `details` under their names.
    """

    type: EventType
    actor: Actor
    object: Object
    outcome: Outcome = Outcome.ALLOWED
    reason_code: str | None = None
    call: str | None = None
    on_behalf_of: Actor | None = None
    origin: Origin = Origin()
    purpose: str | None = None
    details: Mapping[str, Detail] = {}
    texts: Mapping[str, str] = {}


class Text(Struct, frozen=True):
    """A personal text beside its event: `field` is its place in the bytes, such as `origin.address`."""

    field: str
    salt: bytes
    text: str


class Record(Struct, frozen=True):
    """An event as it is stored: its exact bytes and the texts that those bytes hash."""

    id: str
    time: datetime
    event: Event
    body: bytes
    texts: tuple[Text, ...]


def record(event: Event, *, id: str, time: datetime, salt: Callable[[], bytes]) -> Record:
    """Fix an event's bytes. `salt` gives 16 random bytes at each call. Raises ValueError past 65,535 bytes."""
    texts = tuple(Text(field, salt(), text) for field, text in _personal(event).items())
    hashes = {text.field: {"sha256": text_hash(text.salt, text.text)} for text in texts}
    body = canonical(_document(event, id, time, hashes))
    if len(body) > MAX_BYTES:
        raise ValueError(f"An event may have {MAX_BYTES} bytes; this one ({event.type}) has {len(body)}.")
    return Record(id=id, time=time, event=event, body=body, texts=texts)


def text_hash(salt: bytes, text: str) -> str:
    """Hex SHA-256 of salt || UTF-8 text."""
    return hashlib.sha256(salt + text.encode()).hexdigest()


def canonical(value: Detail) -> bytes:
    """RFC 8785 bytes of a value without floating-point numbers and with ASCII keys.

    On that subset Python's sorted, compact JSON is the canonical form: ASCII sorts the same by code point as by
    UTF-16 unit, and both escape only quotes, backslashes and control characters. Raises ValueError otherwise.
    """
    _check(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def timestamp(time: datetime) -> str:
    """RFC 3339, UTC, microseconds."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _personal(event: Event) -> dict[str, str]:
    found = {
        "origin.address": event.origin.address,
        "origin.user_agent": event.origin.user_agent,
        "purpose": event.purpose,
        **{f"details.{name}": text for name, text in event.texts.items()},
    }
    return {field: text for field, text in found.items() if text is not None}


def _document(event: Event, id: str, time: datetime, hashes: Mapping[str, Detail]) -> dict[str, Detail]:
    texts = {name: hashes[f"details.{name}"] for name in event.texts}
    return {
        "v": 1,
        "id": id,
        "time": timestamp(time),
        "type": event.type.value,
        "actor": _actor(event.actor),
        "on_behalf_of": _actor(event.on_behalf_of) if event.on_behalf_of else None,
        "object": {"kind": event.object.kind.value, "id": event.object.id},
        "call": event.call,
        "outcome": event.outcome.value,
        "reason_code": event.reason_code,
        "origin": {
            "address": hashes.get("origin.address"),
            "user_agent": hashes.get("origin.user_agent"),
            "client": event.origin.client,
            "session": event.origin.session,
        },
        "purpose": hashes.get("purpose"),
        "details": {**event.details, **texts},
    }


def _actor(actor: Actor) -> dict[str, Detail]:
    return {"id": actor.id, "kind": actor.kind}


def _check(value: object) -> None:
    match value:
        case str():
            value.encode()  # lone surrogates have no UTF-8
        case bool() | None:
            pass
        case int():
            if abs(value) > 2**53 - 1:
                raise ValueError(f"{value} is not exact in JSON.")
        case Mapping():
            for key, inner in value.items():
                if not (isinstance(key, str) and key.isascii()):
                    raise ValueError(f"{key!r} is not an ASCII key.")
                _check(inner)
        case list() | tuple():
            for inner in value:
                _check(inner)
        case _:
            raise ValueError(f"{type(value).__name__} has no place in an event.")
