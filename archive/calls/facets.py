"""The counts beside a search's results, with the names people know."""

from collections.abc import Awaitable, Callable, Collection, Mapping

from msgspec import Struct

from archive.calls.call import Named
from archive.ports import Counts, Names

MOST = 20


class Facet(Struct, frozen=True):
    """How many of the calls found carry this value. `id` is public; None for kinds and labels."""

    name: str
    calls: int
    id: str | None = None


class Facets(Struct, frozen=True):
    """Each list: the most frequent first."""

    partners: tuple[Facet, ...] = ()
    clients: tuple[Facet, ...] = ()
    teams: tuple[Facet, ...] = ()
    agents: tuple[Facet, ...] = ()
    kinds: tuple[Facet, ...] = ()
    labels: tuple[Facet, ...] = ()


async def named_facets(names: Names, counts: Counts) -> Facets:
    """The ids were counted within the caller's scope, so their names may be told."""
    return Facets(
        partners=await _named(names.partners, counts.partners),
        clients=await _named(names.clients, counts.clients),
        teams=await _named(names.teams, counts.teams),
        agents=await _named(names.agents, counts.agents),
        kinds=_plain({kind.value: calls for kind, calls in counts.kinds.items()}),
        labels=_plain(counts.labels),
    )


async def _named(
    look_up: Callable[[Collection[int]], Awaitable[list[Named]]], counts: Mapping[int, int]
) -> tuple[Facet, ...]:
    ids = sorted(counts, key=lambda one: (-counts[one], one))[:MOST]
    named = {one.id: one for one in await look_up(ids)} if ids else {}
    return tuple(Facet(named[one].name, counts[one], named[one].uid) for one in ids if one in named)


def _plain(counts: Mapping[str, int]) -> tuple[Facet, ...]:
    most = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST]
    return tuple(Facet(name, calls) for name, calls in most)
