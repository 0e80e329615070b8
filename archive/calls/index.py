"""Fourth step: make a call findable.

What the index holds of a call follows the database, in whatever order jobs run. Every change owes it a look: the debt
stands in the database until it is paid, so no lost ring leaves the index behind."""

from collections.abc import AsyncIterator

from msgspec import Struct

from archive.audit.event import Event, EventType, Object, ObjectKind
from archive.calls.call import Call, State
from archive.calls.caller import Caller
from archive.calls.documents import CallDocument, document
from archive.calls.leases import LEASE, held, take
from archive.policy.scope import AllCalls
from archive.ports import IndexRebuild, Parts, Progress, Work

TRIES = 50
"""An engine may be away for hours before a call fails over it: the call can be heard meanwhile."""
BATCH = 100


async def refresh(parts: Parts, call_id: int) -> None:
    """Let the index hold what is known of a call now, nothing of a deleted one, and pay what it was owed.

    Raises `Unavailable` when the engine is away."""
    async with parts.database.read() as work:
        debts = await work.index_debts.of_call(call_id)
    await _bring_up_to_date(parts, call_id)
    if debts:
        async with parts.database.write() as work:
            await work.index_debts.pay(debts)


async def index_call(parts: Parts, call_id: int) -> None:
    """Index a call's words, after which it is ready. Running twice does no harm."""
    call = await take(parts, call_id, {State.INDEXING}, State.INDEXING, TRIES)
    if call is None:
        return
    async with held(parts, call, TRIES):
        while not await _settle(parts, call):
            pass


async def reindex(parts: Parts, caller: Caller, progress: Progress) -> int:
    """Build the index anew beside the one in use; how many calls it holds. Calls may come, change and go meanwhile."""
    done: dict[int, _Facts] = {}
    async with parts.database.read() as work:
        total = sum((await work.calls.by_state()).values())
    async with parts.index.rebuild() as rebuild:
        async for ids in _batches(parts):
            done |= await _put_batch(parts, rebuild, ids)
            progress(min(len(done) / max(total, 1), 1.0))
    await _catch_up(parts, done)
    async with parts.database.write() as work:
        await work.audit.append(_rebuilt(caller, len(done)))
    return len(done)


class _Facts(Struct, frozen=True):
    """What of a call its documents were built from: while it stays the same, they need no rebuilding."""

    names: CallDocument
    transcript: int | None


async def _settle(parts: Parts, call: Call) -> bool:
    """Index the call, then make it ready unless a change owes the index something again. Holding locks the call: a
    change either is seen here, or waits, finds the call ready and makes it `indexing` anew."""
    await refresh(parts, call.id)
    async with parts.database.write() as work:
        if await work.calls.hold(call, LEASE):
            if await work.index_debts.of_call(call.id):
                return False
            await work.calls.advance(call.id, State.INDEXING, State.READY)
        return True


async def _bring_up_to_date(parts: Parts, call_id: int) -> None:
    """Put the call as the database has it, or remove it, until nothing changed meanwhile.

    Whoever writes last looks last: so of two jobs at once, an older state can't stay in the index."""
    known: _Facts | None = None
    while True:
        async with parts.database.read() as work:
            call = await _call(work, call_id)
            if call and _facts(call) == known:
                return
            stored = await work.transcripts.latest(call) if call else None
        if call is None:
            await parts.index.remove([call_id])
            return
        await parts.index.put([document(call, stored.transcript if stored else None)])
        known = _facts(call)


async def _call(work: Work, call_id: int) -> Call | None:
    return (await work.calls.select([call_id], AllCalls())).get(call_id)


async def _batches(parts: Parts) -> AsyncIterator[list[int]]:
    last = 0
    while True:
        async with parts.database.read() as work:
            ids = await work.calls.ids(last, BATCH)
        if not ids:
            return
        yield ids
        last = ids[-1]


async def _put_batch(parts: Parts, rebuild: IndexRebuild, ids: list[int]) -> dict[int, _Facts]:
    async with parts.database.read() as work:
        calls = await work.calls.select(ids, AllCalls())
        transcripts = await work.transcripts.latest_of(calls.values())
    await rebuild.put([document(call, transcripts.get(call.id)) for call in calls.values()])
    return {call.id: _facts(call) for call in calls.values()}


async def _catch_up(parts: Parts, done: dict[int, _Facts]) -> None:
    """Bring what changed during the rebuild into the new index."""
    gone = set(done)
    async for ids in _batches(parts):
        async with parts.database.read() as work:
            calls = await work.calls.select(ids, AllCalls())
        gone -= calls.keys()
        for call in calls.values():
            if done.get(call.id) != _facts(call):
                await refresh(parts, call.id)
    if gone:
        await parts.index.remove(gone)


def _facts(call: Call) -> _Facts:
    return _Facts(document(call, None), call.transcript.version if call.transcript else None)


def _rebuilt(caller: Caller, calls: int) -> Event:
    return Event(
        type=EventType.INDEX_REBUILT,
        actor=caller.actor,
        object=Object(ObjectKind.ARCHIVE),
        origin=caller.origin,
        purpose=caller.principal.purpose,
        details={"calls": calls},
    )
