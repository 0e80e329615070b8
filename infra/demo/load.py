"""Read the demo's calls from their files, find each one's cast, and refuse what can't be spoken.

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
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from infra.demo.calls import (
    Agent,
    Cast,
    Client,
    Cue,
    DemoCall,
    DemoContentError,
    Side,
    Sound,
    Speaker,
    Turn,
    Voice,
    WrittenCall,
)

HERE = Path(__file__).parent
_TURN = re.compile(r"(?P<key>\w+)(?P<manner>[~*]*): (?P<text>\S.*)")
_SOUND = re.compile(r"\((?P<sound>[a-z]+)(?: (?P<seconds>\d+(?:\.\d+)?))?\)")

T = TypeVar("T")
Entry = TypeVar("Entry", Agent, Client)


class _CallFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    call: tuple[WrittenCall, ...]


def load_calls(folder: Path = HERE) -> list[DemoCall]:
    """Every demo call, newest first. Raises DemoContentError."""
    cast = read_toml(folder / "cast.toml", Cast)
    files = sorted((folder / "dialogues").glob("*.toml"))
    calls = [call for path in files for call in _read_calls(path, cast)]
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
    return tuple(_read_line(line, speakers, voices) for line in lines)


def _read_line(line: str, speakers: dict[str, Speaker], voices: dict[str, Voice]) -> Turn | Cue:
    return _read_cue(line) if line.startswith("(") else _read_turn(line, speakers, voices)


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
        raise DemoContentError(
            f"nobody is {found['key']} in {line!r}: add an agent, a client or one of others"
        )
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
