"""What a search engine is given of a call. Building it is pure: a call and its newest transcript in, documents out.

Whatever a filter compares is an integer: ids as they are, kinds and directions as codes, labels and outside names as
keys, a telephone number as one key for each of its endings. So no text ever enters a filter.
"""

import hashlib
from collections.abc import Iterator, Sequence

from msgspec import Struct

from archive.calls.call import Call, Direction, Kind
from archive.calls.query import MIN_SUFFIX, significant, words
from archive.calls.transcript import Segment, Transcript, text_of

WINDOW_WORDS = 80
WINDOW_STRIDE = 40
LONGEST_NUMBER = 15
"""Digits: E.164."""

KIND_CODES = {Kind.PHONE: 1, Kind.VOICEMAIL: 2, Kind.MEETING: 3}
DIRECTION_CODES = {Direction.INBOUND: 1, Direction.OUTBOUND: 2, Direction.INTERNAL: 3}


class CallDocument(Struct, frozen=True, kw_only=True):
    """`started_at` and `received_at` in whole seconds since 1970. `names` is all metadata that words may match;
    `text` is the speech, a segment a line; `windows` are its overlapping parts of about 80 words."""

    id: int
    partner_id: int | None
    client_id: int | None
    agent_id: int | None
    team_id: int | None
    kind: int
    direction: int | None
    started_at: int
    received_at: int
    duration: float | None
    sealed: bool
    labels: tuple[str, ...]
    label_keys: tuple[int, ...]
    phone_keys: tuple[int, ...]
    external_key: int | None
    source_key: int | None
    names: str
    text: str
    windows: tuple[str, ...]


def document(call: Call, transcript: Transcript | None) -> CallDocument:
    return CallDocument(
        id=call.id,
        partner_id=call.partner_id,
        client_id=call.client.id if call.client else None,
        agent_id=call.agent_id,
        team_id=call.team_id,
        kind=KIND_CODES[call.kind],
        direction=DIRECTION_CODES[call.direction] if call.direction else None,
        started_at=int(call.started_at.timestamp()),
        received_at=int(call.received_at.timestamp()),
        duration=call.duration,
        sealed=call.sealed,
        labels=call.labels,
        label_keys=tuple(text_key(label) for label in call.labels),
        phone_keys=tuple(phone_keys(call.client.phone)) if call.client and call.client.phone else (),
        external_key=text_key(call.external_id) if call.external_id else None,
        source_key=text_key(call.source) if call.source else None,
        names="\n".join(names_of(call)),
        text=text_of(transcript) if transcript else "",
        windows=tuple(windows(transcript.segments)) if transcript else (),
    )


def names_of(call: Call) -> Iterator[str]:
    """The metadata that words are looked for in; none of it was said on the call."""
    for named in (call.client, call.partner, call.agent, call.team):
        if named:
            yield named.name
    yield from (participant.name for participant in call.participants)
    yield from call.labels
    yield from (text for text in (call.note, call.external_id) if text)


def text_key(text: str) -> int:
    """48 bits that stand for a text in filters: exact in every engine's numbers."""
    return int.from_bytes(hashlib.sha256(text.encode(errors="surrogatepass")).digest()[:6])


def phone_key(digits: str) -> int:
    """The digits after a 1, so that leading zeros count."""
    return int("1" + digits[-LONGEST_NUMBER:])


def phone_keys(number: str) -> Iterator[int]:
    digits = significant(number)[-LONGEST_NUMBER:]
    for length in range(MIN_SUFFIX, len(digits) + 1):
        yield phone_key(digits[-length:])


def windows(segments: Sequence[Segment]) -> Iterator[str]:
    """Overlapping windows, cut where the turn changes; a turn longer than half a window is cut inside."""
    pieces = [piece for segment in segments for piece in _pieces(segment.text.split())]
    first = 0
    while first < len(pieces):
        last = _reach(pieces, first, WINDOW_WORDS)
        yield " ".join(word for piece in pieces[first:last] for word in piece)
        if last == len(pieces):
            return
        first = _reach(pieces, first, WINDOW_STRIDE)


def _pieces(spoken: list[str]) -> Iterator[list[str]]:
    for at in range(0, len(spoken), WINDOW_STRIDE):
        yield spoken[at : at + WINDOW_STRIDE]


def _reach(pieces: Sequence[list[str]], first: int, limit: int) -> int:
    """The end of the longest run from `first` with at most `limit` words; at least one piece."""
    end, count = first + 1, len(pieces[first])
    while end < len(pieces) and count + len(pieces[end]) <= limit:
        count += len(pieces[end])
        end += 1
    return end


def folded(text: str) -> str:
    """The words of a text, for an engine that only splits at spaces."""
    return " ".join(words(text))
