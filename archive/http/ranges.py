"""Byte ranges and conditions on them (RFC 9110, 13 and 14): one range at a time, decided before any byte is read."""

import re

from msgspec import Struct

from archive.errors import ArchiveError

_ONE_RANGE = re.compile(r"(\d{0,19})\s*-\s*(\d{0,19})")


class Span(Struct, frozen=True):
    """Bytes [start, end)."""

    start: int
    end: int

    def at_most(self, size: int) -> "Span":
        return Span(self.start, min(self.end, self.start + size))

    def content_range(self, total: int) -> str:
        return f"bytes {self.start}-{self.end - 1}/{total}"


class RangeNotSatisfiable(ArchiveError):
    """That range lies outside the file, or is more than one range."""

    code = "range_not_satisfiable"

    def __init__(self, total: int) -> None:
        super().__init__(bytes=total)
        self.total = total


def wanted(header: str | None, if_range: str | None, etag: str, total: int) -> Span | None:
    """The span that a request asks for, or None for the whole.

    Another unit than bytes, or an `If-Range` that no longer holds, asks for the whole. Raises `RangeNotSatisfiable`
    for a range outside the `total` bytes, a malformed one, and for several: no work is done for those.
    """
    if header is None or (if_range is not None and if_range.strip() != etag):
        return None
    unit, _, ranges = header.partition("=")
    if unit.strip().lower() != "bytes":
        return None
    return _span(ranges.strip(), total)


def matches(header: str | None, etag: str) -> bool:
    """Whether `If-None-Match` names this etag, so that nothing needs sending."""
    if header is None:
        return False
    names = {name.strip().removeprefix("W/") for name in header.split(",")}
    return etag in names or "*" in names


def _span(text: str, total: int) -> Span:
    match = _ONE_RANGE.fullmatch(text)
    if match is None:
        raise RangeNotSatisfiable(total)
    first, last = match.groups()
    span = _closed(int(first), last, total) if first else _suffix(last, total)
    if not 0 <= span.start < span.end:
        raise RangeNotSatisfiable(total)
    return span


def _closed(start: int, last: str, total: int) -> Span:
    """`5-9` and `5-`: the end is cut to what there is."""
    return Span(start, min(int(last) + 1, total) if last else total)


def _suffix(length: str, total: int) -> Span:
    """`-5`: the last bytes, or all where there are fewer."""
    return Span(max(0, total - int(length or 0)), total)
