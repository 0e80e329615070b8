"""What narrows a list of calls, as SQL conditions. They stand beside the scope's, and never instead of it."""

from collections.abc import Iterable, Iterator

from sqlalchemy import ColumnElement, exists, false, func, not_, or_

from archive.adapters.db.tables import agents, call_labels, calls, clients, partners, teams
from archive.adapters.db.words import begins, ending, typed_digits
from archive.calls.filters import CallFilter

Condition = ColumnElement[bool]


def conditions(filter: CallFilter) -> Iterator[Condition]:
    yield from _any_of(filter)
    yield from _between(filter)
    for label in sorted(filter.labels):
        yield _label(call_labels.c.label == label)
    if filter.phone is not None:
        yield _number_ends(filter.phone)
    if filter.external_id is not None:
        yield calls.c.external_id == filter.external_id
    if filter.source is not None:
        yield calls.c.source == filter.source


def holds(word: str) -> Condition:
    """Whether the call's metadata, as `readable` joins it, holds a word that begins with this one."""
    tables = (partners, clients, agents, teams)
    columns = [calls.c.words, calls.c.note_words, *(table.c.words for table in tables)]
    found = [begins(column, word) for column in columns]
    return or_(*found, _number_ends(word), _label(begins(call_labels.c.words, word)))


def lacks(word: str) -> Condition:
    """The contrary of `holds`: what a call doesn't have holds no word (where SQL would say NULL)."""
    return not_(func.coalesce(holds(word), false()))


def _any_of(filter: CallFilter) -> Iterator[Condition]:
    wanted: Iterable[tuple[ColumnElement[object], frozenset[object]]] = (
        (calls.c.partner_id, filter.partners),
        (calls.c.client_id, filter.clients),
        (calls.c.agent_id, filter.agents),
        (calls.c.team_id, filter.teams),
        (calls.c.kind, filter.kinds),
        (calls.c.direction, filter.directions),
        (calls.c.state, filter.states),
    )
    return (column.in_(sorted(values)) for column, values in wanted if values)


def _between(filter: CallFilter) -> Iterator[Condition]:
    bounds: Iterable[tuple[ColumnElement[object], object, object]] = (
        (calls.c.started_at, filter.since, filter.until),
        (calls.c.received_at, filter.received_since, filter.received_until),
    )
    for column, since, until in bounds:
        if since is not None:
            yield column >= since
        if until is not None:
            yield column < until
    if filter.min_seconds is not None:
        yield calls.c.duration >= filter.min_seconds
    if filter.max_seconds is not None:
        yield calls.c.duration <= filter.max_seconds


def _number_ends(typed: str) -> Condition:
    """Whether the call's number ends so; what is too short to be the end of a number ends none."""
    number = typed_digits(typed)
    return calls.c.phone_reversed.between(*ending(number)) if number else false()


def _label(condition: Condition) -> Condition:
    return exists().where(call_labels.c.call_id == calls.c.id, condition)
