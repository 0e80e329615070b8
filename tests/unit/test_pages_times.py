"""Times and lengths as people read them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from archive.http.pages.times import Form, clock, element, in_utc, offset, shown, size, zone

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
THEN = datetime(2026, 11, 2, 23, 14, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (Form.SHORT, "3 Nov 00:14"),
        (Form.FULL, "3 Nov 2026, 00:14 UTC+1"),
        (Form.DAY, "3 Nov 2026"),
        (Form.CLOCK, "00:14:05"),
    ],
)
def test_forms_in_the_readers_zone(form: Form, text: str) -> None:
    assert shown(THEN, form, ZoneInfo("Europe/Berlin"), NOW) == text


def test_another_year_is_written() -> None:
    assert shown(THEN.replace(year=2025), Form.SHORT, ZoneInfo("UTC"), NOW) == "2 Nov 2025 23:14"


def test_a_time_element_carries_the_exact_time() -> None:
    assert element(THEN, Form.DAY, ZoneInfo("Asia/Tokyo"), NOW) == (
        '<time datetime="2026-11-02T23:14:05Z" data-form="day">3 Nov 2026</time>'
    )


@pytest.mark.parametrize("name", ["", None, "Nowhere/Land", "../etc/passwd", "/etc/passwd", "a\0b"])
def test_a_zone_that_is_none_is_the_archives(name: str | None) -> None:
    assert zone(name, "UTC").key == "UTC"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("UTC", "UTC"),
        ("America/St_Johns", "UTC-3:30"),
        ("Asia/Kathmandu", "UTC+5:45"),
        ("Asia/Tokyo", "UTC+9"),
    ],
)
def test_offsets(name: str, text: str) -> None:
    assert offset(THEN.astimezone(ZoneInfo(name))) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (21.9, "0:21"), (392, "6:32"), (3723, "1:02:03"), (None, "–")],  # noqa: RUF001
)
def test_clock(seconds: float | None, text: str) -> None:
    assert clock(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"), [(999, "999 B"), (1_200, "1.2 kB"), (12_300_000, "12 MB"), (8_600_000_000, "8.6 GB")]
)
def test_size(count: int, text: str) -> None:
    assert size(count) == text


def test_the_log_is_in_utc_to_the_second() -> None:
    assert in_utc(THEN.astimezone(ZoneInfo("Asia/Tokyo"))) == "2026-11-02 23:14:05 UTC"
