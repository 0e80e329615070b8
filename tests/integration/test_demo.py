"""The demo from its first start on: killed in the middle, started again, used, ended, and started once more."""

import json
import re
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec import Struct

from infra.demo.calls import DemoCall
from infra.demo.load import load_calls
from infra.demo.people import Outcome, load_people
from tests.integration.archives import COMMAND, token
from tests.integration.deeds import children, until
from tests.processes import Part, Program, answers, free_port, installed

pytestmark = pytest.mark.timeout(900)

FILLED_WITHIN = 600.0
"""Seconds, on a machine that is busy with other tests."""


class Demo(Struct, frozen=True):
    program: Program
    folder: Path
    url: str

    @property
    def kept(self) -> dict[str, Any]:
        text = (self.folder / "demo.json").read_text()
        return dict(json.loads(text)) if text else {}

    @property
    def said(self) -> str:
        return self.program.log.read_text()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Filled, after a first start that was killed when some calls were uploaded, with and without an external id."""
    folder, port = tmp_path_factory.mktemp("demo"), free_port()
    running = Demo(Program("demo"), folder, f"http://localhost:{port}")
    command: list[Part] = [COMMAND, "demo", "--data", folder, "--port", str(port)]
    try:
        running.program.start(command, answers(f"{running.url}/healthz"), end="TERM")
        until(lambda: _nameless() & set(running.kept.get("uploaded", ())), "some are uploaded", FILLED_WITHIN)
        running.program.end(signal.SIGKILL)
        # As if it had been killed each time between the archive's answer and this note of it.
        (folder / "demo.json").write_text(json.dumps({**running.kept, "uploaded": {}}))
        running.program.again()
        until(lambda: "The demo is at" in running.said, "the demo is filled", FILLED_WITHIN)
        yield running
    finally:
        running.program.stop()


@pytest.fixture
def crm(demo: Demo) -> Iterator[httpx.Client]:
    """The integration, with what was printed."""
    printed = dict(re.findall(r"^ +(client_id|client_secret) +(\S+)$", demo.said, re.MULTILINE))
    with httpx.Client(base_url=demo.url) as client:
        client.headers["Authorization"] = f"Bearer {token(client, printed)}"
        yield client


def test_each_call_is_there_once_and_ready(crm: httpx.Client) -> None:
    shown = [call for call in load_calls() if not _sealed(call)]
    held = crm.get("/api/v1/calls", params={"limit": 200}).json()["items"]
    assert len(held) == len(shown)
    assert {call["state"] for call in held} == {"ready"}
    assert {call["external_id"] for call in held} == {call.external_id or None for call in shown}


def test_what_was_printed_and_kept_is_for_the_owner_alone(demo: Demo) -> None:
    assert stat.S_IMODE((demo.folder / "demo.json").stat().st_mode) == 0o600
    for person in load_people().person:
        assert re.search(rf"{person.role} +{person.name} +{person.email}", demo.said)


def test_the_manager_finds_the_bad_call_first_and_opens_it_at_the_second(demo: Demo) -> None:
    with _browser(demo, "partner_manager") as browser:
        found = browser.get("/api/v1/search", params={"q": "refund never arrived"}).json()
        first = found["items"][0]
        assert first["call"]["id"] == demo.kept["uploaded"]["northwind-bad-call"]
        assert "refund" in first["moments"][0]["text"].lower()
        assert {item["call"]["partner"] for item in found["items"]} == {"Northwind"}
        assert browser.get(f"/calls/{first['call']['id']}").status_code == 200


def test_the_log_was_made_by_people(demo: Demo) -> None:
    visits = load_people().visit
    with _browser(demo, "auditor") as browser:
        opened = _events(browser, type="listen.opened")
        assert len(opened) == sum(bool(visit.listens) for visit in visits)
        assert {event["origin"]["address"] for event in opened} <= {"127.0.0.1", "::1"}
        denied = _events(browser, type="call.denied")
        assert len(denied) == sum(visit.outcome is Outcome.REFUSED for visit in visits)
        assert len(_events(browser, type="listen.closed")) == len(opened)


def test_ctrl_c_ends_everything_and_the_next_start_tells_at_once(demo: Demo) -> None:
    started = [pid for word in ("workers", "redis-server") for pid in children(demo.program.pid, word)]
    assert demo.program.end(signal.SIGINT) == 0
    assert [pid for pid in started if Path(f"/proc/{pid}").exists()] == []
    told = demo.said.count("The demo is at")
    demo.program.again()
    until(lambda: demo.said.count("The demo is at") > told, "who can sign in", within=30.0)
    with _browser(demo, "team_lead") as browser:
        assert browser.get("/api/v1/search", params={"q": "dropped a nought"}).json()["items"]


def test_without_the_programs_that_it_needs_it_says_what_to_install(tmp_path: Path) -> None:
    """On a PATH with nothing but Redis, and what ties it to the tests."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("redis-server", "setpriv"):
        (programs / name).symlink_to(installed(name))
    demo = Program("bare-demo")
    url = f"http://localhost:{free_port()}"
    command: list[Part] = [COMMAND, "demo", "--data", tmp_path / "data", "--port", url.rpartition(":")[2]]
    try:
        demo.start(command, answers(f"{url}/healthz"), end="TERM", env={"PATH": str(programs)})
        until(lambda: "apt-get install espeak-ng ffmpeg" in demo.log.read_text(), "it says what to install")
    finally:
        demo.stop()


def _nameless() -> set[str]:
    return {call.id for call in load_calls() if not call.external_id}


def _sealed(call: DemoCall) -> bool:
    return call.consent == "refused"


@contextmanager
def _browser(demo: Demo, role: str) -> Iterator[httpx.Client]:
    people = load_people()
    email = next(person.email for person in people.person if person.role == role)
    with httpx.Client(base_url=demo.url, headers={"Origin": demo.url}) as browser:
        form = {"email": email, "password": people.password, "next": "/"}
        assert browser.post("/sign-in", data=form).status_code == httpx.codes.SEE_OTHER
        yield browser


def _events(browser: httpx.Client, **asked: str) -> list[dict[str, Any]]:
    answer = browser.get("/api/v1/audit/events", params={"limit": "200", **asked})
    return list(answer.json()["items"])
