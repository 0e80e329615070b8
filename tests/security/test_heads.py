"""Heads of requests that don't end: a process of its own, over real sockets. See `hasty.py` for its patience."""

import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from archive.http.heads import BoundedHeads
from tests.processes import Program, answers, free_port
from tests.security.hasty import SECONDS

KIB = 1024
ROOT = Path(__file__).parents[2]
OK = b"HTTP/1.1 200 OK"
WHOLE = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    port, program = free_port(), Program("hasty")
    command: list[str | Path] = [sys.executable, "-m", "tests.security.hasty", str(port)]
    try:
        program.start(command, answers(f"http://127.0.0.1:{port}/"), env={"PYTHONPATH": str(ROOT)})
        yield port
        assert program.end(signal.SIGTERM) in (0, -signal.SIGTERM)  # nothing holds the stop
    finally:
        program.stop()


@pytest.fixture
def line(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        yield connection


def rest(line: socket.socket) -> bytes:
    """All that comes until the server closes; fails after the socket's time."""
    got = b""
    with suppress(ConnectionError):
        while piece := line.recv(64 * KIB):
            got += piece
    return got


def answered(line: socket.socket) -> int:
    """One answer, which says how many bytes of body came; its own body is one small write."""
    got = b""
    while not (body := got.partition(b"\r\n\r\n")[2]):
        piece = line.recv(KIB)
        assert piece, got
        got += piece
    return int(body)


def flood(line: socket.socket, begin: bytes, piece: bytes) -> bytes:
    """Begin, then the same piece up to some megabytes; what was answered."""
    with suppress(ConnectionError):
        line.sendall(begin + piece * (4 * KIB * KIB // len(piece)))
    return rest(line)


def head(size: int) -> bytes:
    begin, end = b"GET / HTTP/1.1\r\nHost: a\r\nX: ", b"\r\n\r\n"
    return begin + b"a" * (size - len(begin) - len(end)) + end


def test_a_head_of_64_kib_is_taken_and_a_larger_one_refused(line: socket.socket) -> None:
    line.sendall(head(64 * KIB))
    assert answered(line) == 0
    line.sendall(head(112 * KIB)[: 96 * KIB])
    assert rest(line).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (b"GET / HTTP/1.1\r\nX: ", b"a"),
        (b"GET /", b"a"),
        (b"GET / HTTP/1.1\r\n", b"X: a\r\n"),
        (b"", b"\r\n"),
        (CHUNKED + b"1\r\na\r\n0\r\nX: ", b"a"),
        (CHUNKED + b"0\r\n", b"X: a\r\n"),
        (CHUNKED + b"5;x=", b"a"),
    ],
    ids=["header", "path", "headers", "empty lines", "trailer", "trailers", "chunk extension"],
)
def test_what_never_ends_is_cut(line: socket.socket, begin: bytes, piece: bytes) -> None:
    assert OK not in flood(line, begin, piece)


@pytest.mark.parametrize("begin", [b"", b"GET / HTTP/1.1\r\nX: "], ids=["nothing sent", "half a head"])
def test_a_head_that_is_late_ends_the_connection(line: socket.socket, begin: bytes) -> None:
    began = time.monotonic()
    line.sendall(begin)
    assert rest(line) == b""
    assert time.monotonic() - began < 10 * SECONDS


@pytest.mark.parametrize("begin", [b"GET /", b"\r\n"])
def test_a_late_next_head_ends_a_kept_connection_too(line: socket.socket, begin: bytes) -> None:
    line.sendall(WHOLE)
    assert answered(line) == 0
    line.sendall(begin)
    assert rest(line) == b""


def test_a_kept_connection_may_rest(line: socket.socket) -> None:
    for _ in range(2):
        line.sendall(WHOLE)
        assert answered(line) == 0
        line.settimeout(3 * SECONDS)
        with pytest.raises(TimeoutError):
            line.recv(1)
        line.settimeout(10)


def test_bodies_and_answers_may_take_their_time(line: socket.socket) -> None:
    """Twice, so that the second head's time begins anew; a body comes in one piece with its head, and later."""
    for _ in range(2):
        size = 8 * KIB * KIB
        line.sendall(b"POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size + bytes(size - 1))
        line.settimeout(2 * SECONDS)
        with pytest.raises(TimeoutError):
            line.recv(1)
        line.settimeout(10)
        line.sendall(b"a")
        assert answered(line) == size


def test_an_answer_under_way_is_finished_before_a_late_next_head_ends_it(line: socket.socket) -> None:
    line.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
    line.sendall(b"GET /")
    assert rest(line).endswith(b"\r\n\r\n0")


def test_how_long_the_archive_waits() -> None:
    assert (BoundedHeads.MAX_HEAD, BoundedHeads.HEAD_SECONDS) == (64 * KIB, 15)
