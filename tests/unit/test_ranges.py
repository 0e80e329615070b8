"""One byte range at a time, by RFC 9110."""

import time

import pytest

from archive.http.ranges import RangeNotSatisfiable, Span, matches, wanted

ETAG = '"e"'


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=90-", 90, 100),
        ("bytes=90-1000", 90, 100),
        ("bytes=99-99", 99, 100),
        ("bytes=-10", 90, 100),
        ("bytes=-1000", 0, 100),
        ("BYTES = 5-6", 5, 7),
    ],
)
def test_a_range_within_the_file(header: str, start: int, end: int) -> None:
    assert wanted(header, None, ETAG, 100) == Span(start, end)


@pytest.mark.parametrize(
    "header",
    [
        "bytes=100-",
        "bytes=5-4",
        "bytes=-0",
        "bytes=-",
        "bytes=",
        "bytes=a-b",
        "bytes=0-1,2-3",
        "bytes=--5",
        "bytes=1-2-3",
    ],
)
def test_a_range_that_can_not_be_met_is_refused(header: str) -> None:
    with pytest.raises(RangeNotSatisfiable) as refused:
        wanted(header, None, ETAG, 100)
    assert refused.value.total == 100


@pytest.mark.parametrize("header", ["bytes=0-", "bytes=0-0", "bytes=-1"])
def test_an_empty_file_has_no_range(header: str) -> None:
    with pytest.raises(RangeNotSatisfiable):
        wanted(header, None, ETAG, 0)


def test_a_thousand_overlapping_ranges_cost_nothing() -> None:
    header = "bytes=" + ",".join(f"0-{n}" for n in range(1000))
    began = time.process_time()
    with pytest.raises(RangeNotSatisfiable):
        wanted(header, None, ETAG, 10**12)
    assert time.process_time() - began < 0.05


def test_numbers_beyond_any_file_are_refused_and_not_computed_with() -> None:
    with pytest.raises(RangeNotSatisfiable):
        wanted("bytes=" + "9" * 5000 + "-", None, ETAG, 100)


@pytest.mark.parametrize("header", [None, "seconds=0-5", "items=1-2"])
def test_other_units_ask_for_the_whole(header: str | None) -> None:
    assert wanted(header, None, ETAG, 100) is None


@pytest.mark.parametrize(
    ("if_range", "whole"),
    [(ETAG, False), ('"other"', True), ('W/"e"', True), ("Sun, 22 Nov 2026 08:00:00 GMT", True)],
)
def test_if_range_holds_for_this_very_file_alone(if_range: str, whole: bool) -> None:
    assert (wanted("bytes=0-9", if_range, ETAG, 100) is None) is whole


def test_a_span_is_cut_to_one_answer() -> None:
    assert Span(10, 1000).at_most(5) == Span(10, 15)
    assert Span(10, 12).at_most(5) == Span(10, 12)
    assert Span(10, 15).content_range(100) == "bytes 10-14/100"


@pytest.mark.parametrize(
    ("header", "matching"),
    [
        (None, False),
        ('"e"', True),
        ('"a", "e"', True),
        ('W/"e"', True),
        ("*", True),
        ('"a"', False),
        ("e", False),
    ],
)
def test_if_none_match(header: str | None, matching: bool) -> None:
    assert matches(header, ETAG) is matching
