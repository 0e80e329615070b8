"""Threads that wait for the database: one thing at a time, in order, to its end, whatever becomes of who asked."""

import asyncio
import threading

import pytest

from archive.adapters.db.threads import Thread, Threads
from archive.errors import Unavailable

pytestmark = pytest.mark.anyio

PATIENT = 60.0


def nothing() -> None: ...


async def turns(number: int = 3) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def test_it_gives_back_what_the_work_returned_or_raised() -> None:
    thread = Thread()
    assert await thread.do(threading.current_thread) is not threading.current_thread()
    with pytest.raises(ZeroDivisionError):
        await thread.do(lambda: 1 / 0)
    thread.end()


async def test_work_runs_to_its_end_before_a_cancellation_counts() -> None:
    thread, may_end, ended = Thread(), threading.Event(), threading.Event()

    def work() -> None:
        may_end.wait()
        ended.set()

    asking = asyncio.create_task(thread.do(work))
    for _ in range(3):
        await turns()
        asking.cancel()
    assert not asking.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert ended.is_set()
    thread.end()


def test_it_outlives_the_event_loop_that_was_closed_on_it() -> None:
    thread, may_end = Thread(), threading.Event()
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)  # a task destroyed while it waits: that is what happens here
    asking = loop.create_task(thread.do(may_end.wait))
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    del asking
    may_end.set()
    assert asyncio.run(thread.do(lambda: "still there")) == "still there"
    thread.end()


async def test_whoever_comes_when_all_are_taken_waits_in_order() -> None:
    threads, came = Threads(1, PATIENT), list[int]()

    async def come(number: int) -> None:
        async with threads.one():
            came.append(number)
            await turns()

    await asyncio.gather(*(come(number) for number in range(5)))
    assert came == [0, 1, 2, 3, 4]


async def test_who_waited_too_long_hears_that_the_database_is_busy() -> None:
    threads = Threads(1, 0)
    async with threads.one():
        with pytest.raises(Unavailable, match="busy"):
            await _take(threads)
    await _take(threads)
    await threads.close(nothing)


@pytest.mark.parametrize("late", [False, True], ids=["while it waits", "when its turn has just come"])
async def test_who_goes_away_takes_nobodys_turn(late: bool) -> None:
    threads = Threads(1, PATIENT)
    async with threads.one():
        first, second = (asyncio.create_task(_take(threads)) for _ in range(2))
        await turns()
        if not late:
            first.cancel()
            await turns()
    first.cancel()
    await second
    assert first.cancelled()
    await threads.close(nothing)


def test_it_serves_one_event_loop_after_another() -> None:
    threads = Threads(1, PATIENT)

    async def contend() -> None:
        await asyncio.gather(*(_take(threads) for _ in range(3)))

    asyncio.run(contend())
    asyncio.run(contend())
    asyncio.run(threads.close(nothing))


async def test_closing_waits_for_whoever_is_at_work_and_leaves_no_thread() -> None:
    before, threads, order = set(threading.enumerate()), Threads(2, PATIENT), list[str]()

    async def work() -> None:
        async with threads.one() as thread:
            await thread.do(nothing)
            await turns()
            await thread.do(lambda: order.append("worked"))

    working = asyncio.create_task(work())
    await turns(1)
    await threads.close(lambda: order.append("last"))
    await working
    assert order == ["worked", "last"]
    assert "database" not in {thread.name for thread in set(threading.enumerate()) - before}


async def _take(threads: Threads) -> None:
    async with threads.one() as thread:
        await thread.do(nothing)
