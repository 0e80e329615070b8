"""Reading the log. That is logged as well."""

from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath
from msgspec import Struct

from archive.audit.event import EventType, Outcome
from archive.calls import history
from archive.http import cursor, replies
from archive.http.api.query import Page, Text
from archive.http.api.schemas import EventPage, Time, event_answer
from archive.http.context import acting
from archive.http.describe import Described, opt
from archive.http.forms import query
from archive.ports import EventFilter

AnyRequest = Request[Any, Any, Any]
LIST = "events"


class EventQuery(
    Page, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"since": "from", "until": "to"}
):
    """`actor` and `object` are ids; `to` is exclusive."""

    actor: Text | None = None
    object: Text | None = None
    type: tuple[EventType, ...] = ()
    outcome: Outcome | None = None
    since: Time | None = None
    until: Time | None = None


class Before(Struct, frozen=True):
    """Events before this one in the log's own order."""

    seq: int


@get(
    "/api/v1/audit/events",
    opt=opt(
        Described(
            summary="List events, newest first",
            group="Audit",
            query=EventQuery,
            answer=EventPage,
            problems=(403,),
        )
    ),
)
async def list_events(request: AnyRequest) -> Response[bytes]:
    asked = query(request, EventQuery)
    conditions = EventFilter(
        actor=asked.actor,
        object=asked.object,
        types=frozenset(asked.type),
        outcome=asked.outcome,
        since=asked.since,
        until=asked.until,
    )
    return await _page(request, conditions, asked)


@get(
    "/api/v1/audit/calls/{call_id:str}",
    opt=opt(
        Described(summary="A call's history", group="Audit", query=Page, answer=EventPage, problems=(403,))
    ),
)
async def list_call_events(request: AnyRequest, call_id: FromPath[str]) -> Response[bytes]:
    """It outlives the call."""
    return await _page(request, EventFilter(call=call_id), query(request, Page))


async def _page(request: AnyRequest, filter: EventFilter, page: Page) -> Response[bytes]:
    parts, caller = acting(request)
    before = cursor.decode(LIST, page.cursor, Before).seq if page.cursor else None
    events = await history.events(parts, caller, filter, before, page.limit + 1)
    more = cursor.following(LIST, events, page.limit, lambda last: Before(last.seq))
    return replies.json(EventPage(tuple(event_answer(event) for event in events[: page.limit]), more))


handlers = [list_events, list_call_events]
