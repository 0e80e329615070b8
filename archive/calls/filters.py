"""What narrows a list or a search, as typed values: nothing a person typed reaches a query or a filter string."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from archive.calls.call import Direction, Kind, State


class CallFilter(Struct, frozen=True):
    """Conditions that all must hold; within one field any value will do. Ids are the database's integers.

    `since` is inclusive, `until` exclusive. `phone` is digits only, a suffix of 4 or more.
    `labels`: the call carries each of them.
    """

    partners: frozenset[int] = frozenset()
    clients: frozenset[int] = frozenset()
    agents: frozenset[int] = frozenset()
    teams: frozenset[int] = frozenset()
    kinds: frozenset[Kind] = frozenset()
    directions: frozenset[Direction] = frozenset()
    states: frozenset[State] = frozenset()
    labels: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None
    received_since: datetime | None = None
    received_until: datetime | None = None
    min_seconds: float | None = None
    max_seconds: float | None = None
    phone: str | None = None
    external_id: str | None = None
    source: str | None = None


class Sort(StrEnum):
    RELEVANCE = "relevance"
    NEWEST = "newest"
    OLDEST = "oldest"
