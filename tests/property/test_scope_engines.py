"""A scope means the same to each search engine as to the policy, whatever the scope and the calls."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from msgspec import structs

from archive.policy.scope import Intersection, Scope, contains
from archive.ports import SearchIndex
from tests.decisions import Tally, examples
from tests.parts import SearchIndexes, SearchServer, unique
from tests.property.worlds import everywhere, scopes
from tests.search_world import ask, documents, ids, meilisearch_engine, said, tantivy_engine

pytestmark = pytest.mark.anyio

CALLS = [structs.replace(call, labels=("booked",)) for call in everywhere()]
WORLD = {call.id: call for call in CALLS}

each = settings(
    deadline=None,
    max_examples=examples(len(CALLS)),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(
    scope="module", params=["tantivy", pytest.param("meilisearch", marks=pytest.mark.meilisearch)]
)
async def index(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[SearchIndex]:
    index = engine(request, tmp_path_factory.mktemp("index"))
    await index.put(documents([(call, said("everybody said the same")) for call in CALLS]))
    yield index
    await index.close()


def engine(request: pytest.FixtureRequest, folder: Path) -> SearchIndex:
    if request.param == "tantivy":
        return tantivy_engine(folder)
    server: SearchServer = request.getfixturevalue("search_server")
    return meilisearch_engine(SearchIndexes(server, unique("test")))


@each
@given(scope=scopes(len(CALLS)))
async def test_the_engine_finds_what_the_policy_contains(
    index: SearchIndex, tally: Tally, scope: Scope
) -> None:
    expected = {one for one, call in WORLD.items() if contains(scope, call)}
    listed = await ask(index, find=scope, limit=len(CALLS))
    assert set(ids(listed)) == expected
    assert listed.total == len(expected)
    tally.made += len(CALLS)


@each
@given(find=scopes(len(CALLS)), read=scopes(len(CALLS)))
async def test_words_are_found_where_they_may_be_read(
    index: SearchIndex, tally: Tally, find: Scope, read: Scope
) -> None:
    speech = Intersection((find, read))
    expected = {one for one, call in WORLD.items() if contains(speech, call)}
    found = await ask(index, "everybody", find=find, speech=speech, limit=len(CALLS))
    assert set(ids(found)) == expected
    assert (found.total, sum(found.counts.kinds.values())) == (len(expected), len(expected))
    for name_search in ("booked", "booked -everybody"):
        answer = await ask(index, name_search, find=find, speech=speech, limit=len(CALLS))
        unreadable = {one for one, call in WORLD.items() if contains(find, call)} - expected
        assert set(ids(answer)) - expected == unreadable
    tally.made += len(CALLS)
