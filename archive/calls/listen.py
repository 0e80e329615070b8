"""Last steps of the story: decide, record, then bytes.

`listen.opened` is committed before a media URL exists. Every answer to that URL carries at most one `PIECE`, and for
each one `facts` checks again that the same principal, from the same session, may still hear the call: so a
revocation takes effect at once, and what was delivered is known to a piece.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from msgspec import Struct

from archive.audit.event import Detail, Event, EventType, Object, ObjectKind
from archive.calls.access import about, acting, denial
from archive.calls.call import Call, Rendition
from archive.calls.caller import SYSTEM, Caller
from archive.calls.grounds import Grounds, check
from archive.calls.reasons import KEPT
from archive.errors import ArchiveError, Conflict, NotFound
from archive.ids import is_uuid7, uuid7
from archive.policy.actions import Action
from archive.policy.decide import may, resolve_scope
from archive.policy.scope import AllCalls
from archive.ports import Listen, Parts, Played, Work

PIECE = 256 * 1024
"""Most bytes in one answer: about 40 seconds. Socket buffers would swallow ten minutes of an unbounded one."""

LONGEST = timedelta(hours=12)
IDLE = timedelta(minutes=15)


class ListenOver(ArchiveError):
    """This listen is over. Open another one that continues it."""

    code = "listen_over"


class NotPlayable(Conflict):
    """This call can't be heard yet: its recording is still being made ready, or could not be."""

    code = "not_playable"


class Opened(Struct, frozen=True):
    listen: Listen
    call: Call


class HeardBy(Struct, frozen=True):
    """Listens of a call, newest first, and how many there are in all, by how many people and programs: those of
    `everyone`, or the reader's own."""

    call: Call
    everyone: bool
    listens: tuple[Listen, ...]
    count: int
    principals: int


async def begin(
    parts: Parts, caller: Caller, uid: str, reason: str | None = None, continues: str | None = None
) -> Opened:
    """Begin to hear a call. `continues` is a listen of one's own that ended, whose reason this one keeps.

    Raises `ReasonRequired` where somebody must say why first."""
    async with acting(parts.database, caller, Action.LISTEN, uid, EventType.LISTEN_DENIED) as (work, call):
        if call.rendition is None:
            raise NotPlayable
        earlier = await _find(work, continues) if continues else None
        if continues is None or (earlier and _may_be_continued(earlier, caller, call)):
            said = earlier.reason if earlier and await work.now() - earlier.opened_at < KEPT else None
            grounds = await check(work, caller, call, Action.LISTEN, reason, earlier=said)
            return await _open(work, caller, call, call.rendition, grounds=grounds, continues=continues)
    await _deny(parts, caller, earlier, continues)
    raise NotFound


async def _open(
    work: Work,
    caller: Caller,
    call: Call,
    rendition: Rendition,
    *,
    grounds: Grounds,
    continues: str | None,
) -> Opened:
    listen = await work.listens.add(
        call, caller.principal, caller.seat, uid=uuid7(), reason=grounds.reason, continues=continues
    )
    details: dict[str, Detail] = {
        "rendition": rendition.sha256,
        "continues": continues,
        **grounds.details,
    }
    opened = about(
        caller,
        EventType.LISTEN_OPENED,
        call,
        object=_object(listen),
        details=details,
        purpose=grounds.purpose,
    )
    await work.audit.append(opened)
    return Opened(listen, call)


async def facts(parts: Parts, caller: Caller, listen_uid: str) -> Listen:
    """An open listen of the caller's own, or `NotFound` (logged), or `ListenOver`."""
    async with parts.database.read() as work:
        listen, now = await _find(work, listen_uid), await work.now()
        allowed = listen is not None and await _may_go_on(work, caller, listen, now)
    if listen is None or not allowed:
        await _deny(parts, caller, listen, listen_uid)
        raise NotFound
    if _is_over(listen, now):
        raise ListenOver
    return listen


async def piece(parts: Parts, listen: Listen, start: int, end: int) -> bytes:
    """Bytes [start, end) of the rendition, at most `PIECE` of them, counted as delivered before they leave.

    `listen` is what `facts` gave for this very request. Raises `ListenOver` if it was closed since."""
    end = min(end, start + PIECE, listen.rendition.bytes)
    data = b"".join([chunk async for chunk in parts.blobs.read(listen.rendition.blob, start, end)])
    async with parts.database.write() as work:
        if not await work.listens.deliver(listen.id, start, start + len(data)):
            raise ListenOver
    return data


async def report(parts: Parts, caller: Caller, listen_uid: str, played: Sequence[Played]) -> None:
    """Keep what the player says it played. It is a claim, and shown as one.

    Raises `ListenOver`: a report neither revives a listen nor changes what its closing event says. So does one that
    would make it hold more than `MOST_REPORTED` intervals: another listen, which continues it, takes them.
    """
    async with _own(parts, caller, listen_uid) as (work, listen):
        over = _is_over(listen, await work.now())
        if over or not await work.listens.report(listen.id, played):
            raise ListenOver


async def close(parts: Parts, caller: Caller, listen_uid: str) -> None:
    """End one's own listen; closing it again is fine."""
    async with _own(parts, caller, listen_uid) as (work, listen):
        await seal(work, caller, listen, "closed")


async def close_abandoned(parts: Parts, limit: int = 100) -> int:
    """Close the listens that nobody came back to; how many."""
    async with parts.database.read() as work:
        abandoned = await work.listens.abandoned(IDLE, limit)
    for listen in abandoned:
        async with parts.database.write() as work:
            await seal(work, SYSTEM, listen, "abandoned")
    return len(abandoned)


async def of_call(
    parts: Parts, caller: Caller, uid: str, before: int | None = None, limit: int | None = None
) -> HeardBy:
    """Who listened to a call: everybody for those who may read the log, one's own listens for others."""
    async with parts.database.read() as work:
        everyone = may(caller.principal, Action.READ_AUDIT, await work.now())
    async with acting(parts.database, caller, Action.READ_CALL, uid) as (work, call):
        if everyone:
            await work.audit.append(about(caller, EventType.AUDIT_READ, call, details={"what": "listens"}))
        by = None if everyone else caller.principal
        listens = await work.listens.of_call(call, by, before=before, limit=limit)
        return HeardBy(call, everyone, tuple(listens), *await work.listens.count_of_call(call, by))


def delivered_seconds(listen: Listen, duration: float) -> float:
    """Seconds of sound among the bytes delivered. The rendition's bit rate is constant to a few per cent, so bytes
    stand for time; the index at its front counts as sound, which errs by less than a second a minute."""
    sent = sum(end - start for start, end in listen.delivered)
    return round(duration * sent / listen.rendition.bytes, 1)


def reported_seconds(listen: Listen) -> float:
    """Seconds of sound that the player says it played, repeats counted again."""
    return round(sum(max(0.0, played.end - played.start) for played in listen.reported), 1)


def expires_at(listen: Listen) -> datetime:
    return listen.opened_at + LONGEST


@asynccontextmanager
async def _own(parts: Parts, caller: Caller, listen_uid: str) -> AsyncIterator[tuple[Work, Listen]]:
    """One unit of work on one's own listen, open or not; on any other `NotFound`, which is logged."""
    async with parts.database.write() as work:
        listen = await _find(work, listen_uid)
        if listen and _is_callers(listen, caller):
            yield work, listen
            return
    await _deny(parts, caller, listen, listen_uid)
    raise NotFound


async def _find(work: Work, listen_uid: str) -> Listen | None:
    return await work.listens.get(listen_uid) if is_uuid7(listen_uid) else None


async def _may_go_on(work: Work, caller: Caller, listen: Listen, now: datetime) -> bool:
    """The same principal, from the same seat, who may still hear the call."""
    if not _is_callers(listen, caller):
        return False
    scope = resolve_scope(caller.principal, Action.LISTEN, now)
    return await work.calls.get(listen.call_uid, scope) is not None


def _is_callers(listen: Listen, caller: Caller) -> bool:
    return listen.principal_uid == caller.principal.uid and listen.seat == caller.seat


def _is_over(listen: Listen, now: datetime) -> bool:
    return listen.closed_at is not None or now >= min(expires_at(listen), listen.last_at + IDLE)


def _may_be_continued(earlier: Listen, caller: Caller, call: Call) -> bool:
    """By the same principal, from whichever session."""
    return earlier.principal_uid == caller.principal.uid and earlier.call_id == call.id


async def _deny(parts: Parts, caller: Caller, listen: Listen | None, listen_uid: str) -> None:
    async with parts.database.write() as work:
        await work.audit.append(
            denial(
                caller,
                EventType.LISTEN_DENIED,
                ObjectKind.LISTEN,
                listen_uid,
                _why_not(caller, listen),
                call=listen.call_uid if listen else None,
            )
        )


def _why_not(caller: Caller, listen: Listen | None) -> str:
    if listen is None:
        return "not_there"
    return "out_of_scope" if _is_callers(listen, caller) else "not_yours"


async def seal(work: Work, caller: Caller, listen: Listen, why: str) -> None:
    """Close a listen and let its event say what was delivered and reported; once."""
    if closed := await work.listens.close(listen.id):
        call = (await work.calls.select([listen.call_id], AllCalls())).get(listen.call_id)
        await work.audit.append(_closed(caller, closed, call, why))


def _closed(caller: Caller, listen: Listen, call: Call | None, why: str) -> Event:
    duration = call.duration if call and call.duration else 0.0
    return Event(
        type=EventType.LISTEN_CLOSED,
        actor=caller.actor,
        object=_object(listen),
        call=listen.call_uid,
        origin=caller.origin,
        purpose=caller.principal.purpose,
        details={
            "why": why,
            "delivered_bytes": sum(end - start for start, end in listen.delivered),
            "delivered_ms": int(delivered_seconds(listen, duration) * 1000),
            "reported_ms": int(reported_seconds(listen) * 1000),
        },
    )


def _object(listen: Listen) -> Object:
    return Object(ObjectKind.LISTEN, listen.uid)
