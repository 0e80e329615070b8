"""The archive's API from a client's side: a token for as long as the work takes, refusals in the archive's words.

As a program, with its credentials, or as whoever signed in with `call-archive login`."""

import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import httpx

from archive.cli.kept import Kept, Tokens
from archive.cli.loopback import CLIENT_ID
from archive.errors import ArchiveError, NotSignedIn

SECONDS = httpx.Timeout(60.0, connect=5.0)


class ClientCredentials(httpx.Auth):
    """Brings an access token along: another once half its life is over, or when the archive no longer takes it.

    RFC 6749, section 4.4. Raises `NotSignedIn` where the archive doesn't accept the client itself.
    """

    requires_response_body = True

    def __init__(self, client_id: str, client_secret: str) -> None:
        self._basic = httpx.BasicAuth(client_id, client_secret)
        self._token = ""
        self._fresh_until = 0.0

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        for _ in range(2):
            if time.monotonic() >= self._fresh_until:
                self._keep((yield self._asking(request.url)))
            request.headers["Authorization"] = f"Bearer {self._token}"
            if (yield request).status_code != HTTPStatus.UNAUTHORIZED:
                return
            self._fresh_until = 0.0

    def _asking(self, url: httpx.URL) -> httpx.Request:
        form = {"grant_type": "client_credentials"}
        request = httpx.Request("POST", url.copy_with(raw_path=b"/oauth/token"), data=form)
        return next(self._basic.auth_flow(request))

    def _keep(self, answer: httpx.Response) -> None:
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            raise NotSignedIn("The archive doesn't accept this client id and secret.")
        given = checked(answer)
        self._token = given["access_token"]
        self._fresh_until = time.monotonic() + given["expires_in"] / 2


class SignedIn(httpx.Auth):
    """Brings along the access token that this account's commands share, and renews it under their lock.

    RFC 6749, section 6. Raises `NotSignedIn` where nobody is, or is no more."""

    requires_response_body = True

    def __init__(self, server: str, kept: Kept) -> None:
        self._server = server
        self._kept = kept
        self._refused = ""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        for _ in range(2):
            tokens = self._tokens()
            if not self._good(tokens):
                tokens = yield from self._renewed(request.url)
            request.headers["Authorization"] = f"Bearer {tokens.access_token}"
            if (yield request).status_code != HTTPStatus.UNAUTHORIZED:
                return
            self._refused = tokens.access_token

    def _renewed(self, url: httpx.URL) -> Generator[httpx.Request, httpx.Response, Tokens]:
        """Unless another process did it while this one waited for its turn."""
        with self._kept.locked():
            tokens = self._tokens()
            if self._good(tokens):
                return tokens
            form = {
                "grant_type": "refresh_token",
                "client_id": CLIENT_ID,
                "refresh_token": tokens.refresh_token,
            }
            asked_at = time.time()
            answer = yield httpx.Request("POST", url.copy_with(raw_path=b"/oauth/token"), data=form)
            if answer.status_code == HTTPStatus.BAD_REQUEST:
                self._kept.keep(self._server, None)
                raise NotSignedIn("Your sign-in is over. Sign in again with: call-archive login")
            tokens = tokens_from(checked(answer), asked_at)
            self._kept.keep(self._server, tokens)
            return tokens

    def _good(self, tokens: Tokens) -> bool:
        return tokens.fresh and tokens.access_token != self._refused

    def _tokens(self) -> Tokens:
        tokens = self._kept.of(self._server)
        if tokens is None:
            raise NotSignedIn(f"You are not signed in to {self._server}. Sign in with: call-archive login")
        return tokens


def tokens_from(answer: Mapping[str, Any], asked_at: float) -> Tokens:
    """RFC 6749, 5.1. `asked_at` in seconds since 1970."""
    return Tokens(answer["access_token"], answer["refresh_token"], asked_at + answer["expires_in"])


@contextmanager
def connected(server: str, auth: httpx.Auth) -> Iterator[httpx.Client]:
    """A client of the archive at `server`. Raises `ArchiveError` in one sentence where it can't be reached."""
    with reached(server), httpx.Client(base_url=server, auth=auth, timeout=SECONDS) as api:
        yield api


@contextmanager
def reached(server: str) -> Iterator[None]:
    try:
        yield
    except httpx.TransportError as error:
        raise ArchiveError(f"{server} can't be reached: {error}") from error


def checked(answer: httpx.Response) -> dict[str, Any]:
    """The answer's JSON. Raises `ArchiveError` with the problem's own words."""
    try:
        body = answer.json()
    except ValueError as error:
        raise ArchiveError(
            f"The server answered {answer.status_code}, and not as an archive does."
        ) from error
    if answer.is_error:
        told = (body.get(name) for name in ("detail", "error_description", "error", "title"))
        raise ArchiveError(str(next(filter(None, told), answer.status_code)))
    return dict(body)
