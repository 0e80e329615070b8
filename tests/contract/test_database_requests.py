"""Requests for access, and broken glass, on both databases."""

import asyncio
from datetime import timedelta

import pytest

from archive.adapters.db.database import SqlDatabase
from archive.policy.principal import Principal
from archive.policy.scope import AllCalls
from archive.ports import About, AccessRequest, Decidable, NewRequest, RequestState
from tests.contract.making import add_person, new_grant
from tests.databases import Clock

pytestmark = pytest.mark.anyio

ANY = Decidable(AllCalls(), names=True, but=0)


async def ask(
    database: SqlDatabase, by: Principal, found: int | None = 7, *, clock: Clock, days: float = 60
) -> AccessRequest:
    new = NewRequest(
        principal_id=by.id,
        about=About.CLIENT,
        asked="Harbour Dental",
        found_id=found,
        until=clock() + timedelta(days=days),
        reason="They rang me",
    )
    async with database.write() as work:
        return await work.requests.add(new)


async def waiting(database: SqlDatabase, clock: Clock, after: int = 0, limit: int = 9) -> list[str]:
    async with database.read() as work:
        listed = await work.requests.waiting(clock(), ANY, after=after, limit=limit)
        return [one.uid for one in listed]


async def test_a_request_is_kept_as_it_was_asked(database: SqlDatabase, clock: Clock) -> None:
    jo = await add_person(database)
    request = await ask(database, jo, clock=clock)
    assert (request.by, request.principal_id, request.asked_at) == (jo.uid, jo.id, clock())
    assert (request.about, request.asked, request.found_id) == (About.CLIENT, "Harbour Dental", 7)
    assert (request.state, request.grant, request.answer) == (RequestState.WAITING, None, None)
    async with database.read() as work:
        assert await work.requests.get(request.uid) == request
        assert await work.requests.get("nobody") is None


async def test_those_that_name_something_wait_to_be_decided_oldest_first(
    database: SqlDatabase, clock: Clock
) -> None:
    jo = await add_person(database)
    first, nothing, last = [await ask(database, jo, found, clock=clock) for found in (7, None, 8)]
    assert await waiting(database, clock) == [first.uid, last.uid]
    assert await waiting(database, clock, after=first.id) == [last.uid]
    assert await waiting(database, clock, limit=1) == [first.uid]
    async with database.read() as work:
        assert await work.requests.count_waiting(jo.id, clock()) == 3
        listed = await work.requests.of(jo.id, before=None, limit=2)
        assert [one.uid for one in listed] == [last.uid, nothing.uid]
        assert [one.uid for one in await work.requests.of(jo.id, before=nothing.id, limit=2)] == [first.uid]
        assert await work.requests.of(jo.id + 1, before=None, limit=2) == []


async def test_a_request_ends_after_thirty_days_and_with_the_day_it_was_asked_for(
    database: SqlDatabase, clock: Clock
) -> None:
    jo = await add_person(database)
    long, short = await ask(database, jo, clock=clock), await ask(database, jo, clock=clock, days=2)
    clock.forward(days=2)
    assert await waiting(database, clock) == [long.uid]
    assert short.as_of(clock()).state is RequestState.NOT_ANSWERED
    clock.forward(days=28)
    assert await waiting(database, clock) == [long.uid]
    assert long.as_of(clock()).state is RequestState.WAITING
    clock.forward(seconds=1)
    assert await waiting(database, clock) == []
    assert long.as_of(clock()).state is RequestState.NOT_ANSWERED
    async with database.write() as work:
        assert await work.requests.count_waiting(jo.id, clock()) == 0
        assert not await work.requests.decide(long.id, RequestState.GRANTED, "a", None, None)


async def test_a_request_is_decided_once(database: SqlDatabase, clock: Clock) -> None:
    request = await ask(database, await add_person(database), clock=clock)

    async def decide(state: RequestState) -> bool:
        async with database.write() as work:
            return await work.requests.decide(request.id, state, "boss", "Well", "g1")

    told = await asyncio.gather(decide(RequestState.GRANTED), decide(RequestState.GRANTED))
    assert sorted(told) == [False, True]
    async with database.read() as work:
        found = await work.requests.get(request.uid)
    assert found is not None
    assert (found.state, found.decided_by, found.decided_at) == (RequestState.GRANTED, "boss", clock())
    assert (found.answer, found.grant) == ("Well", "g1")
    assert await waiting(database, clock) == []


async def test_broken_glass_is_told_until_one_has_seen_it(database: SqlDatabase, clock: Clock) -> None:
    jo = await add_person(database)
    async with database.write() as work:
        grant = await work.principals.give(jo.id, new_grant(clock, AllCalls()))
        await work.glass.broken(grant.id)
        assert (await work.glass.unseen("another"), await work.glass.unseen(jo.uid)) == (1, 0)
        assert await work.glass.see(grant.uid, "first")
        assert not await work.glass.see(grant.uid, "second")
        assert not await work.glass.see("nothing", "first")
        assert await work.glass.unseen("another") == 0
        (told,) = await work.glass.lately(clock())
    assert (told.holder.uid, told.grant, told.seen_by, told.seen_at) == (jo.uid, grant, "first", clock())


async def test_broken_glass_of_long_ago_is_listed_only_if_nobody_saw_it(
    database: SqlDatabase, clock: Clock
) -> None:
    jo = await add_person(database)
    async with database.write() as work:
        seen, unseen = [await work.principals.give(jo.id, new_grant(clock, AllCalls())) for _ in range(2)]
        await work.glass.broken(seen.id)
        await work.glass.broken(unseen.id)
        await work.glass.see(seen.uid, "somebody")
        later = clock.forward(days=31)
        assert [one.grant.uid for one in await work.glass.lately(later)] == [unseen.uid]
