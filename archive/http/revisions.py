"""`If-Match` of things that count their revisions (RFC 9110, 13.1.1)."""

import re

from archive.errors import Malformed, Stale

_ETAG = re.compile(r'(?P<weak>W/)?"(?P<revision>[0-9]{1,15})"')
_TAG = re.compile(r'"[!#-~]{1,64}"')


def etag_of(revision: int) -> str:
    return f'"{revision}"'


def revision_of(if_match: str | None) -> int | None:
    """The revision in a strong ETag of ours; None for whatever it is now. Raises `Stale`, or `Malformed`."""
    if if_match is None or if_match.strip() == "*":
        return None
    match = _ETAG.fullmatch(if_match.strip())
    if match is None:
        raise Malformed('If-Match takes an ETag, such as "3".', field="If-Match")
    if match["weak"]:
        raise Stale  # a weak ETag never matches
    return int(match["revision"])


def strong(if_match: str | None) -> str | None:
    """The one ETag that a thing must still have; None for whatever it is now. Raises `Stale` for a weak one, which
    never matches, and `Malformed`."""
    given = (if_match or "*").strip()
    if given == "*":
        return None
    if given.startswith("W/"):
        raise Stale
    if not _TAG.fullmatch(given):
        raise Malformed('If-Match takes one ETag, such as "3".', field="If-Match")
    return given
