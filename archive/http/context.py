"""What the handlers are given: the joined parts, the settings, and addresses made from them."""

import sys
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from msgspec import Struct, field

from archive.calls.caller import Caller
from archive.errors import NotSignedIn
from archive.http.metrics import Metrics
from archive.identity.half_way import Rules
from archive.identity.sessions import Lifetime
from archive.ports import Parts
from archive.settings import Settings

Connection = ASGIConnection[Any, Any, Any, Any]

RESOURCE_METADATA = "/.well-known/oauth-protected-resource"


def one_thread() -> Executor:
    return ThreadPoolExecutor(max_workers=1)


class Context(Struct, frozen=True):
    """`app.state.context`. `openapi`: the document, as text. `parsing`: where transcripts are read, one at a time, so
    that many at once take neither memory nor the threads of those who listen.
    """

    parts: Parts
    settings: Settings
    metrics: Metrics
    openapi: str
    parsing: Executor = field(default_factory=one_thread)

    @property
    def lifetime(self) -> Lifetime:
        idle = timedelta(minutes=self.settings.session_idle_minutes)
        return Lifetime(idle, timedelta(hours=self.settings.session_hours))

    @property
    def rules(self) -> Rules:
        """How people may sign in with a password."""
        given = self.settings
        return Rules(given.local_accounts, given.break_glass_administrator, given.codes_for)

    @property
    def half_way_cookie(self) -> str:
        """Of a browser whose person showed a password, and no code yet."""
        return "__Host-half-way" if self.settings.secure else "half-way"

    @property
    def cookie(self) -> str:
        """`__Host-` binds the cookie to this host over HTTPS; on http://localhost browsers would drop it."""
        return "__Host-session" if self.settings.secure else "session"

    @property
    def company_cookie(self) -> str:
        """Of a sign-in under way at a company's provider."""
        return "__Host-company" if self.settings.secure else "company"

    @property
    def console(self) -> dict[str, str]:
        """What a command on the server's own machine needs: the program, where the archive is, its address."""
        return {
            "program": str(Path(sys.executable).with_name("call-archive")),
            "where": "" if self.settings.database else f" --data {self.settings.folder.resolve()}",
            "server": self.settings.public_url,
        }

    def link(self, path: str) -> str:
        return self.settings.public_url.rstrip("/") + path

    def secure_link(self, path: str) -> str:
        """For Authlib, which insists on https; who may speak plain HTTP is decided in `serve.py`."""
        return "https://" + urlsplit(self.settings.public_url).netloc + path

    def challenge(self, connection: Connection) -> str:
        """`WWW-Authenticate` of a 401 (RFC 6750, 3; RFC 9728, 5.1)."""
        error = 'error="invalid_token", ' if "authorization" in connection.headers else ""
        return f'Bearer {error}resource_metadata="{self.link(RESOURCE_METADATA)}"'


def context_of(connection: Connection) -> Context:
    context: Context = connection.app.state.context
    return context


def caller_of(connection: Connection) -> Caller:
    """Who asks, as the guard found out. Raises `NotSignedIn` on an open route that nobody signed in to."""
    caller: Caller | None = connection.scope["state"].get("caller")
    if caller is None:
        raise NotSignedIn
    return caller


def acting(connection: Connection) -> tuple[Parts, Caller]:
    """What every use case is given first."""
    return context_of(connection).parts, caller_of(connection)
