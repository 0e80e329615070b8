"""The search page's address: read leniently, written again with one thing changed; and where sign-in may lead."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from archive.calls.filters import Sort
from archive.http.pages.answers import local
from archive.http.pages.asking import narrowing, read

BERLIN = ZoneInfo("Europe/Berlin")


def test_an_address_comes_back_as_it_was_asked() -> None:
    pairs = [("q", "refund"), ("partner", "Northwind"), ("label", "a"), ("label", "b"), ("sort", "newest")]
    asked = read(pairs, BERLIN)
    assert asked.address == "/?q=refund&partner=Northwind&label=a&label=b&sort=newest"
    assert read([], BERLIN).address == "/"


def test_lifting_and_adding_a_filter_begin_at_the_first_row() -> None:
    asked = read([("q", "refund"), ("partner", "Northwind"), ("after", "40")], BERLIN)
    assert asked.after == 40
    assert asked.without("partner", "Northwind").address == "/?q=refund"
    assert asked.within("kind", "voicemail").address == "/?q=refund&partner=Northwind&kind=voicemail"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kind", "smoke"),
        ("direction", "sideways"),
        ("from", "yesterday"),
        ("to", "9999-12-31"),
        ("phone", "12"),
        ("phone", "(0)123"),
        ("min_seconds", "-1"),
        ("min_seconds", "long"),
        ("partner", "x" * 201),
    ],
)
def test_what_makes_no_sense_is_left_out_and_named(name: str, value: str) -> None:
    asked = read([("q", "refund"), (name, value), ("team", "North")], BERLIN)
    assert asked.wrong == (name,)
    assert asked.address == "/?q=refund&team=North"


def test_unknown_order_and_page_are_the_first_ones() -> None:
    asked = read([("sort", "price"), ("after", "-5")], BERLIN)
    assert (asked.sort, asked.after) == (Sort.RELEVANCE, 0)


def test_days_begin_and_end_where_the_reader_is() -> None:
    asked = read([("from", "2026-11-01"), ("to", "2026-11-01")], BERLIN)
    narrowed = narrowing(asked, BERLIN)
    assert narrowed.since == datetime(2026, 10, 31, 23, tzinfo=UTC)
    assert narrowed.until == datetime(2026, 11, 1, 23, tzinfo=UTC)


def test_a_filter_counts_once() -> None:
    assert read(
        [("label", "a"), ("label", "a"), ("from", "2026-11-01"), ("from", "2026-11-02")], BERLIN
    ).filters == (
        ("label", "a"),
        ("from", "2026-11-01"),
    )


@pytest.mark.parametrize("address", ["/", "/calls/x?t=3", "/audit?actor=a"])
def test_sign_in_leads_on_to_pages_of_ours(address: str) -> None:
    assert local(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "evil",
        "",
        "/a\r\nb",
    ],
)
def test_sign_in_never_leads_elsewhere(address: str) -> None:
    assert local(address) == "/"
