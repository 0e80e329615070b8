"""A search engine finds, shows and counts what the reader may find and read, and nothing else."""

import pytest

from archive.calls.call import Kind
from archive.calls.filters import Sort
from archive.policy.scope import (
    AllCalls,
    CallIds,
    Intersection,
    Nothing,
    OwnCalls,
    Partner,
    Scope,
    Team,
    Union,
    Unsealed,
)
from archive.ports import SearchIndex, Withheld
from tests.search_world import ask, documents, ids, make_call, said

pytestmark = pytest.mark.anyio

DEEP: Scope = Partner(frozenset({2}))
for _ in range(100):
    DEEP = Union((Intersection((DEEP, AllCalls())), Nothing()))


# ---- scopes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Nothing(), set()),
        (Partner(frozenset()), set()),
        (Partner(frozenset({2})), {3, 4}),
        (Team(frozenset({1})), {1, 3}),
        (OwnCalls(frozenset({1, 3})), {1, 3, 4}),
        (CallIds(frozenset({2, 5})), {2, 5}),
        (Unsealed(Partner(frozenset({2}))), {3}),
        (Union(()), set()),
        (Intersection(()), set()),
        (Union((Partner(frozenset({2})), CallIds(frozenset({5})))), {3, 4, 5}),
        (Intersection((Partner(frozenset({1})), Team(frozenset({2})))), {2}),
        (Unsealed(Union((Partner(frozenset({2})), Team(frozenset({3}))))), {3, 5}),
        (DEEP, {3, 4}),
    ],
)
async def test_finds_within_the_scope_only(index: SearchIndex, scope: Scope, expected: set[int]) -> None:
    find = Intersection((scope, CallIds(frozenset(range(1, 8)))))
    answer = await ask(index, find=find)
    assert set(ids(answer)) == expected
    assert sum(answer.counts.kinds.values()) == answer.total == len(expected)
    assert set(ids(await ask(index, "the technician pallet weekend", find=find))) <= expected


@pytest.mark.parametrize(
    "typed",
    [
        "technician' OR partner_id > 0",
        'technician" OR partner_id > 0 OR "',
        "technician \\",
        "technician) OR (id >= 0",
        "technician text:pallet partner_id:1 *:*",
        "technician [1 TO 99] ^5 ~2 ?* /.*/",
        "-technician -\" --'",
        "technician \x00 \ud800 \u202e \u0130",
        "technician " + "(" * 200 + "pallet" + ")" * 200,
        "technician " + "x" * 5000,
        "technician " * 300,
        "½ ﷺ ß \u017ft \u0301 e\u0301 日本語",
        '"',
        "-",
    ],
)
async def test_nothing_typed_fails_or_widens_the_scope(index: SearchIndex, typed: str) -> None:
    answer = await ask(index, typed, find=Partner(frozenset({2})))
    assert set(ids(answer)) <= {3, 4, 10, 13, 16, 19, 7 + 4 + 2}
    assert set(answer.counts.partners) <= {2}


# ---- words are guarded -----------------------------------------------------------------------------------------


async def test_without_the_right_to_words_only_metadata_is_searched(index: SearchIndex) -> None:
    silent = await ask(index, "settlement", find=AllCalls(), speech=Nothing())
    assert (ids(silent), silent.total, silent.counts.partners) == ([], 0, {})
    assert all(not hit.spans for hit in (await ask(index, "duvall", speech=Nothing())).hits)
    assert set(ids(await ask(index, "duvall", speech=Nothing()))) == {3, 4}


async def test_words_are_searched_where_they_may_be_read_only(index: SearchIndex) -> None:
    answer = await ask(index, "technician", find=AllCalls(), speech=Partner(frozenset({1})))
    assert (ids(answer), answer.total) == ([], 0)
    mixed = await ask(index, "technician", find=AllCalls(), speech=Unsealed(AllCalls()))
    assert (ids(mixed), mixed.total) == ([3], 1)


async def test_leaving_out_a_word_tells_nothing_of_unreadable_calls(index: SearchIndex) -> None:
    answer = await ask(index, "duvall -settlement", find=AllCalls(), speech=Nothing())
    assert set(ids(answer)) == {3, 4}
    mixed = await ask(index, "duvall -settlement -router", find=AllCalls(), speech=Unsealed(AllCalls()))
    assert set(ids(mixed)) == {4}


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ('"promised refund"', set()),
        ('alphanote -"promised refund"', {1}),
        ("promisedrefund", set()),  # which an engine may split
        ('"refund promised"', {1}),
        ('alphanote -"refund promised"', set()),
    ],
)
async def test_words_in_a_row_tell_nothing_of_unreadable_calls(
    another: SearchIndex, typed: str, found: set[int]
) -> None:
    call = make_call(1, note="alphanote refund promised")
    await another.put(documents([(call, said("we promised refund to you"))]))
    for offset in (0, 1):  # a page past the last tells nothing either
        answer = await ask(another, typed, speech=Nothing(), offset=offset)
        assert set(ids(answer)) == (set() if offset else found)
        assert (answer.total, answer.counts.partners) == (len(found), {1: 1} if found else {})


@pytest.mark.parametrize(
    ("withheld", "searched"),
    [
        ((), {3, 4}),
        ((Withheld(),), set()),
        ((Withheld(partners=frozenset({2})),), set()),
        ((Withheld(partners=frozenset({1, 3})),), {3, 4}),
        ((Withheld(kinds=frozenset({Kind.VOICEMAIL})),), {4}),
        ((Withheld(partners=frozenset({1}), kinds=frozenset({Kind.VOICEMAIL})),), {3, 4}),
        ((Withheld(partners=frozenset({1})), Withheld(kinds=frozenset({Kind.PHONE}))), {3}),
        ((Withheld(labels=frozenset({"urgent"})),), {3, 4}),
    ],
)
async def test_what_must_be_said_why_of_is_searched_by_its_names_alone(
    index: SearchIndex, withheld: tuple[Withheld, ...], searched: set[int]
) -> None:
    spoken = await ask(index, "technician", withheld=withheld)
    assert (set(ids(spoken)), spoken.total) == (searched, len(searched))
    assert sum(spoken.counts.kinds.values()) == len(searched)
    assert {hit.call_id for hit in (await ask(index, "duvall", withheld=withheld)).hits} == {3, 4}
    without = await ask(index, "duvall -technician", withheld=withheld)
    assert set(ids(without)) == {3, 4} - searched
    told = await ask(index, "technician", withheld=withheld, told=frozenset({4, 5}))
    assert set(ids(told)) == searched | {4}


async def test_a_label_hides_words_and_saying_why_widens_no_scope(index: SearchIndex) -> None:
    urgent, told = (Withheld(labels=frozenset({"urgent", "unknown"})),), frozenset({2})
    assert ids(await ask(index, "pallet", withheld=urgent)) == []
    assert ids(await ask(index, "pallet", withheld=urgent, told=told)) == [2]
    assert ids(await ask(index, "pallet", speech=Partner(frozenset({2})), withheld=urgent, told=told)) == []


@pytest.mark.parametrize(
    "typed", ["", "duvall", "technician", "tecnician", "technician banana", "call back -usual"]
)
@pytest.mark.parametrize("speech", [AllCalls(), Nothing()])
@pytest.mark.parametrize("sort", Sort)
async def test_what_it_is_owed_is_neither_found_nor_counted(
    index: SearchIndex, typed: str, speech: Scope, sort: Sort
) -> None:
    whole = await ask(index, typed, find=AllCalls(), speech=speech, sort=sort)
    owed = frozenset({3, 5, 777})
    answer = await ask(index, typed, find=AllCalls(), speech=speech, sort=sort, owed=owed)
    assert set(ids(answer)) == set(ids(whole)) - owed
    assert answer.total == sum(answer.counts.kinds.values()) == len(answer.hits)
    assert not owed & answer.counts.clients.keys()


async def test_counts_tell_only_of_calls_found(index: SearchIndex) -> None:
    answer = await ask(index, "pallet", find=Team(frozenset({2})))
    assert answer.counts.partners == {1: 1}
    assert answer.counts.clients == {2: 1}
    assert answer.counts.teams == {2: 1}
    assert answer.counts.agents == {2: 1}
    assert answer.counts.kinds == {Kind.PHONE: 1}
    assert answer.counts.labels == {"urgent": 1, "refund": 1}
