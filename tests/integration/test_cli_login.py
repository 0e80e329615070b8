"""`login`, what the commands then do as that person, and `logout`: on the embedded archive and on servers."""

import json
import os
import re
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import samples
from tests.integration.archives import COMMAND, Archive, embedded
from tests.integration.deeds import until
from tests.integration.servers import servers

ADDRESS = re.compile(r"http\S+/oauth/authorize\?\S+")


@pytest.fixture(scope="module", params=[embedded, pytest.param(servers, marks=pytest.mark.meilisearch)])
def archive(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with request.param(tmp_path_factory.mktemp("archive")) as running:
        yield running


class Terminal:
    """Somebody's account on some machine."""

    def __init__(self, archive: Archive, home: Path) -> None:
        self.archive = archive
        self.tokens = home / "call-archive" / "tokens.json"
        self.env = {**os.environ, "XDG_CONFIG_HOME": str(home), "CALL_ARCHIVE_URL": archive.url}

    def run(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, *words],
            env={**self.env, **env},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def begin(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [COMMAND, *words], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def kept(self) -> dict[str, Any]:
        kept: dict[str, Any] = json.loads(self.tokens.read_text())
        return kept

    def age(self) -> None:
        """The access token is over, as after ten minutes."""
        kept = self.kept()
        kept[self.archive.url]["expires_at"] = 0
        self.tokens.write_text(json.dumps(kept))


def login(terminal: Terminal, browser: httpx.Client, decision: str = "allow") -> tuple[int, str]:
    """The person's part is played by `browser`."""
    running = terminal.begin("login", "--no-browser")
    assert running.stderr is not None
    line = until(lambda: ADDRESS.search(running.stderr.readline()), "the address is printed")  # type: ignore[union-attr]
    address = httpx.URL(line[0])
    assert browser.get(address).status_code == httpx.codes.OK
    answer = browser.post(address.copy_with(query=None), data={**address.params, "decision": decision})
    assert answer.status_code == httpx.codes.SEE_OTHER, answer.text
    assert httpx.get(answer.headers["Location"]).status_code == httpx.codes.OK
    _, told = running.communicate(timeout=60)
    return running.returncode, told


@pytest.fixture
def terminal(archive: Archive, tmp_path: Path) -> Terminal:
    return Terminal(archive, tmp_path)


@pytest.fixture
def maria(archive: Archive) -> Iterator[httpx.Client]:
    with archive.browser(archive.add_person("Maria", "partner_manager", "all")) as browser:
        yield browser


def test_a_person_uploads_and_searches_as_themselves(terminal: Terminal, maria: httpx.Client) -> None:
    assert terminal.run("search", "umbrella").returncode == 1
    assert login(terminal, maria)[0] == 0
    assert stat.S_IMODE(terminal.tokens.stat().st_mode) == 0o600
    sent = terminal.run("upload", str(samples.in_format("wav-mulaw")), "--json")
    assert sent.returncode == 0, sent.stderr
    (uploaded,) = json.loads(sent.stdout)
    assert maria.get(f"/api/v1/calls/{uploaded['id']}").status_code == httpx.codes.OK
    (program,) = maria.get("/api/v1/authorizations").json()["items"]
    assert program["client_id"] == "call-archive"
    assert program["used_at"] is not None


def test_two_processes_renew_one_token_once(terminal: Terminal, maria: httpx.Client) -> None:
    login(terminal, maria)
    before = terminal.kept()[terminal.archive.url]
    for _ in range(2):
        terminal.age()
        running = [terminal.begin("search", "umbrella") for _ in range(4)]
        ended = [(one.communicate(timeout=60)[1], one.returncode) for one in running]
        assert ended == [("", 0)] * 4
    assert terminal.kept()[terminal.archive.url]["refresh_token"] != before["refresh_token"]
    assert len(maria.get("/api/v1/authorizations").json()["items"]) == 1


def test_whoever_signed_out_is_out_and_so_are_their_tokens(terminal: Terminal, maria: httpx.Client) -> None:
    login(terminal, maria)
    tokens = terminal.kept()[terminal.archive.url]
    assert terminal.run("logout").returncode == 0
    assert terminal.kept() == {}
    with terminal.archive.client() as program:
        program.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        assert program.get("/api/v1/calls").status_code == httpx.codes.UNAUTHORIZED
    assert maria.get("/api/v1/authorizations").json()["items"] == []
    assert terminal.run("logout").returncode == 1


def test_a_program_that_the_person_ended_is_told_to_sign_in_again(
    terminal: Terminal, maria: httpx.Client
) -> None:
    login(terminal, maria)
    (program,) = maria.get("/api/v1/authorizations").json()["items"]
    assert maria.delete(f"/api/v1/authorizations/{program['id']}").status_code == httpx.codes.NO_CONTENT
    ended = terminal.run("search", "umbrella")
    assert (ended.returncode, "call-archive login" in ended.stderr) == (1, True)
    assert terminal.kept() == {}


def test_whoever_signs_in_anew_hands_back_what_they_had(terminal: Terminal, maria: httpx.Client) -> None:
    login(terminal, maria)
    login(terminal, maria)
    assert len(maria.get("/api/v1/authorizations").json()["items"]) == 1
    assert terminal.run("search", "umbrella").returncode == 0


def test_whoever_says_no_is_not_signed_in(terminal: Terminal, maria: httpx.Client) -> None:
    status, told = login(terminal, maria, "refuse")
    assert (status, "access_denied" in told) == (1, True)
    assert not terminal.tokens.exists()


def test_a_programs_credentials_win(archive: Archive, terminal: Terminal, maria: httpx.Client) -> None:
    login(terminal, maria)
    wrong = {"CALL_ARCHIVE_CLIENT_ID": "nobody", "CALL_ARCHIVE_CLIENT_SECRET": "wrong"}
    ended = terminal.run("search", "umbrella", **wrong)
    assert (ended.returncode, "client id and secret" in ended.stderr) == (1, True)
    assert terminal.run("search", "umbrella", CALL_ARCHIVE_CLIENT_ID="one").returncode == 2


def test_an_archive_that_calls_itself_otherwise_is_not_trusted(terminal: Terminal) -> None:
    other = terminal.archive.url.replace("localhost", "127.0.0.1")
    ended = terminal.run("login", "--no-browser", "--server", other)
    assert (ended.returncode, f"calls itself {terminal.archive.url}" in ended.stderr) == (1, True)


def test_somebody_else_on_the_machine_can_not_answer(terminal: Terminal, maria: httpx.Client) -> None:
    running = terminal.begin("login", "--no-browser")
    assert running.stderr is not None
    line = until(lambda: ADDRESS.search(running.stderr.readline()), "the address is printed")  # type: ignore[union-attr]
    back = httpx.URL(line[0]).params["redirect_uri"]
    for forged in (
        {"code": "x", "state": "guessed", "iss": terminal.archive.url},
        {"error": "access_denied"},
    ):
        assert httpx.get(back, params=forged).status_code == httpx.codes.OK
    assert httpx.get(back.replace("/callback", "/")).status_code == httpx.codes.NOT_FOUND
    assert running.poll() is None
    running.terminate()
    running.communicate(timeout=60)
    assert running.returncode != 0
