"""The chain on one machine: what `call-archive up` starts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.archives import Archive, embedded
from tests.integration.chain import BadInput, Chain
from tests.integration.chain_people import People


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    folder: Path = tmp_path_factory.mktemp("embedded")
    with embedded(folder) as running:
        yield running


class TestPeople(People):
    pass


class TestChain(Chain):
    pass


class TestBadInput(BadInput):
    pass
