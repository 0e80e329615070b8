"""The page of what doesn't exist, or isn't the reader's to see: the same in both cases, with a way to ask for it."""

import re
from datetime import date, timedelta
from urllib.parse import unquote

from msgspec import Struct

from archive.http.pages.frame import Frame
from archive.identity.requests import LONGEST, MAX_ASKED

USUALLY = timedelta(days=14)

_CALL = re.compile(r"/calls/([^/?]+)")


class Until(Struct, frozen=True):
    """A field for the day that something lasts until: what it says, and what it may say (ISO 8601)."""

    until: str
    first: str
    last: str


class MissingView(Struct, frozen=True):
    """`call`: what the address has in the place of a call's id, to be asked for as it is."""

    call: str
    until: str
    first: str
    last: str


def missing_view(frame: Frame) -> MissingView:
    asked = _CALL.match(frame.path)
    call = unquote(asked[1])[:MAX_ASKED] if asked and frame.person else ""
    days = until_of(frame, LONGEST)
    return MissingView(call, days.until, days.first, days.last)


def until_of(frame: Frame, longest: timedelta, usually: timedelta = USUALLY) -> Until:
    """Days in the reader's zone."""
    return Until(
        _day(frame, min(usually, longest)).isoformat(),
        _day(frame, timedelta()).isoformat(),
        _day(frame, longest).isoformat(),
    )


def _day(frame: Frame, later: timedelta) -> date:
    return (frame.now + later).astimezone(frame.zone).date()
