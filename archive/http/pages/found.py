"""What a search found, as its page shows it. Pure: the words were recorded before they came here."""

from collections.abc import Iterator
from datetime import date
from urllib.parse import urlencode

from msgspec import structs

from archive.calls.asked import Found
from archive.calls.call import Call
from archive.calls.facets import Facet
from archive.calls.filters import Sort
from archive.calls.moments import Moment
from archive.calls.showing import FoundCall
from archive.http.pages import words
from archive.http.pages.asking import MANY, Asked
from archive.http.pages.rendering import texts
from archive.http.pages.times import MONTHS, clock
from archive.http.pages.views import (
    Chip,
    Choice,
    EmptyView,
    FacetChoice,
    FacetView,
    Link,
    Mark,
    MomentView,
    Note,
    Piece,
    Row,
    SearchView,
)
from archive.policy.scope import Scope, contains

STRIP = 197
"""Room for marks on a strip 200 wide, each 3."""

LENGTHS = (60, 300, 900)
"""Seconds that the page offers as shortest length."""

BY_NAME = ("partner", "team", "kind", "label")
"""Filters whose value in the address is what people call it; clients and agents may share names, so ids stand there."""


def search_view(asked: Asked, found: Found, hears: Scope, limit: int) -> SearchView:
    t = texts()
    more = asked.after + limit < found.total and len(found.items) > 0
    chips = tuple(_chips(asked, found))
    return SearchView(
        title=t("search.title_words", query=asked.q) if asked.q else t("search.title"),
        query=asked.q,
        count=t("search.count", count=found.total) if asked.q or asked.filters else t("search.recent"),
        chips=chips,
        sorts=tuple(_sorts(asked)) if found.items else (),
        notes=tuple(_notes(asked, found)),
        rows=tuple(_row(item, asked, hears) for item in found.items),
        facets=tuple(_facets(asked, found)),
        empty=None if found.items else _empty(asked, chips),
        next=structs.replace(asked, after=asked.after + limit).address if more else "",
        since=asked.value("from"),
        until=asked.value("to"),
        phone=asked.value("phone"),
        lengths=tuple(_lengths(asked)),
        kept=tuple(_kept(asked)),
    )


# ---- rows ------------------------------------------------------------------------------------------------------


def _row(found: FoundCall, asked: Asked, hears: Scope) -> Row:
    call = found.call
    return Row(
        uid=call.uid,
        href=_call_address(call, asked.q),
        client=words.client_of(call),
        partner=words.partner_of(call),
        started_at=call.started_at,
        duration=clock(call.duration),
        icon=words.icon_of(call),
        kind=words.kind_of(call),
        agent=call.agent.name if call.agent else "",
        badges=words.badges_of(call),
        moments=tuple(_moment(moment, call, asked.q) for moment in found.moments),
        marks=tuple(_marks(found.moments, call)),
        missing=_untold(found),
        hears=call.playable and contains(hears, call),
    )


def _untold(found: FoundCall) -> str:
    """Why the row shows less than was asked for."""
    if found.unspoken:
        return texts()("search.unspoken")
    return texts()("search.missing", words=", ".join(found.missing)) if found.missing else ""


def _call_address(call: Call, query: str, moment: float | None = None) -> str:
    given = {"moment": words.second(moment) if moment is not None else "", "q": query}
    fields = urlencode({name: value for name, value in given.items() if value})
    return f"/calls/{call.uid}?{fields}" if fields else f"/calls/{call.uid}"


def _moment(moment: Moment, call: Call, query: str) -> MomentView:
    side = words.side_of(call, moment.speaker)
    return MomentView(
        at=max(0.0, moment.start - words.EARLY),
        clock=clock(moment.start),
        href=_call_address(call, query, moment.start),
        speaker=words.speaker_of(moment.speaker, side),
        side=side,
        pieces=tuple(_pieces(moment)),
    )


def _pieces(moment: Moment) -> Iterator[Piece]:
    done = 0
    for start, end in moment.matches:
        if done < start:
            yield Piece(moment.text[done:start], hit=False)
        yield Piece(moment.text[start:end], hit=True)
        done = end
    if done < len(moment.text):
        yield Piece(moment.text[done:], hit=False)


def _marks(moments: tuple[Moment, ...], call: Call) -> Iterator[Mark]:
    for moment in moments:
        if call.duration:
            share = min(1.0, moment.start / call.duration)
            yield Mark(int(share * STRIP), words.side_of(call, moment.speaker))


# ---- filters ---------------------------------------------------------------------------------------------------


def _chips(asked: Asked, found: Found) -> Iterator[Chip]:
    for name, value in asked.filters:
        shown = _filter_shown(name, value, found)
        yield Chip(texts()(f"facet.{name}"), shown, asked.without(name, value).address)


def _filter_shown(name: str, value: str, found: Found) -> str:
    match name:
        case "client" | "agent":
            return _name_of(name, value, found) or texts()("search.one_chosen")
        case "kind" | "direction":
            return texts()(f"{name}.{value}")
        case "from" | "to":
            day = date.fromisoformat(value)
            return f"{day.day} {MONTHS[day.month - 1]} {day.year}"
        case "min_seconds" | "max_seconds":
            return clock(float(value))
    return value


def _name_of(name: str, uid: str, found: Found) -> str | None:
    """The name behind an id, from what was found within the caller's scope and from nowhere else."""
    known = {"client": found.facets.clients, "agent": found.facets.agents}[name]
    return next((facet.name for facet in known if uid in (facet.id, facet.name)), None)


def _facets(asked: Asked, found: Found) -> Iterator[FacetView]:
    t = texts()
    for name, facets in (
        ("partner", found.facets.partners),
        ("team", found.facets.teams),
        ("agent", found.facets.agents),
        ("client", found.facets.clients),
        ("kind", found.facets.kinds),
        ("label", found.facets.labels),
    ):
        if facets:
            yield FacetView(t(f"facet.{name}"), tuple(_choice(asked, name, facet) for facet in facets[:8]))


def _choice(asked: Asked, name: str, facet: Facet) -> FacetChoice:
    value = facet.name if name in BY_NAME or facet.id is None else facet.id
    on = asked.has(name, value)
    to = asked.without(name, value) if on else asked.within(name, value)
    shown = texts()(f"kind.{facet.name}") if name == "kind" else facet.name
    return FacetChoice(shown, to.address, facet.calls, on)


def _lengths(asked: Asked) -> Iterator[Choice]:
    t = texts()
    chosen = asked.value("min_seconds")
    yield Choice("", t("search.any_length"), not chosen)
    for seconds in LENGTHS:
        yield Choice(str(seconds), t("search.longer", count=seconds // 60), chosen == str(seconds))


def _kept(asked: Asked) -> Iterator[tuple[str, str]]:
    """What the form sends along unseen: filters set by links, and the order."""
    yield from ((name, value) for name, value in asked.filters if name in MANY)
    if asked.sort is not Sort.RELEVANCE:
        yield "sort", asked.sort.value


def _sorts(asked: Asked) -> Iterator[Link]:
    for sort in Sort if asked.q else (Sort.NEWEST, Sort.OLDEST):
        current = asked.sort is sort or (
            not asked.q and sort is Sort.NEWEST and asked.sort is not Sort.OLDEST
        )
        yield Link(
            texts()(f"search.{sort.value}"), structs.replace(asked, sort=sort, after=0).address, current
        )


# ---- what must be said -----------------------------------------------------------------------------------------


def _notes(asked: Asked, found: Found) -> Iterator[Note]:
    t = texts()
    if found.degraded:
        yield Note(found.degraded, "warn")
    if asked.wrong:
        yield Note(t("search.invalid", field=", ".join(t(f"facet.{name}") for name in asked.wrong)), "warn")
    if found.corrected:
        exact = structs.replace(asked, q=f'"{asked.q}"', after=0).address
        yield Note(t("search.corrected", words=found.corrected), "", exact, t("search.insist", words=asked.q))
    if found.indexing:
        yield Note(t("search.indexing", count=found.indexing))


def _empty(asked: Asked, chips: tuple[Chip, ...]) -> EmptyView:
    t = texts()
    if not asked.q and not asked.filters:
        return EmptyView(t("search.empty"), t("search.empty_text"))
    if not chips:
        return EmptyView(t("search.none"), t("search.none_words"))
    lifts = [Link(t("search.lift", label=chip.label, value=chip.value), chip.href) for chip in chips]
    if asked.q:
        lifts.append(Link(t("search.lift_words"), structs.replace(asked, q="", after=0).address))
    return EmptyView(t("search.none"), t("search.none_filters"), tuple(lifts))
