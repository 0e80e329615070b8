"""A call, its recording, and the states it passes through."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from archive.errors import Conflict


class Kind(StrEnum):
    PHONE = "phone"
    VOICEMAIL = "voicemail"
    MEETING = "meeting"


class Direction(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"


class Consent(StrEnum):
    """Whether the people on the call agreed to being recorded. A refusal seals the call."""

    ANNOUNCED = "announced"
    AGREED = "agreed"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class State(StrEnum):
    RECEIVED = "received"
    NORMALISING = "normalising"
    TRANSCRIBING = "transcribing"
    INDEXING = "indexing"
    READY = "ready"
    FAILED = "failed"


WORKING = (State.RECEIVED, State.NORMALISING, State.TRANSCRIBING, State.INDEXING)
"""States in which the archive still owes the call work."""

TRANSITIONS: dict[State, frozenset[State]] = {
    State.RECEIVED: frozenset({State.NORMALISING, State.FAILED}),
    State.NORMALISING: frozenset({State.TRANSCRIBING, State.FAILED}),
    State.TRANSCRIBING: frozenset({State.INDEXING, State.FAILED}),
    State.INDEXING: frozenset({State.READY, State.FAILED}),
    State.READY: frozenset({State.INDEXING}),  # edited, or a new transcript
    State.FAILED: frozenset({State.RECEIVED}),  # tried again
}


def check_transition(old: State, new: State) -> None:
    if new not in TRANSITIONS[old]:
        raise Conflict(f"A call that is {old} can't become {new}.")


class Failure(Struct, frozen=True):
    """Why a call is `failed`: a stable code, a sentence for people, and whether trying again can help."""

    code: str
    detail: str
    retryable: bool


class Named(Struct, frozen=True):
    """A partner, client, agent or team, as a call shows it."""

    id: int
    uid: str
    name: str


class ClientRef(Struct, frozen=True):
    id: int
    uid: str
    name: str
    phone: str | None = None
    external_id: str | None = None


class AgentRef(Struct, frozen=True):
    id: int
    uid: str
    name: str
    email: str | None = None


class Participant(Struct, frozen=True, omit_defaults=True):
    """Somebody on the call; `joined` and `left` in seconds from its start."""

    name: str
    side: str | None = None
    joined: float | None = None
    left: float | None = None


class Recording(Struct, frozen=True):
    """The original, exactly as received. The four facts of the sound are None until it was probed."""

    blob: str
    sha256: str
    bytes: int
    container: str | None = None
    codec: str | None = None
    channels: int | None = None
    sample_rate: int | None = None


class Rendition(Struct, frozen=True):
    """What listeners hear. `engine` names the pipeline that made it; `waveform` is the blob of its peaks."""

    blob: str
    sha256: str
    bytes: int
    content_type: str
    engine: str
    waveform: str


class TranscriptRef(Struct, frozen=True):
    """The newest transcript: its version (from 1) and where it came from, such as `imported`."""

    version: int
    source: str


class Call(Struct, frozen=True):
    """One conversation. `duration` is seconds, None until normalised; `client.phone` is the number as given.

    `revision` rises with each edit and new transcript, and makes the ETag. `attempts` counts tries of its state.
    """

    id: int
    uid: str
    kind: Kind
    direction: Direction | None
    started_at: datetime
    received_at: datetime
    state: State
    recording: Recording
    registration_id: int
    external_id: str | None = None
    source: str | None = None
    partner: Named | None = None
    client: ClientRef | None = None
    agent: AgentRef | None = None
    team: Named | None = None
    labels: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    language: str | None = None
    note: str | None = None
    participants: tuple[Participant, ...] = ()
    consent: Consent = Consent.UNKNOWN
    sealed: bool = False
    duration: float | None = None
    rendition: Rendition | None = None
    transcript: TranscriptRef | None = None
    failure: Failure | None = None
    duplicate_of: str | None = None
    attempts: int = 0
    revision: int = 1

    @property
    def playable(self) -> bool:
        return self.rendition is not None

    @property
    def partner_id(self) -> int | None:
        return self.partner.id if self.partner else None

    @property
    def team_id(self) -> int | None:
        return self.team.id if self.team else None

    @property
    def client_id(self) -> int | None:
        return self.client.id if self.client else None

    @property
    def agent_id(self) -> int | None:
        return self.agent.id if self.agent else None

    @property
    def etag(self) -> str:
        return f'"{self.revision}"'


def title(call: Call, local_start: str) -> str:
    """Client - partner, start: what pages, tabs and lists call it. `local_start` is the formatted time."""
    who = call.client.name if call.client else "Unknown caller"
    return f"{who} - {call.partner.name if call.partner else 'unassigned'}, {local_start}"
