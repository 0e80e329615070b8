"""How a worker holds a call while it works on it, and what becomes of the call when the work goes wrong."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from archive.audit.event import EventType, Outcome
from archive.calls.access import about
from archive.calls.call import Call, Failure, State
from archive.calls.caller import SYSTEM
from archive.errors import Unavailable
from archive.ports import Parts

LEASE = timedelta(seconds=45)
"""How long a call stays with a worker that died."""

RENEW_SECONDS = 15.0
TRIES = 10
"""With the pauses between them, an outage may last about thirteen minutes before a call fails over it."""
LONGEST_PAUSE = timedelta(minutes=5)


class Again(Exception):
    """Try this call again after `delay`: a part that it needs is away."""

    def __init__(self, delay: timedelta) -> None:
        self.delay = delay
        super().__init__(f"again in {delay}")


async def take(
    parts: Parts, call_id: int, states: Collection[State], stage: State, tries: int = TRIES
) -> Call | None:
    """Claim a call for one stage. None: nothing to do here. A call that was tried too often fails for good."""
    async with parts.database.write() as work:
        call = await work.calls.claim(call_id, states, stage, LEASE)
    if call and call.attempts > tries:
        await fail(
            parts, call, Failure("gave_up", f"Tried {tries} times without getting through.", retryable=True)
        )
        return None
    return call


@asynccontextmanager
async def held(parts: Parts, call: Call, tries: int = TRIES) -> AsyncIterator[None]:
    """Renew the lease while the block works. A part that is away becomes `Again`, or in the end a failed call."""
    renewing = asyncio.create_task(_renew(parts, call))
    try:
        yield
    except Unavailable as error:
        await _give_back(parts, call, error, tries)
    except asyncio.CancelledError:  # the worker is being stopped: let another one take over at once
        with suppress(Unavailable):
            await asyncio.shield(asyncio.ensure_future(_release(parts, call)))
        raise
    finally:
        renewing.cancel()
        with suppress(asyncio.CancelledError):
            await renewing


async def fail(parts: Parts, call: Call, failure: Failure) -> None:
    async with parts.database.write() as work:
        if await work.calls.fail(call, failure) is None:
            return
        details = {"stage": call.state.value, "retryable": failure.retryable}
        await work.audit.append(
            about(
                SYSTEM,
                EventType.PROCESSING_FAILED,
                call,
                outcome=Outcome.FAILED,
                reason_code=failure.code,
                details=details,
            )
        )


async def _give_back(parts: Parts, call: Call, error: Unavailable, tries: int) -> None:
    if call.attempts >= tries:
        await fail(parts, call, Failure("unavailable", error.detail, retryable=True))
        return
    pause = min(timedelta(seconds=2.0 ** min(call.attempts, 20)), LONGEST_PAUSE)
    await _release(parts, call, pause)
    raise Again(pause) from error


async def _release(parts: Parts, call: Call, after: timedelta = timedelta(0)) -> None:
    async with parts.database.write() as work:
        await work.calls.release(call, after)


async def _renew(parts: Parts, call: Call) -> None:
    while True:
        await asyncio.sleep(RENEW_SECONDS)
        with suppress(Unavailable):  # the next renewal may get through; if not, another worker takes over
            async with parts.database.write() as work:
                await work.calls.hold(call, LEASE)
