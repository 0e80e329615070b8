"""Reading samples of each format, what is refused and where, and recognising formats by content."""

import json
from pathlib import Path

import pytest

from archive import ports
from archive.adapters.transcripts import TranscriptFormats
from archive.calls.transcript import LATEST, Segment, Transcript, TranscriptError, TranscriptFormat, Word

SAMPLES = Path(__file__).parent.parent / "samples_transcripts"
FORMATS: ports.TranscriptFormats = TranscriptFormats()
VTT = "WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n\n"
SRT = "1\n00:00:01,000 --> 00:00:02,000\nHello\n\n"


def told(transcript: Transcript) -> list[tuple[float, float, str | None, str]]:
    return [(segment.start, segment.end, segment.speaker, segment.text) for segment in transcript.segments]


def sample(name: str, content_type: str | None = None) -> list[tuple[float, float, str | None, str]]:
    return told(FORMATS.read((SAMPLES / name).read_bytes(), content_type))


def refused(text: str | bytes, content_type: str | None = None) -> TranscriptError:
    with pytest.raises(TranscriptError) as caught:
        FORMATS.read(text.encode() if isinstance(text, str) else text, content_type)
    return caught.value


# ---- samples -------------------------------------------------------------------------------------


def test_webvtt_with_voices() -> None:
    assert sample("teams.vtt") == [
        (3.31, 5.1, "Anna Berg", "Good morning, Berg & Partner, how can I help?"),
        (5.64, 9.22, "Jörg Müller", "The invoice is <wrong>, and nobody calls back."),
        (9.22, 9.9, "Anna Berg", "I'm sorry."),
        (9.22, 9.9, "Jörg Müller", "Two weeks!"),
    ]


def test_webvtt_with_written_names() -> None:
    assert sample("zoom.vtt") == [
        (1.0, 4.2, "Anna Berg", "Shall we look at the contract?"),
        (4.5, 7.0, "+49 30 123456", "Yes: page four, please."),
        (7.0, 3608.0, None, "So I said to him: never again."),
    ]


def test_where_one_voice_is_tagged_a_colon_is_just_a_colon() -> None:
    text = f"{VTT}00:03.000 --> 00:04.000\n<v Anna>Hi\n\n00:05.000 --> 00:06.000\nNote: this"
    assert told(FORMATS.read(text.encode(), None))[1:] == [(3, 4, "Anna", "Hi"), (5, 6, None, "Note: this")]


def test_srt() -> None:
    assert sample("phone.srt") == [
        (1.0, 3.5, "Anna", "My number is 42"),
        (3.5, 5.0, None, "Thank you, goodbye."),
    ]


def test_text_under_headings() -> None:
    assert sample("heading.txt") == [
        (21, 62, "Anna Berg", "Good morning. How can I help?"),
        (62, 3605, "Jörg Müller", "The line went dead at half past nine."),
        (3605, 3606, "Anna Berg", "Goodbye."),
    ]


def test_text_with_bracketed_times() -> None:
    assert sample("bracketed.txt") == [
        (21, 24, "Anna Berg", "Good morning."),
        (24, 26.4, "Jörg Müller", "The line went dead at 10:30."),
        (24, 25, None, "Good."),
    ]


def test_text_with_leading_times() -> None:
    assert sample("leading.txt") == [(21, 24, "Anna Berg", "Good morning."), (24, 25, "Jörg", "Hello.")]


def test_the_last_words_of_a_text_end_at_a_talkers_speed() -> None:
    assert told(FORMATS.read(b"Anna 00:10\n" + b"word " * 25, None))[0][:2] == (10, 20)


def test_our_json() -> None:
    transcript = FORMATS.read((SAMPLES / "own.json").read_bytes(), None)
    assert transcript.language == "de-AT"
    assert transcript.segments == (
        Segment(0, 2, "one two"),
        Segment(
            4.5,
            6.0,
            "Grüß Gott, Österreich",
            "Jörg",
            1,
            (Word("Grüß", 4.5, 4.9, 0.9), Word("Gott,", 4.9, 5.2), Word("Österreich", 5.3, 6.0)),
        ),
    )


def test_cue_text_keeps_all_but_tags() -> None:
    cue = "<c.loud>5 < 6</c> <inaudible> <00:01.500><i>R&amp;D</i> &lt;b&gt; 7 > 6"
    text = f"WEBVTT\n\n00:01.000 --> 00:02.000\n{cue}"
    assert told(FORMATS.read(text.encode(), None)) == [(1, 2, None, "5 < 6 <inaudible> R&D <b> 7 > 6")]


def test_notes_styles_and_regions_are_not_speech() -> None:
    asides = "NOTE\nnot said\n\nSTYLE\n::cue { color: red }\n\nREGION\nid:1\n\n"
    text = f"WEBVTT - a call\nKind: captions\n\n{asides}NOTE\n00:01.000 --> 00:02.000\nsaid\n"
    assert told(FORMATS.read(text.encode(), None)) == [(1, 2, None, "said")]


def test_markup_is_text_whether_written_or_escaped() -> None:
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\n<v &lt;b&gt;Eve>&lt;script&gt;<script>alert(1)</script>"
    assert told(FORMATS.read(text.encode(), None)) == [(1, 2, "<b>Eve", "<script><script>alert(1)</script>")]


# ---- recognising ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content_type", [None, "", "text/plain", "text/plain; charset=utf-8", "application/octet-stream"]
)
@pytest.mark.parametrize("name", ["teams.vtt", "phone.srt", "heading.txt", "own.json"])
def test_a_generic_type_is_read_by_content(name: str, content_type: str | None) -> None:
    assert sample(name, content_type)


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("zoom.vtt", "text/vtt"),
        ("zoom.vtt", "Text/VTT; charset=UTF-8"),
        ("phone.srt", "application/x-subrip"),
        ("own.json", "application/json"),
    ],
)
def test_a_declared_type_is_believed(name: str, content_type: str) -> None:
    assert sample(name, content_type)


def test_a_declared_type_that_isnt_so_is_refused() -> None:
    data = (SAMPLES / "zoom.vtt").read_bytes()
    assert "isn't JSON" in refused(data, "application/json").detail
    assert refused(data, "application/x-subrip").line == 1
    assert refused((SAMPLES / "phone.srt").read_bytes(), "text/vtt").detail.startswith(
        "Line 1: A WebVTT file begins"
    )


def test_other_types_are_refused_by_name() -> None:
    assert "text/vtt" in refused("anything", "application/pdf").detail


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_byte_order_marks_tell_the_encoding(encoding: str) -> None:
    text = (SAMPLES / "teams.vtt").read_text(encoding="utf-8")
    assert told(FORMATS.read(text.encode(encoding), None)) == sample("teams.vtt")


@pytest.mark.parametrize("charset", ["iso-8859-1", '"Windows-1252"'])
def test_a_declared_charset_is_believed(charset: str) -> None:
    data = "Jörg 00:01\nGrüß Gott".encode("latin-1")
    assert told(FORMATS.read(data, f"text/plain; charset={charset}"))[0][2:] == ("Jörg", "Grüß Gott")


def test_undecodable_bytes_are_refused_naming_the_byte() -> None:
    error = refused("Anna 00:01\r\nJörg".encode("latin-1"))
    assert (error.line, error.detail) == (
        2,
        "Line 2: Byte 13 (0xF6) isn't utf-8 text. Save the file as UTF-8.",
    )


def test_a_zero_byte_is_refused() -> None:
    error = refused("Anna 00:01\nHello".encode("utf-16-le"))
    assert (error.line, "zero byte" in error.detail) == (1, True)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("name", ["teams.vtt", "phone.srt", "heading.txt"])
def test_any_line_break_will_do(name: str, newline: str) -> None:
    text = (SAMPLES / name).read_text(encoding="utf-8")
    assert told(FORMATS.read(text.replace("\n", newline).encode(), None)) == sample(name)


# ---- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("WEBVTTX\n\n00:01.000 --> 00:02.000\nHello", 1, "begins with WEBVTT"),
        ("\nWEBVTT\n\n00:01.000 --> 00:02.000\nHello", 1, "begins with WEBVTT"),
        ("WEBVTT\n00:01.000 --> 00:02.000\nHello", 2, "empty line"),
        (VTT + "lost words", 6, "without a time"),
        (VTT + "a\nb\n00:03.000 --> 00:04.000\nHi", 6, "without a time"),
        (VTT + "00:03.000 --> 00:04.000\nHi\n00:05.000 --> 00:06.000\nHo", 8, "empty line"),
        (VTT + "00:03,000 --> 00:04,000\nHi", 6, "can't be read"),
        (VTT + "7\n00:03.000 -->\nHi", 7, "can't be read"),
        (VTT + "00:03.0001 --> 00:04.000\nHi", 6, "can't be read"),
        (VTT + "00:61.000 --> 00:99.000\nHi", 6, "can't be read"),
        (VTT + "00:03.000 --> 00:02.000\nHi", 6, "comes before its start"),
        (VTT + "100:00:03.000 --> 100:00:04.000\nHi", 6, "below 100 hours"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n\n", None, "no words"),
        ("WEBVTT", None, "no words"),
    ],
)
def test_broken_webvtt_is_refused_where_it_breaks(text: str, line: int | None, reason: str) -> None:
    error = refused(text)
    assert (error.line, reason in error.detail) == (line, True), error.detail


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("garbage\n\n" + SRT, 1, "Expected times"),
        (SRT + "lost words", 5, "Expected times"),
        (SRT + "2\nlost words", 6, "Expected times"),
        (SRT + "2\n00:00:03,000 --> 00:00:04,000\nHi\n00:00:05,000 --> 00:00:06,000\nHo", 8, "empty line"),
        (SRT + "2\n00:00:03,000 --> 00:00:61,000\nHi", 6, "Expected times"),
        (SRT + "2\n00:03.000 --> 00:04.000\nHi", 6, "Expected times"),
        (SRT + "2\n00:00:03,000 --> 00:00:02,000\nHi", 6, "comes before its start"),
        ("00:01.000 --> 00:02.000\nHello", 1, "Expected times"),
    ],
)
def test_broken_srt_is_refused_where_it_breaks(text: str, line: int | None, reason: str) -> None:
    error = refused(text)
    assert (error.line, reason in error.detail) == (line, True), error.detail


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", None, "no words"),
        (" \n\n", None, "no words"),
        ("\nJust prose, 10 lines of it.\n", 2, "No time here"),
        ("See you at 10:30", 1, "No time here"),
        ("Anna 00:01\nHello\nJörg 00:99\nHi", 3, "doesn't exist"),
        ("Anna 00:01\n\nAnna 00:02", None, "no words"),
        ("<html><body>404</body></html>", 1, "No time here"),
    ],
)
def test_text_without_times_is_refused(text: str, line: int | None, reason: str) -> None:
    error = refused(text)
    assert (error.line, reason in error.detail) == (line, True), error.detail


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ('{"segments": [\n{"start": 0,\n}]}', 3, "isn't JSON"),
        ('{"segments": [\n', 2, "truncated"),
        ('{"segments": [{"start": NaN, "end": 1, "text": "a"}]}', 1, "isn't JSON"),
        ('{"segments": [{"start": 0, "end": "1", "text": "a"}]}', None, "`$.segments[0].end`"),
        ('{"segments": [{"start": 0, "end": 1, "text": "a", "emotion": "angry"}]}', None, "`emotion`"),
        ('{"segments": [{"start": 0, "text": "a"}]}', None, "missing required field `end`"),
        ('{"segments": [{"start": 2, "end": 1, "text": "a"}]}', None, "segment 1, 1.000 s, comes before"),
        ('{"segments": [{"start": 1e999, "end": 1, "text": "a"}]}', None, "out of range"),
        ('{"segments": []}', None, "no words"),
        ('{"text": "whisper"}', None, "unknown field `text`"),
        ('{"a\\n\\u202eb": 1}', None, "unknown field `a b`"),
    ],
)
def test_json_in_another_shape_is_refused_naming_the_path(text: str, line: int | None, reason: str) -> None:
    error = refused(text)
    assert (error.line, reason in error.detail) == (line, True), error.detail


def test_more_than_32_mib_are_refused_unread() -> None:
    assert "32 MiB" in refused(b"\xff" * (32 * 1024 * 1024 + 1)).detail


def test_more_lines_than_a_transcript_can_need_are_refused() -> None:
    assert "2,000,000 lines" in refused("\n" * 2_000_001).detail


def test_an_error_never_quotes_what_was_said() -> None:
    said = "the merger is on Friday"
    texts = [said, f"WEBVTT\n\n{said}", f"{SRT}{said}", f'{{"segments": [{{"start": "{said}"}}]}}']
    assert not any("merger" in refused(text).detail for text in texts)


# ---- writing -------------------------------------------------------------------------------------

SPOKEN = Transcript(
    (
        Segment(0.5, 1.25, "Hi <b> & --> you", "A & <B>", 0, (Word("Hi", 0.5, 0.9, 0.5),)),
        Segment(3661.0, 3662.0, "Note: this"),
    ),
    "en",
)


def test_json_is_written_in_the_shape_of_the_api() -> None:
    assert json.loads(FORMATS.write(SPOKEN, TranscriptFormat.JSON)) == {
        "language": "en",
        "segments": [
            {
                "speaker": "A & <B>",
                "channel": 0,
                "start": 0.5,
                "end": 1.25,
                "text": "Hi <b> & --> you",
                "words": [{"text": "Hi", "start": 0.5, "end": 0.9, "confidence": 0.5}],
            },
            {
                "speaker": None,
                "channel": None,
                "start": 3661.0,
                "end": 3662.0,
                "text": "Note: this",
                "words": [],
            },
        ],
    }


def test_webvtt_is_written_with_voices_and_escaped() -> None:
    assert FORMATS.write(SPOKEN, TranscriptFormat.VTT).decode() == (
        "WEBVTT\n\n00:00:00.500 --> 00:00:01.250\n<v A &amp; &lt;B&gt;>Hi &lt;b&gt; &amp; --&gt; you</v>\n\n"
        "01:01:01.000 --> 01:01:02.000\n<c>Note: this</c>\n"
    )


def test_srt_is_written_with_names() -> None:
    assert FORMATS.write(SPOKEN, TranscriptFormat.SRT).decode() == (
        "1\n00:00:00,500 --> 00:00:01,250\nA & <B>: Hi <b> & -> you\n\n"
        "2\n01:01:01,000 --> 01:01:02,000\nNote: this\n\n"
    )


@pytest.mark.parametrize("fmt", [TranscriptFormat.SRT, TranscriptFormat.VTT])
def test_times_are_rounded_to_the_millisecond(fmt: TranscriptFormat) -> None:
    written = FORMATS.write(Transcript((Segment(1.001, 4.0017, "Hello"),)), fmt).decode().replace(",", ".")
    assert "00:00:01.001 --> 00:00:04.002" in written


@pytest.mark.parametrize("fmt", TranscriptFormat)
def test_the_latest_time_can_be_written_and_read(fmt: TranscriptFormat) -> None:
    last = Transcript((Segment(LATEST, LATEST, "Goodbye.", "Anna"),))
    assert int(FORMATS.read(FORMATS.write(last, fmt), None).segments[0].start) == 359_999


def test_text_is_written_with_times_and_names() -> None:
    assert FORMATS.write(SPOKEN, TranscriptFormat.TEXT).decode() == (
        "[00:00:00] A & <B>: Hi <b> & --> you\n[01:01:01] Note: this\n"
    )
