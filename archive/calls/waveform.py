"""The shape of a call's sound. It tells no word, so seeing it is part of seeing the call."""

from archive.calls.access import reading
from archive.calls.caller import Caller
from archive.calls.listen import NotPlayable
from archive.policy.actions import Action
from archive.ports import Parts


async def waveform(parts: Parts, caller: Caller, uid: str) -> bytes:
    """Peaks as audiowaveform JSON. Raises `NotPlayable` before the call was normalised."""
    call = await reading(parts.database, caller, Action.READ_CALL, uid)
    if call.rendition is None:
        raise NotPlayable
    return b"".join([chunk async for chunk in parts.blobs.read(call.rendition.waveform)])
