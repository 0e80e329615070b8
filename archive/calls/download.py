"""Taking a recording away: one event before the first byte, one after the last, and the grant asked again between."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from enum import StrEnum

from msgspec import Struct

from archive.audit.event import Detail, EventType, Outcome
from archive.calls.access import about, acting, reach, reading, renewed
from archive.calls.call import Call, Rendition
from archive.calls.caller import Caller
from archive.calls.grounds import check
from archive.calls.listen import NotPlayable
from archive.errors import Conflict, Forbidden
from archive.policy.actions import Action
from archive.ports import Parts

RECHECK_SECONDS = 5.0
"""A download in flight ends this soon after its person, its grant, its session or token, or the call is gone (15 s
are promised)."""


class What(StrEnum):
    ORIGINAL = "original"
    RENDITION = "rendition"


class File(Struct, frozen=True):
    """A file that may be taken away. `blob` is where its bytes are; it never leaves the archive."""

    call: Call
    what: What
    blob: str
    sha256: str
    bytes: int
    content_type: str
    name: str


async def look(parts: Parts, caller: Caller, uid: str, what: What) -> File:
    """The file's facts, for HEAD and for working out a range. Nothing is delivered: only a denial is logged."""
    return _file(await reading(parts.database, caller, Action.DOWNLOAD, uid), what)


async def begin(parts: Parts, caller: Caller, file: File, start: int, end: int) -> AsyncIterator[bytes]:
    """Bytes [start, end) of the file as the call then has it, once the download stands in the log.

    Raises `ReasonRequired` where somebody must say why first, and `Conflict` where `file` was looked at before it was
    made anew: another length and digest were told."""
    details: dict[str, Detail] = {"what": file.what.value, "sha256": file.sha256, "start": start, "end": end}
    async with acting(parts.database, caller, Action.DOWNLOAD, file.call.uid) as (work, call):
        current = _file(call, file.what)
        if current.sha256 != file.sha256:
            raise Conflict("This recording was made anew just now. Ask for it again.")
        grounds = await check(work, caller, call, Action.DOWNLOAD)
        event = about(
            caller,
            EventType.RECORDING_DOWNLOADED,
            call,
            details={**details, **grounds.details},
            purpose=grounds.purpose,
        )
        await work.audit.append(event)
    delivered = _deliver(parts, caller, current, start, end)
    # Asked for now, so that a store that is away is a plain refusal and not an answer that breaks off.
    return _going_on(await anext(delivered, b""), delivered)


async def _going_on(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    async with aclosing(rest):
        yield first
        async for chunk in rest:
            yield chunk


async def _deliver(
    parts: Parts, caller: Caller, file: File, start: int, end: int
) -> AsyncGenerator[bytes, None]:
    sent, outcome = 0, Outcome.FAILED
    clock = asyncio.get_running_loop().time
    checked = clock()
    try:
        async for chunk in parts.blobs.read(file.blob, start, end):
            if clock() - checked >= RECHECK_SECONDS:
                await _check_again(parts, caller, file.call.uid)
                checked = clock()
            sent += len(chunk)  # before it leaves: the log may tell a piece too much, never one too little
            yield chunk
        outcome = Outcome.ALLOWED
    except Forbidden:
        outcome = Outcome.DENIED
        raise
    finally:
        # A listener who leaves cancels every await in here but a shielded one.
        await asyncio.shield(asyncio.ensure_future(_delivered(parts, caller, file, sent, outcome)))


async def _check_again(parts: Parts, caller: Caller, uid: str) -> None:
    async with parts.database.read() as work:
        still = await renewed(work, caller)
        if still is None or await reach(work, still, Action.DOWNLOAD, uid) is None:
            raise Forbidden("This download was ended: it is no longer yours to take.")


async def _delivered(parts: Parts, caller: Caller, file: File, sent: int, outcome: Outcome) -> None:
    details: dict[str, Detail] = {"what": file.what.value, "bytes": sent}
    async with parts.database.write() as work:
        await work.audit.append(
            about(caller, EventType.RECORDING_DELIVERED, file.call, details=details, outcome=outcome)
        )


def _file(call: Call, what: What) -> File:
    if what is What.ORIGINAL:
        kept = call.recording
        return File(
            call, what, kept.blob, kept.sha256, kept.bytes, "application/octet-stream", f"{call.uid}.original"
        )
    if call.rendition is None:
        raise NotPlayable
    return _rendition_file(call, call.rendition)


def _rendition_file(call: Call, made: Rendition) -> File:
    return File(
        call, What.RENDITION, made.blob, made.sha256, made.bytes, made.content_type, f"{call.uid}.m4a"
    )
