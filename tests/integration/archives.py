"""The whole product as processes, started from the command line: what its two worlds share, and the embedded one."""

import itertools
import json
import os
import signal
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.integration.deeds import children, family, until
from tests.parts import unique
from tests.processes import Part, Program, answers, free_port

COMMAND = Path(sys.executable).with_name("call-archive")
PASSWORD = "a long sentence for tests"


More = Callable[[str], Mapping[str, str]]
"""Further settings by name, given the archive's address."""


def nothing_more(url: str) -> Mapping[str, str]:
    return {}


class Archive(ABC):
    """A running archive. `url` is the address that people know; `ports` are its API processes'."""

    def __init__(self, folder: Path, ports: list[int]) -> None:
        self.folder = folder
        self.ports = ports
        self.url = f"http://localhost:{ports[0]}"
        self.apis: list[Program] = []
        self.second = ""  # the e-mail of who agrees to what waits, once there is one

    @property
    @abstractmethod
    def environ(self) -> dict[str, str]:
        """Settings of whoever manages it from its own machine."""

    @abstractmethod
    def kill_workers(self) -> None:
        """kill -9 of all."""

    @abstractmethod
    def kill_redis(self) -> None: ...

    @abstractmethod
    def kill_api(self) -> None:
        """kill -9 of the first API process."""

    def looked_after(self) -> list[int]:
        """What the first API process started, and what that started."""
        return family(self.apis[0].pid)

    @abstractmethod
    def mend(self) -> None:
        """Starts again what was killed and isn't looked after by anybody."""

    def console(self, *words: str, typed: str = "", status: int = 0) -> Any:
        """What a command with --json printed. Fails when it ended otherwise than with `status`."""
        done = self.run(*words, "--json", typed=typed)
        assert done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return json.loads(done.stdout)

    def run(self, *words: str, typed: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
        return call_archive(*words, typed=typed, env={**self.environ, **settings}, before=self.before)

    @property
    def before(self) -> Sequence[Part]:
        """What stands before a command, so that it runs where the archive runs."""
        return ()

    def client(self, port: int | None = None) -> httpx.Client:
        """Speaks to the API processes in turn, or to one alone."""
        transport = _InTurn([port] if port else self.ports)
        return httpx.Client(base_url=self.url, transport=transport, timeout=30.0)

    @contextmanager
    def browser(self, email: str) -> Iterator[httpx.Client]:
        """A person's, signed in by the form."""
        with self.client() as browser:
            browser.headers["Origin"] = self.url
            form = {"email": email, "password": PASSWORD, "next": "/"}
            answer = browser.post("/sign-in", data=form)
            assert answer.status_code == httpx.codes.SEE_OTHER, answer.text
            yield browser

    def add_person(self, name: str, role: str, scope: str) -> str:
        """The e-mail with which they sign in."""
        email = f"{name.lower()}.{unique('person')}@example.com"
        words = ("people", "add", email, "--name", name, "--role", role, "--scope", scope, "--password-stdin")
        self._agreed(lambda: self.console(*words, typed=f"{PASSWORD}\n"))
        if role == "compliance":
            self.second = self.second or email
        return email

    @contextmanager
    def integration(self, actions: str, scope: str = "all") -> Iterator[httpx.Client]:
        """A program's client, with a token of its own."""
        words = ("integrations", "add", unique("program"), "--actions", actions, "--scope", scope)
        made = self._agreed(lambda: self.console(*words))
        with self.client() as client:
            client.headers["Authorization"] = f"Bearer {token(client, made)}"
            yield client

    def _agreed(self, ask: Callable[[], Any]) -> Any:
        """What the console answered, after the second person agreed to all that it left waiting."""
        made = ask()
        if self.second:
            with self.browser(self.second) as second:
                for one in second.get("/api/v1/pending-changes").json()["items"]:
                    done = second.post(f"/api/v1/pending-changes/{one['id']}/agree")
                    assert done.status_code == httpx.codes.OK, done.text
        return made


def token(client: httpx.Client, made: Mapping[str, str]) -> str:
    answer = client.post(
        "/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(made["client_id"], made["client_secret"]),
    )
    assert answer.status_code == httpx.codes.OK, answer.text
    return str(answer.json()["access_token"])


class _InTurn(httpx.BaseTransport):
    """Takes each request to the next API process, under the one address that its clients know: a proxy's part."""

    def __init__(self, ports: list[int]) -> None:
        self._ports = itertools.cycle(ports)
        self._transport = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url.copy_with(host="127.0.0.1", port=next(self._ports))
        turned = httpx.Request(
            request.method, url, headers=request.headers, stream=request.stream, extensions=request.extensions
        )
        return self._transport.handle_request(turned)

    def close(self) -> None:
        self._transport.close()


def call_archive(
    *words: str, typed: str = "", env: Mapping[str, str] | None = None, before: Sequence[Part] = ()
) -> subprocess.CompletedProcess[str]:
    """The command, run to its end."""
    return subprocess.run(
        [*before, COMMAND, *words],
        input=typed,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


# ---- embedded --------------------------------------------------------------------------------------------------


class Embedded(Archive):
    """`call-archive up`, which looks after its own worker and Redis."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, [free_port()])
        self.up = Program("up")
        self.apis = [self.up]
        # ARCHIVE_REDIS is up's own and told to nobody: the console manages without.
        self._settings = {"ARCHIVE_DATA": str(folder)}

    @property
    def environ(self) -> dict[str, str]:
        return self._settings

    @property
    def command(self) -> list[Part]:
        return [COMMAND, "up", "--data", self.folder, "--port", str(self.ports[0])]

    def start(self, **settings: str) -> None:
        # Not KILL, as for the tests' own parts: it ends what it started, and so must be told.
        self.up.start(self.command, answers(f"{self.url}/healthz"), end="TERM", env=settings)

    def looked_after(self) -> list[int]:
        kinds = ("workers", "redis-server")
        until(lambda: all(children(self.up.pid, kind) for kind in kinds), "a worker and a Redis run")
        return super().looked_after()

    def kill_workers(self) -> None:
        (pid,) = children(self.up.pid, "workers")
        os.kill(pid, signal.SIGKILL)

    def kill_redis(self) -> None:
        (pid,) = children(self.up.pid, "redis-server")
        os.kill(pid, signal.SIGKILL)

    def kill_api(self) -> None:
        self.up.end(signal.SIGKILL)

    def mend(self) -> None:
        if not self.up.running:
            self.up.again()


def as_environment(settings: Mapping[str, str]) -> dict[str, str]:
    return {f"ARCHIVE_{name.upper()}": value for name, value in settings.items()}


@contextmanager
def embedded(folder: Path, more: More = nothing_more) -> Iterator[Embedded]:
    archive = Embedded(folder)
    try:
        archive.start(**as_environment(more(archive.url)))
        yield archive
    finally:
        archive.up.stop()
