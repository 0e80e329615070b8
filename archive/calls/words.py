"""Reading and replacing what was said. No event, no words."""

from archive.audit.event import Detail, EventType
from archive.calls.access import about, acting
from archive.calls.call import Call
from archive.calls.caller import Caller
from archive.calls.catalogue import owe_index, ring_index, writing
from archive.calls.grounds import check
from archive.calls.transcript import Transcript
from archive.calls.upload import add_transcript
from archive.errors import NotFound
from archive.policy.actions import Action
from archive.policy.scope import AllCalls
from archive.ports import Parts, StoredTranscript


async def read(parts: Parts, caller: Caller, uid: str, version: int | None = None) -> StoredTranscript:
    """The newest transcript, or one version. The event is committed before the words leave.

    Raises `NotFound` (code `no_transcript`) for a call that has none yet, and `ReasonRequired` where somebody must say
    why first.
    """
    async with acting(parts.database, caller, Action.READ_TRANSCRIPT, uid) as (work, call):
        found = await (
            work.transcripts.latest(call) if version is None else work.transcripts.version(call, version)
        )
        if found is None:
            raise NoTranscript
        grounds = await check(work, caller, call, Action.READ_TRANSCRIPT)
        details: dict[str, Detail] = {
            "version": found.version,
            "sha256": found.sha256,
            **grounds.details,
        }
        await work.audit.append(
            about(caller, EventType.TRANSCRIPT_READ, call, details=details, purpose=grounds.purpose)
        )
        return found


async def check_put(parts: Parts, caller: Caller, uid: str) -> None:
    """Refuse as `put` would, before the words are taken in."""
    async with acting(parts.database, caller, await writing(parts, caller, uid), uid):
        return


async def put(parts: Parts, caller: Caller, uid: str, transcript: Transcript) -> Call:
    """Add a transcript as a new version; earlier ones stay. For those who may edit or upload where the call stands."""
    async with acting(parts.database, caller, await writing(parts, caller, uid), uid) as (work, call):
        await add_transcript(work, caller, call, transcript)
        (changed,) = (await work.calls.select([call.id], AllCalls())).values()
        changed = await owe_index(work, changed)
    await ring_index(parts, changed)
    return changed


class NoTranscript(NotFound):
    """This call has no transcript yet."""

    code = "no_transcript"
