"""The demo's calls as written down: cast.toml says who speaks, dialogues/*.toml what is said and when."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Annotated

import msgspec

from archive.calls.call import Consent, Direction, Kind

Text = Annotated[str, msgspec.Meta(min_length=1)]


class DemoContentError(Exception):
    """A file of the demo's content is wrong; the message names the file and what to mend."""


class Side(StrEnum):
    AGENT = "agent"
    CLIENT = "client"


class Format(StrEnum):
    """The container and codec a recording arrives in."""

    MULAW = "mulaw"
    PCM = "pcm"
    MP3 = "mp3"
    M4A = "m4a"
    OPUS = "opus"


class TranscriptFormat(StrEnum):
    """How the transcript is delivered with the recording, if it is."""

    JSON = "json"
    VTT = "vtt"
    SRT = "srt"
    TEXT = "text"
    NONE = "none"


class Sound(StrEnum):
    """What a line in brackets plays: a ringing tone, a voicemail's beep, music on hold, or nothing."""

    RING = "ring"
    BEEP = "beep"
    HOLD = "hold"
    PAUSE = "pause"


class Voice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An espeak-ng voice: its variant, words a minute, and pitch from 0 to 99.

    `accent` is the espeak-ng voice for English; other languages are spoken in their own.
    """

    variant: Text
    speed: Annotated[int, msgspec.Meta(ge=120, le=220)]
    pitch: Annotated[int, msgspec.Meta(ge=0, le=99)]
    accent: Text = "en"


class Agent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Text
    email: Text
    team: Text


class Client(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A customer; `contact` is who speaks for it unless a call names somebody else."""

    name: Text
    contact: Text
    phone: str = ""
    external_id: str = ""


class Cast(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    partners: tuple[Text, ...]
    agents: tuple[Agent, ...]
    clients: tuple[Client, ...]
    voices: dict[str, Voice]


class Speaker(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Text
    side: Side


class Turn(msgspec.Struct, frozen=True):
    speaker: Speaker
    voice: Voice
    text: str
    interrupts: bool = False
    far: bool = False


class Cue(msgspec.Struct, frozen=True):
    """A sound on the line that nobody says; `seconds` long."""

    sound: Sound
    seconds: float


class WrittenCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A call as its TOML table has it; names refer to cast.toml.

    `days_ago` counts from the Sunday nearest to today (so a call is up to three days older or younger than it says):
    a Tuesday's call stays on a Tuesday, and what people say of Thursday stays true, whenever the demo is made.

    `channels` says whose side each channel carries; none means one channel with everybody mixed.
    `participants` asks for the list of who took part, with the seconds they joined and left.
    """

    id: Text
    days_ago: Annotated[int, msgspec.Meta(ge=4, le=56)]
    at: time
    kind: Kind
    direction: Direction
    format: Format
    transcript: TranscriptFormat
    talk: Text
    stories: tuple[str, ...] = ()
    partner: str | None = None
    client: str | None = None
    agent: str | None = None
    team: str | None = None
    contact: str | None = None
    others: dict[str, Speaker] = {}
    channels: tuple[Side, ...] = ()
    language: str = "en-GB"
    labels: tuple[str, ...] = ()
    note: str = ""
    external_id: str = ""
    source: str = "switchboard"
    consent: Consent | None = None
    participants: bool = False


class DemoCall(WrittenCall, frozen=True, kw_only=True):
    """A call with its cast found and its talk read: ready to be spoken."""

    script: tuple[Turn | Cue, ...]
    client_entry: Client | None
    agent_entry: Agent | None

    @property
    def turns(self) -> tuple[Turn, ...]:
        return tuple(line for line in self.script if isinstance(line, Turn))

    def started_at(self, today: date, zone: tzinfo | None = None) -> datetime:
        """The start in UTC; `at` is clock time in `zone` (default: this machine's)."""
        day = nearest_sunday(today) - timedelta(days=self.days_ago)
        local = datetime.combine(day, self.at, tzinfo=zone)
        return local.astimezone(UTC)


def nearest_sunday(day: date) -> date:
    """Within three days of `day`, either way."""
    return day + timedelta(days=3 - (day.weekday() - 3) % 7)
