"""Scopes and filters as tantivy queries. They are built from integers, never parsed from text."""

import math
from collections.abc import Collection, Iterator

from tantivy import FieldType, Occur, Query, Schema

from archive.calls.documents import DIRECTION_CODES, KIND_CODES, phone_key, text_key
from archive.calls.filters import CallFilter
from archive.calls.query import significant
from archive.policy.scope import (
    PLACES,
    AllCalls,
    CallIds,
    Client,
    Intersection,
    Nothing,
    OwnCalls,
    Partner,
    Scope,
    Team,
    Union,
    Unsealed,
)
from archive.ports import EngineQuery, Withheld


def all_of(*queries: Query) -> Query:
    return Query.boolean_query([(Occur.Must, query) for query in queries]) if queries else Query.all_query()


def any_of(*queries: Query) -> Query:
    return (
        Query.boolean_query([(Occur.Should, query) for query in queries]) if queries else Query.empty_query()
    )


def but_not(query: Query, *others: Query) -> Query:
    """`query` without what matches any of `others`."""
    return Query.boolean_query([(Occur.Must, query), *((Occur.MustNot, other) for other in others)])


def among(schema: Schema, field: str, values: Collection[int]) -> Query:
    return Query.term_set_query(schema, field, list(values)) if values else Query.empty_query()


def of_scope(schema: Schema, scope: Scope) -> Query:
    match scope:
        case AllCalls():
            return Query.all_query()
        case Nothing():
            return Query.empty_query()
        case Partner(ids) | Team(ids) | Client(ids) | OwnCalls(ids):
            return among(schema, PLACES[type(scope)], ids)
        case CallIds(ids):
            return among(schema, "call_id", ids)
        case Union(parts):
            return any_of(*(of_scope(schema, part) for part in parts))
        case Intersection(parts):
            inner = [of_scope(schema, part) for part in parts]
            return all_of(*inner) if inner else Query.empty_query()
        case Unsealed(inner_scope):
            return all_of(of_scope(schema, inner_scope), Query.term_query(schema, "sealed", False))


def of_speech(schema: Schema, query: EngineQuery) -> Query:
    """Where words may be searched."""
    speech = of_scope(schema, query.speech)
    if not query.withheld:
        return speech
    without = but_not(speech, *(_fitting(schema, one) for one in query.withheld))
    return any_of(without, all_of(speech, among(schema, "call_id", query.told)))


def _fitting(schema: Schema, withheld: Withheld) -> Query:
    conditions: tuple[tuple[str, Collection[int]], ...] = (
        ("partner_id", withheld.partners),
        ("label_keys", [text_key(label) for label in withheld.labels]),
        ("kind", [KIND_CODES[kind] for kind in withheld.kinds]),
    )
    return all_of(*(among(schema, field, values) for field, values in conditions if values))


def of_filter(schema: Schema, filter: CallFilter) -> Query:
    return all_of(*_conditions(schema, filter))


def _conditions(schema: Schema, filter: CallFilter) -> Iterator[Query]:
    for field, values in _sets(filter):
        if values:
            yield among(schema, field, values)
    for label in filter.labels:
        yield Query.term_query(schema, "label_keys", text_key(label))
    for field, key in _keys(filter):
        if key is not None:
            yield Query.term_query(schema, field, key)
    yield from _ranges(schema, filter)


def _sets(filter: CallFilter) -> Iterator[tuple[str, Collection[int]]]:
    yield "partner_id", filter.partners
    yield "client_id", filter.clients
    yield "agent_id", filter.agents
    yield "team_id", filter.teams
    yield "kind", [KIND_CODES[kind] for kind in filter.kinds]
    yield "direction", [DIRECTION_CODES[direction] for direction in filter.directions]


def _keys(filter: CallFilter) -> Iterator[tuple[str, int | None]]:
    yield "phone_keys", phone_key(significant(filter.phone)) if filter.phone is not None else None
    yield "external_key", text_key(filter.external_id) if filter.external_id is not None else None
    yield "source_key", text_key(filter.source) if filter.source is not None else None


def _ranges(schema: Schema, filter: CallFilter) -> Iterator[Query]:
    for field, since, until in (
        ("started_at", filter.since, filter.until),
        ("received_at", filter.received_since, filter.received_until),
    ):
        if since or until:
            first, last = (math.ceil(time.timestamp()) if time else None for time in (since, until))
            yield Query.range_query(schema, field, FieldType.Integer, first, last, include_upper=last is None)
    if filter.min_seconds is not None or filter.max_seconds is not None:
        yield Query.range_query(schema, "duration", FieldType.Float, filter.min_seconds, filter.max_seconds)
