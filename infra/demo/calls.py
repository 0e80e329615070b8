"""The demo's calls as written down: cast.toml says who speaks, dialogues/*.toml what is said and when.

A dialogue's `talk` is text, one turn or sound a line:

    A: Good morning.          the call's agent
    C: Hello, it's me again.  the client's person
    W: Warehouse here.        somebody of the call's `others`
    C~: No, wait.             interrupts: starts before the turn above has ended
    X*: Shut the door.        far from the telephone, so quieter
    (hold 4)                  a sound or a silence, see `Sound`; the number is seconds
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec

HERE = Path(__file__).parent
_TURN = re.compile(r"(?P<key>\w+)(?P<manner>[~*]*): (?P<text>\S.*)")
_SOUND = re.compile(r"\((?P<sound>[a-z]+)(?: (?P<seconds>\d+(?:\.\d+)?))?\)")

T = TypeVar("T")
Text = Annotated[str, msgspec.Meta(min_length=1)]


class DemoContentError(Exception):
    """A file of the demo's content is wrong; the message names the file and what to mend."""


class Kind(StrEnum):
    PHONE = "phone"
    VOICEMAIL = "voicemail"
    MEETING = "meeting"


class Direction(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"


class Consent(StrEnum):
    ANNOUNCED = "announced"
    AGREED = "agreed"
    REFUSED = "refused"
    UNKNOWN = "unknown"


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


class _Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Read from TOML; a field that nobody knows is a typing error."""


class Voice(_Content):
    """An espeak-ng voice: its variant, words a minute, and pitch from 0 to 99.

    `accent` is the espeak-ng voice for English; other languages are spoken in their own.
    """

    variant: Text
    speed: Annotated[int, msgspec.Meta(ge=120, le=220)]
    pitch: Annotated[int, msgspec.Meta(ge=0, le=99)]
    accent: Text = "en"


class Agent(_Content):
    name: Text
    email: Text
    team: Text


class Client(_Content):
    """A customer; `contact` is who speaks for it unless a call names somebody else."""

    name: Text
    contact: Text
    phone: str = ""
    external_id: str = ""


class Cast(_Content):
    partners: tuple[Text, ...]
    agents: tuple[Agent, ...]
    clients: tuple[Client, ...]
    voices: dict[str, Voice]


class Speaker(_Content):
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


class WrittenCall(_Content, kw_only=True):
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


class DemoCall(WrittenCall, kw_only=True):
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


class _CallFile(_Content):
    call: tuple[WrittenCall, ...]


def load_calls(folder: Path = HERE) -> list[DemoCall]:
    """Every demo call, newest first. Raises DemoContentError."""
    cast = read_toml(folder / "cast.toml", Cast)
    calls = [call for path in sorted((folder / "dialogues").glob("*.toml")) for call in _read_calls(path, cast)]
    _refuse_twins(calls)
    return sorted(calls, key=lambda call: (call.days_ago, -call.at.hour, -call.at.minute, call.id))


def read_toml(path: Path, shape: type[T]) -> T:
    """The file at `path` as `shape`. Raises DemoContentError."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=shape)
    except (OSError, msgspec.DecodeError) as error:
        raise DemoContentError(f"{path.name}: {error}") from error


def _read_calls(path: Path, cast: Cast) -> list[DemoCall]:
    calls = []
    for written in read_toml(path, _CallFile).call:
        try:
            calls.append(_ready(written, cast))
        except DemoContentError as error:
            raise DemoContentError(f"{path.name}, call {written.id}: {error}") from error
    return calls


def _ready(written: WrittenCall, cast: Cast) -> DemoCall:
    if written.partner is not None and written.partner not in cast.partners:
        raise DemoContentError(f"{written.partner} is no partner in cast.toml")
    agent = None if written.agent is None else _named(cast.agents, written.agent, "agent")
    client = None if written.client is None else _named(cast.clients, written.client, "client")
    script = _read_talk(written.talk, _speakers(written, agent, client), cast.voices)
    fields: dict[str, Any] = msgspec.structs.asdict(written)
    fields["team"] = written.team or (agent.team if agent else None)
    return DemoCall(**fields, script=script, client_entry=client, agent_entry=agent)


Entry = TypeVar("Entry", Agent, Client)


def _named(entries: Iterable[Entry], name: str, what: str) -> Entry:
    for entry in entries:
        if entry.name == name:
            return entry
    raise DemoContentError(f"{name} is no {what} in cast.toml")


def _speakers(written: WrittenCall, agent: Agent | None, client: Client | None) -> dict[str, Speaker]:
    """Who stands behind each letter of the talk."""
    speakers = dict(written.others)
    if agent is not None:
        speakers["A"] = Speaker(name=agent.name, side=Side.AGENT)
    contact = written.contact or (client.contact if client else None)
    if contact is not None:
        speakers["C"] = Speaker(name=contact, side=Side.CLIENT)
    return speakers


def _read_talk(talk: str, speakers: dict[str, Speaker], voices: dict[str, Voice]) -> tuple[Turn | Cue, ...]:
    lines = [line.strip() for line in talk.splitlines() if line.strip()]
    return tuple(_read_cue(line) if line.startswith("(") else _read_turn(line, speakers, voices) for line in lines)


def _read_cue(line: str) -> Cue:
    found = _SOUND.fullmatch(line)
    if found is None or found["sound"] not in list(Sound):
        raise DemoContentError(f"{line!r} is none of {', '.join(f'({sound} 2)' for sound in Sound)}")
    return Cue(Sound(found["sound"]), float(found["seconds"] or 0.5))


def _read_turn(line: str, speakers: dict[str, Speaker], voices: dict[str, Voice]) -> Turn:
    found = _TURN.fullmatch(line)
    if found is None:
        raise DemoContentError(f"{line!r} is no turn; write 'A: words'")
    speaker = speakers.get(found["key"])
    if speaker is None:
        raise DemoContentError(f"nobody is {found['key']} in {line!r}; name an agent, a client, or an entry of others")
    if speaker.name not in voices:
        raise DemoContentError(f"{speaker.name} has no voice in cast.toml")
    return Turn(speaker, voices[speaker.name], found["text"], "~" in found["manner"], "*" in found["manner"])


def _refuse_twins(calls: Iterable[DemoCall]) -> None:
    """An id or an external id that two calls share would make one of them vanish on upload."""
    seen: set[tuple[str, str]] = set()
    for call in calls:
        keys = {("", call.id)} | ({(call.source, call.external_id)} if call.external_id else set())
        if twins := keys & seen:
            raise DemoContentError(f"two calls are {twins.pop()[1]}")
        seen |= keys
