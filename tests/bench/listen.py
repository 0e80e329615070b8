"""How soon the first byte of a call is there, against the same file from a plain file server on the same uvicorn.

    python -m tests.bench.listen [--quick]      400 listens of each kind, or 40

A listen is two requests: `POST listens`, which decides and commits the event, and the first `GET` of the sound, which
decides anew and counts what it delivers. Each later piece is one such GET. The plain server answers one GET. All over
kept-open connections, with the same 256 KiB in the answer; each way in turn.
"""

import argparse
import http.client
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.setup import ROOT
from tests import samples
from tests.bench.rounds import in_turn, middle, p95
from tests.bench.serving import Api, minio, postgres, s3_settings, serving
from tests.bench.table import markdown
from tests.parts import unique
from tests.processes import Part, Program, free_port

MINUTES = 5
LISTENS, QUICK_LISTENS = 400, 40
FROM_THE_START = {"Range": "bytes=0-"}

COLUMNS = (
    "parts, what",
    "ratio p50",
    "ratio p95",
    "archive p50 ms",
    "archive p95 ms",
    "plain p50 ms",
    "plain p95 ms",
)


class Line:
    """A kept-open connection, without a client library's own time."""

    def __init__(self, port: int, authorization: str = "") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._headers = {"Host": f"localhost:{port}", "Authorization": authorization}

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None) -> http.client.HTTPResponse:
        self._connection.request(method, path, headers={**self._headers, **(headers or {})})
        answer = self._connection.getresponse()
        assert answer.status in (http.client.CREATED, http.client.PARTIAL_CONTENT), answer.read()
        return answer

    def first_byte(self, path: str, began: float) -> float:
        """Milliseconds from `began` to the first byte of the body; the rest is read after."""
        answer = self.ask("GET", path, FROM_THE_START)
        answer.read(1)
        took = (time.perf_counter() - began) * 1000
        answer.read()
        return took


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    listens = QUICK_LISTENS if parser.parse_args().quick else LISTENS
    rows = [row for name, api in _archives() for row in _rows(name, api, listens)]
    print(f"A call of {MINUTES} minutes, {listens} listens of each kind; milliseconds to the first byte.")
    print(markdown(COLUMNS, rows))


def _rows(name: str, api: Api, listens: int) -> Iterator[tuple[str, ...]]:
    authorization = api.integration("upload,read_call,listen,download")
    call = api.ready_call(authorization, _recording())
    with api.client(authorization) as client, TemporaryDirectory(prefix="bench-") as folder:
        rendition = Path(folder) / "rendition.m4a"
        sound = client.get(f"/api/v1/calls/{call}/recording", params={"what": "rendition"})
        rendition.write_bytes(sound.raise_for_status().content)
        with _plain(rendition) as port:
            line, plain = Line(api.port, authorization), Line(port)
            opened, later, bare = in_turn(listens, *_ways(line, plain, call))
    yield _row(f"{name}: a listen", opened, bare)
    yield _row(f"{name}: a later piece", later, bare)


def _ways(line: Line, plain: Line, call: str) -> tuple[Callable[[], float], ...]:
    def listen() -> str:
        answer = line.ask("POST", f"/api/v1/calls/{call}/listens")
        return str(json.loads(answer.read())["audio_url"])

    def opened() -> float:
        began = time.perf_counter()
        return line.first_byte(listen(), began)

    held = listen()
    return (
        opened,
        lambda: line.first_byte(held, time.perf_counter()),
        lambda: plain.first_byte("/", time.perf_counter()),
    )


def _row(name: str, ours: list[float], plain: list[float]) -> tuple[str, ...]:
    figures = (middle(ours), p95(ours), middle(plain), p95(plain))
    ratios = (figures[0] / figures[2], figures[1] / figures[3])
    return (name, *(f"{figure:.1f}" for figure in (*ratios, *figures)))


def _archives() -> Iterator[tuple[str, Api]]:
    with serving({}) as api:
        yield "SQLite, folder", api
    with ExitStack() as stack:
        cluster, account = stack.enter_context(postgres()), stack.enter_context(minio())
        database = cluster.create(unique("bench"))
        settings = {"database": database.url, "database_owner": database.owner_url, **s3_settings(account)}
        yield "PostgreSQL, MinIO", stack.enter_context(serving(settings))


@contextmanager
def _plain(path: Path) -> Iterator[int]:
    port, program = free_port(), Program("plain")
    command: list[Part] = [sys.executable, "-m", "tests.bench.plain", path, str(port)]
    try:
        program.start(command, lambda: _answers(port), env={"PYTHONPATH": str(ROOT)})
        yield port
    finally:
        program.stop()


def _answers(port: int) -> bool:
    try:
        return Line(port).first_byte("/", 0) > 0
    except OSError:
        return False


def _recording() -> Path:
    target = samples.folder() / "minutes.wav"
    samples.ffmpeg("-stream_loop", "-1", "-i", samples.call(), "-t", str(MINUTES * 60), "-c", "copy", target)
    return target


if __name__ == "__main__":
    main()
