"""What is typed, as terms, exclusions and numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.calls.query import (
    MAX_TERMS,
    Query,
    fold,
    occurrences,
    parse,
    significant,
    spelled,
    tokens,
    words,
)


def terms(typed: str) -> list[str]:
    return [" ".join(term.words) for term in parse(typed).terms]


def without(typed: str) -> list[str]:
    return [" ".join(term.words) for term in parse(typed).without]


@pytest.mark.parametrize(
    ("word", "folded"),
    [
        ("Müller", "muller"),
        ("MU\u0308LLER", "muller"),
        ("Straße", "strasse"),
        ("client's", "client"),
        ("don\u2019t", "dont"),
        ("O'Brien", "obrien"),
        ("\u0130stanbul", "istanbul"),
        ("\ufb01nal", "final"),
    ],
)
def test_words_are_folded(word: str, folded: str) -> None:
    assert fold(word) == folded
    assert words(f"({word}, {word}!)") == [folded, folded]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("broken pallet", ["broken", "pallet"]),
        ('"promised to" call', ["promised to", "call"]),
        ("\u201ccurly\u201d \u201edeutsch\u201c \u00abfran\u00e7ais\u00bb", ["curly", "deutsch", "francais"]),
        ('"never closed', ["never", "closed"]),
        ('""', []),
        ('"..."', []),
        ("call-back", ["call", "back"]),
        ("partner_id", ["partner", "id"]),
        ("a OR b) AND NOT (c:*", ["a", "or", "b", "and", "not", "c"]),
        ("- -- --- '", []),
    ],
)
def test_reads_words_and_phrases(typed: str, expected: list[str]) -> None:
    assert terms(typed) == expected
    assert without(typed) == []


@pytest.mark.parametrize(
    ("typed", "wanted", "unwanted"),
    [
        ("refund -late", ["refund"], ["late"]),
        ('-"call back" refund', ["refund"], ["call back"]),
        ("re-fund", ["re", "fund"], []),
        ("refund - late", ["refund", "late"], []),
        ("--late", ["late"], []),
    ],
)
def test_a_minus_before_a_word_leaves_it_out(typed: str, wanted: list[str], unwanted: list[str]) -> None:
    assert (terms(typed), without(typed)) == (wanted, unwanted)


def test_only_what_stood_in_quotes_is_exact() -> None:
    assert [(term.typed, term.exact) for term in parse('One "Two Three"').terms] == [
        ("One", False),
        ("Two Three", True),
    ]


@pytest.mark.parametrize(
    ("typed", "phones"),
    [
        ("4567", [("4567", {0})]),
        ("456", []),
        ("+43 660 1234567", [("436601234567", {0, 1, 2}), ("1234567", {2})]),
        ("+43 (0)660/123-45", [("4366012345", {0, 1, 2, 3, 4})]),
        ("0043 660", [("43660", {0, 1}), ("0043", {0})]),
        ("4711 2026", [("47112026", {0, 1}), ("4711", {0}), ("2026", {1})]),
        ("olsson 8776", [("8776", {1})]),
        ("order4711", []),
        ('"4711"', []),
        ("\u0663\u0664\u0665\u0666", [("3456", {0})]),
    ],
)
def test_runs_of_digits_may_end_a_number(typed: str, phones: list[tuple[str, set[int]]]) -> None:
    assert [(phone.digits, set(phone.terms)) for phone in parse(typed).phones] == phones


def test_zeros_for_dialling_are_no_part_of_a_number() -> None:
    assert significant("0043 (0)1 998") == significant("+43 1 998") == "431998"
    assert significant("0123") == "0123"  # too short to say


def test_accents_are_kept_for_engines_that_fold_themselves() -> None:
    assert spelled(parse("Straße").terms[0]) == ["Straße"]
    assert spelled(parse("\"Müller's don't\"").terms[0]) == ["Müller's", "don't"]
    assert spelled(parse("client's").terms[0]) == ["client"]


@given(st.text(max_size=80) | st.text(alphabet="\"-\u201c\u201d\u00ab()0123456789 +a\u0301'/", max_size=60))
def test_nothing_typed_fails(typed: str) -> None:
    query = parse(typed)
    assert isinstance(query, Query)
    assert len(query.terms) <= MAX_TERMS
    for term in (*query.terms, *query.without):
        assert term.words
        assert all(word and word.isalnum() for word in term.words)
        assert all(not set(word) & set('"-()') for word in spelled(term))
    for phone in query.phones:
        assert phone.digits.isdecimal()
        assert phone.terms <= set(range(len(query.terms)))


@given(st.text(max_size=200))
def test_words_stand_where_their_tokens_say(text: str) -> None:
    found = list(tokens(text))
    assert [token.word for token in found] == words(text)
    assert all(fold(text[token.start : token.end]) == token.word for token in found)


@given(
    st.lists(
        st.sampled_from(
            ["don", "don't", "dont", "re-do", "O'Neil", "o", "neil", "Müller's", "müller", "ab", "abc"]
        )
    )
)
def test_occurrences_are_the_tokens_of_the_wanted_words(said: list[str]) -> None:
    text = " ".join(said)
    wanted = {"dont", "oneil", "o", "muller", "ab"}
    assert occurrences(text, wanted) == [token for token in tokens(text) if token.word in wanted]
