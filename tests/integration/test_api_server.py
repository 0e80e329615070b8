"""The API as a process of its own, over real sockets: ranges, disconnects, memory, stopping."""

import json
import signal
import socket
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest

from archive.bootstrap import migrate
from archive.settings import Settings
from tests.integration.serving import SECONDS, Server

MIB = 2**20
METADATA = b'{"started_at": "2026-02-10T09:00:00Z", "partner": "Northwind"}'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("archive")
    migrate(Settings(data=str(folder)))
    started = Server(folder)
    try:
        started.start()
        yield started
    finally:
        started.program.stop()


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[httpx.Client]:
    client = server.client()
    yield client
    client.close()


def multipart(audio: Iterator[bytes]) -> tuple[dict[str, str], Iterator[bytes]]:
    def body() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="audio"; filename="a.wav"\r\n\r\n'
        yield from audio
        yield (
            b'\r\n--x\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n'
            + METADATA
            + b"\r\n--x--\r\n"
        )

    return {"Content-Type": "multipart/form-data; boundary=x"}, body()


def upload(client: httpx.Client, size: int) -> httpx.Response:
    chunk = bytes(range(256)) * 1024
    headers, body = multipart(chunk for _ in range(size // len(chunk)))
    return client.post("/api/v1/calls", headers=headers, content=body)


def eventually(found: Callable[[], Any]) -> Any:
    """What `found` answers once it is true; the other process takes its own time."""
    deadline = time.monotonic() + SECONDS
    while not (answer := found()):
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)
    return answer


def events(client: httpx.Client, call: str, type: str) -> list[dict[str, Any]]:
    items = client.get(f"/api/v1/audit/calls/{call}").json()["items"]
    return [event for event in items if event["type"] == type]


def test_a_large_upload_and_download_stay_flat_in_memory(server: Server, client: httpx.Client) -> None:
    upload(client, MIB)
    before = server.memory("VmRSS")
    made = upload(client, 256 * MIB)
    assert made.status_code == HTTPStatus.CREATED
    assert made.json()["recording"]["bytes"] == 256 * MIB
    received = 0
    with client.stream("GET", f"/api/v1/calls/{made.json()['id']}/recording") as answer:
        for chunk in answer.iter_raw():
            received += len(chunk)
    assert received == 256 * MIB
    assert server.memory("VmHWM") - before < 48 * MIB


def test_ranges_over_the_wire(client: httpx.Client) -> None:
    path = f"/api/v1/calls/{upload(client, MIB).json()['id']}/recording"
    part = client.get(path, headers={"Range": "bytes=100-299"})
    assert (part.status_code, part.content) == (206, (bytes(range(256)) * 2)[100:300])
    head = client.head(path, headers={"Range": "bytes=-5"})
    assert (head.status_code, head.headers["Content-Length"], head.content) == (206, "5", b"")
    beyond = client.get(path, headers={"Range": f"bytes={MIB}-"})
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{MIB}")
    assert client.get(path).content[:256] == bytes(range(256))  # the connection is still in step


def test_a_download_that_is_left_logs_what_really_went(client: httpx.Client) -> None:
    size = 64 * MIB
    call = upload(client, size).json()["id"]
    with client.stream("GET", f"/api/v1/calls/{call}/recording") as answer:
        next(answer.iter_raw())
    (delivered,) = eventually(lambda: events(client, call, "recording.delivered"))
    assert delivered["outcome"] == "failed"
    assert delivered["details"]["bytes"] < size


def test_an_upload_that_is_left_leaves_nothing(server: Server, client: httpx.Client) -> None:
    kept = server.originals()
    calls = client.get("/api/v1/calls").json()["items"]
    with socket.create_connection(("localhost", server.port)) as sender:
        sender.sendall(server.upload_head(client, 100 * MIB) + bytes(8 * MIB))
        eventually(lambda: len(server.originals()) > len(kept))
    eventually(lambda: server.originals() == kept)
    assert client.get("/api/v1/calls").json()["items"] == calls
    assert "unforeseen error" not in server.program.log.read_text()


def test_a_forged_forwarding_header_changes_nothing(client: httpx.Client) -> None:
    made = upload(client, MIB).json()["id"]
    client.get(
        f"/api/v1/calls/{made}", headers={"X-Forwarded-For": "192.0.2.66", "Forwarded": "for=192.0.2.66"}
    )
    (viewed,) = events(client, made, "call.viewed")
    assert viewed["origin"]["address"] in {"127.0.0.1", "::1"}


def test_a_head_without_end_is_refused(server: Server) -> None:
    with socket.create_connection(("localhost", server.port), timeout=SECONDS) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nX: " + b"a" * 96 * 1024)
        assert line.recv(1024).startswith(b"HTTP/1.1 431 ")


def test_log_lines_are_json_without_secrets(server: Server, client: httpx.Client) -> None:
    client.get("/api/v1/calls", params={"label": "l4b3l"}, headers={"Cookie": "session=c00k13"})
    lines = [json.loads(line) for line in server.program.log.read_text().splitlines() if line.startswith("{")]
    assert any(line.get("route") == "/api/v1/calls" for line in lines)
    assert "l4b3l" not in server.program.log.read_text()
    assert "c00k13" not in server.program.log.read_text()


def test_a_stalled_listener_does_not_hold_the_stop(server: Server, client: httpx.Client) -> None:
    """The last test of this server."""
    path = f"/api/v1/calls/{upload(client, 64 * MIB).json()['id']}/recording"
    with client.stream("GET", path) as answer:
        next(answer.iter_raw())
        began = time.monotonic()
        assert server.program.end(signal.SIGTERM) == 0
        assert time.monotonic() - began < 8


def test_a_trusted_proxy_says_who_asks(tmp_path: Path) -> None:
    migrate(Settings(data=str(tmp_path)))
    server = Server(tmp_path, behind_proxy="127.0.0.1,::1", public_url="https://calls.example.com")
    try:
        server.start()
        httpx.get(f"{server.url}/readyz", headers={"X-Forwarded-For": "192.0.2.66"}, trust_env=False)
        eventually(lambda: '"address": "192.0.2.66"' in server.program.log.read_text())
    finally:
        server.program.stop()
