"""A scope means the same to each search engine as to the policy, whatever the scope and the calls."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.calls.call import Call
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
    contains,
)
from archive.ports import SearchIndex
from tests.parts import SearchIndexes, SearchServer, unique
from tests.search_world import ask, documents, ids, make_call, meilisearch_engine, said, tantivy_engine

pytestmark = pytest.mark.anyio

PLACES = [None, 1, 2]
CALLS: list[Call] = [
    make_call(1 + at, partner=partner, team=team, agent=agent, sealed=sealed)
    for at, (partner, team, agent, sealed) in enumerate(
        (partner, team, agent, sealed)
        for partner in PLACES
        for team in PLACES
        for agent in PLACES
        for sealed in (False, True)
    )
]
WORLD = {call.id: call for call in CALLS}

some = st.frozensets(st.integers(0, 3), max_size=3)
scopes: st.SearchStrategy[Scope] = st.recursive(
    st.one_of(
        st.just(AllCalls()),
        st.just(Nothing()),
        some.map(Partner),
        some.map(Team),
        some.map(OwnCalls),
        st.frozensets(st.integers(0, len(CALLS) + 1), max_size=20).map(CallIds),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: Union(tuple(parts))),
        st.lists(inner, max_size=3).map(lambda parts: Intersection(tuple(parts))),
        inner.map(Unsealed),
    ),
    max_leaves=12,
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


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scope=scopes)
async def test_the_engine_finds_what_the_policy_contains(index: SearchIndex, scope: Scope) -> None:
    expected = {one for one, call in WORLD.items() if contains(scope, call)}
    listed = await ask(index, find=scope, limit=len(CALLS))
    assert set(ids(listed)) == expected
    assert listed.total == len(expected)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(find=scopes, read=scopes)
async def test_words_are_found_where_they_may_be_read(index: SearchIndex, find: Scope, read: Scope) -> None:
    speech = Intersection((find, read))
    expected = {one for one, call in WORLD.items() if contains(speech, call)}
    found = await ask(index, "everybody", find=find, speech=speech, limit=len(CALLS))
    assert set(ids(found)) == expected
    assert (found.total, sum(found.counts.kinds.values())) == (len(expected), len(expected))
    for name_search in ("client", "client -everybody"):
        answer = await ask(index, name_search, find=find, speech=speech, limit=len(CALLS))
        unreadable = {one for one, call in WORLD.items() if contains(find, call)} - expected
        assert set(ids(answer)) - expected == unreadable
