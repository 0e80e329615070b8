"""What every search engine behind the `SearchIndex` port finds, in which order, and where in a call."""

from datetime import timedelta

import pytest

from archive.calls.call import Direction, Kind
from archive.calls.filters import CallFilter, Sort
from archive.calls.query import parse
from archive.calls.showing import FoundCall, correction, show
from archive.policy.scope import AllCalls, CallIds, Unsealed
from archive.ports import SearchIndex
from tests.contract.indexed import CALLS
from tests.search_world import NOON, ask, ids

pytestmark = pytest.mark.anyio


async def shown(index: SearchIndex, typed: str, call_id: int) -> FoundCall:
    """The call as a search shows it."""
    answer = await ask(index, typed)
    hit = next(hit for hit in answer.hits if hit.call_id == call_id)
    call, transcript = next((call, words) for call, words in CALLS if call.id == call_id)
    return show(call, transcript, parse(typed), hit.spans, answer.variants).found


# ---- what is found first ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("pallet broken invoice", 1),  # in one place
        ("driver supervisor noon", 2),  # scattered over the call
        ("tecnician router", 3),  # a slip
        ("technicain router", 3),  # letters swapped
        ("driver supervisor corrected pallet banana", 2),  # one word wrong of five
        ("banana settlement confidential", 4),  # one word wrong of three
        ('"promised to call back"', 5),
        ('"call back before the weekend that we"', 6),
        ("promised weekend -premium", 5),
        ('promised weekend -"water damage"', 6),
        ("olsson invoice", 2),  # name and topic
        ("olson invoice", 2),  # a slip in the name
        ("kertesz pallet", 1),  # without its accents
        ("replac", 1),  # cut short
        ("parking", 7),  # the note
        ("Birch settlement", 4),
        ("crm-77", 6),
    ],
)
async def test_finds_the_call_first(index: SearchIndex, typed: str, first: int) -> None:
    assert ids(await ask(index, typed))[:1] == [first]


@pytest.mark.parametrize(
    "typed",
    [
        "4567",
        "34567",
        "123-45-67",
        "+43 660 1234567",
        "0043 (0)660 / 123 45 67",
        "0660 1234567",
        "660.123.4567",
    ],
)
async def test_finds_a_number_by_its_end_in_any_formatting(index: SearchIndex, typed: str) -> None:
    assert ids(await ask(index, typed))[:1] == [1]
    assert ids(await ask(index, filter=CallFilter(phone="4567"))) == [1]


async def test_a_number_and_a_word_find_together(index: SearchIndex) -> None:
    assert ids(await ask(index, "pallet 8776"))[:1] == [2]


@pytest.mark.parametrize("typed", ["1234", "123456", "5678"])
async def test_a_piece_from_the_middle_of_a_number_is_not_its_end(index: SearchIndex, typed: str) -> None:
    assert (await ask(index, typed)).total == 0


async def test_all_words_come_before_some(index: SearchIndex) -> None:
    assert set(ids(await ask(index, "pallet thursday"))[:2]) == {1, 2}
    assert (await ask(index, "pallet driver")).hits[0].call_id == 2


@pytest.mark.parametrize("typed", ['"back call"', '"the pallet promised"', 'pallet "back call"'])
async def test_quotes_mean_exactly_that(index: SearchIndex, typed: str) -> None:
    assert (await ask(index, typed)).total == 0


async def test_a_word_in_quotes_has_no_variants(index: SearchIndex) -> None:
    assert ids(await ask(index, '"technicians"')) == []
    assert ids(await ask(index, '"technician"', find=Unsealed(AllCalls()))) == [3]


async def test_unwanted_words_alone_leave_out_their_calls(index: SearchIndex) -> None:
    assert sorted(ids(await ask(index, "-usual"))) == [1, 2, 3, 4, 5, 6, 7]


# ---- filters, order and pages ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        (CallFilter(partners=frozenset({2})), {3, 4}),
        (CallFilter(partners=frozenset({2, 3})), {3, 4, 5, 6}),
        (CallFilter(clients=frozenset({5, 6})), {5, 6}),
        (CallFilter(agents=frozenset({1})), {1, 4}),
        (CallFilter(teams=frozenset({2})), {2, 4}),
        (CallFilter(kinds=frozenset({Kind.VOICEMAIL})), {3}),
        (CallFilter(directions=frozenset({Direction.INBOUND, Direction.OUTBOUND})), {5, 6}),
        (CallFilter(labels=frozenset({"urgent"})), {1, 2}),
        (CallFilter(labels=frozenset({"urgent", "refund"})), {2}),
        (CallFilter(labels=frozenset({"URGENT"})), set()),
        (CallFilter(since=NOON + timedelta(hours=3), until=NOON + timedelta(hours=5)), {3, 4}),
        (CallFilter(received_since=NOON + timedelta(hours=6, minutes=30)), {6, 7}),
        (CallFilter(received_until=NOON + timedelta(hours=1, minutes=30, microseconds=1)), {1}),
        (CallFilter(min_seconds=30.0), {3, 4}),
        (CallFilter(max_seconds=30.0), {3}),
        (CallFilter(external_id="crm-77"), {6}),
        (CallFilter(source="pbx"), {5}),
        (CallFilter(phone="98 87 76"), {2}),
        (CallFilter(partners=frozenset({2}), kinds=frozenset({Kind.PHONE})), {4}),
        (CallFilter(partners=frozenset({99})), set()),
    ],
)
async def test_narrows_by_filter(index: SearchIndex, filter: CallFilter, expected: set[int]) -> None:
    answer = await ask(index, filter=filter, find=CallIds(frozenset(range(1, 8))))
    assert set(ids(answer)) == expected
    assert answer.total == len(expected)


async def test_filter_and_word(index: SearchIndex) -> None:
    answer = await ask(index, "pallet", filter=CallFilter(teams=frozenset({2})))
    assert (ids(answer), answer.total) == ([2], 1)


async def test_an_empty_query_lists_the_newest_first(index: SearchIndex) -> None:
    answer = await ask(index, limit=3)
    assert (ids(answer), answer.total) == ([19, 18, 17], 19)


async def test_sorts_by_date(index: SearchIndex) -> None:
    assert ids(await ask(index, "usual order", sort=Sort.NEWEST)) == list(range(19, 7, -1))
    assert ids(await ask(index, "usual order", sort=Sort.OLDEST)) == list(range(8, 20))


@pytest.mark.parametrize(
    ("typed", "sort"), [("", Sort.RELEVANCE), ("usual", Sort.RELEVANCE), ("usual", Sort.OLDEST)]
)
async def test_pages_show_every_call_once(index: SearchIndex, typed: str, sort: Sort) -> None:
    whole = await ask(index, typed, sort=sort)
    pages = [
        ids(await ask(index, typed, sort=sort, offset=at, limit=5)) for at in range(0, whole.total + 5, 5)
    ]
    assert [one for page in pages for one in page] == ids(whole)
    assert len(set(ids(whole))) == whole.total


# ---- moments ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "call_id", "second", "speaker"),
    [
        ("pallet broken invoice", 1, 10.5, "Caller"),
        ("driver supervisor noon", 2, None, None),
        ("technicain router", 3, 0.5, "Agent"),
        ('"nobody told us"', 2, 22.5, "Agent"),
        ("settlement", 4, 10.5, "Caller"),
        ("replac", 1, 22.0, "Agent"),
    ],
)
async def test_moments_lead_to_the_second(
    index: SearchIndex, typed: str, call_id: int, second: float | None, speaker: str | None
) -> None:
    found = await shown(index, typed, call_id)
    assert 1 <= len(found.moments) <= 3
    if second is not None:
        assert (found.moments[0].start, found.moments[0].speaker) == (second, speaker)
    for moment in found.moments:
        assert moment.start <= moment.end
        assert moment.matches
        assert all(moment.text[start:end].strip() for start, end in moment.matches)


async def test_scattered_words_each_have_their_moment(index: SearchIndex) -> None:
    found = await shown(index, "driver supervisor noon", 2)
    assert {moment.start for moment in found.moments} == {20.5, 42.0, 51.0}
    marked = {moment.text[start:end] for moment in found.moments for start, end in moment.matches}
    assert marked == {"driver", "supervisor", "noon"}


async def test_a_slip_is_marked_in_the_words_that_were_said(index: SearchIndex) -> None:
    found = await shown(index, "technicain", 3)
    assert [moment.text[start:end] for moment in found.moments for start, end in moment.matches] == [
        "technician"
    ]


async def test_a_partial_match_says_what_is_missing(index: SearchIndex) -> None:
    assert (await shown(index, "driver supervisor banana", 2)).missing == ("banana",)
    assert (await shown(index, "olsson driver 8776", 2)).missing == ()


async def test_says_for_which_words_it_answered(index: SearchIndex) -> None:
    typed = "technicain router"
    answer = await ask(index, typed)
    calls = {call.id: (call, words) for call, words in CALLS}
    one = show(*calls[answer.hits[0].call_id], parse(typed), answer.hits[0].spans, answer.variants)
    assert correction(typed, parse(typed), [one]) == "technician router"
    exact = show(*calls[3], parse("router"), answer.hits[0].spans, answer.variants[1:])
    assert correction("router", parse("router"), [exact]) is None
