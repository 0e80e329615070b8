"""How errors become HTTP answers: RFC 9457 problem documents, each with a stable `code`. Here, and nowhere else."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException
from msgspec import UNSET, Struct, UnsetType

from archive.calls.listen import ListenOver
from archive.errors import (
    ArchiveError,
    Conflict,
    Forbidden,
    Invalid,
    Malformed,
    NotFound,
    NotSignedIn,
    Stale,
    TooLarge,
    TooMany,
    Unavailable,
)
from archive.http.ranges import RangeNotSatisfiable
from archive.http.replies import PRIVATE

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class RangeRequired(Malformed):
    """This file is larger than one answer. Send a Range header, or use /recording to take the whole file away."""

    code = "range_required"


class CrossSite(Forbidden):
    """A change with a session cookie must come from the archive's own pages (Origin or Sec-Fetch-Site)."""

    code = "cross_site"


class UnsupportedMediaType(ArchiveError):
    """This content type is not understood here."""

    code = "unsupported_media_type"


class TooSlow(ArchiveError):
    """Nothing more of the request came for too long. Send it again."""

    code = "too_slow"


class NotAcceptable(ArchiveError):
    """None of the formats that you accept is offered."""

    code = "not_acceptable"


class MethodNotAllowed(ArchiveError):
    """This address doesn't answer that method."""

    code = "method_not_allowed"


STATUS: Mapping[type[ArchiveError], int] = {
    Malformed: 400,
    NotSignedIn: 401,
    Forbidden: 403,
    NotFound: 404,
    MethodNotAllowed: 405,
    NotAcceptable: 406,
    TooSlow: 408,
    Conflict: 409,
    ListenOver: 410,
    Stale: 412,
    TooLarge: 413,
    UnsupportedMediaType: 415,
    RangeNotSatisfiable: 416,
    Invalid: 422,
    TooMany: 429,
    Unavailable: 503,
}
"""By class; a class that isn't named here answers as its nearest parent."""


class Problem(Struct, frozen=True, omit_defaults=True):
    """RFC 9457. `code` is stable; `field` names the value at fault; the rest says more, by the kind of problem."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    field: str | UnsetType = UNSET
    component: str | UnsetType = UNSET
    remedy: str | UnsetType = UNSET
    line: int | UnsetType = UNSET
    retry_after: int | UnsetType = UNSET
    explanation: str | UnsetType = UNSET
    masks: tuple[str, ...] | UnsetType = UNSET


_EXTRA = {"component", "remedy", "line", "retry_after", "explanation", "masks"}


_NEWER = {413: "Content Too Large", 416: "Range Not Satisfiable", 422: "Unprocessable Content"}


def phrase(status: int) -> str:
    """As RFC 9110 has it; Python took over its new names in 3.13."""
    return _NEWER.get(status) or HTTPStatus(status).phrase


def problem(error: ArchiveError) -> Problem:
    status = status_of(error)
    extra = {name: value for name, value in error.facts.items() if name in _EXTRA and value is not None}
    return Problem(
        type=f"urn:call-archive:problem:{error.code}",
        title=phrase(status),
        status=status,
        detail=error.detail,
        code=error.code,
        field=error.field or UNSET,
        **extra,  # type: ignore[arg-type]
    )


def status_of(error: ArchiveError) -> int:
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def answer(error: ArchiveError, headers: Mapping[str, str] | None = None) -> Response[bytes]:
    shown = problem(error)
    return Response(
        msgspec.json.encode(shown),
        status_code=shown.status,
        media_type=MEDIA_TYPE,
        headers={**PRIVATE, **_headers(error), **(headers or {})},
    )


def handle(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The application's handler for every exception. What nobody foresaw is logged, and told to nobody else."""
    known, headers = translated(error)
    if status_of(known) >= 500 and not isinstance(known, Unavailable):
        log.error("unforeseen error", exc_info=error, extra={"route": request.scope.get("path_template")})
    if isinstance(known, NotSignedIn):
        headers = {**headers, "WWW-Authenticate": request.app.state.context.challenge(request)}
    return answer(known, headers)


def translated(error: Exception) -> tuple[ArchiveError, Mapping[str, str]]:
    """Any exception as one of ours, with the headers that must go along."""
    if isinstance(error, ArchiveError):
        return error, {}
    if isinstance(error, HTTPException) and error.status_code < 500:
        return _OF_LITESTAR.get(error.status_code, Malformed)(), dict(error.headers or {})
    return ArchiveError("Something went wrong here; it was logged. Try again."), {}


_OF_LITESTAR: Mapping[int, type[ArchiveError]] = {404: NotFound, 405: MethodNotAllowed, 413: TooLarge}
"""What Litestar refuses before a handler is reached; the rest could not be read."""


def _headers(error: ArchiveError) -> dict[str, str]:
    if isinstance(error, TooMany):
        return {"Retry-After": str(error.retry_after)}
    if isinstance(error, RangeNotSatisfiable):
        return {"Content-Range": f"bytes */{error.total}"}
    if isinstance(error, TooSlow):
        return {"Connection": "close"}  # RFC 9110, 15.5.9
    return {}
