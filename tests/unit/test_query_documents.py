"""Documents, the fusion of lists, and moments: the pure parts of searching."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from archive.calls.call import Direction, Kind
from archive.calls.documents import (
    DIRECTION_CODES,
    KIND_CODES,
    WINDOW_WORDS,
    document,
    phone_key,
    phone_keys,
    text_key,
    windows,
)
from archive.calls.moments import PASSAGE_WORDS, hear, variants_at
from archive.calls.query import parse
from archive.calls.showing import correction, show
from archive.calls.tiers import DEPTH, Ranking, enough, fuse
from archive.calls.transcript import Segment, Transcript
from tests.search_world import make_call, said

NO_VARIANTS = [frozenset[str]()] * 10


# ---- documents -------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 130), min_size=1, max_size=30))
def test_windows_overlap_and_leave_nothing_out(lengths: list[int]) -> None:
    numbers = iter(range(sum(lengths)))
    segments = [Segment(0.0, 1.0, " ".join(str(next(numbers)) for _ in range(length))) for length in lengths]
    cut = [[int(word) for word in window.split()] for window in windows(segments)]
    assert all(len(window) <= WINDOW_WORDS for window in cut)
    assert sorted({word for window in cut for word in window}) == list(range(sum(lengths)))
    assert all(window == list(range(window[0], window[-1] + 1)) for window in cut)
    assert all(first[0] < second[0] <= first[-1] + 1 for first, second in pairwise(cut))


def test_a_long_turn_is_cut_every_forty_words() -> None:
    cut = list(windows([Segment(0.0, 1.0, " ".join(map(str, range(160))))]))
    assert [(window.split()[0], window.split()[-1]) for window in cut] == [
        ("0", "79"),
        ("40", "119"),
        ("80", "159"),
    ]


def test_every_kind_and_direction_has_its_code() -> None:
    assert set(KIND_CODES) == set(Kind)
    assert set(DIRECTION_CODES) == set(Direction)
    assert len(set(KIND_CODES.values())) == len(Kind)


def test_a_number_has_a_key_for_each_ending() -> None:
    keys = list(phone_keys("+43 (0)1 0045"))
    assert keys == [phone_key("0045"), phone_key("10045"), phone_key("310045"), phone_key("4310045")]
    assert phone_key("0045") != phone_key("045")


def test_keys_are_exact_in_every_engine() -> None:
    assert 0 <= text_key("a label") < 2**53
    assert phone_key("9" * 40) < 2**53
    assert text_key("ABC") != text_key("abc")


def test_metadata_and_speech_stay_apart() -> None:
    built = document(make_call(1, client="Harald Olsson", note="asked twice"), said("the pallet", "is late"))
    assert "Harald Olsson" in built.names
    assert "asked twice" in built.names
    assert "pallet" not in built.names
    assert built.text == "the pallet\nis late"


# ---- tiers -----------------------------------------------------------------------------------------------------


def test_a_call_in_two_lists_comes_before_calls_in_one() -> None:
    assert fuse([Ranking(1.0, [1, 2, 3]), Ranking(1.0, [4, 3, 5])])[0] == 3


def test_a_heavier_list_counts_more() -> None:
    assert fuse([Ranking(0.5, [1]), Ranking(1.0, [2])]) == [2, 1]


def test_a_call_counts_once_in_a_list_of_windows() -> None:
    assert fuse([Ranking(1.0, [1, 2, 2, 2])]) == [1, 2]


def test_a_list_stays_within_its_depth() -> None:
    assert len(fuse([Ranking(1.0, range(10 * DEPTH))])) == DEPTH


def test_one_word_may_be_wrong_of_three() -> None:
    assert [enough(terms) for terms in range(8)] == [0, 1, 2, 2, 3, 4, 4, 5]


# ---- moments ---------------------------------------------------------------------------------------------------


def test_the_passage_that_holds_most_comes_first() -> None:
    transcript = said("the invoice", "nothing here", "the pallet and the invoice", "the pallet")
    heard = hear(transcript, parse("pallet invoice"), NO_VARIANTS)
    assert heard.moments[0].text == "the pallet and the invoice"
    assert len(heard.moments) == 3


def test_no_more_than_three_moments() -> None:
    assert len(hear(said(*["pallet"] * 9), parse("pallet"), NO_VARIANTS).moments) == 3


def test_a_long_segment_is_shown_in_passages() -> None:
    words = [f"word{at}" for at in range(3 * PASSAGE_WORDS)]
    (moment,) = hear(said(" ".join(words)), parse("word50"), NO_VARIANTS).moments
    assert moment.text.split() == words[PASSAGE_WORDS : 2 * PASSAGE_WORDS]
    assert moment.start == 25.0
    assert [moment.text[start:end] for start, end in moment.matches] == ["word50"]


def test_without_times_of_words_a_moment_starts_with_its_segment() -> None:
    transcript = Transcript((Segment(3.5, 9.0, "the pallet came"),))
    assert hear(transcript, parse("pallet"), NO_VARIANTS).moments[0].start == 3.5


def test_a_phrase_may_run_over_two_segments() -> None:
    heard = hear(said("please call", "back soon"), parse('"call back"'), NO_VARIANTS)
    assert [[moment.text[a:b] for a, b in moment.matches] for moment in heard.moments] == [["call"], ["back"]]
    assert heard.spoken.keys() == {0}


def test_words_inside_other_words_are_not_marked() -> None:
    heard = hear(said("don't start the art of smart art's"), parse("art don"), NO_VARIANTS)
    (moment,) = heard.moments
    assert [moment.text[a:b] for a, b in moment.matches] == ["art", "art's"]


def test_spans_of_an_older_text_mark_nothing_foreign() -> None:
    transcript = said("völlig andere wörter stehen hier")
    assert variants_at(transcript, parse("pallet"), [(0, 6), (9, 4), (500, 504)]) == [frozenset()]
    assert variants_at(transcript, parse("worter"), [(15, 22)]) == [frozenset({"worter"})]


# ---- showing ---------------------------------------------------------------------------------------------------


def test_a_call_says_which_terms_it_lacks() -> None:
    call = make_call(1, client="Harald Olsson", phone="+43 1 998877")
    query = parse("olsson pallet 8877 banana")
    assert show(call, said("the pallet"), query, (), NO_VARIANTS).found.missing == ("banana",)
    unread = show(call, None, query, (), NO_VARIANTS).found
    assert (unread.missing, unread.moments) == (("pallet", "banana"), ())


def test_only_a_word_that_nobody_said_is_put_right() -> None:
    query = parse("tecnician Pallet")
    variants = [frozenset({"technician"}), frozenset({"palate"})]
    late = show(make_call(1), said("the technician and the palate"), query, (), variants)
    exact = show(make_call(2), said("a pallet"), query, (), variants)
    assert correction("tecnician Pallet", query, [late, exact]) == "technician Pallet"
    assert correction("tecnician Pallet", query, [late]) == "technician palate"
    assert correction("tecnician Pallet", query, []) is None
