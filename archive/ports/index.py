"""The search engine, and what it is owed."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from msgspec import Struct

from archive.calls.call import Kind
from archive.calls.documents import CallDocument
from archive.calls.filters import CallFilter, Sort
from archive.calls.query import Query
from archive.policy.scope import Scope
from archive.ports.calls import NameKind


class Withheld(Struct, frozen=True, kw_only=True):
    """The calls that fit all of this; what is empty fits everything."""

    partners: frozenset[int] = frozenset()
    labels: frozenset[str] = frozenset()
    kinds: frozenset[Kind] = frozenset()


class EngineQuery(Struct, frozen=True):
    """`find` bounds what is found by metadata; `speech`, which lies within it, what is found by what was said: but for
    the calls that any of `withheld` fits, on which somebody must say why first, and of which none but `told` were.

    `owed`: calls of which the index may hold something old; they are neither found nor counted.
    `filter.states` is not for engines: states change too often to be indexed."""

    query: Query
    filter: CallFilter
    find: Scope
    speech: Scope
    sort: Sort = Sort.RELEVANCE
    offset: int = 0
    limit: int = 20
    owed: frozenset[int] = frozenset()
    withheld: tuple[Withheld, ...] = ()
    told: frozenset[int] = frozenset()

    @property
    def all_speech(self) -> bool:
        """Whether words may be searched on whatever is found."""
        return self.speech == self.find and not self.withheld


class EngineHit(Struct, frozen=True):
    """`spans`: byte ranges [start, end) of the call's text that matched, where the engine tells them."""

    call_id: int
    spans: tuple[tuple[int, int], ...] = ()


class Counts(Struct, frozen=True):
    """How many of the calls found fall to each id, kind and label."""

    partners: Mapping[int, int] = {}
    clients: Mapping[int, int] = {}
    teams: Mapping[int, int] = {}
    agents: Mapping[int, int] = {}
    kinds: Mapping[Kind, int] = {}
    labels: Mapping[str, int] = {}


class EngineAnswer(Struct, frozen=True):
    """`variants[i]`: the folded words taken for term i of the query, where the engine tells them instead of spans."""

    hits: tuple[EngineHit, ...] = ()
    total: int = 0
    counts: Counts = Counts()
    variants: tuple[frozenset[str], ...] = ()


class IndexRebuild(Protocol):
    """A new index beside the one in use."""

    async def put(self, documents: Sequence[CallDocument]) -> None: ...


class IndexDebts(Protocol):
    """Calls of which the index may hold something old. A debt is written in the unit of the change, so that neither a
    lost ring nor an engine that is away for days leaves words in the index that the database no longer has."""

    async def owe(self, call_id: int) -> None: ...
    async def owe_named(self, kind: NameKind, id: int) -> None:
        """All calls that carry a name: it changed."""
        ...

    async def of_call(self, call_id: int) -> list[int]:
        """The numbers of what is owed of a call by now."""
        ...

    async def pay(self, debts: Collection[int]) -> None:
        """Drop these debts. What was owed since they were read stays."""
        ...

    async def calls(self, limit: int) -> frozenset[int]:
        """Calls that are owed anything."""
        ...

    async def due(self, limit: int) -> list[int]:
        """Calls that have been owed for 10 s, longest first."""
        ...


class SearchIndex(Protocol):
    """The search engine. It holds nothing that the database doesn't; `Unavailable` when it can't be reached or used.

    `put`, `remove` and `rebuild` are for workers and the console; they return when searches see the change (in other
    processes within a second)."""

    async def put(self, documents: Sequence[CallDocument]) -> None:
        """Add calls, or replace them whole."""
        ...

    async def remove(self, call_ids: Collection[int]) -> None: ...
    async def search(self, query: EngineQuery) -> EngineAnswer: ...
    def rebuild(self) -> AbstractAsyncContextManager[IndexRebuild]:
        """Build a new index while the old one serves; takes its place when the block ends, goes if it raises."""
        ...

    async def count(self) -> int:
        """How many calls the index holds."""
        ...

    async def check(self) -> None: ...
    async def close(self) -> None: ...
