"""`If-Match` on edits (RFC 9110, 13.1.1): an edit made on what somebody else changed meanwhile is refused."""

import re

from archive.errors import Malformed, Stale

_TAG = re.compile(r'"[!#-~]{1,64}"')
_REVISION = re.compile(r'"([0-9]{1,15})"')


def etag_of(revision: int) -> str:
    """Of things that count their revisions."""
    return f'"{revision}"'


def revision_of(if_match: str | None) -> int | None:
    """The revision that a thing must still have; None for whatever it is now. Raises as `strong` does, and `Stale` for
    an ETag that is none of ours."""
    given = strong(if_match)
    if given is None:
        return None
    match = _REVISION.fullmatch(given)
    if match is None:
        raise Stale
    return int(match[1])


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
