"""A client's access tokens, on an archive that counts the times it was asked for one."""

from urllib.parse import parse_qs

import httpx
import pytest

from archive.cli.api import ClientCredentials
from archive.errors import NotSignedIn

LONG = 600


class Counting:
    """Gives `token-1`, `token-2`, ..., each for `seconds`; takes those from `takes_from` on."""

    def __init__(self, seconds: int = LONG, takes_from: int = 1, *, knows_client: bool = True) -> None:
        self._seconds, self._takes_from, self._knows_client = seconds, takes_from, knows_client
        self.tokens = 0
        self.bodies: list[bytes] = []

    def client(self) -> httpx.Client:
        transport = httpx.MockTransport(self._answer)
        return httpx.Client(
            base_url="http://archive", transport=transport, auth=ClientCredentials("id", "secret")
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        return self._give(request) if request.url.path == "/oauth/token" else self._take(request)

    def _give(self, request: httpx.Request) -> httpx.Response:
        assert parse_qs(request.content.decode()) == {"grant_type": ["client_credentials"]}
        assert request.headers["Authorization"].startswith("Basic ")
        if not self._knows_client:
            return httpx.Response(401, json={"error": "invalid_client"})
        self.tokens += 1
        return httpx.Response(200, json={"access_token": f"token-{self.tokens}", "expires_in": self._seconds})

    def _take(self, request: httpx.Request) -> httpx.Response:
        self.bodies.append(request.read())
        number = int(request.headers["Authorization"].removeprefix("Bearer token-"))
        return httpx.Response(200 if number >= self._takes_from else 401)


def test_a_token_serves_many_requests() -> None:
    archive = Counting()
    with archive.client() as client:
        assert [client.get("/api/v1/calls").status_code for _ in range(3)] == [200] * 3
    assert archive.tokens == 1


def test_a_token_that_runs_out_is_renewed_before_the_next_request() -> None:
    archive = Counting(seconds=0)
    with archive.client() as client:
        assert [client.get("/api/v1/calls").status_code for _ in range(3)] == [200] * 3
    assert (archive.tokens, len(archive.bodies)) == (3, 3)


def test_a_token_no_longer_taken_is_renewed_and_the_request_made_again() -> None:
    archive = Counting(takes_from=2)
    with archive.client() as client:
        assert client.post("/api/v1/calls", content=b"sound").status_code == 200
    assert archive.bodies == [b"sound", b"sound"]


def test_it_is_made_again_once_only() -> None:
    archive = Counting(takes_from=9)
    with archive.client() as client:
        assert client.get("/api/v1/calls").status_code == 401
    assert archive.tokens == 2


def test_a_client_that_the_archive_does_not_know_is_told_so() -> None:
    with Counting(knows_client=False).client() as client, pytest.raises(NotSignedIn, match="client id"):
        client.get("/api/v1/calls")
