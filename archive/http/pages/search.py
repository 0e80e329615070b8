"""Search, which is the home page."""

from datetime import UTC, datetime

from litestar import Response, get

from archive.calls import search as finding
from archive.calls.asked import Ask
from archive.http.api.query import narrowed
from archive.http.context import acting
from archive.http.forms import fields
from archive.http.pages.answers import OPEN, AnyRequest, failed, frame_of, go, page
from archive.http.pages.asking import Asked, narrowing, read
from archive.http.pages.found import search_view
from archive.policy.actions import Action
from archive.policy.decide import resolve_scope
from archive.ports import Parts

ROWS = 20


@get("/", opt=OPEN, exception_handlers={Exception: failed})
async def search_page(request: AnyRequest) -> Response[bytes]:
    """Whoever finds no calls is led to the first page that is theirs."""
    parts, caller = acting(request)
    frame = frame_of(request)
    if not frame.finds and frame.entries:
        return go(frame.home)
    asked = read(fields(request.url.query), frame.zone)
    found = await finding.search(parts, caller, await _ask(request, parts, asked))
    hears = resolve_scope(caller.principal, Action.LISTEN, datetime.now(UTC))
    return page(request, "search.html", search_view(asked, found, hears, ROWS))


async def _ask(request: AnyRequest, parts: Parts, asked: Asked) -> Ask:
    """The page's script says by a header when somebody is still typing."""
    return Ask(
        q=asked.q,
        filter=await narrowed(parts, narrowing(asked, frame_of(request).zone)),
        sort=asked.sort,
        offset=asked.after,
        limit=ROWS,
        settled="x-typing" not in request.headers,
    )
