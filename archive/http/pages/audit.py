"""The log as sentences: the whole of it, narrowed, or what was done with one call."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from urllib.parse import urlencode

from litestar import Response, get
from litestar.params import FromPath
from msgspec import Struct

from archive.audit.event import EventType, Outcome
from archive.calls import history
from archive.calls.caller import Caller
from archive.calls.history import ShownEvent
from archive.http.context import acting
from archive.http.pages import times, words
from archive.http.pages.answers import OPEN, AnyRequest, failed, frame_of, page
from archive.http.pages.office_views import AuditFilter, AuditView, EventView
from archive.http.pages.rendering import texts
from archive.http.pages.sentences import Calls, Names, about, event_view
from archive.http.pages.views import Choice, Note
from archive.ids import find_uuid7, is_uuid7
from archive.policy.actions import Action
from archive.policy.decide import resolve_scope
from archive.ports import EventFilter, Parts

EVENTS = 50
FIELDS = ("actor", "object", "type", "outcome", "from", "to")


class _Read(Struct, frozen=True):
    """A page of events as sentences, and the mark of the next page."""

    events: tuple[EventView, ...]
    next: int | None
    calls: Calls


@get("/audit", opt=OPEN, exception_handlers={Exception: failed})
async def audit_page(request: AnyRequest) -> Response[bytes]:
    parts, caller = acting(request)
    given = {name: request.query_params.get(name, "").strip() for name in FIELDS}
    people = await _people(parts, caller)
    narrowed, wrong = _filter(given, people)
    t = texts()
    shown = await _read(parts, caller, narrowed, _before(request))
    view = AuditView(
        title=t("audit.title"),
        heading=t("audit.heading"),
        events=shown.events,
        filters=tuple(_controls(given, people)),
        notes=tuple(Note(text, "warn") for text in wrong),
        narrowed=any(given.values()),
        next=_next("/audit", given, shown.next),
    )
    return page(request, "audit.html", view)


@get("/audit/calls/{call_id:str}", opt=OPEN, exception_handlers={Exception: failed})
async def call_history_page(request: AnyRequest, call_id: FromPath[str]) -> Response[bytes]:
    """It outlives the call, and is the same page for one that never was: the log has nothing on it."""
    parts, caller = acting(request)
    shown = await _read(parts, caller, EventFilter(call=call_id), _before(request), call_id)
    call = shown.calls.get(call_id)
    t = texts()
    name = words.title_of(call, frame_of(request)) if call else call_id
    view = AuditView(
        title=t("audit.history_title", call=name),
        heading=t("audit.history"),
        events=shown.events,
        about=name if call else f"{call_id}. {t('audit.gone')}",
        about_href=f"/calls/{call_id}" if call else "",
        next=_next(f"/audit/calls/{call_id}", {}, shown.next),
    )
    return page(request, "audit.html", view)


async def _read(
    parts: Parts, caller: Caller, filter: EventFilter, before: int | None, about_call: str | None = None
) -> _Read:
    found = await history.events(parts, caller, filter, before, EVENTS + 1)
    events = found[:EVENTS]
    calls = await _calls(parts, caller, events, about_call)
    names = await _names(parts, events)
    return _Read(
        tuple(event_view(event, calls, names) for event in events),
        events[-1].seq if len(found) > EVENTS else None,
        calls,
    )


async def _calls(parts: Parts, caller: Caller, events: Sequence[ShownEvent], more: str | None) -> Calls:
    """Those calls among the events that the reader may see; the others stay ids."""
    uids = {event.call for event in events if event.call} | ({more} if more else set())
    async with parts.database.read() as work:
        scope = resolve_scope(caller.principal, Action.READ_CALL, await work.now())
        return await work.calls.by_uids(uids, scope)


async def _names(parts: Parts, events: Sequence[ShownEvent]) -> Names:
    async with parts.database.read() as work:
        return await work.principals.named({uid for event in events for uid in about(event)})


async def _people(parts: Parts, caller: Caller) -> list[Choice]:
    known = await history.actors(parts, caller)
    return [Choice(uid, name) for uid, name in sorted(known.items(), key=lambda one: one[1].casefold())]


# ---- narrowing -------------------------------------------------------------------------------------------------


def _filter(given: dict[str, str], people: list[Choice]) -> tuple[EventFilter, list[str]]:
    """The filter, and a sentence for each field that was left out because it makes no sense."""
    wrong: list[str] = []
    call = find_uuid7(given["object"])
    if given["object"] and not call:
        wrong.append(texts()("audit.wrong_call"))
    narrowed = EventFilter(
        actor=_actor(given["actor"], people, wrong),
        call=call,
        types=frozenset({EventType(given["type"])}) if given["type"] in set(EventType) else frozenset(),
        outcome=Outcome(given["outcome"]) if given["outcome"] in set(Outcome) else None,
        since=_day(given["from"], 0, wrong),
        until=_day(given["to"], 1, wrong),
    )
    return narrowed, wrong


def _actor(typed: str, people: list[Choice], wrong: list[str]) -> str | None:
    """A name as the list suggests it, or an id."""
    if not typed or is_uuid7(typed) or typed in ("console", "system"):
        return typed or None
    uid = next((one.value for one in people if one.label.casefold() == typed.casefold()), None)
    if uid is None:
        wrong.append(texts()("audit.wrong_who", name=typed))
    return uid


def _day(text: str, days: int, wrong: list[str]) -> datetime | None:
    if not text:
        return None
    try:
        return times.midnight(text, days, UTC)
    except (ValueError, OverflowError):
        wrong.append(texts()("audit.wrong_date", date=text))
        return None


def _before(request: AnyRequest) -> int | None:
    text = request.query_params.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _next(path: str, given: dict[str, str], mark: int | None) -> str:
    if mark is None:
        return ""
    kept = {name: value for name, value in given.items() if value}
    return f"{path}?{urlencode({**kept, 'before': mark})}"


def _controls(given: dict[str, str], people: list[Choice]) -> Iterator[AuditFilter]:
    t = texts()
    names = tuple(Choice(one.label, "") for one in people)
    yield AuditFilter(
        name="actor", label=t("audit.who"), value=given["actor"], hint=t("audit.who_hint"), options=names
    )
    yield AuditFilter(name="object", label=t("audit.call"), value=given["object"], hint=t("audit.call_hint"))
    kinds = {kind.value: t(f"type.{kind.value}") for kind in EventType}
    yield AuditFilter(name="type", label=t("audit.what"), choices=_choices(kinds, given["type"]))
    outcomes = {outcome.value: t(f"outcome.{outcome.value}") for outcome in Outcome}
    yield AuditFilter(name="outcome", label=t("audit.outcome"), choices=_choices(outcomes, given["outcome"]))
    for name in ("from", "to"):
        yield AuditFilter(name=name, label=t(f"audit.{name}"), type="date", value=given[name])


def _choices(labels: dict[str, str], chosen: str) -> tuple[Choice, ...]:
    any_of_them = Choice("", texts()("audit.any"), not chosen)
    return (any_of_them, *(Choice(value, label, value == chosen) for value, label in labels.items()))
