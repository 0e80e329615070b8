"""The README's tour by curl, run as it stands against a fresh archive."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.archives import Embedded, embedded

README = Path(__file__).parents[2] / "README.md"
ACTIONS = "find,read_call,read_transcript,listen,download,upload"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with embedded(tmp_path_factory.mktemp("archive")) as running:
        yield running


def test_the_tour_runs_as_it_stands(archive: Embedded, tmp_path: Path) -> None:
    made = archive.console("integrations", "add", "Tour", "--actions", ACTIONS, "--scope", "all")
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", tour().replace("http://localhost:8000", archive.url)],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "CLIENT_ID": made["client_id"], "CLIENT_SECRET": made["client_secret"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (found,) = [line for line in done.stdout.splitlines() if line.startswith('{"items"')]
    assert "never arrived" in json.loads(found)["items"][0]["moments"][0]["text"]
    assert "The refund you promised never arrived." in done.stdout
    assert "original: OK" in done.stdout
    assert "rendition.m4a: OK" in done.stdout
    original = (tmp_path / "call.wav").read_bytes()
    assert (tmp_path / "original").read_bytes() == original
    assert (tmp_path / "first-kilobyte").read_bytes() == original[:1024]


def tour() -> str:
    found = re.search(r"<!-- tour.*?```sh\n(.*?)```", README.read_text(), re.DOTALL)
    assert found
    return found[1]
