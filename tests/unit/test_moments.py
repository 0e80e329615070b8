"""Which words of a call are marked, and which passages become its moments."""

from archive.calls.moments import hear
from archive.calls.query import parse
from archive.calls.transcript import Segment, Transcript, Word


def spoken(*texts: str) -> Transcript:
    return Transcript(
        tuple(Segment(10.0 * at, 10.0 * at + 9, text, "Client") for at, text in enumerate(texts))
    )


def marked(transcript: Transcript, typed: str, *variants: set[str]) -> list[list[str]]:
    heard = hear(transcript, parse(typed), [frozenset(words) for words in variants])
    return [[moment.text[start:end] for start, end in moment.matches] for moment in heard.moments]


def test_a_look_alike_is_not_marked_where_the_word_itself_was_said() -> None:
    call = spoken("Mr Pike speaking.", "I would like my money.")
    assert marked(call, "pike", {"pike", "like"}) == [["Pike"]]


def test_a_look_alike_is_marked_where_nothing_closer_was_said() -> None:
    assert marked(spoken("I would like my money."), "pike", {"pike", "like"}) == [["like"]]


def test_what_is_close_for_one_word_says_nothing_of_another() -> None:
    call = spoken("Mr Pike speaking.", "The refind never came.")
    assert marked(call, "pike refund", {"pike", "like"}, {"refund", "refind"}) == [["Pike"], ["refind"]]


def test_a_moment_begins_at_the_word_where_word_times_are_known() -> None:
    words = (Word("the", 3.0, 3.2), Word("refund", 3.4, 3.9))
    call = Transcript((Segment(3.0, 4.0, "the refund", "Client", 1, words),))
    (moment,) = hear(call, parse("refund"), [frozenset({"refund"})]).moments
    assert (moment.start, moment.end, moment.speaker) == (3.4, 4.0, "Client")


def test_the_passage_with_more_of_the_words_comes_first() -> None:
    call = spoken("A refund.", "The refund never arrived.", "It never rains.")
    assert marked(call, "refund never arrived", *[{word} for word in ("refund", "never", "arrived")])[0] == [
        "refund",
        "never",
        "arrived",
    ]
