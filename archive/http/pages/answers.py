"""Pages as HTTP answers: HTML under a strict policy, ways on to other pages, and what a refusal looks like."""

import logging
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from litestar import Request, Response
from msgspec import Struct

from archive.calls.caller import Caller
from archive.errors import ArchiveError, Forbidden, Malformed, NotFound, NotSignedIn, Unavailable
from archive.http.authenticate import Access
from archive.http.context import context_of
from archive.http.pages import times
from archive.http.pages.frame import Frame, framed
from archive.http.pages.missing import missing_view
from archive.http.pages.rendering import render, texts
from archive.http.pages.standing import standing_of
from archive.http.pages.views import ErrorView
from archive.http.problems import status_of, translated
from archive.http.replies import PRIVATE

log = logging.getLogger(__name__)

AnyRequest = Request[Any, Any, Any]
HTML = "text/html"  # Litestar adds the charset
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {**PRIVATE, "Content-Security-Policy": POLICY, "X-Frame-Options": "DENY"}

ADDRESS = "%/?#[]@!$&'()*+,;=:-._~"
"""Every character that an address may hold as it is (RFC 3986, 2.2 and 2.3); a header takes no others."""

OPEN = {"access": Access.OPEN}
"""For `opt=` of pages: whoever isn't known is led to sign-in instead of being refused."""


def page(
    request: AnyRequest, template: str, view: Struct | None = None, status: int = 200
) -> Response[bytes]:
    html = render(template, frame_of(request), view)
    return Response(html.encode(), status_code=status, media_type=HTML, headers=HEADERS)


def go(address: str) -> Response[bytes]:
    """See other (303): the browser goes on with GET."""
    return Response(b"", status_code=303, headers={**PRIVATE, "Location": quote(address, safe=ADDRESS)})


def frame_of(request: AnyRequest) -> Frame:
    caller: Caller | None = request.scope["state"].get("caller")
    zone = times.zone(request.cookies.get("zone"), context_of(request).settings.time_zone)
    return framed(
        texts(),
        path=path_of(request),
        now=datetime.now(UTC),
        zone=zone,
        theme=request.cookies.get("theme"),
        person=caller.principal if caller else None,
        standing=standing_of(request),
    )


def path_of(request: AnyRequest) -> str:
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


def local(address: str) -> str:
    """The address if it leads to a page of ours, else the start: a sign-in must not lead elsewhere."""
    try:
        parts = urlsplit(address)
    except ValueError:  # an unclosed bracket
        return "/"
    foreign = parts.scheme or parts.netloc or not address.startswith("/") or address.startswith(("//", "/\\"))
    return "/" if foreign or not address.isprintable() else address


def failed(request: AnyRequest, error: Exception) -> Response[bytes]:
    """The handler of every exception on a page."""
    known, _ = translated(error)
    if isinstance(known, NotSignedIn):
        return go(f"/sign-in?next={quote(path_of(request))}" if request.method == "GET" else "/sign-in")
    if isinstance(known, NotFound) or _wrong_id(known):
        return page(request, "missing.html", missing_view(frame_of(request)), status=404)
    status = status_of(known)
    if status >= 500 and not isinstance(known, Unavailable):
        log.error("unforeseen error", exc_info=error, extra={"route": request.scope.get("path_template")})
    return page(request, "error.html", _explained(known), status)


def _wrong_id(error: ArchiveError) -> bool:
    """An address whose id isn't one leads nowhere, like one whose id is nobody's."""
    return isinstance(error, Malformed) and (error.field or "").endswith("_id")


def _explained(error: ArchiveError) -> ErrorView:
    t = texts()
    if isinstance(error, Unavailable):
        heading = t("error.unavailable", component=error.facts["component"])
        return ErrorView(heading, error.detail, t("error.kept"), repeat=True)
    if isinstance(error, Forbidden):
        return ErrorView(t("error.forbidden"), error.detail)
    return ErrorView(t("error.title"), error.detail, repeat=status_of(error) >= 500)
