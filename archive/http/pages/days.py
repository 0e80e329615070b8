"""The day that something lasts until, as a form has it."""

from datetime import datetime, timedelta

from archive.errors import Invalid
from archive.http.pages.frame import Frame
from archive.http.pages.rendering import texts
from archive.http.pages.times import midnight


def end_of(frame: Frame, day: str, latest: datetime | None = None) -> datetime:
    """The end of that day in the reader's zone; on the day of `latest`, not after it. Raises `Invalid`."""
    try:
        end = midnight(day, 1, frame.zone)
    except (ValueError, OverflowError) as error:
        raise Invalid(texts()("access.no_day"), field="until") from error
    begins = end - timedelta(days=1, hours=1)  # a day may have 25 hours
    return min(end, latest) if latest and begins < latest else end
