"""The demo's content: enough calls of every sort, and each story told."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from archive.calls.call import Kind
from infra.demo.calls import DemoCall, DemoContentError, Format, TranscriptFormat, nearest_sunday
from infra.demo.load import HERE, load_calls

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


@pytest.fixture(scope="module")
def calls() -> dict[str, DemoCall]:
    return {call.id: call for call in load_calls()}


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
