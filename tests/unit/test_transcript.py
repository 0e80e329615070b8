"""The transcript itself: what is kept, what is refused, and where a byte of its text is heard."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.calls.transcript import (
    LATEST,
    Segment,
    Transcript,
    TranscriptError,
    Word,
    clean,
    clean_name,
    offsets,
    place,
    text_of,
    tidied,
)

GRUSS = Segment(
    4.5,
    6.0,
    "Grüß Gott, Österreich",
    words=(
        Word("Grüß", 4.5, 4.9),
        Word("(hm)", 4.9, 4.9),
        Word("Gott,", 5.0, 5.2),
        Word("Österreich", 5.3, 6.0),
    ),
)
CALL = Transcript((Segment(0, 2, "Hällo"), GRUSS))


def one(**changes: object) -> Transcript:
    facts: dict[str, object] = {"start": 1.0, "end": 2.0, "text": "Hello"}
    return Transcript((Segment(**(facts | changes)),))  # type: ignore[arg-type]


def test_search_reads_one_segment_a_line() -> None:
    assert text_of(CALL) == "Hällo\nGrüß Gott, Österreich"


def test_offsets_count_bytes_not_characters() -> None:
    assert offsets(CALL) == [0, len("Hällo\n".encode())]


@pytest.mark.parametrize(
    ("needle", "second"),
    [("Hällo", 0), ("Grüß", 4.5), ("Gott", 5.0), ("tt", 5.0), ("Österreich", 5.3), ("reich", 5.3)],
)
def test_a_match_is_heard_from_its_word_or_else_its_segment(needle: str, second: float) -> None:
    index, found = place(CALL, text_of(CALL).encode().index(needle.encode()))
    assert (CALL.segments[index].text.find(needle) >= 0, found) == (True, second)


@pytest.mark.parametrize(("offset", "expected"), [(-5, (0, 0)), (10_000, (1, 5.3))])
def test_an_offset_from_an_older_index_leads_to_the_nearest_segment(
    offset: int, expected: tuple[int, float]
) -> None:
    assert place(CALL, offset) == expected


def test_a_repeated_word_is_heard_where_it_was_said() -> None:
    words = (Word("no", 1.0, 1.2), Word("no", 1.5, 1.7))
    spoken = one(text="no no", words=words)
    assert [place(spoken, offset)[1] for offset in range(5)] == [1.0, 1.0, 1.0, 1.5, 1.5]


@given(st.lists(st.text(min_size=1).filter(clean), min_size=1, max_size=5))
def test_every_byte_lies_in_the_segment_that_holds_it(texts: list[str]) -> None:
    transcript = tidied(Transcript(tuple(Segment(at, at, text) for at, text in enumerate(texts))))
    whole, starts = text_of(transcript).encode(), offsets(transcript)
    for index, segment in enumerate(transcript.segments):
        size = len(segment.text.encode())
        assert whole[starts[index] : starts[index] + size] == segment.text.encode()
        assert {place(transcript, starts[index])[0], place(transcript, starts[index] + size - 1)[0]} == {
            index
        }


def test_segments_are_ordered_by_start_and_keep_their_order_within_one() -> None:
    given_order = [(3.0, "c"), (1.0, "a"), (3.0, "d"), (2.0, "b")]
    kept = tidied(Transcript(tuple(Segment(start, 9, text) for start, text in given_order)))
    assert text_of(kept) == "a\nb\nc\nd"


def test_text_is_one_line_without_control_characters() -> None:
    dirty = " one\r\ntwo\t\x00\x1b[31m\u2028three \x85 four\x9f "
    assert clean(dirty) == "one two [31mthree four".replace("mthree", "m three")


def test_a_name_cant_turn_the_direction_of_writing() -> None:
    assert clean_name("Anna\u202egreB\u2066\u200f") == "AnnagreB"
    kept = tidied(one(speaker="\u202eAnna\nBerg", text="\u202eשלם"))
    assert (kept.segments[0].speaker, kept.segments[0].text) == ("Anna Berg", "\u202eשלם")


@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


def test_segments_and_words_without_text_are_left_out() -> None:
    silent = Segment(0, 1, " \n")
    worded = Segment(1, 2, "Hello", words=(Word("\x00", 1, 1), Word("Hello", 1, 2)))
    kept = tidied(Transcript((silent, worded)))
    assert kept == Transcript((Segment(1, 2, "Hello", words=(Word("Hello", 1, 2),)),))


@pytest.mark.parametrize("segments", [(), (Segment(0, 1, "\x07 "),)])
def test_a_transcript_without_words_is_refused(segments: tuple[Segment, ...]) -> None:
    with pytest.raises(TranscriptError, match="no words"):
        tidied(Transcript(segments))


@pytest.mark.parametrize("time", [-0.001, math.nan, math.inf, -math.inf, LATEST + 0.0005, 1e300])
@pytest.mark.parametrize("field", ["start", "end"])
def test_impossible_times_are_refused(field: str, time: float) -> None:
    with pytest.raises(TranscriptError, match="times of segment 1"):
        tidied(one(**{field: time}))
    with pytest.raises(TranscriptError, match="times of word 1 of segment 1"):
        tidied(one(words=(Word(**{"text": "a", "start": 1.0, "end": 2.0, field: time}),)))  # type: ignore[arg-type]


def test_an_end_before_the_start_is_refused_with_its_line() -> None:
    with pytest.raises(TranscriptError) as refused:
        tidied(one(start=2.5, end=2.4), [17])
    assert refused.value.line == 17
    assert refused.value.detail == "Line 17: The end of segment 1, 2.400 s, comes before its start, 2.500 s."
    assert (refused.value.field, refused.value.facts["line"]) == ("transcript", 17)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"channel": -1}, "channel of segment 1"),
        ({"channel": 256}, "channel of segment 1"),
        ({"speaker": "x" * 201}, "speaker's name in segment 1"),
        ({"words": (Word("a", 1, 2, math.nan),)}, "confidence of word 1 of segment 1"),
    ],
)
def test_other_impossible_values_are_refused(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(TranscriptError, match=reason):
        tidied(one(**changes))


@pytest.mark.parametrize("language", ["", "de_AT\n", "x", "de-" + "a" * 9])
def test_a_language_must_be_a_tag(language: str) -> None:
    with pytest.raises(TranscriptError, match="BCP 47"):
        tidied(Transcript(one().segments, language))


def test_more_segments_than_a_call_can_have_are_refused() -> None:
    segment = Segment(0, 1, "a")
    assert len(tidied(Transcript((segment,) * 200_000)).segments) == 200_000
    with pytest.raises(TranscriptError, match="200,000"):
        tidied(Transcript((segment,) * 200_001))
