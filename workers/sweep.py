"""Repair: what a crash left half done is found in the database and rung again."""

import logging
from datetime import timedelta
from typing import Any

from archive.calls.call import State
from archive.calls.listen import close_abandoned
from archive.calls.orphans import sweep_orphans
from archive.errors import Unavailable
from archive.ports import Job, Parts

JOB_OF_STATE = {
    State.RECEIVED: Job.NORMALISE,
    State.NORMALISING: Job.NORMALISE,
    State.TRANSCRIBING: Job.TRANSCRIBE,
    State.INDEXING: Job.INDEX,
}
AT_ONCE = 500
EVERY_SECONDS = 10
BUSY = AT_ONCE // 2
"""With so many jobs waiting, what looks dropped is only waiting its turn."""

log = logging.getLogger(__name__)


async def sweep(ctx: dict[str, Any]) -> None:
    """Ring for calls in a working state that nobody holds and for what the index is owed, and close listens that
    nobody came back to."""
    parts: Parts = ctx["parts"]
    try:
        await close_abandoned(parts)
        if await parts.doorbell.depth() < BUSY:
            await _ring_again(parts)
    except Unavailable as error:
        log.warning("sweep put off: %s", error)


async def sweep_blobs(ctx: dict[str, Any]) -> None:
    """Once a day: blobs that no call names."""
    try:
        await sweep_orphans(ctx["parts"], older_than=timedelta(days=30))
    except Unavailable as error:
        log.warning("sweep of recordings put off: %s", error)


async def _ring_again(parts: Parts) -> None:
    async with parts.database.read() as work:
        due = await work.calls.due(AT_ONCE)
        owed = await work.index_debts.due(AT_ONCE)
    for call in due:
        await parts.doorbell.ring(JOB_OF_STATE[call.state], call.call_id)
    if owed:
        await parts.index.check()  # nobody can pay while the engine is away: nothing piles up in the queue
    for call_id in owed:
        await parts.doorbell.ring(Job.REFRESH, call_id)
