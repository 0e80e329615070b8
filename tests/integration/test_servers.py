"""The same chain on PostgreSQL, MinIO, Redis and Meilisearch, with two API processes asked in turn and two workers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.archives import Archive
from tests.integration.chain import BadInput, Chain
from tests.integration.chain_people import People
from tests.integration.servers import servers

pytestmark = pytest.mark.meilisearch


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    folder: Path = tmp_path_factory.mktemp("servers")
    with servers(folder) as running:
        yield running


class TestPeople(People):
    pass


class TestChain(Chain):
    pass


class TestBadInput(BadInput):
    pass
