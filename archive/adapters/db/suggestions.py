"""What completes a prefix, asked of the calls of a scope only: a name that no call there carries doesn't exist."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Select, null, select

from archive.adapters.db.tables import agents, call_labels, calls, clients, partners, teams
from archive.adapters.db.words import begins, typed_digits
from archive.ports import SuggestionKind

NAMED = (
    (SuggestionKind.PARTNER, partners, calls.c.partner_id),
    (SuggestionKind.CLIENT, clients, calls.c.client_id),
    (SuggestionKind.AGENT, agents, calls.c.agent_id),
    (SuggestionKind.TEAM, teams, calls.c.team_id),
)


def suggesting(readable: Select[Any], prefix: str) -> Iterator[tuple[SuggestionKind, Select[Any]]]:
    """For each kind, a query of `text` and `uid` over the calls of `readable`."""
    for kind, table, column in NAMED:
        named = readable.where(column.is_not(None)).with_only_columns(column)
        yield kind, _of(table, prefix).where(table.c.id.in_(named))
    yield SuggestionKind.LABEL, _labels(readable, prefix)
    if number := typed_digits(prefix):
        yield SuggestionKind.PHONE, _phones(readable, number)


def _of(table: Any, prefix: str) -> Select[Any]:
    query = select(table.c.name.label("text"), table.c.uid)
    return query.where(begins(table.c.words, prefix)).order_by(table.c.key, table.c.id)


def _labels(readable: Select[Any], prefix: str) -> Select[Any]:
    labelled = call_labels.c.call_id.in_(readable.with_only_columns(calls.c.id))
    text = call_labels.c.label.label("text")
    query = select(text, null().label("uid")).distinct()
    return query.where(begins(call_labels.c.words, prefix), labelled).order_by(text)


def _phones(readable: Select[Any], number: str) -> Select[Any]:
    text = calls.c.phone.label("text")
    found = readable.where(calls.c.phone_reversed.contains(number[::-1], autoescape=True))
    return found.with_only_columns(text, null().label("uid")).distinct().order_by(text)
