"""Search and suggestions."""

from typing import Annotated, Any

from litestar import Request, Response, get
from msgspec import Meta, Struct

from archive.calls import search as searching
from archive.calls.facets import Facets
from archive.calls.filters import Sort
from archive.calls.moments import Moment
from archive.calls.search import Ask, Found
from archive.http import cursor, replies
from archive.http.api.query import Narrowing, narrowed
from archive.http.api.schemas import CallAnswer, call_answer
from archive.http.context import Context, acting, context_of
from archive.http.describe import Described, opt
from archive.http.forms import query
from archive.ports import Suggestion

AnyRequest = Request[Any, Any, Any]
LIST = "search"
DEEPEST = 10_000
"""How far one may page: beyond, narrow the search."""


class SearchQuery(Narrowing, frozen=True, kw_only=True, forbid_unknown_fields=True):
    q: Annotated[str, Meta(max_length=1000)] = ""
    sort: Sort = Sort.RELEVANCE
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class SuggestQuery(Struct, frozen=True, forbid_unknown_fields=True):
    q: Annotated[str, Meta(max_length=200)] = ""


class FoundAnswer(Struct, frozen=True):
    """A call, up to three moments of it, and the words of the query that it doesn't hold. `reason_required`: it
    was found by its metadata alone, and no word of it is searched or shown before its reader says why
    (`POST /api/v1/calls/{id}/reasons`)."""

    call: CallAnswer
    moments: tuple[Moment, ...]
    missing: tuple[str, ...]
    reason_required: bool


class SearchAnswer(Struct, frozen=True):
    """`corrected`: the query as it was answered. `degraded`: what doesn't work just now.
    `indexing`: calls whose words or last change can't be found yet; with very many, `facets` are empty and `total` is
    how many are known by this page."""

    items: tuple[FoundAnswer, ...]
    total: int
    facets: Facets
    corrected: str | None
    degraded: str | None
    indexing: int
    next: str | None


class SuggestAnswer(Struct, frozen=True):
    items: tuple[Suggestion, ...]


class Offset(Struct, frozen=True):
    """Where a search goes on, and which search: the check refuses the cursor of another."""

    offset: Annotated[int, Meta(ge=0, le=DEEPEST)]


@get(
    "/api/v1/search",
    opt=opt(Described(summary="Find calls", group="Search", query=SearchQuery, answer=SearchAnswer)),
)
async def search_calls(request: AnyRequest) -> Response[bytes]:
    parts, caller = acting(request)
    asked = query(request, SearchQuery)
    offset = cursor.decode(LIST, asked.cursor, Offset).offset if asked.cursor else 0
    ask = Ask(
        q=asked.q, filter=await narrowed(parts, asked), sort=asked.sort, offset=offset, limit=asked.limit
    )
    found = await searching.search(parts, caller, ask)
    return replies.json(_answer(context_of(request), found, offset + asked.limit))


@get(
    "/api/v1/suggest",
    opt=opt(
        Described(
            summary="Complete a name, label or number",
            group="Search",
            query=SuggestQuery,
            answer=SuggestAnswer,
        )
    ),
)
async def suggest(request: AnyRequest) -> Response[bytes]:
    parts, caller = acting(request)
    found = await searching.suggest(parts, caller, query(request, SuggestQuery).q)
    return replies.json(SuggestAnswer(tuple(found)))


def _answer(context: Context, found: Found, after: int) -> SearchAnswer:
    items = (
        FoundAnswer(call_answer(context, one.call), one.moments, one.missing, one.unspoken)
        for one in found.items
    )
    more = after < min(found.total, DEEPEST)
    return SearchAnswer(
        items=tuple(items),
        total=found.total,
        facets=found.facets,
        corrected=found.corrected,
        degraded=found.degraded,
        indexing=found.indexing,
        next=cursor.encode(LIST, Offset(after)) if more else None,
    )


handlers = [search_calls, suggest]
