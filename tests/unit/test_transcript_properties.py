"""For any transcript: what is written is read back. For any bytes: a transcript or a `TranscriptError`."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.adapters.transcripts import TranscriptFormats
from archive.adapters.transcripts.names import is_name, split_name
from archive.calls.transcript import (
    Segment,
    Transcript,
    TranscriptError,
    TranscriptFormat,
    Word,
    clean,
    tidied,
)

SAMPLES = [
    path.read_bytes() for path in sorted((Path(__file__).parent.parent / "samples_transcripts").iterdir())
]
TYPES = [None, "text/vtt", "application/x-subrip", "application/json", "text/plain; charset=iso-8859-1"]
FORMATS = TranscriptFormats()

MILLISECONDS = st.integers(0, 359_999_999)
ANY_TEXT = st.text(min_size=1, max_size=40).filter(clean)
MARKUP = (
    st.lists(
        st.sampled_from(
            [
                "<v Eve>",
                "</v>",
                "<",
                ">",
                "&amp;",
                "&",
                "-->",
                "NOTE",
                "Anna: ",
                "\n",
                " ",
                "a",
                "00:01.000",
                "1",
            ]
        ),
        min_size=1,
        max_size=6,
    )
    .map("".join)
    .filter(clean)
)
NAMES = st.sampled_from(["Anna", "Anna Berg", "SPEAKER_00", "Jörg van der Müller", "+49 30 123456", "李雷"])


def transcripts(
    texts: st.SearchStrategy[str], speakers: st.SearchStrategy[str | None]
) -> st.SearchStrategy[Transcript]:
    segments = st.builds(_segment, st.tuples(MILLISECONDS, MILLISECONDS), texts, speakers)
    return st.lists(segments, min_size=1, max_size=5).map(lambda found: tidied(Transcript(tuple(found))))


def _segment(times: tuple[int, int], text: str, speaker: str | None) -> Segment:
    start, end = sorted(times)
    return Segment(start / 1000, end / 1000, text, speaker)


def again(transcript: Transcript, fmt: TranscriptFormat, content_type: str | None = None) -> Transcript:
    return FORMATS.read(FORMATS.write(transcript, fmt), content_type)


@given(transcripts(ANY_TEXT | MARKUP, st.none() | ANY_TEXT | MARKUP))
def test_webvtt_keeps_texts_speakers_and_milliseconds(transcript: Transcript) -> None:
    assert again(transcript, TranscriptFormat.VTT) == transcript


def _sayable_in_srt(text: str) -> bool:
    """SRT has no escapes: styles and arrows are lost, and what reads as a name is taken for one."""
    return not any(mark in text for mark in ("<", "{", "-->")) and split_name(clean(text))[0] is None


@given(transcripts((ANY_TEXT | MARKUP).filter(_sayable_in_srt), st.none() | NAMES))
def test_srt_keeps_texts_speakers_and_milliseconds(transcript: Transcript) -> None:
    assert again(transcript, TranscriptFormat.SRT) == transcript


@given(transcripts(ANY_TEXT | MARKUP, st.none() | ANY_TEXT))
def test_json_keeps_everything(transcript: Transcript) -> None:
    assert again(transcript, TranscriptFormat.JSON) == transcript


@given(
    st.lists(
        st.tuples(ANY_TEXT, st.floats(0, 9e4), st.floats(0, 9e4), st.none() | st.floats(0, 1)), max_size=4
    )
)
def test_json_keeps_words(given_words: list[tuple[str, float, float, float | None]]) -> None:
    words = tuple(Word(text, min(a, b), max(a, b), sure) for text, a, b, sure in given_words)
    transcript = tidied(Transcript((Segment(0, 1, "said", "Anna", 3, words),), "de-AT"))
    assert again(transcript, TranscriptFormat.JSON, "application/json") == transcript


@given(transcripts(st.sampled_from(["Good morning.", "Hello: you"]), NAMES))
def test_text_keeps_texts_speakers_and_seconds(transcript: Transcript) -> None:
    kept = again(transcript, TranscriptFormat.TEXT)
    assert [(int(s.start), s.speaker, s.text) for s in transcript.segments] == [
        (s.start, s.speaker, s.text) for s in kept.segments
    ]


@given(ANY_TEXT | MARKUP)
def test_a_written_name_is_a_name_and_loses_no_word(text: str) -> None:
    speaker, words = split_name(text)
    before, _, after = text.partition(":")
    assert (speaker, words) in [(None, text), (before.strip(), after.strip())]
    assert speaker is None or is_name(speaker)


def _survives(data: bytes, content_type: str | None) -> None:
    with suppress(TranscriptError):
        transcript = FORMATS.read(data, content_type)
        assert transcript.segments
        assert tidied(transcript) == transcript


@given(st.binary(max_size=200), st.sampled_from(TYPES))
def test_any_bytes_give_a_transcript_or_a_refusal(data: bytes, content_type: str | None) -> None:
    _survives(data, content_type)


@given(st.text(max_size=200), st.sampled_from(TYPES) | st.text(max_size=40))
def test_any_text_and_any_type_give_a_transcript_or_a_refusal(text: str, content_type: str | None) -> None:
    _survives(text.encode("utf-8", "surrogatepass"), content_type)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A sample with some bytes cut out, replaced or put in."""
    data = draw(st.sampled_from(SAMPLES))
    edit = st.tuples(st.integers(0, len(data)), st.integers(0, 12), st.binary(max_size=6))
    for at, size, new in draw(st.lists(edit, max_size=4)):
        data = data[:at] + new + data[at + size :]
    return data


@given(mutated(), st.sampled_from(TYPES))
def test_broken_samples_give_a_transcript_or_a_refusal(data: bytes, content_type: str | None) -> None:
    _survives(data, content_type)


@pytest.mark.parametrize(
    "hostile",
    ["<v ", "<v.a", "&lt", "<c ", "[", "1:", "Anna ", " ", "{\\an8", "a:", "0:00 "],
)
@pytest.mark.parametrize(
    "head",
    ["", "WEBVTT\n\n00:01.000 --> 00:02.000\n", "00:00:01,000 --> 00:00:02,000\n", "00:21 ", "Anna 00:21\n"],
)
def test_hostile_repetition_is_read_in_linear_time(head: str, hostile: str) -> None:
    """A quadratic reader would take minutes here; the suite's timeout would end it."""
    _survives((head + hostile * 200_000).encode(), None)
