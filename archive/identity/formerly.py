"""What places were called lately. A name may have been given to deceive whoever agrees to something that it names."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from archive.audit.event import EventType
from archive.identity.places import PlaceNames, named_in, places_in, uids_in
from archive.policy.scope import CallIds, Scope
from archive.ports import EventFilter, StoredEvent, Work

LATELY = timedelta(days=30)
MOST_RENAMED = 500
"""Changes of names that are looked through, the newest."""


class Former(Struct, frozen=True):
    """The place `name` was called `before` until `until`."""

    name: str
    before: str
    until: datetime


class _Object(Struct):
    id: str


class _Body(Struct):
    object: _Object


async def formerly(work: Work, scopes: Collection[Scope]) -> dict[Scope, tuple[Former, ...]]:
    """What the partners, teams and clients of each scope were called within `LATELY`, newest first; what stands in the
    log and was not erased."""
    names, uids = await named_in(work, scopes), await uids_in(work, scopes)
    called = {scope: dict(_called(scope, names, uids)) for scope in scopes}
    changed = await _renamed(work, frozenset(uid for one in called.values() for uid in one))
    return {scope: tuple(_formers(one, changed)) for scope, one in called.items()}


def _called(scope: Scope, names: PlaceNames, uids: PlaceNames) -> Iterator[tuple[str, str]]:
    """Public ids and names of what a scope names."""
    for place in places_in([scope]):
        if not isinstance(place, CallIds):
            kind = type(place)
            yield from ((uids[kind][one], names[kind][one]) for one in place.ids if one in names[kind])


async def _renamed(work: Work, objects: frozenset[str]) -> list[tuple[str, StoredEvent]]:
    """By the place's public id, newest first."""
    if not objects:
        return []
    types = frozenset({EventType.NAME_CHANGED})
    renamings = EventFilter(objects=objects, types=types, since=await work.now() - LATELY)
    found = await work.audit.page(renamings, limit=MOST_RENAMED)
    return [(msgspec.json.decode(one.body, type=_Body).object.id, one) for one in found]


def _formers(names: Mapping[str, str], changed: Collection[tuple[str, StoredEvent]]) -> Iterator[Former]:
    """Once for each name that a place had; not the one that it has again."""
    told: set[tuple[str, str]] = set(names.items())
    for uid, event in changed:
        before = event.texts.get("details.before")
        if before is not None and uid in names and (uid, before) not in told:
            told.add((uid, before))
            yield Former(names[uid], before, event.time)
