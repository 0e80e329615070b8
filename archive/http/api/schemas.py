"""What the API answers. Ids are the public ones; times are RFC 3339 UTC; durations are seconds."""

from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct

from archive.calls.call import (
    Call,
    Consent,
    Direction,
    Failure,
    Kind,
    Participant,
    State,
    TranscriptRef,
    title,
)
from archive.calls.history import ShownActor, ShownEvent, ShownObject, ShownOrigin
from archive.http.context import Context

Id = Annotated[str, Meta(description="UUIDv7")]
Time = Annotated[datetime, Meta(tz=True)]
"""RFC 3339, with its zone."""


class ClientAnswer(Struct, frozen=True):
    id: Id
    name: str
    phone: str | None
    external_id: str | None


class AgentAnswer(Struct, frozen=True):
    id: Id
    name: str
    email: str | None


class RecordingAnswer(Struct, frozen=True):
    """The original as received. The sound's facts are null until it was looked into."""

    sha256: str
    bytes: int
    container: str | None
    codec: str | None
    channels: int | None
    sample_rate: int | None


class RenditionAnswer(Struct, frozen=True):
    """What listeners hear."""

    sha256: str
    bytes: int
    content_type: str


class CallAnswer(Struct, frozen=True, kw_only=True):
    """A call. Partner and team stand by name, as in the metadata of an upload, and by id beside it."""

    id: Id
    url: str
    title: str
    kind: Kind
    direction: Direction | None
    started_at: Time
    external_id: str | None
    source: str | None
    partner: str | None
    partner_id: Id | None
    client: ClientAnswer | None
    agent: AgentAnswer | None
    team: str | None
    team_id: Id | None
    labels: tuple[str, ...]
    channels: tuple[str, ...]
    language: str | None
    note: str | None
    participants: tuple[Participant, ...]
    consent: Consent
    sealed: bool
    state: State
    failure: Failure | None
    playable: bool
    duration: float | None
    recording: RecordingAnswer
    rendition: RenditionAnswer | None
    transcript: TranscriptRef | None
    duplicate_of: Id | None
    created_at: Time
    etag: str


class CallPage(Struct, frozen=True):
    """`next` is the cursor of the next page; null on the last."""

    items: tuple[CallAnswer, ...]
    next: str | None


class EventAnswer(Struct, frozen=True):
    """An event of the log. `leaf` is its number in the log; null until sequenced."""

    id: Id
    time: Time
    type: str
    actor: ShownActor
    on_behalf_of: ShownActor | None
    object: ShownObject
    call: str | None
    outcome: str
    reason_code: str | None
    origin: ShownOrigin
    purpose: str | None
    details: dict[str, Any]
    leaf: int | None


class EventPage(Struct, frozen=True):
    items: tuple[EventAnswer, ...]
    next: str | None


def call_answer(context: Context, call: Call) -> CallAnswer:
    recording, rendition = call.recording, call.rendition
    return CallAnswer(
        id=call.uid,
        url=context.link(f"/calls/{call.uid}"),
        title=title(call, _local(context, call.started_at)),
        kind=call.kind,
        direction=call.direction,
        started_at=call.started_at,
        external_id=call.external_id,
        source=call.source,
        partner=call.partner.name if call.partner else None,
        partner_id=call.partner.uid if call.partner else None,
        client=_client(call),
        agent=_agent(call),
        team=call.team.name if call.team else None,
        team_id=call.team.uid if call.team else None,
        labels=call.labels,
        channels=call.channels,
        language=call.language,
        note=call.note,
        participants=call.participants,
        consent=call.consent,
        sealed=call.sealed,
        state=call.state,
        failure=call.failure,
        playable=call.playable,
        duration=call.duration,
        recording=RecordingAnswer(
            recording.sha256,
            recording.bytes,
            recording.container,
            recording.codec,
            recording.channels,
            recording.sample_rate,
        ),
        rendition=RenditionAnswer(rendition.sha256, rendition.bytes, rendition.content_type)
        if rendition
        else None,
        transcript=call.transcript,
        duplicate_of=call.duplicate_of,
        created_at=call.received_at,
        etag=call.etag,
    )


def event_answer(event: ShownEvent) -> EventAnswer:
    return EventAnswer(
        id=event.id,
        time=event.time,
        type=event.type,
        actor=event.actor,
        on_behalf_of=event.on_behalf_of,
        object=event.object,
        call=event.call,
        outcome=event.outcome,
        reason_code=event.reason_code,
        origin=event.origin,
        purpose=event.purpose,
        details=dict(event.details),
        leaf=event.leaf,
    )


def _client(call: Call) -> ClientAnswer | None:
    if client := call.client:
        return ClientAnswer(client.uid, client.name, client.phone, client.external_id)
    return None


def _agent(call: Call) -> AgentAnswer | None:
    if agent := call.agent:
        return AgentAnswer(agent.uid, agent.name, agent.email)
    return None


def _local(context: Context, time: datetime) -> str:
    """`2 Nov 2026, 09:14`, in the archive's own zone."""
    local = time.astimezone(ZoneInfo(context.settings.time_zone))
    return f"{local.day} {local:%b %Y, %H:%M}"
