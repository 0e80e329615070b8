"""Addresses that lead nowhere: people get the page that says so, programs the problem document."""

from litestar import Response, get

from archive.errors import NotFound
from archive.http.pages.answers import OPEN, AnyRequest, failed
from archive.http.problems import handle

FOR_PROGRAMS = ("/api/", "/oauth/", "/.well-known/", "/assets/", "/docs/")


def _nowhere(request: AnyRequest, error: Exception) -> Response[bytes]:
    program = request.url.path.startswith(FOR_PROGRAMS)
    return handle(request, error) if program else failed(request, error)


@get("/{rest:path}", opt=OPEN, exception_handlers={Exception: _nowhere})
async def nowhere() -> Response[bytes]:
    raise NotFound
