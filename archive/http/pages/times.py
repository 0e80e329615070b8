"""Times and lengths as people read them. `components/times.js` writes the same forms in the browser."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from markupsafe import Markup

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Form(StrEnum):
    """`short`: 2 Nov 09:14, with the year where it is another; `full`: with year and zone."""

    SHORT = "short"
    FULL = "full"
    DAY = "day"
    CLOCK = "clock"


def zone(name: str | None, otherwise: str) -> ZoneInfo:
    """The zone called `name`; `otherwise` where there is none of that name."""
    try:
        return ZoneInfo(name or otherwise)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(otherwise)


def midnight(day: str, days: int, zone: tzinfo) -> datetime:
    """When the day that is `days` after `day` (ISO 8601) begins. Raises ValueError, OverflowError."""
    return datetime.combine(date.fromisoformat(day) + timedelta(days), datetime.min.time(), zone)


def shown(time: datetime, form: Form, zone: ZoneInfo, now: datetime) -> str:
    local = time.astimezone(zone)
    day = f"{local.day} {MONTHS[local.month - 1]}"
    match form:
        case Form.SHORT:
            year = "" if local.year == now.astimezone(zone).year else f" {local.year}"
            return f"{day}{year} {local:%H:%M}"
        case Form.FULL:
            return f"{day} {local.year}, {local:%H:%M} {offset(local)}"
        case Form.DAY:
            return f"{day} {local.year}"
        case Form.CLOCK:
            return f"{local:%H:%M:%S}"


def offset(local: datetime) -> str:
    """UTC, UTC+1, UTC-3:30."""
    minutes = int((local.utcoffset() or timedelta()).total_seconds()) // 60
    if minutes == 0:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '-'}{hours}{f':{rest:02}' if rest else ''}"


def element(time: datetime, form: Form, zone: ZoneInfo, now: datetime) -> Markup:
    """A `<time>` whose `datetime` is exact, for scripts and readers of other zones."""
    exact = time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Markup('<time datetime="{}" data-form="{}">{}</time>').format(
        exact, form, shown(time, form, zone, now)
    )


def in_utc(time: datetime) -> str:
    """2026-11-02 08:02:11 UTC, as the audit pages write it."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def clock(seconds: float | None) -> str:
    """0:21, 6:32, 1:02:03; an en dash where the length isn't known yet."""
    if seconds is None:
        return "–"  # noqa: RUF001
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def size(count: int) -> str:
    """1.5 GB, 12 MB, 640 kB: powers of 1,000, as file managers count."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= factor:
            number = count / factor
            return f"{number:.1f} {unit}" if number < 10 else f"{number:.0f} {unit}"
    return f"{count} B"
