"""The commands of those who run and manage an archive, beside one that runs."""

import json
import re
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests import samples
from tests.integration.archives import COMMAND, PASSWORD, Archive, Embedded, call_archive, embedded, token
from tests.integration.conftest import Uploaded
from tests.integration.deeds import children, settled, until
from tests.processes import Part, Program, answers, free_port

FIRST_PAGE_WITHIN = 5.0


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with embedded(tmp_path_factory.mktemp("console")) as running:
        yield running


def test_people_come_and_go(archive: Archive) -> None:
    email = archive.add_person("Paula", "auditor", "all")
    listed = {row["email"]: row for row in archive.console("people", "list")}
    (grant,) = listed[email]["grants"]
    assert (listed[email]["name"], grant["gives"], grant["scope"]) == ("Paula", "auditor", "all")
    assert f"auditor on all ({grant['id']})" in archive.run("people", "list").stdout
    with archive.browser(email) as browser:
        assert archive.run("people", "disable", email).returncode == 0
        assert browser.get("/api/v1/audit/events").status_code == 401
    again = archive.run("people", "disable", "nobody@example.com")
    assert (again.returncode, again.stderr) == (1, "call-archive: There is no person nobody@example.com.\n")


def test_a_password_too_short_adds_nobody(archive: Archive) -> None:
    words = ("people", "add", "s@example.com", "--name", "S", "--role", "auditor", "--scope", "all")
    refused = archive.run(*words, "--password-stdin", typed="short\n")
    assert (refused.returncode, "10 to 1024" in refused.stderr) == (2, True)
    assert "s@example.com" not in {row["email"] for row in archive.console("people", "list")}


def test_a_grant_opens_and_its_end_closes(archive: Archive, spoken: Uploaded, wordless: Uploaded) -> None:
    email = archive.add_person("Gerda", "partner_manager", "partner:Contoso")
    given = ("--role", "partner_manager", "--scope", "partner:Northwind", "--reason", "Stands in for Maria")
    with archive.browser(email) as browser:
        address = f"/api/v1/calls/{spoken.id}"
        assert browser.get(address).status_code == 404
        grant = archive.console("grants", "give", email, *given)
        assert browser.get(address).status_code == 200
        assert archive.run("grants", "revoke", grant["id"]).returncode == 0
        assert browser.get(address).status_code == 404
        assert browser.get(f"/api/v1/calls/{wordless.id}").status_code == 200


def test_any_grant_can_be_looked_up_and_revoked(archive: Archive) -> None:
    made = archive.console("integrations", "add", "Reader", "--actions", "find", "--scope", "all")
    more = ("--actions", "read_call,upload", "--scope", "all", "--reason", "Loads calls too")
    given = archive.console("grants", "give", made["client_id"], *more)

    def listed() -> dict[str, str]:
        rows = {row["client_id"]: row for row in archive.console("integrations", "list")}
        return {grant["id"]: grant["gives"] for grant in rows[made["client_id"]]["grants"]}

    assert (len(listed()), listed()[given["id"]]) == (2, "read_call,upload")
    (first,) = set(listed()) - {given["id"]}
    assert archive.run("grants", "revoke", first).returncode == 0
    assert list(listed()) == [given["id"]]


@pytest.mark.parametrize("gives", [(), ("--role", "auditor", "--actions", "find")])
def test_a_grant_is_of_a_role_or_of_actions(archive: Archive, gives: tuple[str, ...]) -> None:
    email = archive.add_person("Rolf", "auditor", "all")
    refused = archive.run("grants", "give", email, *gives, "--scope", "all", "--reason", "x")
    assert (refused.returncode, "either a role or actions" in refused.stderr) == (2, True)


def test_a_scope_that_names_nobody_is_refused(archive: Archive) -> None:
    words = ("integrations", "add", "Lost", "--actions", "find", "--scope", "partner:Nowhere Ltd")
    refused = archive.run(*words)
    assert (refused.returncode, "Nowhere Ltd" in refused.stderr) == (2, True)


def test_credentials_are_rotated_and_revoked(archive: Archive) -> None:
    made = archive.console("integrations", "add", "Rotating", "--actions", "find", "--scope", "all")
    rotated = archive.console("integrations", "rotate", made["client_id"])
    with archive.client() as client:
        for known in (made, rotated):  # the one before works until the next rotation
            client.headers["Authorization"] = f"Bearer {token(client, known)}"
            assert client.get("/api/v1/calls").status_code == 200
            del client.headers["Authorization"]
        client.headers["Authorization"] = f"Bearer {token(client, rotated)}"
        assert archive.run("integrations", "revoke", made["client_id"]).returncode == 0
        assert client.get("/api/v1/calls").status_code == 401


def test_changes_at_the_console_stand_in_the_log(archive: Archive, auditor: httpx.Client) -> None:
    events = auditor.get("/api/v1/audit/events", params={"type": "person.added"}).json()["items"]
    assert {event["actor"]["kind"] for event in events} == {"console"}


def test_reindex_keeps_everything_findable(archive: Archive, crm: httpx.Client, spoken: Uploaded) -> None:
    done = archive.run("reindex")
    assert done.returncode == 0, done.stderr
    assert re.search(r"\d+ calls indexed", done.stdout)
    found = crm.get("/api/v1/search", params={"q": "perforated umbrella"}).json()
    assert found["items"][0]["call"]["id"] == spoken.id


def test_doctor_finds_all_well(archive: Archive) -> None:
    components = archive.console("doctor")
    assert {row["state"] for row in components} == {"ok"}, components


def test_recordings_are_uploaded_and_found_over_the_api(
    archive: Archive, crm: httpx.Client, tmp_path: Path
) -> None:
    actions = "find,upload,read_transcript"
    made = archive.console("integrations", "add", "Loader", "--actions", actions, "--scope", "all")
    access = {
        "CALL_ARCHIVE_URL": archive.url,
        "CALL_ARCHIVE_CLIENT_ID": made["client_id"],
        "CALL_ARCHIVE_CLIENT_SECRET": made["client_secret"],
    }
    words = tmp_path / "words.srt"
    words.write_text("1\n00:00:01,000 --> 00:00:03,000\nThe marmalade was perfect.\n")
    about = '{"started_at": "2026-11-03T10:00:00Z", "client": {"name": "Paddington"}}'
    given = ("--transcript", str(words), "--metadata", about, "--json")
    sent = call_archive("upload", str(samples.in_format("flac")), *given, env=access)
    assert sent.returncode == 0, sent.stderr
    (row,) = json.loads(sent.stdout)
    assert settled(crm, row["id"])["state"] == "ready"
    found = call_archive("search", "marmalade", env=access)
    assert (found.returncode, "Paddington" in found.stdout, "0:01" in found.stdout) == (0, True, True)
    wrong = call_archive("search", "marmalade", env={**access, "CALL_ARCHIVE_CLIENT_SECRET": "wrong"})
    assert (wrong.returncode, "doesn't accept" in wrong.stderr) == (1, True)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"ARCHIVE_PROT": "8000"}, "ARCHIVE_PROT"),
        ({"ARCHIVE_PORT": "many"}, "ARCHIVE_PORT"),
        ({"ARCHIVE_DATABASE": "mysql://here/db"}, "ARCHIVE_DATABASE"),
        ({"ARCHIVE_STORE": "s3://bucket"}, "s3_endpoint"),
        ({"ARCHIVE_SEARCH": "http://here:7700"}, "search_key"),
        ({"ARCHIVE_HOST": "0.0.0.0"}, "host"),
        ({"ARCHIVE_CONFIG": "/nowhere/archive.toml"}, "ARCHIVE_CONFIG"),
    ],
)
@pytest.mark.parametrize("command", ["up", "serve"])
def test_a_wrong_setting_is_named_and_nothing_starts(
    command: str, settings: dict[str, str], named: str, tmp_path: Path
) -> None:
    refused = call_archive(command, env={"ARCHIVE_DATA": str(tmp_path / "data"), **settings})
    assert (refused.returncode, named in refused.stderr) == (2, True), refused.stderr
    assert not (tmp_path / "data").exists()


def test_what_an_archive_keeps_is_for_its_own_account_alone(archive: Archive, spoken: Uploaded) -> None:
    assert spoken.call["playable"]
    assert archive.run("reindex").returncode == 0
    kept = [path for path in archive.folder.rglob("*") if path.is_file() or path.is_dir()]
    assert {"recordings", "index", "archive.sqlite3", "queue"} <= {path.name for path in kept}
    assert [path for path in kept if path.stat().st_mode & 0o077] == []


def test_a_queue_of_ones_own_is_not_written_down(tmp_path: Path, redis_url: str) -> None:
    archive = Embedded(tmp_path)
    try:
        archive.start(ARCHIVE_REDIS=redis_url)
        assert children(archive.up.pid, "redis-server") == []
        assert not (tmp_path / "queue").exists()
        assert archive.run("doctor", ARCHIVE_REDIS=redis_url).returncode == 0
    finally:
        archive.up.stop()


def test_a_second_archive_in_the_folder_is_refused(archive: Archive) -> None:
    second = archive.run("up", "--port", str(free_port()))
    assert (second.returncode, "is running in" in second.stderr) == (1, True)


def test_up_refuses_a_port_that_is_taken_before_it_begins(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = call_archive("up", "--data", str(tmp_path), "--port", str(port))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert f"127.0.0.1:{port} can't be listened on" in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["running.lock"]


def test_up_refuses_a_demos_folder(tmp_path: Path) -> None:
    (tmp_path / "demo.json").touch()
    refused = call_archive("up", "--data", str(tmp_path))
    assert (refused.returncode, "call-archive demo" in refused.stderr) == (2, True)


def test_demo_refuses_an_archives_folder(archive: Archive) -> None:
    refused = call_archive("demo", "--data", str(archive.folder))
    assert (refused.returncode, "no demo" in refused.stderr) == (2, True)


@pytest.mark.parametrize(
    ("setting", "address"),
    [
        ("database", "postgresql://archive@/archive?host=/nowhere"),
        ("database_owner", "postgresql://owner@/archive?host=/nowhere"),
        ("search", "http://localhost:1"),
        ("store", "s3://recordings"),
        ("redis", "unix:///nowhere"),
    ],
)
def test_demo_refuses_a_companys_own_servers(setting: str, address: str, tmp_path: Path) -> None:
    config, folder = tmp_path / "archive.toml", tmp_path / "demo-data"
    needed = (
        's3_endpoint = "http://localhost:1"\ns3_access_key = "a"\ns3_secret_key = "b"\nsearch_key = "c"\n'
    )
    config.write_text(f'{needed}{setting} = "{address}"\n')
    refused = call_archive("demo", "--data", str(folder), env={"ARCHIVE_CONFIG": str(config)})
    assert (refused.returncode, f"({setting})" in refused.stderr) == (2, True), refused.stderr
    assert not folder.exists()


def test_an_empty_folder_gives_a_link_for_the_first_administrator_once(tmp_path: Path) -> None:
    port = free_port()
    with _up(tmp_path, port) as up:
        link = _link(up)
        with httpx.Client(headers={"Origin": f"http://localhost:{port}"}) as browser:
            assert browser.get(link).status_code == 200
            form = {"name": "First", "email": "first@example.com", "password": PASSWORD}
            made = browser.post(link, data=form)
            assert (made.status_code, made.headers["location"]) == (303, "/welcome")
            assert browser.get(f"http://localhost:{port}/welcome").status_code == 200
            assert browser.post(link, data=form).status_code == 404


def test_ctrl_c_ends_everything_and_the_next_start_is_quick(tmp_path: Path) -> None:
    archive = Embedded(tmp_path)
    archive.start()
    try:
        email = archive.add_person("Erna", "auditor", "all")
        started = [pid for word in ("workers", "redis-server") for pid in children(archive.up.pid, word)]
        assert len(started) == 2
        assert archive.up.end(signal.SIGINT) == 0
        assert [pid for pid in started if Path(f"/proc/{pid}").exists()] == []
        began = time.monotonic()
        archive.up.again()
        assert httpx.get(f"{archive.url}/sign-in").status_code == 200
        assert time.monotonic() - began - _waited(archive.up.pid) < FIRST_PAGE_WITHIN
        with archive.browser(email) as browser:
            assert browser.get("/audit").status_code == 200
    finally:
        archive.up.stop()


@contextmanager
def _up(folder: Path, port: int) -> Iterator[Program]:
    up = Program("up")
    command: list[Part] = [COMMAND, "up", "--data", folder, "--port", str(port)]
    try:
        yield up.start(command, answers(f"http://localhost:{port}/healthz"), end="TERM")
    finally:
        up.stop()


def _waited(pid: int) -> float:
    """Seconds that a process was ready to run and had no processor: other tests had it (proc_pid_schedstat(5))."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9


def _link(up: Program) -> str:
    found = until(lambda: re.search(r"http://\S+/setup/\S+", up.log.read_text()), "the link is printed")
    return found[0]
