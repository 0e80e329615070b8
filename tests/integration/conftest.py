"""What the tests of a running archive share. `archive` is the module's own: embedded, servers, or each in turn."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec import Struct

from tests import samples
from tests.integration.archives import Archive
from tests.integration.deeds import settled, upload
from tests.integration.searched import parts

__all__ = ["parts"]

EVERYTHING = "find,read_call,read_transcript,listen,download,upload,edit"
WORDS = [
    ("Anna", "agent", 0.2, "Good morning, how can I help?"),
    ("Piet", "client", 6.2, "My perforated umbrella never arrived, and nobody called."),
]
TRANSCRIPT = {
    "language": "en",
    "segments": [
        {"speaker": name, "channel": channel, "start": start, "end": start + 4, "text": text}
        for channel, (name, _, start, text) in enumerate(WORDS)
    ],
}
METADATA: dict[str, Any] = {
    "source": "pbx",
    "external_id": "first",
    "kind": "phone",
    "direction": "inbound",
    "partner": "Northwind",
    "client": {"name": "Harbour Dental", "phone": "+49 40 1234567"},
    "agent": {"name": "Anna", "email": "anna@example.com"},
    "team": "Orders",
    "channels": ["agent", "client"],
}


class Uploaded(Struct, frozen=True):
    """A call that is ready: what the API says of it, and the bytes that were sent."""

    call: dict[str, Any]
    original: bytes

    @property
    def id(self) -> str:
        return str(self.call["id"])

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.original).hexdigest()


@pytest.fixture(scope="module")
def crm(archive: Archive) -> Iterator[httpx.Client]:
    """An integration that may do everything with every call."""
    with archive.integration(EVERYTHING) as client:
        yield client


@pytest.fixture(scope="module")
def spoken(crm: httpx.Client) -> Uploaded:
    """Stereo mu-law with a transcript, of the partner Northwind."""
    return _uploaded(crm, samples.in_format("wav-mulaw"), METADATA, transcript=True)


@pytest.fixture(scope="module")
def wordless(crm: httpx.Client) -> Uploaded:
    """MP3 without a transcript, of the partner Contoso."""
    about = {"partner": "Contoso", "client": {"name": "Lighthouse Brewery"}, "external_id": "second"}
    return _uploaded(crm, samples.in_format("mp3-cbr"), about)


@pytest.fixture(scope="module")
def manager(archive: Archive, spoken: Uploaded) -> Iterator[httpx.Client]:
    with archive.browser(archive.add_person("Maria", "partner_manager", "partner:Northwind")) as browser:
        yield browser


@pytest.fixture(scope="module")
def stranger(archive: Archive, wordless: Uploaded) -> Iterator[httpx.Client]:
    """The manager of the other partner."""
    with archive.browser(archive.add_person("Stefan", "partner_manager", "partner:Contoso")) as browser:
        yield browser


@pytest.fixture(scope="module")
def auditor(archive: Archive) -> Iterator[httpx.Client]:
    with archive.browser(archive.add_person("Otto", "auditor", "all")) as browser:
        yield browser


@pytest.fixture(scope="module")
def administrator(archive: Archive) -> Iterator[httpx.Client]:
    with archive.browser(archive.add_person("Ada", "administrator", "all")) as browser:
        yield browser


def _uploaded(
    api: httpx.Client, audio: Path, metadata: dict[str, Any], *, transcript: bool = False
) -> Uploaded:
    words = ("application/json", json.dumps(TRANSCRIPT).encode()) if transcript else None
    answer = upload(api, audio, words, **metadata)
    assert answer.status_code == httpx.codes.CREATED, answer.text
    call = settled(api, answer.json()["id"])
    assert call["state"] == "ready", call["failure"]
    return Uploaded(call, audio.read_bytes())
