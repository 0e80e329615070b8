"""Listens: what was delivered is merged, what was reported is kept, and both survive players that ask in parallel."""

import asyncio
from datetime import timedelta

import pytest

from archive.adapters.db.database import SqlDatabase
from archive.adapters.db.listens import merged
from archive.ports import MOST_REPORTED, Listen, Played
from tests.contract.making import RENDITION, START, add_person, add_playable
from tests.databases import Clock

pytestmark = pytest.mark.anyio
PLAYED = Played(0.0, 9.5, START, 10.0, rate=1.5, muted=True, visible=False)


async def open_listen(database: SqlDatabase, uid: str = "l1") -> Listen:
    call, person = await add_playable(database), await add_person(database, f"{uid}@example.com")
    async with database.write() as work:
        return await work.listens.add(call, person, "seat", uid=uid, reason="case 7", continues=None)


async def fresh(database: SqlDatabase, listen: Listen) -> Listen:
    async with database.read() as work:
        found = await work.listens.get(listen.uid)
    assert found is not None
    return found


async def closed(database: SqlDatabase, listen: Listen) -> Listen:
    async with database.write() as work:
        sealed = await work.listens.close(listen.id)
    assert sealed is not None
    return sealed


async def test_a_listen_comes_back_as_it_was_opened(database: SqlDatabase, clock: Clock) -> None:
    call, person = await add_playable(database), await add_person(database)
    async with database.write() as work:
        listen = await work.listens.add(call, person, "seat", uid="l1", reason="case 7", continues="l0")
        assert await work.listens.get("l1") == listen
        assert await work.listens.get("l2") is None
    assert (listen.call_id, listen.call_uid, listen.principal_uid) == (call.id, call.uid, person.uid)
    assert (listen.seat, listen.reason, listen.continues) == ("seat", "case 7", "l0")
    assert (listen.opened_at, listen.last_at, listen.closed_at) == (clock(), clock(), None)
    assert (listen.rendition, listen.delivered, listen.reported) == (RENDITION, (), ())


async def test_delivering_merges_and_freshens(database: SqlDatabase, clock: Clock) -> None:
    listen = await open_listen(database)
    now = clock.forward(minutes=1)
    async with database.write() as work:
        for start, end in ((0, 100), (300, 400), (100, 150), (350, 500)):
            await work.listens.deliver(listen.id, start, end)
        assert not await work.listens.deliver(999, 0, 1)  # a deleted call's: nothing to keep it in
    after = await fresh(database, listen)
    assert (after.delivered, after.last_at) == (((0, 150), (300, 500)), now)


async def test_no_piece_delivered_at_once_with_others_is_lost(database: SqlDatabase) -> None:
    listen = await open_listen(database)

    async def deliver(piece: int) -> None:
        async with database.write() as work:
            await work.listens.deliver(listen.id, piece * 10, piece * 10 + 5)

    await asyncio.gather(*(deliver(piece) for piece in range(8)))
    assert (await fresh(database, listen)).delivered == tuple((at, at + 5) for at in range(0, 80, 10))


async def test_reports_are_kept_in_order_and_come_with_the_end(database: SqlDatabase) -> None:
    listen, other = await open_listen(database), await open_listen(database, "l2")
    again = Played(9.5, 12.0, START, 2.5)
    async with database.write() as work:
        await work.listens.report(listen.id, [PLAYED])
        await work.listens.report(other.id, [again])
        await work.listens.report(listen.id, [again, PLAYED])
    assert (await fresh(database, listen)).reported == ()
    assert (await closed(database, listen)).reported == (PLAYED, again, PLAYED)


async def test_a_listen_holds_a_bounded_number_of_intervals(database: SqlDatabase, clock: Clock) -> None:
    listen = await open_listen(database)
    async with database.write() as work:
        assert await work.listens.report(listen.id, [PLAYED] * (MOST_REPORTED - 1))
        before = clock()
        clock.forward(minutes=1)
        assert not await work.listens.report(listen.id, [PLAYED, PLAYED])
    assert (await fresh(database, listen)).last_at == before
    async with database.write() as work:
        assert await work.listens.report(listen.id, [PLAYED])
    assert len((await closed(database, listen)).reported) == MOST_REPORTED


async def test_nothing_is_added_to_a_closed_listen(database: SqlDatabase) -> None:
    listen = await open_listen(database)
    async with database.write() as work:
        sealed = await work.listens.close(listen.id)
        assert not await work.listens.deliver(listen.id, 0, 9)
        assert not await work.listens.report(listen.id, [PLAYED])
        assert await work.listens.get(listen.uid) == sealed


async def test_a_listen_closes_once(database: SqlDatabase, clock: Clock) -> None:
    listen = await open_listen(database)
    async with database.write() as work:
        sealed = await work.listens.close(listen.id)
        assert await work.listens.close(listen.id) is None
    assert sealed is not None
    assert sealed.closed_at == clock()


async def test_abandoned_are_those_left_open_and_idle(database: SqlDatabase, clock: Clock) -> None:
    idle, active, over = [await open_listen(database, uid) for uid in ("l1", "l2", "l3")]
    clock.forward(minutes=15)
    async with database.write() as work:
        await work.listens.close(over.id)
        await work.listens.deliver(active.id, 0, 1)
        assert await work.listens.abandoned(timedelta(minutes=15), 9) == [idle]
        assert await work.listens.abandoned(timedelta(minutes=15, seconds=1), 9) == []


async def test_a_call_tells_which_listens_nobody_closed(database: SqlDatabase) -> None:
    call, other, jo = await add_playable(database), await add_playable(database), await add_person(database)
    async with database.write() as work:
        over, first, second, _ = [
            await work.listens.add(heard, jo, "s", uid=uid, reason=None, continues=None)
            for uid, heard in (("a", call), ("b", call), ("c", call), ("d", other))
        ]
        await work.listens.close(over.id)
        assert await work.listens.open_of(call, 9) == [first, second]
        assert await work.listens.open_of(call, 1) == [first]


async def test_a_call_tells_who_listened_newest_first(database: SqlDatabase) -> None:
    call = await add_playable(database)
    jo, bo = await add_person(database), await add_person(database, "bo@example.com")
    async with database.write() as work:
        first, second, third = [
            await work.listens.add(call, person, "s", uid=uid, reason=None, continues=None)
            for uid, person in (("a", jo), ("b", bo), ("c", jo))
        ]
        assert await work.listens.of_call(call) == [third, second, first]
        assert await work.listens.of_call(call, jo) == [third, first]
        assert await work.listens.of_call(call, limit=2) == [third, second]
        assert await work.listens.of_call(call, before=second.id, limit=2) == [first]
        assert await work.listens.of_call(call, jo, before=third.id, limit=2) == [first]
        assert await work.listens.count_of_call(call) == (3, 2)
        assert await work.listens.count_of_call(call, jo) == (2, 1)
    other = await add_playable(database)
    async with database.read() as work:
        assert await work.listens.of_call(other) == []
        assert await work.listens.count_of_call(other) == (0, 0)


@pytest.mark.parametrize(
    ("ranges", "new", "whole"),
    [
        ((), (3, 5), ((3, 5),)),
        (((3, 5),), (4, 4), ((3, 5),)),
        (((3, 5),), (0, 3), ((0, 5),)),
        (((3, 5),), (0, 2), ((0, 2), (3, 5))),
        (((0, 2), (3, 5), (9, 10)), (1, 8), ((0, 8), (9, 10))),
        (((0, 9),), (2, 3), ((0, 9),)),
    ],
)
def test_ranges_merge(
    ranges: tuple[tuple[int, int], ...], new: tuple[int, int], whole: tuple[tuple[int, int], ...]
) -> None:
    assert merged(ranges, *new) == whole
