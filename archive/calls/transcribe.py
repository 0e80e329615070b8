"""Third step: the transcript that came with the call. Recognisers (`ports.Recogniser`) will speak up here.

A call without a transcript goes on all the same: it can be played, and is found by its metadata.
"""

from archive.calls.call import State
from archive.calls.leases import held, take
from archive.ports import Job, Parts


async def transcribe(parts: Parts, call_id: int) -> None:
    call = await take(parts, call_id, {State.TRANSCRIBING}, State.TRANSCRIBING)
    if call is None:
        return
    async with held(parts, call), parts.database.write() as work:
        await work.calls.advance(call.id, State.TRANSCRIBING, State.INDEXING)
    await parts.doorbell.ring(Job.INDEX, call.id)
