"""Cursors, JSON, forms, problems and names of files: what comes in from outside, and what goes out about it."""

import json
import logging

import pytest
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from msgspec import Struct

from archive.calls.upload import Metadata
from archive.errors import Invalid, Malformed, NotFound, TooMany, Unavailable
from archive.http import cursor
from archive.http.api.recordings import attachment
from archive.http.forms import decode
from archive.http.metrics import Metrics
from archive.http.problems import answer, problem, translated
from archive.http.ranges import RangeNotSatisfiable
from archive.logs import JsonLines


class Mark(Struct, frozen=True):
    at: int


def test_a_cursor_comes_back_as_it_went() -> None:
    assert cursor.decode("calls", cursor.encode("calls", Mark(7)), Mark) == Mark(7)


def test_a_cursor_that_was_altered_or_is_another_lists_is_refused() -> None:
    made = cursor.encode("calls", Mark(7))
    altered = [
        made[:place] + ("A" if made[place] != "A" else "B") + made[place + 1 :] for place in range(len(made))
    ]
    for text in (*altered, made[:-1], made + "A", made + "=", "", "!", "é", cursor.encode("events", Mark(7))):
        with pytest.raises(Malformed) as refused:
            cursor.decode("calls", text, Mark)
        assert refused.value.field == "cursor"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{}", "started_at"),
        (b'{"started_at": "yesterday"}', "started_at"),
        (b'{"started_at": "2026-02-10T09:00:00Z", "shoe": 1}', "shoe"),
        (b'{"started_at": "2026-02-10T09:00:00Z", "client": {"shoe": 1}}', "client.shoe"),
        (b'{"started_at": "2026-02-10T09:00:00Z", "client": {"phone": 4}}', "client.phone"),
        (b'{"started_at": "2026-02-10T09:00:00Z", "kind": "pigeon"}', "kind"),
        (b'{"started_at": "2026-02-10T09:00:00Z", "labels": [1]}', "labels[0]"),
    ],
)
def test_a_wrong_field_is_named(body: bytes, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        decode(body, Metadata)
    assert refused.value.field == field


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"started_at" 1'])
def test_what_is_not_json_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        decode(body, Metadata)


def test_a_problem_has_a_stable_code_and_says_no_more_than_it_should() -> None:
    shown = problem(NotFound())
    assert (shown.status, shown.code, shown.type) == (404, "not_found", "urn:call-archive:problem:not_found")
    unforeseen, _ = translated(RuntimeError("secret path"))
    assert "secret" not in str(problem(unforeseen))
    assert problem(unforeseen).status == 500


def test_what_litestar_refuses_is_a_problem_too() -> None:
    for error, status in (
        (NotFoundException(), 404),
        (MethodNotAllowedException(), 405),
        (HTTPException(status_code=400), 400),
    ):
        assert problem(translated(error)[0]).status == status


def test_problems_bring_their_headers() -> None:
    assert answer(TooMany(retry_after=9)).headers["Retry-After"] == "9"
    assert answer(RangeNotSatisfiable(100)).headers["Content-Range"] == "bytes */100"
    away = json.loads(answer(Unavailable("Database", "Away.", "Start it.")).content)
    assert (away["status"], away["component"], away["remedy"]) == (503, "Database", "Start it.")


@pytest.mark.parametrize(
    "name", ["a.m4a", '../"x".wav', "a\r\nSet-Cookie: x", "\u202egpj.wav", "Müller.m4a", "a\x00b"]
)
def test_a_files_name_can_not_leave_its_header(name: str) -> None:
    header = attachment(name)
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2
    assert "/" not in header.split('"')[1]


def test_one_record_is_one_line() -> None:
    record = logging.LogRecord("x", logging.INFO, "f", 1, "a\r\nb %s", ("\u2028c",), None)
    line = JsonLines().format(record)
    assert len(line.splitlines()) == 1
    assert json.loads(line)["message"] == "a\r\nb \u2028c"


def test_measurements_count_up_in_buckets() -> None:
    metrics = Metrics()
    for seconds in (0.001, 0.02, 99.0):
        metrics.observe("GET", '/a"b', 200, seconds)
    lines = list(metrics.lines())
    assert 'archive_requests_total{method="GET",route="/a\\"b",status="200"} 3' in lines
    buckets = [int(line.rsplit(" ", 1)[1]) for line in lines if "_bucket" in line]
    assert buckets == sorted(buckets)
    assert (buckets[0], buckets[-1]) == (1, 3)
