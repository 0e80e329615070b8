"""A company's sign-in (OpenID Connect): what its providers say, and what the archive remembers of sign-ins there."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from archive.ports.principals import Session


class Refusal(StrEnum):
    """Why a provider's word was not taken, as events tell it."""

    BY_PROVIDER = "refused_by_provider"  # it let nobody in, or takes the code for nothing
    WRONG_ISSUER = "wrong_issuer"
    WRONG_TOKEN = "wrong_token"


class NotBelieved(Exception):
    """What a provider, or somebody in its name, sent failed a check; the message says which, for the server's log."""

    def __init__(self, refusal: Refusal, detail: str) -> None:
        super().__init__(detail)
        self.refusal = refusal


class Said(Struct, frozen=True, kw_only=True):
    """Who somebody is, as their provider says. `session` is the session there, `id_token` the token that said so.

    `email` is None where none was given, or where the provider says that nobody verified it."""

    issuer: str
    subject: str
    name: str = ""
    email: str | None = None
    groups: tuple[str, ...] = ()
    session: str | None = None
    id_token: str = ""


class Ended(Struct, frozen=True, kw_only=True):
    """A logout token: one session at the provider is over or, without `session`, all of `subject`'s."""

    issuer: str
    id: str
    subject: str | None
    session: str | None
    expires_at: datetime


class Bearer(Struct, frozen=True):
    """An access token of the company's own provider (RFC 9068). `scopes` are words; some may name actions."""

    issuer: str
    subject: str
    client: str
    scopes: frozenset[str]


class Going(Struct, frozen=True):
    """What only this archive and one browser know of a sign-in under way."""

    state: str
    nonce: str
    verifier: str


class Coming(Struct, frozen=True):
    """What the browser brings back from the provider: RFC 6749, 4.1.2, and the issuer of RFC 9207."""

    code: str | None
    issuer: str | None
    error: str | None


class Provider(Protocol):
    """One company's sign-in. Raises `Unavailable`, naming it, where it can't be reached or is not itself, and
    `NotBelieved` for whatever fails a check."""

    @property
    def name(self) -> str:
        """Stands in addresses."""
        ...

    @property
    def label(self) -> str:
        """Stands on the sign-in page."""
        ...

    @property
    def issuer(self) -> str: ...
    @property
    def first_sign_in_adds(self) -> bool:
        """Whether whoever signs in there first becomes a person; else only those who were invited."""
        ...

    async def address(self, going: Going) -> str:
        """Where the browser goes to sign in."""
        ...

    async def said(self, coming: Coming, going: Going) -> Said:
        """Turns the code into who they are."""
        ...

    async def ended(self, token: str) -> Ended: ...
    async def bearer(self, token: str) -> Bearer | None:
        """None where this provider's access tokens aren't accepted, or the token is another issuer's."""
        ...

    async def way_out(self, id_token: str | None) -> str | None:
        """Where the browser goes to sign out there too; None where the provider has no such place."""
        ...

    async def check(self) -> None:
        """Raises `Unavailable` unless it answered within the last hour."""
        ...

    async def close(self) -> None: ...


class Begun(Struct, frozen=True, kw_only=True):
    """A sign-in under way. `browser` is the hash of the cookie that began it."""

    provider: str
    browser: bytes
    nonce: str
    verifier: str
    onward: str


class CompanySignIns(Protocol):
    async def begin(self, state: bytes, begun: Begun, expires_at: datetime) -> None:
        """`state` is its hash. Those that ran out go on this occasion."""
        ...

    async def take(self, state: bytes) -> Begun | None:
        """For exactly one caller, however many ask at once; None when unknown, taken or over."""
        ...

    async def first_time(self, message: bytes, expires_at: datetime) -> bool:
        """Whether a message (its hash) comes for the first time; True for exactly one caller."""
        ...

    async def keep_token(self, session: bytes, id_token: str) -> None:
        """Beside the archive's session (the hash of its secret), until that ends."""
        ...

    async def token(self, session: bytes) -> str | None: ...
    async def sessions(
        self, provider: str, *, session: str | None, principal_id: int | None
    ) -> Collection[Session]:
        """The archive's sessions that began at a session there or, without one, of one person there."""
        ...
