"""A call as columns: what is written of it, and what is made of a row."""

from collections.abc import Callable
from typing import Any, TypeVar

from msgspec import UNSET, Struct
from sqlalchemy import Row

from archive.adapters.db.words import reversed_digits, words
from archive.calls.call import (
    AgentRef,
    Call,
    ClientRef,
    Failure,
    Named,
    Recording,
    Rendition,
    State,
    TranscriptRef,
)
from archive.ports import CallChanges, NewCall

Name = TypeVar("Name", Named, ClientRef, AgentRef)

NO_FAILURE = {"failure_code": None, "failure_detail": None, "failure_retryable": None}

_PLACE = ("partner_id", "client_id", "agent_id", "team_id")
_SAME_NAME = (*_PLACE, "kind", "direction", "started_at", "channels", "language", "consent", "sealed")
_RECORDING = ("blob", "sha256", "bytes", "container", "codec", "sample_rate")


def new_values(call: NewCall) -> dict[str, Any]:
    return {
        **_pick(call, *_SAME_NAME),
        **_pick(call, "uid", "received_at", "registration_id", "external_id", "participants", "duplicate_of"),
        **_note(call.note),
        **_phone(call.phone),
        **_recording(call.recording),
        "source": call.source or "",
        "words": words(*(participant.name for participant in call.participants), call.external_id),
        "state": State.RECEIVED,
        "attempts": 0,
        "revision": 1,
    }


def changed_values(changes: CallChanges) -> dict[str, Any]:
    """The columns that `changes` sets; labels and the analysis have tables of their own."""
    values = _pick(changes, *_SAME_NAME, "duration")
    for name, columns in _CHANGES.items():
        if (value := getattr(changes, name)) is not UNSET:
            values |= columns(value)
    return values


def failure_values(failure: Failure) -> dict[str, Any]:
    return {
        "failure_code": failure.code,
        "failure_detail": failure.detail,
        "failure_retryable": failure.retryable,
    }


def call_from(row: Row[Any], labels: tuple[str, ...]) -> Call:
    """`row` is of `readable`; `labels` in the order in which they were given."""
    return Call(
        id=row.id,
        uid=row.uid,
        kind=row.kind,
        direction=row.direction,
        started_at=row.started_at,
        received_at=row.received_at,
        state=row.state,
        recording=_recording_from(row),
        registration_id=row.registration_id,
        external_id=row.external_id,
        source=row.source or None,
        partner=_named(Named, row, "partner"),
        client=_named(ClientRef, row, "client", phone=row.phone, external_id=row.client_external_id),
        agent=_named(AgentRef, row, "agent", email=row.agent_email),
        team=_named(Named, row, "team"),
        labels=labels,
        channels=row.channels,
        language=row.language,
        note=row.note,
        participants=row.participants,
        consent=row.consent,
        sealed=row.sealed,
        duration=row.duration,
        rendition=row.rendition,
        transcript=_transcript_from(row),
        failure=_failure_from(row),
        duplicate_of=row.duplicate_uid,
        attempts=row.attempts,
        revision=row.revision,
    )


def _pick(struct: Struct, *names: str) -> dict[str, Any]:
    return {name: value for name in names if (value := getattr(struct, name)) is not UNSET}


def _note(note: str | None) -> dict[str, Any]:
    return {"note": note, "note_words": words(note)}


def _phone(phone: str | None) -> dict[str, Any]:
    return {"phone": phone, "phone_reversed": reversed_digits(phone)}


def _recording(recording: Recording) -> dict[str, Any]:
    return {**_pick(recording, *_RECORDING), "sound_channels": recording.channels}


def _rendition(rendition: Rendition) -> dict[str, Any]:
    return {"rendition": rendition, "rendition_blob": rendition.blob, "waveform_blob": rendition.waveform}


_CHANGES: dict[str, Callable[[Any], dict[str, Any]]] = {
    "note": _note,
    "phone": _phone,
    "recording": _recording,
    "rendition": _rendition,
}


def _recording_from(row: Row[Any]) -> Recording:
    return Recording(channels=row.sound_channels, **{name: getattr(row, name) for name in _RECORDING})


def _named(kind: type[Name], row: Row[Any], name: str, **more: Any) -> Name | None:
    if getattr(row, f"{name}_id") is None:
        return None
    return kind(
        id=getattr(row, f"{name}_id"),
        uid=getattr(row, f"{name}_uid"),
        name=getattr(row, f"{name}_name"),
        **more,
    )


def _transcript_from(row: Row[Any]) -> TranscriptRef | None:
    return TranscriptRef(row.transcript_version, row.transcript_source) if row.transcript_version else None


def _failure_from(row: Row[Any]) -> Failure | None:
    if row.failure_code is None:
        return None
    return Failure(row.failure_code, row.failure_detail, row.failure_retryable)
