"""Ids are UUIDv7 (RFC 9562, 5.7): in order of time, and nothing else passes for one."""

import time
import uuid

import pytest

from archive.ids import find_uuid7, is_uuid7, uuid7


def test_an_id_is_a_version_7_uuid_of_now() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid.UUID(uuid7())
    after = time.time_ns() // 1_000_000
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert before <= made.int >> 80 <= after
    assert is_uuid7(str(made))


def test_ids_differ_and_use_every_free_bit() -> None:
    made = [uuid.UUID(uuid7()).int for _ in range(500)]
    assert len(set(made)) == 500
    random = sum(1 << bit for bit in range(80)) & ~(0xF << 76) & ~(0x3 << 62)
    ever_set, ever_clear = 0, 0
    for one in made:
        ever_set |= one
        ever_clear |= ~one
    assert ever_set & random == ever_clear & random == random


def test_the_example_of_the_rfc_is_one() -> None:
    assert is_uuid7("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")  # RFC 9562, A.6


@pytest.mark.parametrize(
    "other",
    [
        "",
        "017f22e2-79b0-4cc3-98c4-dc0c0c07398f",  # version 4
        "017f22e2-79b0-7cc3-18c4-dc0c0c07398f",  # another variant
        "017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
        "017f22e279b07cc398c4dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f\n",
        " 017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
        "\u066017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
    ],
)
def test_nothing_else_is(other: str) -> None:
    assert not is_uuid7(other)


def test_an_id_is_found_within_an_address() -> None:
    uid = uuid7()
    assert find_uuid7(f"http://localhost/calls/{uid}?t=3") == uid
    assert find_uuid7("http://localhost/calls/7") is None
