"""A call is indexed, however often and whatever happens meanwhile: on each engine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from msgspec import structs

from archive.audit.event import EventType
from archive.calls.asked import Ask
from archive.calls.call import Call, State
from archive.calls.index import index_call, refresh, reindex
from archive.calls.leases import Again
from archive.calls.placing import ClientGiven
from archive.calls.search import search
from archive.errors import Unavailable
from archive.policy.scope import AllCalls
from archive.ports import Parts
from tests.integration.searched import READ, Away, Watched, add, caller, current, move, partner_of, uids
from tests.world import World

pytestmark = pytest.mark.anyio


async def test_a_call_is_found_by_its_metadata_from_the_start(world: World, parts: Parts) -> None:
    call = await world.call(client=ClientGiven(name="Early Bird"), playable=False)
    await refresh(parts, call.id)
    found = await search(parts, await caller(parts, (AllCalls(), READ)), Ask(q="early"))
    assert uids(found) == [call.uid]
    assert (await current(parts, call)).state is State.RECEIVED


async def test_indexing_twice_does_no_harm(world: World, parts: Parts) -> None:
    call = await add(world, parts, "the pallet")
    await index_call(parts, call.id)
    await refresh(parts, call.id)
    assert await parts.index.count() == 1
    assert (await current(parts, call)).state is State.READY


async def test_an_engine_that_is_away_fails_no_call(world: World) -> None:
    call = await world.call()
    async with world.parts.database.write() as work:
        await work.calls.advance(call.id, State.READY, State.INDEXING)
    away = structs.replace(world.parts, index=Away())
    for _ in range(8):
        with pytest.raises(Again) as again:
            await index_call(away, call.id)
        await index_call(away, call.id)  # rung too early: the call rests
        world.clock.time += again.value.delay
    with pytest.raises(Unavailable):
        await refresh(away, call.id)
    assert (await current(world.parts, call)).state is State.INDEXING
    await index_call(world.parts, call.id)
    assert (await current(world.parts, call)).state is State.READY


async def test_a_change_while_a_call_is_indexed_is_not_lost(world: World, parts: Parts) -> None:
    call = await add(world, parts, "the pallet")

    @asynccontextmanager
    async def meanwhile() -> AsyncIterator[None]:
        async with parts.database.write() as work:
            await move(work, call, "Southwind")
        yield

    await refresh(structs.replace(parts, index=Watched(parts.index, [meanwhile()])), call.id)
    moved = await current(parts, call)
    found = await search(parts, await caller(parts, (partner_of(moved), READ)), Ask(q="pallet"))
    assert uids(found) == [call.uid]


async def test_a_call_deleted_while_it_is_indexed_leaves_the_index(world: World, parts: Parts) -> None:
    call = await add(world, parts, "the pallet")

    @asynccontextmanager
    async def meanwhile() -> AsyncIterator[None]:
        async with parts.database.write() as work:
            await work.calls.delete(call.id)
        yield

    await refresh(structs.replace(parts, index=Watched(parts.index, [meanwhile()])), call.id)
    assert await parts.index.count() == 0


async def test_a_rebuilt_index_holds_what_changed_during_it(world: World, parts: Parts) -> None:
    moved = await add(world, parts, "the pallet one")
    gone = await add(world, parts, "the pallet two")
    kept = await add(world, parts, "the pallet three")
    new: list[Call] = []

    @asynccontextmanager
    async def meanwhile() -> AsyncIterator[None]:
        async with parts.database.write() as work:
            await work.calls.delete(gone.id)
            await move(work, moved, "Southwind")
        new.append(await world.call(client=ClientGiven(name="Late Comer")))
        yield

    shares: list[float] = []
    watched = structs.replace(parts, index=Watched(parts.index, [meanwhile()]))
    await reindex(watched, world.at_console, shares.append)
    assert await parts.index.count() == 3
    everywhere = await caller(parts, (AllCalls(), READ))
    assert set(uids(await search(parts, everywhere, Ask(q="pallet")))) == {moved.uid, kept.uid}
    assert uids(await search(parts, everywhere, Ask(q="comer"))) == [new[0].uid]
    old_place = await caller(parts, (partner_of(kept), READ))
    assert moved.uid not in uids(await search(parts, old_place, Ask(q="pallet")))
    assert not await world.events("search.mismatch")
    assert shares[-1] == 1.0
    assert (await world.events(EventType.INDEX_REBUILT))[0].details["calls"] == 3
