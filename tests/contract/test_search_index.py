"""What every search engine behind the `SearchIndex` port must do."""

import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from archive.calls.call import Direction, Kind
from archive.calls.filters import CallFilter, Sort
from archive.calls.query import parse
from archive.calls.showing import FoundCall, correction, show
from archive.errors import Unavailable
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
from archive.ports import SearchIndex
from tests.parts import SearchIndexes, SearchServer, unique
from tests.search_world import (
    NOON,
    Make,
    ask,
    documents,
    ids,
    make_call,
    meilisearch_engine,
    said,
    tantivy_engine,
)

pytestmark = pytest.mark.anyio

CALLS = [
    (
        make_call(
            1, team=1, agent=1, client="Zsófia Kertész", phone="+43 (0)660 123 45-67", labels=("urgent",)
        ),
        said(
            "good morning this is the billing desk",
            "the pallet arrived broken and the invoice was doubled",
            "we will send a replacement on thursday",
        ),
    ),
    (
        make_call(
            2, team=2, agent=2, client="Harald Olsson", phone="0043 1 9988776", labels=("urgent", "refund")
        ),
        said(
            "i never got the pallet you promised",
            "let me look that up for you",
            "the driver was ill and nobody told us",
            "then i want the invoice corrected",
            "and please put a supervisor on the line",
            "thursday at noon somebody calls you back",
        ),
    ),
    (
        make_call(3, partner=2, team=1, agent=3, client="Maren Duvall", duration=30.0, kind=Kind.VOICEMAIL),
        said("the router blinks red and the technician did not come", "call me back please the line is dead"),
    ),
    (
        make_call(4, partner=2, team=2, agent=1, sealed=True, client="Maren Duvall", duration=600.0),
        said(
            "this conversation about the technician is confidential", "the settlement is four thousand euro"
        ),
    ),
    (
        make_call(5, partner=3, team=3, client="Pavel Novak", direction=Direction.INBOUND, source="pbx"),
        said("the claim for the water damage", "we promised to call back before the weekend and nobody did"),
    ),
    (
        make_call(6, partner=3, client="Ingrid Sol", direction=Direction.OUTBOUND, external_id="crm-77"),
        said("nobody did call back before the weekend that we promised", "your premium went up"),
    ),
    (make_call(7, partner=None, client="Walk In", note="asked about parking"), None),
    *(
        (
            make_call(at, partner=1 + at % 3, team=1 + at % 3, client=f"Client {at}"),
            said(
                "hello and thank you for calling", "yes the usual order please", "goodbye and have a nice day"
            ),
        )
        for at in range(8, 20)
    ),
]


def engines(request: pytest.FixtureRequest, folder: Path) -> Make:
    """Makes adapters of the engine that the test is run for, all on one index."""
    if request.param == "tantivy":
        return lambda: tantivy_engine(folder)
    server: SearchServer = request.getfixturevalue("search_server")
    indexes = SearchIndexes(server, unique("test"))
    return lambda: meilisearch_engine(indexes)


ENGINES = ["tantivy", pytest.param("meilisearch", marks=pytest.mark.meilisearch)]


@pytest.fixture(scope="module", params=ENGINES)
async def index(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[SearchIndex]:
    """The calls above, indexed once. Tests that change an index take `another`."""
    index = engines(request, tmp_path_factory.mktemp("index"))()
    await index.put(documents(CALLS))
    yield index
    await index.close()


@pytest.fixture(params=ENGINES)
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    return engines(request, tmp_path / "index")


@pytest.fixture
async def another(make: Make) -> AsyncIterator[SearchIndex]:
    index = make()
    yield index
    await index.close()


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


# ---- scopes ----------------------------------------------------------------------------------------------------

DEEP: Scope = Partner(frozenset({2}))
for _ in range(100):
    DEEP = Union((Intersection((DEEP, AllCalls())), Nothing()))


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


# ---- keeping the index -----------------------------------------------------------------------------------------


async def test_an_index_that_holds_nothing_finds_nothing(another: SearchIndex) -> None:
    assert (await ask(another, "pallet")).total == 0
    await another.check()


async def test_a_call_put_again_is_replaced_whole(another: SearchIndex) -> None:
    await another.put(documents([(make_call(1), said("the first version spoke of apples"))]))
    await another.put(documents([(make_call(1, partner=2), said("the second one of oranges"))]))
    assert await another.count() == 1
    assert (await ask(another, "apples")).total == 0
    assert ids(await ask(another, "oranges")) == [1]
    assert ids(await ask(another, "oranges", find=Partner(frozenset({1})))) == []
    assert ids(await ask(another, "oranges", find=Partner(frozenset({2})))) == [1]


async def test_a_call_is_found_by_its_metadata_before_its_words(another: SearchIndex) -> None:
    await another.put(documents([(make_call(1, client="Early Bird"), None)]))
    assert ids(await ask(another, "early")) == [1]
    await another.put(documents([(make_call(1, client="Early Bird"), said("words came later"))]))
    assert ids(await ask(another, "early later")) == [1]


async def test_a_removed_call_is_gone(another: SearchIndex) -> None:
    await another.put(documents(CALLS[:3]))
    await another.remove([1, 12345])
    await another.remove([1])
    assert await another.count() == 2
    assert ids(await ask(another, "doubled")) == []
    assert 1 not in ids(await ask(another, "pallet thursday invoice"))


async def test_an_index_outlives_its_process(make: Make) -> None:
    first = make()
    await first.put(documents(CALLS[:3]))
    await first.close()
    second = make()
    assert ids(await ask(second, "router technician")) == [3]
    await second.close()


async def test_what_one_process_writes_another_finds(make: Make) -> None:
    reader, writer = make(), make()
    assert (await ask(reader, "pallet")).total == 0
    await writer.put(documents(CALLS[:1]))
    assert ids(await ask(reader, "pallet")) == [1]
    await writer.remove([1])
    assert (await ask(reader, "pallet")).total == 0
    await reader.close()
    await writer.close()


async def test_a_rebuilt_index_takes_the_place_of_the_old_one(make: Make) -> None:
    reader, writer = make(), make()
    await writer.put(documents(CALLS[:2]))
    async with writer.rebuild() as rebuild:
        await rebuild.put(documents(CALLS[2:3]))
        assert ids(await ask(reader, "doubled")) == [1]
    assert (await ask(reader, "doubled")).total == 0
    assert ids(await ask(reader, "router")) == [3]
    assert await writer.count() == 1
    await reader.close()
    await writer.close()


async def break_rebuild(index: SearchIndex) -> None:
    async with index.rebuild() as rebuild:
        await rebuild.put(documents(CALLS[2:3]))
        raise ZeroDivisionError


async def test_a_rebuild_that_breaks_leaves_the_old_index(another: SearchIndex) -> None:
    await another.put(documents(CALLS[:2]))
    with pytest.raises(ZeroDivisionError):
        await break_rebuild(another)
    assert ids(await ask(another, "doubled")) == [1]
    assert await another.count() == 2


async def test_a_folder_of_another_version_asks_to_be_rebuilt(tmp_path: Path) -> None:
    index = tantivy_engine(tmp_path / "index")
    await index.put(documents(CALLS[:1]))
    (tmp_path / "index" / "current").write_text("0-deadbeef")
    for broken in (index.check(), ask(index, "pallet"), index.put(documents(CALLS[:1]))):
        with pytest.raises(Unavailable, match="reindex"):
            await broken
    async with index.rebuild() as rebuild:
        await rebuild.put(documents(CALLS[:1]))
    assert ids(await ask(index, "pallet")) == [1]


async def test_a_damaged_folder_says_what_to_do(tmp_path: Path) -> None:
    index = tantivy_engine(tmp_path / "index")
    await index.put(documents(CALLS[:1]))
    (meta,) = (tmp_path / "index").glob("*/calls/meta.json")
    meta.write_text("{")
    with pytest.raises(Unavailable, match="reindex"):
        await ask(index, "pallet")


FULL = """
import asyncio, resource, signal, sys
from pathlib import Path
from archive.adapters.tantivy.index import TantivyIndex
from archive.errors import Unavailable
from tests.search_world import ask, documents, ids, make_call, said

def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

async def main():
    index = TantivyIndex(Path(sys.argv[1]))
    await index.put(documents([(make_call(1), said("the pallet"))]))
    late = documents([(make_call(2), said("the pallet " + " ".join(f"w{n}" for n in range(int(sys.argv[2])))))])
    limit(1000)
    try:
        await index.put(late)
    except Unavailable as error:
        print(error.detail)
    assert ids(await ask(index, "pallet")) == [1]
    limit(resource.RLIM_INFINITY)
    await index.put(late)
    assert ids(await ask(index, "pallet")) == [1, 2]

asyncio.run(main())
"""


@pytest.mark.parametrize("words", [5, 60_000])  # found at the commit, and by a thread in the middle
def test_a_full_disk_is_named_and_harms_nothing(tmp_path: Path, words: int) -> None:
    """In a process of its own. What was owed goes in once there is space."""
    command = [sys.executable, "-c", FULL, str(tmp_path / "index"), str(words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    assert "Free some space; what is owed to the index is then indexed by itself." in done.stdout
    assert "reindex" not in done.stdout


async def test_an_engine_that_is_away_is_named() -> None:
    index = meilisearch_engine(SearchIndexes(SearchServer("http://127.0.0.1:9", "key"), "test"))
    for away in (index.check(), ask(index, "pallet"), index.put(documents(CALLS[:1])), index.count()):
        with pytest.raises(Unavailable, match="search engine"):
            await away
    await index.close()


@pytest.mark.meilisearch
async def test_a_wrong_key_is_named(search_indexes: SearchIndexes) -> None:
    server = SearchServer(search_indexes.server.url, "wrong")
    index = meilisearch_engine(SearchIndexes(server, search_indexes.prefix))
    for refused in (index.check(), ask(index, "pallet"), index.put(documents(CALLS[:1]))):
        with pytest.raises(Unavailable, match="keys in the settings"):
            await refused
    await index.close()
