"""A call as its page shows it. Pure: what may be seen was decided and recorded before it came here."""

from collections.abc import Iterator
from urllib.parse import urlencode

from msgspec import Struct

from archive.calls.call import WORKING, Call, Recording, State
from archive.calls.transcript import Segment, Word
from archive.http.pages import words
from archive.http.pages.frame import Frame
from archive.http.pages.listens import BESIDE, Heard, heard_view
from archive.http.pages.rendering import texts
from archive.http.pages.times import clock, size
from archive.http.pages.turning import Asked, Wrong, why_view
from archive.http.pages.views import (
    CallView,
    Fact,
    Lane,
    Link,
    Note,
    SealView,
    SegmentView,
    StepView,
)
from archive.ports import StoredTranscript

ROUNDED = 0.01


class Rights(Struct, frozen=True):
    """What the caller may do with this call."""

    read: bool
    listen: bool
    download: bool
    retry: bool
    audit: bool
    seal: bool = False
    approve: bool = False
    grant: bool = False


class Seen(Struct, frozen=True, kw_only=True):
    """All that the page is made of. `at`: the second whose line is marked, None for no line; hearing begins `lead`
    seconds before it."""

    call: Call
    rights: Rights
    transcript: StoredTranscript | None
    heard: Heard
    asked: Asked = Asked()
    wrong: Wrong = Wrong()
    at: float | None = None
    lead: float = 0.0
    query: str = ""


def call_view(seen: Seen, frame: Frame) -> CallView:
    call, rights = seen.call, seen.rights
    start = min(max(0.0, (seen.at or 0.0) - seen.lead), call.duration or 0.0)
    sides = _sides(call)
    return CallView(
        uid=call.uid,
        title=words.title_of(call, frame),
        heading=words.heading_of(call),
        started_at=call.started_at,
        duration=clock(call.duration),
        seconds=call.duration or 0.0,
        icon=words.icon_of(call),
        kind=words.kind_of(call),
        state=call.state.value,
        start=start,
        start_clock=clock(start),
        query=seen.query,
        badges=words.badges_of(call),
        labels=call.labels,
        notes=tuple(_notes(seen)),
        steps=tuple(_steps(call)),
        player=rights.listen and call.playable,
        sides=sides,
        lanes=tuple(Lane(side, texts()(f"side.{side}")) for side in sides if side),
        segments=tuple(_segments(seen)),
        no_words=_no_words(seen),
        back=_back(seen),
        why_listen=why_view(seen.asked, seen.asked.listen),
        why_read=why_view(seen.asked, seen.asked.read),
        why_download=why_view(seen.asked, seen.asked.download),
        seal=_seal(seen),
        wrong=seen.wrong.form,
        problem=seen.wrong.problem,
        typed=seen.wrong.typed,
        facts=tuple(_facts(call)),
        downloads=tuple(_downloads(seen)),
        heard=heard_view(seen.heard, BESIDE),
        access=f"/calls/{call.uid}/access" if rights.approve or rights.grant else "",
        history=f"/audit/calls/{call.uid}" if rights.audit else "",
    )


# ---- states ----------------------------------------------------------------------------------------------------


def _notes(seen: Seen) -> Iterator[Note]:
    t = texts()
    call, rights = seen.call, seen.rights
    if call.sealed:
        yield Note(t("call.is_sealed"))
    if call.failure and call.state is State.FAILED:
        yield Note(t("call.failed", reason=call.failure.detail), "bad", retry=rights.retry)
    if not rights.listen:
        yield Note(t("call.not_hear"))
    elif not call.playable and call.state in WORKING:
        yield Note(t("call.not_playable"))


def _steps(call: Call) -> Iterator[StepView]:
    if call.state not in WORKING:
        return
    steps = (*WORKING, State.READY)
    now = steps.index(call.state)
    for place, state in enumerate(steps):
        tone = "past" if place < now else "now" if place == now else "later"
        yield StepView(state.value, texts()(f"step.{state.value}"), tone)


def _no_words(seen: Seen) -> str:
    t = texts()
    if not seen.rights.read:
        return t("transcript.not_yours")
    if seen.asked.read:
        return t("transcript.says_why")
    return t("transcript.coming") if seen.call.state in WORKING else t("transcript.none")


def _back(seen: Seen) -> str:
    """The address of this page, where it stands."""
    given = {"t": words.second(seen.at) if seen.at is not None else "", "q": seen.query}
    fields = urlencode({name: value for name, value in given.items() if value})
    return f"/calls/{seen.call.uid}" + (f"?{fields}" if fields else "")


def _seal(seen: Seen) -> SealView | None:
    if not seen.rights.seal:
        return None
    return SealView(sealed=seen.call.sealed, names=seen.rights.approve and not seen.call.sealed)


# ---- words -----------------------------------------------------------------------------------------------------


def _sides(call: Call) -> tuple[str, ...]:
    """The side of each channel; one nameless lane for a recording without channels that are people."""
    return tuple(words.SIDES.get(name.casefold(), "") for name in call.channels)


def _segments(seen: Seen) -> Iterator[SegmentView]:
    if seen.transcript is None:
        return
    before: str | None = None
    segments = seen.transcript.transcript.segments
    current = _current(segments, seen.at)
    for index, segment in enumerate(segments):
        side = words.side_of(seen.call, segment.speaker, segment.channel)
        speaker = words.speaker_of(segment.speaker, side)
        yield SegmentView(
            start=segment.start,
            end=segment.end,
            clock=clock(segment.start),
            href="?"
            + urlencode({"t": words.second(segment.start), **({"q": seen.query} if seen.query else {})}),
            speaker=speaker,
            side=side,
            text=segment.text,
            words=" ".join(_places(segment.text, segment.words)),
            turn=speaker != before,
            current=index == current,
        )
        before = speaker


def _current(segments: tuple[Segment, ...], at: float | None) -> int | None:
    """The last segment that begins at or before `at`, which an address has rounded."""
    if at is None:
        return None
    return sum(segment.start <= at + ROUNDED for segment in segments) - 1


def _places(text: str, timed: tuple[Word, ...]) -> Iterator[str]:
    """`character:second` of each word; words that the text doesn't hold are passed over.

    Characters count as JavaScript counts them, in UTF-16 units."""
    cursor = 0
    for word in timed:
        at = text.find(word.text, cursor)
        if at >= 0:
            cursor = at + len(word.text)
            yield f"{len(text[:at].encode('utf-16-le')) // 2}:{word.start:g}"


# ---- beside ----------------------------------------------------------------------------------------------------


def _facts(call: Call) -> Iterator[Fact]:
    t = texts()
    if call.partner:
        yield Fact(t("call.partner"), call.partner.name, "/?" + urlencode({"partner": call.partner.name}))
    if call.client:
        yield Fact(t("call.client"), call.client.name, "/?" + urlencode({"client": call.client.uid}))
    if call.client and call.client.phone:
        yield Fact(t("call.phone"), call.client.phone)
    if call.agent:
        yield Fact(t("call.agent"), call.agent.name, "/?" + urlencode({"agent": call.agent.uid}))
    if call.team:
        yield Fact(t("call.team"), call.team.name, "/?" + urlencode({"team": call.team.name}))
    if call.participants:
        yield Fact(t("call.people"), ", ".join(one.name for one in call.participants))
    yield from _origin(call)


def _origin(call: Call) -> Iterator[Fact]:
    t = texts()
    yield Fact(t("call.received"), time=call.received_at)
    for key, value in (("source", call.source), ("external", call.external_id), ("language", call.language)):
        if value:
            yield Fact(t(f"call.{key}"), value)
    yield Fact(t("call.consent"), t(f"consent.{call.consent.value}"))
    yield Fact(t("call.recording"), _recording(call.recording))
    if call.note:
        yield Fact(t("call.note"), call.note)


def _recording(recording: Recording) -> str:
    known = [recording.codec or recording.container]
    if recording.sample_rate:
        known.append(f"{recording.sample_rate / 1000:g} kHz")
    known.append(size(recording.bytes))
    return ", ".join(part for part in known if part)


def _downloads(seen: Seen) -> Iterator[Link]:
    t = texts()
    base = f"/api/v1/calls/{seen.call.uid}"
    if seen.rights.download and not seen.asked.download:
        yield Link(t("call.download"), f"{base}/recording?what=original")
        if seen.call.playable:
            yield Link(t("call.download_listening"), f"{base}/recording?what=rendition")
    if seen.transcript:
        yield Link(t("call.download_words"), f"{base}/transcript?format=text")
