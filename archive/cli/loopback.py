"""Signing in from a terminal: a browser asks the person, and brings the answer to a port of this machine (RFC 8252)."""

import base64
import hashlib
import hmac
import queue
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qsl, urlencode, urlsplit

from msgspec import Struct, field

from archive.errors import ArchiveError, NotSignedIn

CLIENT_ID = "call-archive"
PATH = "/callback"
WAITS = 300.0
"""Seconds for the person."""

PAGE = (
    b"<!doctype html><html lang=en><meta charset=utf-8><title>Call Archive</title><meta name=color-scheme "
    b"content='light dark'><p>The command line has its answer. You can close this window."
)
HEADERS = {
    "Content-Type": "text/html",
    "Content-Length": str(len(PAGE)),
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}


def _secret() -> str:
    return secrets.token_urlsafe(32)


class Attempt(Struct, frozen=True):
    """One sign-in: what it must be answered with, and what proves that its code is its own (RFC 7636)."""

    issuer: str
    redirect_uri: str
    state: str = field(default_factory=_secret)
    verifier: str = field(default_factory=_secret)

    def address(self, endpoint: str) -> str:
        """Where the person decides."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": self.redirect_uri,
            "state": self.state,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{endpoint}?{urlencode(asked)}"

    def answers(self, brought: Mapping[str, str]) -> bool:
        """Whether what was brought answers this attempt; anything on this machine can call at the port."""
        return hmac.compare_digest(brought.get("state", "").encode(), self.state.encode())

    def exchange(self, brought: Mapping[str, str]) -> dict[str, str]:
        """The form that turns the answer into tokens. Raises `ArchiveError` where the person said no."""
        if brought.get("iss") != self.issuer:  # RFC 9207: another archive's answer
            raise ArchiveError("The answer came from another archive than the one that was asked.")
        if "code" not in brought:
            raise NotSignedIn(f"You were not signed in: {brought.get('error', 'no answer')}.")
        return {
            "grant_type": "authorization_code",
            "client_id": CLIENT_ID,
            "code": brought["code"],
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
        }


class Listener(ThreadingHTTPServer):
    """Threads, since browsers open connections ahead and say nothing on them."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.calls: queue.Queue[dict[str, str]] = queue.Queue()

    @property
    def redirect_uri(self) -> str:
        return f"http://127.0.0.1:{self.server_port}{PATH}"

    def wait(self, attempt: Attempt) -> dict[str, str]:
        """What the browser brings for this attempt. Raises `ArchiveError` where it takes too long."""
        try:
            while not attempt.answers(brought := self.calls.get(timeout=WAITS)):
                pass
        except queue.Empty:
            raise ArchiveError(f"Nobody answered within {WAITS / 60:.0f} minutes.") from None
        return brought


@contextmanager
def listening() -> Iterator[Listener]:
    with Listener() as listener:
        thread = Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield listener
        finally:
            listener.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: Listener

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if address.path != PATH:
            self.send_error(404)
            return
        self.send_response(200)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(PAGE)
        self.server.calls.put(dict(parse_qsl(address.query)))

    def log_message(self, *_: object) -> None:
        """Says nothing: the address holds the code."""
