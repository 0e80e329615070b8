"""What the tests of searching and of indexing share: the archive on each engine, its readers, its calls."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, NoReturn

import pytest
from msgspec import structs

from archive.calls.asked import Found
from archive.calls.call import Call, State
from archive.calls.caller import Caller
from archive.calls.documents import CallDocument
from archive.calls.index import index_call
from archive.errors import Unavailable
from archive.ids import uuid7
from archive.policy.actions import Action
from archive.policy.scope import AllCalls, Partner, Scope
from archive.ports import (
    CallChanges,
    EngineAnswer,
    EngineQuery,
    IndexRebuild,
    NewGrant,
    Parts,
    SearchIndex,
    Work,
)
from tests.parts import SearchIndexes
from tests.search_world import meilisearch_engine, said
from tests.world import World

READ = (Action.FIND, Action.READ_TRANSCRIPT)


@pytest.fixture(params=["tantivy", pytest.param("meilisearch", marks=pytest.mark.meilisearch)])
async def parts(request: pytest.FixtureRequest, world: World) -> AsyncIterator[Parts]:
    if request.param == "tantivy":
        yield world.parts
        return
    indexes: SearchIndexes = request.getfixturevalue("search_indexes")
    index = meilisearch_engine(indexes)
    yield structs.replace(world.parts, index=index)
    await index.close()


class Away:
    """A search engine that can't be reached."""

    async def _refuse(self, *_: object) -> NoReturn:
        raise Unavailable("search engine", "It is away.", "Start it.")

    put = remove = search = count = check = _refuse

    def rebuild(self) -> NoReturn:
        raise Unavailable("search engine", "It is away.", "Start it.")

    async def close(self) -> None:
        return


class Watched:
    """An index on which something happens in the database just after a document was built and before it is put."""

    def __init__(self, inner: SearchIndex, happening: Sequence[AbstractAsyncContextManager[None]]) -> None:
        self._inner = inner
        self._happening = list(happening)

    async def put(self, documents: Sequence[CallDocument]) -> None:
        await self._happen()
        await self._inner.put(documents)

    async def remove(self, call_ids: Collection[int]) -> None:
        await self._inner.remove(call_ids)

    async def search(self, query: EngineQuery) -> EngineAnswer:
        return await self._inner.search(query)

    @asynccontextmanager
    async def rebuild(self) -> AsyncIterator[IndexRebuild]:
        async with self._inner.rebuild() as rebuild:
            yield rebuild
            await self._happen()

    async def count(self) -> int:
        return await self._inner.count()

    async def check(self) -> None:
        await self._inner.check()

    async def close(self) -> None:
        await self._inner.close()

    async def _happen(self) -> None:
        if self._happening:
            async with self._happening.pop(0):
                pass


async def caller(parts: Parts, *grants: tuple[Scope, Collection[Action]]) -> Caller:
    async with parts.database.write() as work:
        made = await work.principals.add_integration("seeker", "settling complaints")
        for scope, actions in grants:
            given = NewGrant(
                scope=scope,
                role=None,
                actions=frozenset(actions),
                since=await work.now(),
                until=None,
                reason="",
                granted_by="console",
            )
            await work.principals.give(made.id, given)
        return Caller(await work.principals.by_id(made.id) or made)


async def add(world: World, parts: Parts, *texts: str, partner: str = "Northwind", **metadata: Any) -> Call:
    """A call with these words, as the story makes it, and indexed."""
    call = await world.call(partner, source="pbx", external_id=uuid7(), **metadata)
    async with parts.database.write() as work:
        await work.transcripts.add(call, said(*texts), "imported", world.at_console.principal)
        await work.calls.advance(call.id, State.READY, State.INDEXING)
    await index_call(parts, call.id)
    return await current(parts, call)


async def current(parts: Parts, call: Call) -> Call:
    async with parts.database.read() as work:
        return (await work.calls.select([call.id], AllCalls()))[call.id]


async def move(work: Work, call: Call, partner: str) -> None:
    named = await work.names.partner(partner) or await work.names.add_partner(partner)
    assert await work.calls.edit(call.id, call.revision, CallChanges(partner_id=named.id))


def partner_of(call: Call) -> Scope:
    assert call.partner_id is not None
    return Partner(frozenset({call.partner_id}))


def uids(found: Found) -> list[str]:
    return [item.call.uid for item in found.items]
