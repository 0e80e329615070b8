"""`upload` and `search` as programs call them, on a server that answers as the test wants."""

import json
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.integration.archives import call_archive

CALL = {"id": "0199", "state": "received", "url": "/calls/0199"}
DROPS = b"drops the connection"


class Server(ThreadingHTTPServer):
    """Takes any upload but one that says `DROPS`: then it hangs up without an answer."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.uploads: list[bytes] = []
        self.searches: list[dict[str, list[str]]] = []

    @property
    def access(self) -> Mapping[str, str]:
        return {
            "CALL_ARCHIVE_URL": f"http://127.0.0.1:{self.server_port}",
            "CALL_ARCHIVE_CLIENT_ID": "id",
            "CALL_ARCHIVE_CLIENT_SECRET": "secret",
        }


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self._body()
        if self.path == "/oauth/token":
            self._answer(200, {"access_token": "token", "expires_in": 600})
        elif DROPS in body:
            self.close_connection = True
        else:
            self.server.uploads.append(body)
            self._answer(201, CALL)

    def do_GET(self) -> None:
        self.server.searches.append(parse_qs(urlsplit(self.path).query))
        self._answer(200, {"items": []})

    def _body(self) -> bytes:
        if "Content-Length" in self.headers:
            return self.rfile.read(int(self.headers["Content-Length"]))
        chunks = iter(lambda: self.rfile.read(int(self.rfile.readline(), 16) + 2)[:-2], b"")
        return b"".join(chunks)

    def _answer(self, status: int, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_a_lost_connection_does_not_lose_what_was_uploaded(server: Server, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("first.wav", "second.wav", "third.wav")]
    for file, sound in zip(files, (b"sound", DROPS, b"sound"), strict=True):
        file.write_bytes(sound)
    ended = call_archive("upload", *map(str, files), "--json", env=server.access)
    assert (ended.returncode, "can't be reached" in ended.stderr) == (1, True), ended.stderr
    assert json.loads(ended.stdout) == [{"file": str(files[0]), **CALL}]
    assert len(server.uploads) == 1


def test_metadata_longer_than_a_files_name_is_json(server: Server, tmp_path: Path) -> None:
    (file := tmp_path / "call.wav").write_bytes(b"sound")
    metadata = json.dumps({"note": "n" * 5000})
    sent = call_archive("upload", str(file), "--metadata", metadata, env=server.access)
    assert sent.returncode == 0, sent.stderr
    assert b"n" * 5000 in server.uploads[0]


def test_a_day_becomes_its_midnight_here_and_the_last_one_counts_whole(server: Server) -> None:
    zone = {"TZ": "Europe/Berlin"}
    words = ("search", "umbrella", "--from", "2026-10-25", "--to", "2026-10-25")
    assert call_archive(*words, env={**server.access, **zone}).returncode == 0
    (asked,) = server.searches
    assert asked["from"] == ["2026-10-25T00:00:00+02:00"]
    assert asked["to"] == ["2026-10-26T00:00:00+01:00"]


def test_a_time_goes_as_it_was_given(server: Server) -> None:
    call_archive("search", "umbrella", "--to", "2026-10-25T09:00:00Z", env=server.access)
    assert server.searches[0]["to"] == ["2026-10-25T09:00:00Z"]
