"""The archive's API from a client's side: a token for as long as the work takes, refusals in the archive's words."""

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import httpx

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


@contextmanager
def connected(server: str, client_id: str, client_secret: str) -> Iterator[httpx.Client]:
    """A client of the archive at `server`. Raises `ArchiveError` in one sentence where it can't be reached."""
    auth = ClientCredentials(client_id, client_secret)
    try:
        with httpx.Client(base_url=server, auth=auth, timeout=SECONDS) as api:
            yield api
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
        raise ArchiveError(str(body.get("detail") or body.get("error_description") or body.get("title")))
    return dict(body)
