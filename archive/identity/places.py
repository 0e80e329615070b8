"""Scopes in words, as the console and the lists write them: see `SYNTAX`."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from archive.calls.call import Named
from archive.errors import Invalid
from archive.ids import is_uuid7
from archive.policy.scope import (
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
from archive.ports import Work

SYNTAX = "all, partner:NAME[,NAME], team:NAME[,NAME], client:NAME[,NAME], call:ID[,ID] or own"

Find = Callable[[str], Awaitable[Sequence[int]]]
Asked = Callable[[Collection[int]], Awaitable[Sequence[Named]]]

Place = Partner | Team | Client | CallIds
KINDS: Mapping[type[Struct], str] = {Partner: "partner", Team: "team", Client: "client", CallIds: "call"}
PlaceNames = dict[type[Struct], dict[int, str]]
"""By kind and id, what a place is called: a call by its public id."""


async def parse_scope(work: Work, text: str) -> Scope:
    """The scope that `text` describes; names may be ids. Raises `Invalid` for an unknown one: never a wider scope,
    never none."""
    kind, colon, names = text.strip().partition(":")
    match kind, colon:
        case "all", "":
            return AllCalls()
        case "own", "":
            return OwnCalls(frozenset())  # its agents are filled in whenever the grant is read
        case "partner", ":":
            return Partner(await _ids("partner", names, work.names.partner_ids))
        case "team", ":":
            return Team(await _ids("team", names, work.names.team_ids))
        case "client", ":":
            return Client(await _ids("client", names, work.names.client_ids))
        case "call", ":":
            return CallIds(await _ids("call", names, _call(work)))
        case _:
            raise Invalid(f"A scope is {SYNTAX}.", field="scope")


async def describe(work: Work, scope: Scope) -> str:
    """The same in reverse, for showing a grant."""
    return (await describe_all(work, [scope]))[scope]


async def describe_all(work: Work, scopes: Collection[Scope]) -> dict[Scope, str]:
    """As `describe`, with one question for each kind of place, however many grants are shown."""
    named = await named_in(work, scopes)
    named[CallIds] = await _calls_in(work, scopes)
    return {scope: _described(scope, named) for scope in scopes}


async def named_in(work: Work, scopes: Collection[Scope]) -> PlaceNames:
    """What the scopes name, but for calls, in the order of names."""
    found = await _found_in(work, scopes)
    return {kind: {one.id: one.name for one in places} for kind, places in found.items()}


async def uids_in(work: Work, scopes: Collection[Scope]) -> PlaceNames:
    """The public ids of what the scopes name."""
    found = await _found_in(work, scopes)
    uids: PlaceNames = {kind: {one.id: one.uid for one in places} for kind, places in found.items()}
    return {**uids, CallIds: await _calls_in(work, scopes)}


async def _found_in(work: Work, scopes: Collection[Scope]) -> dict[type[Struct], Sequence[Named]]:
    asked: dict[type[Struct], Asked] = {
        Partner: work.names.partners,
        Team: work.names.teams,
        Client: work.names.clients,
    }
    found: dict[type[Struct], Sequence[Named]] = {}
    for kind, ask in asked.items():
        ids = _ids_in(scopes, kind)
        found[kind] = await ask(ids) if ids else []
    return found


async def _calls_in(work: Work, scopes: Collection[Scope]) -> dict[int, str]:
    """By id, the public ids of calls, and nothing else of them."""
    ids = _ids_in(scopes, CallIds)
    calls = await work.calls.select(ids, AllCalls()) if ids else {}
    return {call.id: call.uid for call in calls.values()}


def _ids_in(scopes: Collection[Scope], kind: type[Struct]) -> frozenset[int]:
    return frozenset().union(*(place.ids for place in places_in(scopes) if isinstance(place, kind)))


def names_of(place: Place, named: PlaceNames) -> list[str]:
    return [name for known, name in named[type(place)].items() if known in place.ids]


def places_in(scopes: Iterable[Scope]) -> Iterator[Place]:
    for scope in scopes:
        match scope:
            case Partner() | Team() | Client() | CallIds():
                yield scope
            case Unsealed(inner):
                yield from places_in([inner])
            case Union(parts) | Intersection(parts):
                yield from places_in(parts)


def _described(scope: Scope, named: PlaceNames) -> str:
    match scope:
        case AllCalls():
            return "all"
        case Nothing():
            return "none"
        case OwnCalls():
            return "own"
        case Partner() | Team() | Client() | CallIds():
            return f"{KINDS[type(scope)]}:{','.join(sorted(set(names_of(scope, named))))}"
        case Unsealed(inner):
            return _described(inner, named)
        case Union(parts):
            return " ".join(_described(part, named) for part in parts)
        case Intersection(parts):
            return " and ".join(_described(part, named) for part in parts)


def _call(work: Work) -> Find:
    async def find(uid: str) -> list[int]:
        call = await work.calls.get(uid, AllCalls()) if is_uuid7(uid) else None
        return [call.id] if call else []

    return find


async def _ids(kind: str, names: str, find: Find) -> frozenset[int]:
    """Of all names as one, if there is such a name: one may hold commas. Else of each."""
    if whole := await find(names):
        return frozenset(whole)
    found: set[int] = set()
    for name in filter(None, map(str.strip, names.split(","))):
        known = await find(name)
        if not known:
            raise Invalid(f"There is no {kind} {name}.", field="scope")
        found.update(known)
    if not found:
        raise Invalid(f"Name at least one {kind}.", field="scope")
    return frozenset(found)
