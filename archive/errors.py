"""What the archive refuses, and why.

An exception's docstring is its default sentence. `code` is stable: outside programs rely on it.
How an error becomes an HTTP answer stands in `archive.http.problems`, and nowhere else.
"""

from collections.abc import Mapping


class ArchiveError(Exception):
    """The archive could not do that."""

    code = "error"

    def __init__(self, detail: str | None = None, *, field: str | None = None, **facts: object) -> None:
        self.detail = detail or (type(self).__doc__ or "").strip()
        self.field = field
        self.facts: Mapping[str, object] = facts
        super().__init__(self.detail)


class NotFound(ArchiveError):
    """Doesn't exist, or isn't yours to see."""

    code = "not_found"


class NotSignedIn(ArchiveError):
    """Sign in, or send a valid access token."""

    code = "not_signed_in"


# Raised only where the caller already knows that the object exists; everybody else gets NotFound.
class Forbidden(ArchiveError):
    """You may not do that."""

    code = "forbidden"


class Invalid(ArchiveError):
    """A value is missing or wrong; `field` names it."""

    code = "invalid"


class Malformed(ArchiveError):
    """The request could not be read."""

    code = "malformed"


class Conflict(ArchiveError):
    """That contradicts what the archive already holds."""

    code = "conflict"


class Decided(Conflict):
    """Somebody decided this before, or it waited too long."""

    code = "decided"


class Stale(ArchiveError):
    """Somebody changed this meanwhile. Read it again, then repeat your change."""

    code = "stale"


class TooLarge(ArchiveError):
    """That is larger than the archive accepts."""

    code = "too_large"


class TooMany(ArchiveError):
    """Too many tries. Wait, then try again."""

    code = "too_many"

    def __init__(self, detail: str | None = None, *, retry_after: int) -> None:
        super().__init__(detail, retry_after=retry_after)
        self.retry_after = retry_after


class Unavailable(ArchiveError):
    """A part of the archive is down. Nothing that was acknowledged is lost."""

    code = "unavailable"

    def __init__(self, component: str, detail: str, remedy: str) -> None:
        super().__init__(f"{component}: {detail} {remedy}", component=component, remedy=remedy)
        self.component = component
        self.remedy = remedy


class WrongSetting(ArchiveError):
    """A setting is missing or wrong; the program does not start."""

    code = "wrong_setting"
