"""What a search is asked and answers, and the events that record it."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from archive.audit.event import Detail, Event, EventType, Object, ObjectKind, Outcome, timestamp
from archive.calls.call import Call, Named
from archive.calls.caller import Caller
from archive.calls.facets import Facets
from archive.calls.filters import CallFilter, Sort
from archive.calls.showing import FoundCall
from archive.ports import Names


class Ask(Struct, frozen=True, kw_only=True):
    """`settled`: somebody stopped typing, or a program asked; keystrokes on the way say so in their events."""

    q: str = ""
    filter: CallFilter = CallFilter()
    sort: Sort = Sort.RELEVANCE
    offset: int = 0
    limit: int = 20
    settled: bool = True


class Found(Struct, frozen=True, kw_only=True):
    """`corrected`: the query in the words it was answered for. `degraded`: a sentence on what doesn't work just now.

    `indexing`: calls in scope whose words or last change can't be found yet; with very many, there are no facets and
    `total` is how many are known by this page."""

    items: tuple[FoundCall, ...] = ()
    total: int = 0
    facets: Facets = Facets()
    corrected: str | None = None
    degraded: str | None = None
    indexing: int = 0


def performed(caller: Caller, ask: Ask, found: Found, ids: Mapping[str, Detail]) -> Event:
    """The event of a search: what was asked, and whose words were shown. `ids` are the filter's, as `public_ids`."""
    details: dict[str, Detail] = {
        "settled": ask.settled,
        "sort": ask.sort.value,
        "offset": ask.offset,
        "total": found.total,
        "shown": [item.call.uid for item in found.items if item.moments],
        "degraded": found.degraded is not None,
        "filter": {**ids, **_codes(ask.filter)},
    }
    return _event(caller, EventType.SEARCH_PERFORMED, Outcome.ALLOWED, details, _typed(ask))


def mismatch(caller: Caller, calls: Sequence[Call], deleted: int) -> Event:
    """The index offered calls outside the caller's scope, or ones that were deleted: it is behind the database."""
    details: dict[str, Detail] = {"calls": sorted(call.uid for call in calls), "deleted": deleted}
    return _event(caller, EventType.SEARCH_MISMATCH, Outcome.DENIED, details, {})


async def public_ids(names: Names, filter: CallFilter) -> dict[str, Detail]:
    found = {
        "partners": await _uids(names.partners, filter.partners),
        "clients": await _uids(names.clients, filter.clients),
        "agents": await _uids(names.agents, filter.agents),
        "teams": await _uids(names.teams, filter.teams),
    }
    return {name: uids for name, uids in found.items() if uids}


async def _uids(
    look_up: Callable[[Collection[int]], Awaitable[list[Named]]], ids: Collection[int]
) -> list[str]:
    return sorted(named.uid for named in await look_up(ids)) if ids else []


def _codes(filter: CallFilter) -> dict[str, Detail]:
    """Events hold no floating-point numbers: seconds stand as text."""
    given: dict[str, Detail] = {
        "kinds": sorted(kind.value for kind in filter.kinds),
        "directions": sorted(direction.value for direction in filter.directions),
        "since": _time(filter.since),
        "until": _time(filter.until),
        "received_since": _time(filter.received_since),
        "received_until": _time(filter.received_until),
        "min_seconds": _seconds(filter.min_seconds),
        "max_seconds": _seconds(filter.max_seconds),
    }
    return {name: value for name, value in given.items() if value}


def _time(time: datetime | None) -> str | None:
    return timestamp(time) if time else None


def _seconds(seconds: float | None) -> str | None:
    return f"{seconds:g}" if seconds is not None else None


def _typed(ask: Ask) -> dict[str, str]:
    given = {
        "query": ask.q,
        "labels": "\n".join(sorted(ask.filter.labels)),
        "phone": ask.filter.phone,
        "external_id": ask.filter.external_id,
        "source": ask.filter.source,
    }
    return {name: text for name, text in given.items() if text}


def _event(
    caller: Caller,
    type: EventType,
    outcome: Outcome,
    details: Mapping[str, Detail],
    texts: Mapping[str, str],
) -> Event:
    return Event(
        type=type,
        actor=caller.actor,
        object=Object(ObjectKind.ARCHIVE),
        outcome=outcome,
        origin=caller.origin,
        purpose=caller.principal.purpose,
        details=details,
        texts=texts,
    )
