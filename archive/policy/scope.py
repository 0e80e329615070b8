"""Which calls: a closed algebra, compiled three ways.

`contains` below is the predicate; `adapters/db/scope.py` compiles a scope to SQL and each search adapter to
its engine's filter. A property test holds the three against each other. Ids are the database's integers.
An empty scope is `Nothing` and compiles to FALSE, never to "no filter".
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import attrgetter
from typing import Any, Protocol

from msgspec import Struct, structs


class AllCalls(Struct, frozen=True, tag=True):
    """Every call, sealed ones included."""


class Nothing(Struct, frozen=True, tag=True):
    """No call."""


class Partner(Struct, frozen=True, tag=True):
    ids: frozenset[int]


class Team(Struct, frozen=True, tag=True):
    ids: frozenset[int]


class Client(Struct, frozen=True, tag=True):
    ids: frozenset[int]


class OwnCalls(Struct, frozen=True, tag=True):
    """Calls led by one person: `agents` are the agents that carry the person's e-mail."""

    agents: frozenset[int]


class CallIds(Struct, frozen=True, tag=True):
    ids: frozenset[int]


class Union(Struct, frozen=True, tag=True):
    parts: tuple["Scope", ...]


class Intersection(Struct, frozen=True, tag=True):
    parts: tuple["Scope", ...]


class Unsealed(Struct, frozen=True, tag=True):
    """The calls of `scope` that are not sealed."""

    scope: "Scope"


Scope = AllCalls | Nothing | Partner | Team | Client | OwnCalls | CallIds | Union | Intersection | Unsealed


PLACES: Mapping[type[Struct], str] = {
    Partner: "partner_id",
    Team: "team_id",
    Client: "client_id",
    OwnCalls: "agent_id",
    CallIds: "id",
}
"""What of a call each scope that lists ids looks at: an attribute of `Placed`, a column, a field of the engines."""


class Placed(Protocol):
    """What of a call decides whether a scope contains it."""

    @property
    def id(self) -> int: ...
    @property
    def partner_id(self) -> int | None: ...
    @property
    def team_id(self) -> int | None: ...
    @property
    def client_id(self) -> int | None: ...
    @property
    def agent_id(self) -> int | None: ...
    @property
    def sealed(self) -> bool: ...


_LISTED: Mapping[type[Struct], tuple[Callable[[Placed], int | None], Callable[[Scope], frozenset[int]]]] = {
    kind: (attrgetter(place), attrgetter(kind.__struct_fields__[0])) for kind, place in PLACES.items()
}
"""Where each of those looks in a call, and the ids that it lists. (Asked for each grant of somebody who may have a
thousand, so it goes by type, without trying pattern after pattern.)"""


def contains(scope: Scope, call: Placed) -> bool:
    if listed := _LISTED.get(type(scope)):
        place, ids = listed
        return place(call) in ids(scope)
    match scope:
        case AllCalls():
            return True
        case Union(parts):
            return any(contains(part, call) for part in parts)
        case Intersection(parts):
            return bool(parts) and all(contains(part, call) for part in parts)
        case Unsealed(inner):
            return not call.sealed and contains(inner, call)
    return False


def union(scopes: Iterable[Scope]) -> Scope:
    """What any of them holds. Those that list ids of one kind become one, so that who was granted each of 500 partners
    for itself costs a database or an engine no more than who was granted all 500 at once."""
    parts = tuple(dict.fromkeys(scope for scope in scopes if not is_empty(scope)))
    if AllCalls() in parts:
        return AllCalls()
    merged = tuple(_merged(parts))
    if not merged:
        return Nothing()
    return merged[0] if len(merged) == 1 else Union(merged)


def _merged(parts: tuple[Scope, ...]) -> Iterator[Scope]:
    of_kind: dict[type[Any], list[Scope]] = {}
    for part in parts:
        of_kind.setdefault(type(part), []).append(part)
    for kind, alike in of_kind.items():
        if kind is Unsealed:
            yield Unsealed(union(part.scope for part in alike if isinstance(part, Unsealed)))
        elif kind in PLACES:
            yield kind(frozenset().union(*(structs.astuple(part)[0] for part in alike)))
        else:
            yield from alike


def intersection(*scopes: Scope) -> Scope:
    parts = tuple(dict.fromkeys(scope for scope in scopes if scope != AllCalls()))
    if any(is_empty(part) for part in parts):
        return Nothing()
    if not parts:
        return AllCalls() if scopes else Nothing()
    return parts[0] if len(parts) == 1 else Intersection(parts)


def unsealed(scope: Scope) -> Scope:
    return Nothing() if is_empty(scope) else Unsealed(scope)


def reaches_all(scope: Scope) -> bool:
    """Whether the scope spans the whole archive, but perhaps for what is sealed."""
    match scope:
        case AllCalls():
            return True
        case Unsealed(inner):
            return reaches_all(inner)
        case Union(parts):
            return any(reaches_all(part) for part in parts)
        case Intersection(parts):
            return bool(parts) and all(reaches_all(part) for part in parts)
    return False


def spans(scope: Scope, place: Partner | Client) -> bool:
    """Whether the scope holds all calls of a partner or a client, but perhaps what is sealed."""
    match scope:
        case Partner(ids) | Client(ids) if isinstance(scope, type(place)):
            return place.ids <= ids
        case Unsealed(inner):
            return spans(inner, place)
        case Union(parts):
            return any(spans(part, place) for part in parts)
        case Intersection(parts):
            return bool(parts) and all(spans(part, place) for part in parts)
    return isinstance(scope, AllCalls)


def impersonal(scope: Scope) -> Scope:
    """The scope without "their own calls", which would come to mean somebody else's in another's hands."""
    match scope:
        case OwnCalls():
            return Nothing()
        case Unsealed(inner):
            return unsealed(impersonal(inner))
        case Union(parts):
            return union(impersonal(part) for part in parts)
        case Intersection(parts):
            return intersection(*(impersonal(part) for part in parts))
    return scope


def ids_of(scope: Scope, kind: type[Partner] | type[Team]) -> frozenset[int]:
    """The partners or teams by which the scope reaches calls."""
    match scope:
        case Partner(ids) | Team(ids) if isinstance(scope, kind):
            return ids
        case Unsealed(inner):
            return ids_of(inner, kind)
        case Union(parts) | Intersection(parts):
            return frozenset().union(*(ids_of(part, kind) for part in parts))
    return frozenset()


def is_empty(scope: Scope) -> bool:
    """Whether the scope holds no call whatever the archive holds."""
    match scope:
        case Nothing():
            return True
        case Partner(ids) | Team(ids) | Client(ids) | OwnCalls(ids) | CallIds(ids):
            return not ids
        case Union(parts):
            return all(is_empty(part) for part in parts)
        case Intersection(parts):
            return not parts or any(is_empty(part) for part in parts)
        case Unsealed(inner):
            return is_empty(inner)
        case AllCalls():
            return False
