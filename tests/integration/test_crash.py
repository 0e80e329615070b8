"""What was acknowledged outlives the death of any process, and a part that is away is named, not guessed at."""

import itertools
import json
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import samples
from tests.integration.archives import COMMAND, Archive, embedded
from tests.integration.deeds import settled, until, upload
from tests.integration.servers import Parts, Servers, servers
from tests.processes import Program, alive, answers, free_port, port_is_free

SECONDS = 30
"""Of sound, so that a call can be caught while it is worked on."""

pytestmark = pytest.mark.timeout(600)

MENDED_WITHIN = 240.0
"""A dead worker's calls are another's after their lease (45 s) and the sweep that finds them (10 s); then they are
worked on, by a machine that is busy."""

GONE_WITHIN = 20.0
"""What a killed process started ends in order: a worker gives its calls back first."""


@pytest.fixture(scope="module", params=["embedded", pytest.param("servers", marks=pytest.mark.meilisearch)])
def archive(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    world = {"embedded": embedded, "servers": servers}[request.param]
    with world(tmp_path_factory.mktemp(request.param)) as running:
        yield running


def on(world: str) -> pytest.MarkDecorator:
    """For a part that can be away by itself in one world alone."""
    marks = [pytest.mark.meilisearch] if world == "servers" else []
    return pytest.mark.parametrize("archive", [pytest.param(world, marks=marks)], indirect=True)


def test_a_killed_worker_loses_nothing(archive: Archive, crm: httpx.Client) -> None:
    uids = [_acknowledged(crm, f"worked-on-{number}", _tone(SECONDS)) for number in range(4)]
    until(lambda: crm.get("/api/v1/calls", params={"state": "normalising"}).json()["items"], "work begins")
    archive.kill_workers()
    archive.mend()
    assert [settled(crm, uid, MENDED_WITHIN)["state"] for uid in uids] == ["ready"] * len(uids)


def test_a_killed_api_keeps_what_it_acknowledged_and_nothing_else(
    archive: Archive, crm: httpx.Client
) -> None:
    """Some uploads are half sent, others come as fast as they can, when the process is killed."""
    half = [_Half(f"half-{number}") for number in range(3)]
    quick = _Quick()
    with ThreadPoolExecutor() as pool:
        clients = [_alone(archive, crm) for _ in range(len(half) + 1)]
        sending = [pool.submit(one.send, client) for one, client in zip(half, clients, strict=False)]
        storming = pool.submit(quick.send, clients[-1])
        try:
            until(lambda: len(quick.acknowledged) >= 5 and all(one.begun for one in half), "uploads run")
        finally:
            archive.kill_api()
            for one in half:
                one.go_on.set()
        assert all(isinstance(future.exception(), httpx.TransportError) for future in sending)
        unanswered = storming.result()
    archive.mend()
    assert [_held(crm, one.name) for one in half] == [[]] * len(half)
    assert upload(crm, _tone(1), external_id=unanswered).status_code in {200, 201}
    for name, uid in {**quick.acknowledged, unanswered: _held(crm, unanswered)[0]}.items():
        assert _held(crm, name) == [uid]
        assert settled(crm, uid, MENDED_WITHIN)["state"] == "ready"


def test_a_killed_api_leaves_nothing_behind(archive: Archive, crm: httpx.Client) -> None:
    """It can tell nobody to end. What it started, down to the ffmpeg of a worker, sees for itself that it is gone."""
    uids = [_acknowledged(crm, f"left-behind-{number}", _tone(SECONDS)) for number in range(2)]
    left = archive.looked_after()
    archive.kill_api()
    try:
        until(lambda: not any(map(alive, left)), "what it started ends", GONE_WITHIN)
        assert port_is_free(archive.ports[0])
    finally:
        archive.mend()
    assert [settled(crm, uid, MENDED_WITHIN)["state"] for uid in uids] == ["ready"] * len(uids)


def test_a_killed_redis_loses_nothing(archive: Archive, crm: httpx.Client) -> None:
    """The queue keeps nothing on disk: the database knows what is owed."""
    before = [_acknowledged(crm, f"before-redis-{number}", _tone(SECONDS)) for number in range(2)]
    archive.kill_redis()
    after = [_acknowledged(crm, f"after-redis-{number}", _tone(2)) for number in range(2)]
    archive.mend()
    states = [settled(crm, uid, MENDED_WITHIN)["state"] for uid in before + after]
    assert states == ["ready"] * 4


@on("servers")
def test_without_its_engine_search_answers_less_and_says_so(archive: Archive, crm: httpx.Client) -> None:
    away = {"ARCHIVE_SEARCH": f"http://127.0.0.1:{free_port()}"}
    _acknowledged(crm, "engine-away", _tone(1), client={"name": "Lighthouse Brewery"})
    port = free_port()
    with ExitStack() as stack:
        api = Program("api")
        stack.callback(api.stop)
        ready = answers(f"http://127.0.0.1:{port}/healthz")
        api.start([COMMAND, "serve"], ready, env={**archive.environ, **away, "ARCHIVE_PORT": str(port)})
        client = stack.enter_context(_alone(archive, crm, port))
        found = client.get("/api/v1/search", params={"q": "lighthouse"}).json()
        assert [item["call"]["client"]["name"] for item in found["items"]] == ["Lighthouse Brewery"]
        assert found["degraded"].startswith("What was said can't be searched just now")
        health = client.get("/readyz")
        assert (health.status_code, _state(health, "search")) == (200, "degraded")
    assert _doctor(archive, **away)["search"] == "degraded"


@on("servers")
def test_without_its_store_the_archive_acknowledges_nothing(archive: Archive, crm: httpx.Client) -> None:
    parts = _parts(archive)
    parts.s3.program.end(signal.SIGKILL)
    try:
        refused = upload(crm, _tone(1), external_id="store-away")
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        assert refused.json()["remedy"]
        health = crm.get("/readyz")
        assert (health.status_code, _state(health, "recordings")) == (503, "down")
        assert _doctor(archive)["recordings"] == "down"
    finally:
        parts.s3.program.again()
    assert _held(crm, "store-away") == []
    assert settled(crm, _acknowledged(crm, "store-away", _tone(1)))["state"] == "ready"


@on("servers")
def test_without_its_database_the_archive_says_so_and_comes_back(archive: Archive, crm: httpx.Client) -> None:
    parts = _parts(archive)
    parts.postgres.program.end(signal.SIGQUIT)
    try:
        for answer in (crm.get("/api/v1/calls"), upload(crm, _tone(1), external_id="database-away")):
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        health = crm.get("/readyz")
        assert (health.status_code, _state(health, "database")) == (503, "down")
        assert crm.get("/healthz").status_code == 200
        assert _doctor(archive)["database"] == "down"
    finally:
        parts.postgres.program.again()
    archive.mend()
    assert _held(crm, "database-away") == []
    assert settled(crm, _acknowledged(crm, "database-away", _tone(1)), MENDED_WITHIN)["state"] == "ready"


class _Half:
    """An upload of which half is sent, and the rest when told to."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.begun = False
        self.go_on = threading.Event()

    def send(self, client: httpx.Client) -> None:
        with client:
            client.post(
                "/api/v1/calls",
                content=self._body(),
                headers={"Content-Type": "multipart/form-data; boundary=edge"},
            )

    def _body(self) -> Iterator[bytes]:
        metadata = json.dumps({"started_at": "2026-11-02T09:14:00Z", "external_id": self.name}).encode()
        yield b'--edge\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n' + metadata
        yield b'\r\n--edge\r\nContent-Disposition: form-data; name="audio"; filename="a"\r\n\r\n'
        sound = _tone(SECONDS).read_bytes()
        yield sound[: len(sound) // 2]
        self.begun = True
        self.go_on.wait(MENDED_WITHIN)
        yield sound[len(sound) // 2 :] + b"\r\n--edge--\r\n"


class _Quick:
    """Small uploads, one after the other until one gets no answer; `acknowledged` has the ids of the others."""

    def __init__(self) -> None:
        self.acknowledged: dict[str, str] = {}

    def send(self, client: httpx.Client) -> str:
        """The external id of the one that got no answer."""
        with client:
            for number in itertools.count():
                name = f"quick-{number}"
                try:
                    self.acknowledged[name] = _acknowledged(client, name, _tone(1))
                except httpx.TransportError:
                    return name
        raise AssertionError


def _alone(archive: Archive, crm: httpx.Client, port: int | None = None) -> httpx.Client:
    """The same integration at one API process; it has to be opened."""
    client = archive.client(port or archive.ports[0])
    client.headers["Authorization"] = crm.headers["Authorization"]
    return client


def _tone(seconds: int) -> Path:
    return samples.made("sine=frequency=300:sample_rate=8000", seconds, "wav", "-c:a pcm_mulaw")


def _acknowledged(crm: httpx.Client, name: str, audio: Path, **metadata: Any) -> str:
    answer = upload(crm, audio, external_id=name, **metadata)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _held(crm: httpx.Client, name: str) -> list[str]:
    """The ids of the calls with this external id."""
    return [call["id"] for call in crm.get("/api/v1/calls", params={"external_id": name}).json()["items"]]


def _state(health: httpx.Response, component: str) -> str:
    states = {one["name"]: one["state"] for one in health.json()["components"]}
    return str(states[component])


def _doctor(archive: Archive, **settings: str) -> dict[str, str]:
    """Each component's state. Something is wrong, so the command must say so by its exit code."""
    done = archive.run("doctor", "--json", **settings)
    assert done.returncode == 1, done.stderr
    return {row["component"]: row["state"] for row in json.loads(done.stdout)}


def _parts(archive: Archive) -> Parts:
    assert isinstance(archive, Servers)
    return archive.parts
