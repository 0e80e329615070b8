"""An event's bytes: exact, canonical (RFC 8785), and without a personal word."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from msgspec import structs

from archive.audit.event import (
    MAX_BYTES,
    Actor,
    Event,
    EventType,
    Object,
    ObjectKind,
    Origin,
    Outcome,
    canonical,
    record,
    text_hash,
    timestamp,
)

ID = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
TIME = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
EVENT = Event(
    type=EventType.LISTEN_OPENED,
    actor=Actor("p-1", "person"),
    object=Object(ObjectKind.LISTEN, "l-1"),
    call="c-1",
    origin=Origin("192.0.2.7", "Mozilla/5.0", None, "s-1"),
    purpose="case 7: Ada Lovelace",
    details={"rendition": "ab" * 32, "continues": None},
    texts={"query": "lorry"},
)


def salts() -> Callable[[], bytes]:
    """16 bytes of 1, then of 2, and so on."""
    numbers = iter(range(1, 100))
    return lambda: bytes([next(numbers)]) * 16


def body(event: Event = EVENT) -> bytes:
    return record(event, id=ID, time=TIME, salt=salts()).body


# ---- canonical bytes ----


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"b": 1, "a": 2, "B": 3, "aa": 4, "": 5}, b'{"":5,"B":3,"a":2,"aa":4,"b":1}'),
        (
            {"numbers": [0, -1, 2**53 - 1, -(2**53 - 1)]},
            b'{"numbers":[0,-1,9007199254740991,-9007199254740991]}',
        ),
        ([True, False, None, [], {}], b"[true,false,null,[],{}]"),
        ("€ ä 𝄞 \u2028 \x7f", '"€ ä 𝄞 \u2028 \x7f"'.encode()),
        ('"\\/', b'"\\"\\\\/"'),
        ("\b\t\n\f\r\x00\x0f\x1f", b'"\\b\\t\\n\\f\\r\\u0000\\u000f\\u001f"'),
        ("e\u0301", '"e\u0301"'.encode()),  # not normalised: RFC 8785, 3.1
        ({"z": {"y": [{"x": "w", "v": ()}]}}, b'{"z":{"y":[{"v":[],"x":"w"}]}}'),
        (EventType.CALL_VIEWED, b'"call.viewed"'),
    ],
)
def test_canonical_bytes(value: Any, written: bytes) -> None:
    assert canonical(value) == written


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        [0.5],
        {"a": {"b": 1.5}},
        2**53,
        -(2**53),
        {"ä": 1},
        {1: 2},
        "\ud800",
        b"x",
        {"a"},
        TIME,
    ],
)
def test_what_has_no_exact_canonical_form_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        canonical(value)


def test_times_are_utc_to_the_microsecond() -> None:
    assert timestamp(TIME) == "2026-03-01T12:00:00.123456Z"
    elsewhere = TIME.astimezone(timezone(timedelta(hours=5, minutes=30))).replace(microsecond=0)
    assert timestamp(elsewhere) == "2026-03-01T12:00:00.000000Z"


def test_the_bytes_of_an_event() -> None:
    """Written by hand once: whoever verifies an export in ten years needs these very bytes."""
    hashes = [hashlib.sha256(bytes([n]) * 16 + text).hexdigest() for n, text in enumerate(TEXTS, start=1)]
    address, agent, purpose, query = hashes
    expected = (
        '{"actor":{"id":"p-1","kind":"person"},"call":"c-1","details":{"continues":null,'
        f'"query":{{"sha256":"{query}"}},"rendition":"{"ab" * 32}"}},"id":"{ID}",'
        '"object":{"id":"l-1","kind":"listen"},"on_behalf_of":null,"origin":{'
        f'"address":{{"sha256":"{address}"}},"client":null,"session":"s-1","user_agent":{{"sha256":"{agent}"}}}},'
        f'"outcome":"allowed","purpose":{{"sha256":"{purpose}"}},"reason_code":null,'
        '"time":"2026-03-01T12:00:00.123456Z","type":"listen.opened","v":1}'
    )
    assert body() == expected.encode()


TEXTS = (b"192.0.2.7", b"Mozilla/5.0", b"case 7: Ada Lovelace", b"lorry")


# ---- personal texts ----


def test_no_personal_text_is_in_the_bytes_and_each_is_beside_them() -> None:
    fixed = record(EVENT, id=ID, time=TIME, salt=salts())
    assert all(text not in fixed.body for text in TEXTS)
    assert {text.field: text.text.encode() for text in fixed.texts} == dict(
        zip(("origin.address", "origin.user_agent", "purpose", "details.query"), TEXTS, strict=True)
    )


def test_each_text_has_a_salt_of_its_own_and_its_hash_in_the_bytes() -> None:
    fixed = record(EVENT, id=ID, time=TIME, salt=salts())
    assert len({text.salt for text in fixed.texts}) == len(fixed.texts)
    for text in fixed.texts:
        assert text_hash(text.salt, text.text).encode() in fixed.body
        assert hashlib.sha256(text.text.encode()).hexdigest().encode() not in fixed.body


def test_what_was_not_given_is_null() -> None:
    bare = Event(type=EventType.CALL_VIEWED, actor=Actor(None, "person"), object=Object(ObjectKind.ARCHIVE))
    document = json.loads(body(bare))
    assert (document["purpose"], document["origin"]["address"], document["call"]) == (None, None, None)
    assert record(bare, id=ID, time=TIME, salt=salts()).texts == ()


def test_on_behalf_of_and_outcome_are_in_the_bytes() -> None:
    event = structs.replace(
        EVENT, on_behalf_of=Actor("p-2", "person"), outcome=Outcome.DENIED, reason_code="no_grant"
    )
    document = json.loads(body(event))
    assert document["on_behalf_of"] == {"id": "p-2", "kind": "person"}
    assert (document["outcome"], document["reason_code"]) == ("denied", "no_grant")


# ---- size ----


def test_an_event_has_at_most_65535_bytes() -> None:
    room = MAX_BYTES - len(body(structs.replace(EVENT, details={"x": ""})))
    assert len(body(structs.replace(EVENT, details={"x": "y" * room}))) == 65_535
    with pytest.raises(ValueError, match="65535"):
        body(structs.replace(EVENT, details={"x": "y" * (room + 1)}))
    assert len(body(structs.replace(EVENT, texts={"query": "y" * 100_000}))) < 2000


def test_types_are_named_subject_verb() -> None:
    assert all(one.value == one.name.lower().replace("_", ".", 1) for one in EventType)
