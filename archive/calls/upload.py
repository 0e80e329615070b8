"""First step of the story: a recording comes in.

The bytes are stored before the row that names them; row, event and transcript commit together; then the doorbell
rings. Whatever breaks before the commit leaves nothing but a blob that is discarded, or swept later.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Annotated

from msgspec import Meta, Struct

from archive.audit.event import Event, EventType, ObjectKind
from archive.calls.access import about, denial, log_denied, renewed, require
from archive.calls.call import Call, Consent, Direction, Kind, Participant, Recording
from archive.calls.caller import Caller
from archive.calls.closing import close_refused
from archive.calls.placing import (
    AgentGiven,
    ClientGiven,
    Name,
    Placement,
    place,
    place_agent,
    place_client,
    unknown_partner,
)
from archive.calls.transcript import Transcript
from archive.errors import Conflict, Forbidden, Invalid, TooLarge, Unavailable
from archive.ids import uuid7
from archive.policy.actions import Action
from archive.policy.decide import Reason, decide, may, resolve_scope, why_not
from archive.policy.scope import AllCalls, Scope, contains
from archive.ports import Job, NewCall, Parts, Work

Label = Annotated[str, Meta(min_length=1, max_length=60, pattern=r"\S")]
Language = Annotated[str, Meta(max_length=35, pattern="^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
"""A BCP 47 tag."""

CLOCK_SKEW = timedelta(days=1)
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
"""No recording is older. A start in the year 1 lies, west of Greenwich, in a year that no zone can show."""


class Metadata(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an uploader says about a call; only `started_at` is required."""

    started_at: datetime
    external_id: Name | None = None
    source: Name | None = None
    kind: Kind = Kind.PHONE
    direction: Direction | None = None
    partner: Name | None = None
    client: ClientGiven | None = None
    agent: AgentGiven | None = None
    team: Name | None = None
    labels: Annotated[tuple[Label, ...], Meta(max_length=50)] = ()
    channels: Annotated[tuple[Name, ...], Meta(max_length=8)] = ()
    language: Language | None = None
    note: Annotated[str, Meta(max_length=4000)] | None = None
    participants: Annotated[tuple[Participant, ...], Meta(max_length=100)] = ()
    consent: Consent = Consent.UNKNOWN


class Stored(Struct, frozen=True):
    """Bytes that no row names yet."""

    blob: str
    sha256: str
    bytes: int


class Accepted(Struct, frozen=True):
    call: Call
    created: bool


async def check(parts: Parts, caller: Caller) -> None:
    """Refuse early, before any byte is stored, whoever may upload nothing at all."""
    detail, denied = "You may not upload recordings.", EventType.CALL_DENIED
    await require(parts, caller, Action.UPLOAD, detail, denied=denied, kind=ObjectKind.CALL)


async def store(parts: Parts, chunks: AsyncIterable[bytes], limit: int) -> Stored:
    """Write a recording while hashing it. Nothing stays if the stream breaks; `TooLarge` past `limit` bytes."""
    digest = hashlib.sha256()
    blob = f"originals/{uuid7()}"
    size = await parts.blobs.write(blob, _hashed(chunks, digest, limit))
    return Stored(blob, digest.hexdigest(), size)


async def discard(parts: Parts, stored: Stored) -> None:
    """Drop bytes that became no call. Those that a call names stay: a commit may have got through although its answer
    did not. Never raises for a part that is away: the sweep of orphans drops what stays."""
    with suppress(Unavailable):
        async with parts.database.read() as work:
            named = await work.calls.named_blobs([stored.blob])
        if not named:
            await parts.blobs.delete(stored.blob)


async def accept(
    parts: Parts, caller: Caller, metadata: Metadata, stored: Stored, transcript: Transcript | None
) -> Accepted:
    """Make the stored bytes a call, or find the call that they already are.

    Raises `Invalid` (a name outside the uploader's scope or unknown, a time that can't be), `Conflict` (other bytes
    under the same external id), `Forbidden` (asked again as things stand now: the bytes may have taken hours to come
    in). The stored bytes are gone in every case but a created call.
    """
    try:
        accepted = await _accept(parts, caller, metadata, stored, transcript)
    except BaseException:
        await asyncio.shield(asyncio.ensure_future(discard(parts, stored)))
        raise
    if accepted.created:
        await parts.doorbell.ring(Job.NORMALISE, accepted.call.id)
        await parts.doorbell.ring(Job.REFRESH, accepted.call.id)
    else:
        await discard(parts, stored)
    return accepted


async def _accept(
    parts: Parts, caller: Caller, metadata: Metadata, stored: Stored, transcript: Transcript | None
) -> Accepted:
    try:
        return await _keep(parts, caller, metadata, stored, transcript)
    except Conflict:  # perhaps somebody else won the race for this external id: theirs is there by now
        return await _keep(parts, caller, metadata, stored, transcript)


async def _keep(
    parts: Parts, caller: Caller, metadata: Metadata, stored: Stored, transcript: Transcript | None
) -> Accepted:
    async with parts.database.write() as work:
        uploader = await renewed(work, caller)
        if uploader and may(uploader.principal, Action.UPLOAD, await work.now()):
            if earlier := await _earlier(work, uploader, metadata, stored):
                await _log_met(work, uploader, earlier)
                return Accepted(earlier, created=False)
            return Accepted(await _add(work, uploader, metadata, stored, transcript), created=True)
    reason = why_not(uploader.principal, Action.UPLOAD) if uploader else Reason.ENDED
    await log_denied(parts, caller, Action.UPLOAD, reason, denied=EventType.CALL_DENIED, kind=ObjectKind.CALL)
    raise Forbidden("You may no longer upload recordings.")


async def _earlier(work: Work, caller: Caller, metadata: Metadata, stored: Stored) -> Call | None:
    """The call that this external id already names. Raises `Conflict` if it has other bytes."""
    if metadata.external_id is None:
        return None
    call = await work.calls.same_upload(caller.principal.id, metadata.source, metadata.external_id)
    if call and call.recording.sha256 != stored.sha256:
        raise Conflict(
            f"external_id {metadata.external_id} already names a call with other bytes.", field="external_id"
        )
    return call


async def _log_met(work: Work, caller: Caller, earlier: Call) -> None:
    """Log who asks for a call of theirs that was moved or sealed out of their reach since."""
    decision = decide(caller.principal, Action.UPLOAD, earlier, await work.now())
    if not decision.allowed:
        details = {"action": Action.UPLOAD.value}
        refused = denial(
            caller,
            EventType.CALL_DENIED,
            ObjectKind.CALL,
            earlier.uid,
            decision.reason.value,
            details=details,
        )
        await work.audit.append(refused)


async def _add(
    work: Work, caller: Caller, metadata: Metadata, stored: Stored, transcript: Transcript | None
) -> Call:
    now = await work.now()
    check_time(metadata.started_at, now)
    scope = resolve_scope(caller.principal, Action.UPLOAD, now)
    new = await _new_call(work, scope, caller, metadata, stored, now=now)
    if not contains(scope, Placement(new.partner_id, new.team_id, new.agent_id, new.client_id)):
        raise unknown_partner(metadata.partner)
    call = await work.calls.add(new)
    await work.index_debts.owe(call.id)
    await work.audit.append(_uploaded(caller, call, stored, metadata))
    if call.sealed:
        await close_refused(work, caller, call)
    if transcript is None:
        return call
    await add_transcript(work, caller, call, transcript)
    return (await work.calls.select([call.id], AllCalls()))[call.id]  # a transcript raises the revision


async def add_transcript(work: Work, caller: Caller, call: Call, transcript: Transcript) -> None:
    kept = await work.transcripts.add(call, transcript, "imported", caller.principal)
    details = {"version": kept.version, "source": kept.source, "sha256": kept.sha256}
    await work.audit.append(about(caller, EventType.TRANSCRIPT_ADDED, call, details=details))


def _uploaded(caller: Caller, call: Call, stored: Stored, metadata: Metadata) -> Event:
    details = {
        "sha256": stored.sha256,
        "bytes": stored.bytes,
        "partner": call.partner.uid if call.partner else None,
    }
    typed = {"external_id": metadata.external_id, "source": metadata.source}
    texts = {name: value for name, value in typed.items() if value is not None}
    return about(caller, EventType.CALL_UPLOADED, call, details=details, texts=texts)


async def _new_call(
    work: Work, scope: Scope, caller: Caller, metadata: Metadata, stored: Stored, *, now: datetime
) -> NewCall:
    partner, team = await place(work, scope, metadata.partner, metadata.team)
    client = await place_client(work, scope, metadata.client)
    agent = await place_agent(work, scope, metadata.agent)
    return NewCall(
        uid=uuid7(),
        kind=metadata.kind,
        direction=metadata.direction,
        started_at=metadata.started_at,
        received_at=now,
        recording=Recording(stored.blob, stored.sha256, stored.bytes),
        registration_id=caller.principal.id,
        external_id=metadata.external_id,
        source=metadata.source,
        partner_id=partner.id if partner else None,
        client_id=client.id if client else None,
        agent_id=agent.id if agent else None,
        team_id=team.id if team else None,
        phone=metadata.client.phone if metadata.client else None,
        labels=metadata.labels,
        channels=metadata.channels,
        language=metadata.language,
        note=metadata.note,
        participants=metadata.participants,
        consent=metadata.consent,
        sealed=metadata.consent is Consent.REFUSED,
        duplicate_of=await work.calls.first_with_bytes(stored.sha256),
    )


def check_time(started_at: datetime, now: datetime) -> None:
    if started_at.tzinfo is None:
        raise Invalid("started_at needs a time zone, such as 2026-11-02T09:14:00Z.", field="started_at")
    if started_at > now + CLOCK_SKEW:
        raise Invalid("started_at lies in the future.", field="started_at")
    if started_at < EARLIEST:
        raise Invalid("started_at lies before 1900.", field="started_at")


async def _hashed(chunks: AsyncIterable[bytes], digest: "hashlib._Hash", limit: int) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"A recording may have at most {limit} bytes.")
        digest.update(chunk)
        yield chunk
