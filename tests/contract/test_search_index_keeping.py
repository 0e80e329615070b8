"""An index is kept: put, removed, rebuilt, shared, and named where it is broken or away."""

import subprocess
import sys
from pathlib import Path

import pytest

from archive.errors import Unavailable
from archive.policy.scope import Partner
from archive.ports import SearchIndex
from tests.contract.indexed import CALLS
from tests.parts import SearchIndexes, SearchServer
from tests.search_world import Make, ask, documents, ids, make_call, meilisearch_engine, said, tantivy_engine

pytestmark = pytest.mark.anyio


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
