"""Scopes and filters in Meilisearch's language, from integers and from numbers of seconds alone.

A filter is a list whose elements must all hold; an element that is a list needs one of its own.
"""

import math
from collections.abc import Collection, Iterator

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

Filter = list[str | list[str]]

NONE = "id IN []"


def of_scope(scope: Scope) -> str:
    """One expression, in brackets where it has parts, to stand as an element of its own."""
    match scope:
        case AllCalls():
            return "id >= 0"
        case Nothing():
            return NONE
        case Partner(ids) | Team(ids) | Client(ids) | OwnCalls(ids) | CallIds(ids):
            return among(PLACES[type(scope)], ids)
        case Union(parts):
            return _joined(" OR ", parts, neutral=Nothing())
        case Intersection(parts):
            return _joined(" AND ", parts, neutral=AllCalls()) if parts else NONE
        case Unsealed(inner):
            return f"({of_scope(inner)} AND sealed = 0)"


def of_speech(query: EngineQuery) -> str:
    """Where words may be searched."""
    speech = of_scope(query.speech)
    if not query.withheld:
        return speech
    withheld = " OR ".join(_fitting(one) for one in query.withheld)
    return f"({speech} AND (NOT ({withheld}) OR {among('id', query.told)}))"


def _fitting(withheld: Withheld) -> str:
    conditions = (
        ("partner_id", withheld.partners),
        ("label_keys", [text_key(label) for label in withheld.labels]),
        ("kind", [KIND_CODES[kind] for kind in withheld.kinds]),
    )
    named = [among(field, values) for field, values in conditions if values]
    return f"({' AND '.join(named)})" if named else of_scope(AllCalls())


def _joined(operator: str, parts: tuple[Scope, ...], neutral: Scope) -> str:
    """Without the parts that change nothing, and brackets round one part: Meilisearch bounds the depth of filters."""
    inner = [of_scope(part) for part in parts if part != neutral] or [of_scope(neutral)]
    return inner[0] if len(inner) == 1 else f"({operator.join(inner)})"


def among(field: str, ids: Collection[int]) -> str:
    return f"{field} IN [{', '.join(str(int(one)) for one in sorted(ids))}]"


def of_filter(filter: CallFilter) -> Filter:
    return [*_sets(filter), *_keys(filter), *_ranges(filter)]


def _sets(filter: CallFilter) -> Iterator[list[str]]:
    wanted: tuple[tuple[str, Collection[int]], ...] = (
        ("partner_id", filter.partners),
        ("client_id", filter.clients),
        ("agent_id", filter.agents),
        ("team_id", filter.teams),
        ("kind", [KIND_CODES[kind] for kind in filter.kinds]),
        ("direction", [DIRECTION_CODES[direction] for direction in filter.directions]),
    )
    for field, values in wanted:
        if values:
            yield [f"{field} = {int(value)}" for value in sorted(values)]


def _keys(filter: CallFilter) -> Iterator[str]:
    for label in sorted(filter.labels):
        yield f"label_keys = {text_key(label)}"
    if filter.phone is not None:
        yield f"phone_keys = {phone_key(significant(filter.phone))}"
    if filter.external_id is not None:
        yield f"external_key = {text_key(filter.external_id)}"
    if filter.source is not None:
        yield f"source_key = {text_key(filter.source)}"


def _ranges(filter: CallFilter) -> Iterator[str]:
    for field, since, until in (
        ("started_at", filter.since, filter.until),
        ("received_at", filter.received_since, filter.received_until),
    ):
        if since is not None:
            yield f"{field} >= {math.ceil(since.timestamp())}"
        if until is not None:
            yield f"{field} < {math.ceil(until.timestamp())}"
    if filter.min_seconds is not None:
        yield f"duration >= {float(filter.min_seconds):f}"
    if filter.max_seconds is not None:
        yield f"duration <= {float(filter.max_seconds):f}"
