"""The demo's content: enough calls of every sort, each story told, and recordings that are what they claim to be."""

import asyncio
import itertools
import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from archive.adapters.transcripts import TranscriptFormats
from archive.calls.call import Kind
from archive.calls.upload import Metadata
from archive.policy.actions import Role
from infra.demo.calls import DemoCall, DemoContentError, Format, TranscriptFormat, nearest_sunday
from infra.demo.load import HERE, load_calls
from infra.demo.people import DemoPeople, Outcome, load_people
from infra.demo.speak import SpokenCall, perform, synthesise
from infra.demo.stage import Segment, Staged
from infra.demo.written import write

TODAY = date(2026, 11, 22)
STORIES = {
    "bad_call": 2,
    "voicemail_tail": 1,
    "evening_unanswered": 4,
    "callback_promised": 2,
    "callback_kept": 2,
    "five_calls": 5,
    "account_saved": 2,
    "consent_refused": 1,
    "kept_recording": 2,
}
SHORT = {
    "mulaw": "evening-5",
    "pcm": "strand-consent-refused",
    "mp3": "northwind-thanks-voicemail",
    "m4a": "morandiere-compteur",
    "opus": "halden-voicemail-inventory",
}
CODECS = {"mulaw": "pcm_mulaw", "pcm": "pcm_s16le", "mp3": "mp3", "m4a": "aac", "opus": "opus"}


@pytest.fixture(scope="module")
def calls() -> dict[str, DemoCall]:
    return {call.id: call for call in load_calls()}


@pytest.fixture(scope="module")
def people() -> DemoPeople:
    return load_people()


def of_story(calls: dict[str, DemoCall], story: str) -> list[DemoCall]:
    return [call for call in calls.values() if story in call.stories]


# What there is


def test_there_are_enough_calls_of_the_last_sixty_days(calls: dict[str, DemoCall]) -> None:
    assert len(calls) >= 44
    now = datetime.combine(TODAY, datetime.min.time(), tzinfo=UTC)
    assert all(
        timedelta(0) < now - call.started_at(TODAY, UTC) <= timedelta(days=60) for call in calls.values()
    )


@pytest.mark.parametrize(
    ("what", "count"), [("partner", 4), ("client", 12), ("agent", 8), ("team", 3), ("kind", 3), ("format", 5)]
)
def test_everybody_and_every_format_is_there(calls: dict[str, DemoCall], what: str, count: int) -> None:
    assert len({getattr(call, what) for call in calls.values()} - {None}) == count


def test_directions_channels_and_languages_vary(calls: dict[str, DemoCall]) -> None:
    assert {call.direction.value for call in calls.values()} >= {"inbound", "outbound"}
    for how in Format:
        assert {len(call.channels) == 2 for call in calls.values() if call.format is how} == {True, False}, (
            how
        )
    assert {call.language for call in calls.values()} >= {"en-GB", "de-DE", "fr-FR", "es-ES"}


def test_most_calls_have_a_transcript_and_some_have_none(calls: dict[str, DemoCall]) -> None:
    counts = Counter(call.transcript for call in calls.values())
    assert set(counts) == set(TranscriptFormat)
    assert len(calls) - counts[TranscriptFormat.NONE] >= 36
    assert 6 <= counts[TranscriptFormat.NONE] <= 10


def test_one_call_is_unassigned(calls: dict[str, DemoCall]) -> None:
    assert [call.id for call in calls.values() if call.partner is None] == ["switchboard-unknown-caller"]


def test_conversations_have_six_to_forty_turns(calls: dict[str, DemoCall]) -> None:
    talked = [
        call for call in calls.values() if call.kind is not Kind.VOICEMAIL and "unanswered" not in call.labels
    ]
    assert [call.id for call in talked if not 6 <= len(call.turns) <= 40] == []


# The stories


@pytest.mark.parametrize(("story", "count"), STORIES.items())
def test_each_story_is_told(calls: dict[str, DemoCall], story: str, count: int) -> None:
    assert len(of_story(calls, story)) >= count


def test_the_bad_call_was_two_weeks_ago(calls: dict[str, DemoCall]) -> None:
    bad = calls["northwind-bad-call"]
    assert bad.partner == "Northwind"
    assert 10 <= (datetime(2026, 11, 22, tzinfo=UTC) - bad.started_at(TODAY, UTC)).days <= 18
    assert "refund you promised never arrived" in bad.talk


def test_the_order_took_five_calls_of_one_client_in_a_row(calls: dict[str, DemoCall]) -> None:
    story = sorted(of_story(calls, "five_calls"), key=lambda call: -call.days_ago)
    assert [call.id.split("-")[1] for call in story] == ["1", "2", "3", "4", "5"]
    assert {call.client for call in story} == {"Rosehip Catering"}


def test_the_evening_is_one_evening(calls: dict[str, DemoCall]) -> None:
    tries = [call for call in of_story(calls, "evening_unanswered") if call.agent is None]
    assert len(tries) == 5
    assert len({call.days_ago for call in tries}) == 1
    assert min(call.at.hour for call in tries) >= 18


def test_promised_calls_were_kept_on_their_day(calls: dict[str, DemoCall]) -> None:
    promised, kept = calls["cobalt-leaving"], calls["cobalt-thursday-noon"]
    assert "Thursday before noon" in promised.talk
    assert kept.started_at(TODAY, UTC).strftime("%a") == "Thu"
    assert kept.at.hour < 12


def test_refused_consent_is_marked(calls: dict[str, DemoCall]) -> None:
    assert [call.id for call in calls.values() if call.consent == "refused"] == ["strand-consent-refused"]


# Time


@pytest.mark.parametrize("day", [TODAY + timedelta(days=days) for days in range(7)])
def test_weekdays_stay_what_the_talk_says(calls: dict[str, DemoCall], day: date) -> None:
    assert abs(nearest_sunday(day) - day) <= timedelta(days=3)
    starts = [call.started_at(day, UTC) for call in calls.values()]
    assert {start.weekday() for start in starts} <= {0, 1, 2, 3, 4}
    assert max(starts).date() < day


def test_clock_time_is_local(calls: dict[str, DemoCall]) -> None:
    start = calls["northwind-bad-call"].started_at(date(2026, 7, 19), ZoneInfo("Europe/London"))
    assert start == datetime(2026, 7, 6, 8, 14, tzinfo=UTC)


# Mistakes in the files

MISTAKES: list[tuple[str, str, str]] = [
    ('partner = "Northwind"', 'partner = "Nordwind"', "Nordwind is no partner"),
    ('agent = "Tom Ferris"', 'agent = "Tim Ferris"', "Tim Ferris is no agent"),
    ("A: Right.", "Z: Right.", "nobody is Z"),
    ("A: Right.", "Right.", "is no turn"),
    ("(ring 6)", "(bang 6)", "is none of"),
    ("days_ago = 34", "days_ago = 340", "days_ago"),
    ('format = "mulaw"', 'format = "gsm"', "gsm"),
    ('consent = "announced"', 'consnt = "announced"', "consnt"),
    ('id = "chairs-1-order"', 'id = "chairs-3-ivory"', "two calls are chairs-3-ivory"),
    ('external_id = "sw-10877"', 'external_id = "sw-10231"', "two calls are sw-10231"),
]


@pytest.mark.parametrize(("right", "wrong", "complaint"), MISTAKES)
def test_a_mistake_is_refused_with_its_place(tmp_path: Path, right: str, wrong: str, complaint: str) -> None:
    text = (HERE / "dialogues" / "northwind.toml").read_text()
    assert right in text
    (tmp_path / "dialogues").mkdir()
    (tmp_path / "dialogues" / "northwind.toml").write_text(text.replace(right, wrong, 1))
    (tmp_path / "cast.toml").write_bytes((HERE / "cast.toml").read_bytes())
    with pytest.raises(DemoContentError, match=complaint):
        load_calls(tmp_path)


# Sound


@pytest.fixture(scope="module")
def spoken(
    calls: dict[str, DemoCall], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], SpokenCall]:
    """A call made once for all tests here."""
    folder, made = tmp_path_factory.mktemp("demo"), dict[str, SpokenCall]()

    def make(call_id: str) -> SpokenCall:
        if call_id not in made:
            made[call_id] = asyncio.run(synthesise(calls[call_id], folder, today=TODAY, zone=UTC))
        return made[call_id]

    return make


async def probe(audio: Path) -> tuple[dict[str, Any], float]:
    """The first stream and the seconds of a file that decodes to its end."""
    what = ("-show_entries", "stream=codec_name,channels:format=duration", "-of", "json")
    ffprobe = await asyncio.create_subprocess_exec(
        "ffprobe", "-v", "error", *what, str(audio), stdout=asyncio.subprocess.PIPE
    )
    found = json.loads((await ffprobe.communicate())[0])
    command = ("ffmpeg", "-v", "error", "-xerror", "-i", str(audio), "-f", "null", "-")
    decode = await asyncio.create_subprocess_exec(*command)
    assert await decode.wait() == 0
    return found["streams"][0], float(found["format"]["duration"])


@pytest.mark.parametrize(("how", "call_id"), SHORT.items())
def test_the_recording_is_of_its_format(
    calls: dict[str, DemoCall], spoken: Callable[[str], SpokenCall], how: str, call_id: str
) -> None:
    call, made = calls[call_id], spoken(call_id)
    stream, seconds = asyncio.run(probe(made.audio))
    assert call.format == how
    assert stream["codec_name"] == CODECS[how]
    assert stream["channels"] == (len(call.channels) or 1)
    assert seconds == pytest.approx(made.duration, abs=0.15)


@pytest.mark.parametrize("call_id", SHORT.values())
def test_the_metadata_is_an_uploads(spoken: Callable[[str], SpokenCall], call_id: str) -> None:
    made = spoken(call_id)
    metadata = msgspec.convert(made.metadata, Metadata)
    assert metadata.started_at.tzinfo is not None
    assert msgspec.json.decode(msgspec.json.encode(made.metadata)) == made.metadata


def test_metadata_says_all_that_is_known(spoken: Callable[[str], SpokenCall]) -> None:
    assert spoken("strand-consent-refused").metadata == {
        "external_id": "sw-11091",
        "source": "switchboard",
        "kind": "phone",
        "direction": "inbound",
        "started_at": "2026-11-16T11:20:00Z",
        "partner": "Brackwater Mutual",
        "client": {
            "name": "Strand & Lowe Solicitors",
            "phone": "+44 20 7946 0190",
            "external_id": "crm-2003",
        },
        "agent": {"name": "Hannah Brecht", "email": "hannah.brecht@fairhaven.example"},
        "team": "Aftercare",
        "labels": ["sensitive", "claim"],
        "channels": ["agent", "client"],
        "language": "en-GB",
        "note": "Client refused to be recorded. The recording was stopped after that; what exists is kept sealed "
        "until compliance decides.",
        "consent": "refused",
    }


def test_the_same_call_sounds_the_same_again(
    calls: dict[str, DemoCall], spoken: Callable[[str], SpokenCall], tmp_path: Path
) -> None:
    again = asyncio.run(synthesise(calls["evening-5"], tmp_path, today=TODAY, zone=UTC))
    assert again.audio.read_bytes() == spoken("evening-5").audio.read_bytes()
    assert again.segments == spoken("evening-5").segments


# Transcripts


PERFORMED = (
    "morandiere-compteur",
    "obermaier-verspaetung",
    "saldana-plantas",
    "cobalt-thursday-noon",
    "kestrel-voicemail-tail",
    "northwind-bad-call",
)


@pytest.fixture(scope="module")
def performed(calls: dict[str, DemoCall]) -> dict[str, Staged]:
    """Calls in memory: one of each language, and those with interruptions and a tail."""
    return {call_id: asyncio.run(perform(calls[call_id])) for call_id in PERFORMED}


def test_segments_lie_inside_their_audio_in_order(performed: dict[str, Staged]) -> None:
    for staged in performed.values():
        starts = [segment.start for segment in staged.segments]
        assert starts == sorted(starts)
        assert all(0 < segment.start < segment.end < staged.duration for segment in staged.segments)


def test_words_lie_inside_their_segment_in_order(performed: dict[str, Staged]) -> None:
    for segment in itertools.chain.from_iterable(staged.segments for staged in performed.values()):
        times = [time for word in segment.words for time in (word.start, word.end)]
        assert times == sorted(times)
        assert segment.start <= times[0]
        assert times[-1] <= segment.end + 0.001
        assert " ".join(word.text for word in segment.words) == segment.text


def level(staged: Staged, segment: Segment, channel: int) -> float:
    """RMS of a channel while a segment is spoken."""
    heard = staged.tracks[channel, round(segment.start * staged.rate) : round(segment.end * staged.rate)]
    return float((heard**2).mean() ** 0.5)


def test_each_side_is_heard_on_its_channel_where_the_transcript_says(performed: dict[str, Staged]) -> None:
    staged = performed["cobalt-thursday-noon"]
    for segment in staged.segments:
        assert level(staged, segment, segment.channel) > 10 * level(staged, segment, 1 - segment.channel)


@pytest.mark.parametrize("call_id", ["northwind-bad-call", "chairs-1-order"])
def test_the_channels_are_whose_the_metadata_says(calls: dict[str, DemoCall], call_id: str) -> None:
    call = calls[call_id]
    sides = {turn.speaker.name: turn.speaker.side for turn in call.turns}
    segments = asyncio.run(perform(call)).segments
    assert all(call.channels[segment.channel] is sides[segment.speaker] for segment in segments)


def test_who_interrupts_starts_before_the_other_ends(performed: dict[str, Staged]) -> None:
    segments = {segment.text[:8]: segment for segment in performed["northwind-bad-call"].segments}
    assert segments["No, hang"].start < segments["Then you"].end


def test_the_tail_of_the_voicemail_is_long_and_far(performed: dict[str, Staged]) -> None:
    staged = performed["kestrel-voicemail-tail"]
    goodbye = next(segment for segment in staged.segments if segment.text.endswith("Bye."))
    tail = [segment for segment in staged.segments if segment.start > goodbye.end]
    assert staged.duration - goodbye.end > 40
    assert all(level(staged, segment, 0) < level(staged, goodbye, 0) / 2 for segment in tail)


@pytest.mark.parametrize("how", [how for how in TranscriptFormat if how is not TranscriptFormat.NONE])
def test_the_archive_reads_each_transcript_as_spoken(
    performed: dict[str, Staged], how: TranscriptFormat
) -> None:
    for staged in performed.values():
        written = write(staged.segments, how, "en-GB")
        assert written is not None
        read = TranscriptFormats().read(written.body, written.media_type)
        assert [(s.speaker, s.text) for s in read.segments] == [(s.speaker, s.text) for s in staged.segments]
        slack = 1.0 if how is TranscriptFormat.TEXT else 0.001
        assert all(
            abs(a.start - b.start) < slack for a, b in zip(read.segments, staged.segments, strict=True)
        )


# People


def test_there_is_one_person_for_each_role(people: DemoPeople) -> None:
    assert sorted(person.role for person in people.person) == sorted(Role)
    assert len(people.password) >= 10


def test_the_manager_sees_northwind_and_the_agent_is_one_of_the_calls(
    people: DemoPeople, calls: dict[str, DemoCall]
) -> None:
    by_role = {person.role: person for person in people.person}
    assert by_role[Role.PARTNER_MANAGER].scope == "partner:Northwind"
    assert by_role[Role.TEAM_LEAD].scope.removeprefix("team:") in {call.team for call in calls.values()}
    emails = {call.agent_entry.email for call in calls.values() if call.agent_entry}
    assert by_role[Role.AGENT].email in emails


def test_the_integration_may_push_and_pull(people: DemoPeople) -> None:
    assert people.integration.name == "Demo CRM"
    actions = ["find", "read_call", "read_transcript", "listen", "download", "upload"]
    assert list(people.integration.actions) == actions


def test_visits_are_many_and_by_all(people: DemoPeople) -> None:
    assert 10 <= len(people.visit) <= 24
    assert {visit.who for visit in people.visit} == {person.email for person in people.person}
    assert any(visit.outcome is Outcome.REFUSED for visit in people.visit)


def test_visits_name_calls_that_exist(people: DemoPeople, calls: dict[str, DemoCall]) -> None:
    named = {visit.call for visit in people.visit} | {
        visit.reads_audit.call for visit in people.visit if visit.reads_audit
    }
    assert named - {None} <= set(calls)


def test_what_is_played_lies_inside_the_call(
    people: DemoPeople, calls: dict[str, DemoCall], performed: dict[str, Staged]
) -> None:
    for visit in people.visit:
        if visit.call and visit.listens:
            staged = performed.get(visit.call) or asyncio.run(perform(calls[visit.call]))
            assert all(part.start + part.seconds <= staged.duration for part in visit.listens), visit.call


def test_a_visit_by_nobody_is_refused(tmp_path: Path) -> None:
    text = (HERE / "people.toml").read_text().replace('who = "dana', 'who = "donna', 1)
    (tmp_path / "people.toml").write_text(text)
    with pytest.raises(DemoContentError, match="nobody there"):
        load_people(tmp_path)
