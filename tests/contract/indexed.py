"""Calls in an index of each engine, for what every search engine behind the `SearchIndex` port must do."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from archive.calls.call import Direction, Kind
from archive.ports import SearchIndex
from tests.parts import SearchIndexes, SearchServer, unique
from tests.search_world import Make, documents, make_call, meilisearch_engine, said, tantivy_engine

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
