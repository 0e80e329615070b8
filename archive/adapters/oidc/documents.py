"""What a provider publishes: where its endpoints are, and its keys. Each is kept for a while, and never for longer."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from msgspec import Struct

from archive.adapters.oidc.asking import Asker
from archive.errors import Unavailable

T = TypeVar("T")

METADATA_SECONDS = 3600.0
KEYS_SECONDS = 600.0
"""So long a key that the provider withdrew still counts."""

UNKNOWN_KEY_SECONDS = 60.0
"""Tokens that name unknown keys make the archive ask for new ones this often at most."""

FAILED_SECONDS = 10.0
"""A provider that just failed to answer isn't asked again before then."""

MOST_KEYS = 64
SHORT_MODULUS = 341
"""Characters of base 64 that hold fewer than 2,048 bits."""

KINDS: dict[str, type[RSAKey | ECKey | OKPKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
"""Public keys alone: a provider that published a shared secret would have none."""


class Metadata(Struct, frozen=True):
    """OpenID Connect Discovery 1.0, 3, as far as it is used here."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    end_session_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False

    @property
    def endpoints(self) -> Iterator[str]:
        names = ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint")
        yield from filter(None, (getattr(self, name) for name in (*names, "end_session_endpoint")))


class _KeySet(Struct, frozen=True):
    keys: tuple[dict[str, Any], ...]


class Kept(Generic[T]):
    """One document: fetched when it is first needed and again once its `life` (seconds) is over, by one at a time."""

    def __init__(self, fetch: Callable[[], Awaitable[T]], life: float, clock: Callable[[], float]) -> None:
        self._fetch, self._life, self._clock = fetch, life, clock
        self._lock = asyncio.Lock()
        self._value: T | None = None
        self._tried = float("-inf")
        self._fetched = float("-inf")
        self._failure: Unavailable | None = None

    async def get(self) -> T:
        """Raises `Unavailable`."""
        async with self._lock:
            if self._value is None or self._clock() - self._fetched >= self._life:
                return await self._renew()
            return self._value

    async def again(self, after: float) -> T:
        """As fetched `after` seconds ago at most, or as it is if it was asked for since then."""
        async with self._lock:
            if self._value is None or self._clock() - self._tried >= after:
                return await self._renew()
            return self._value

    async def _renew(self) -> T:
        now = self._clock()
        if self._failure and now - self._tried < FAILED_SECONDS:
            raise Unavailable(self._failure.component, "can't be reached.", self._failure.remedy)
        self._tried = now
        try:
            self._value, self._failure = await self._fetch(), None
        except Unavailable as failure:
            self._failure = failure
            raise
        self._fetched = now
        return self._value


class Documents:
    def __init__(self, asker: Asker, issuer: str, clock: Callable[[], float]) -> None:
        self._asker, self._issuer = asker, issuer
        self._metadata = Kept(self._fetch_metadata, METADATA_SECONDS, clock)
        self._keys = Kept(self._fetch_keys, KEYS_SECONDS, clock)

    async def metadata(self) -> Metadata:
        return await self._metadata.get()

    async def keys(self, kid: str | None) -> list[Key]:
        """Those that a token may mean which names `kid`; without a name, any."""
        keys = await self._keys.get()
        if not _named(keys, kid):
            keys = await self._keys.again(UNKNOWN_KEY_SECONDS)
        return _named(keys, kid)

    async def _fetch_metadata(self) -> Metadata:
        body = await self._asker.get(self._issuer.rstrip("/") + "/.well-known/openid-configuration")
        metadata = self._decoded(body, Metadata)
        if metadata.issuer != self._issuer:
            raise self._asker.away("calls itself by another issuer than the settings.")
        scheme = urlsplit(self._issuer).scheme
        if not all(_is_address(endpoint, scheme) for endpoint in metadata.endpoints):
            raise self._asker.away(f"names addresses that don't begin with {scheme}://.")
        return metadata

    async def _fetch_keys(self) -> list[Key]:
        body = await self._asker.get((await self._metadata.get()).jwks_uri)
        published = self._decoded(body, _KeySet).keys[:MOST_KEYS]
        return [key for each in published if (key := _key(each))]

    def _decoded(self, body: bytes, type: type[T]) -> T:
        try:
            return msgspec.json.decode(body, type=type)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self._asker.away("publishes something unreadable.") from error


def _is_address(text: str, scheme: str) -> bool:
    """Whether it is an address as safe as the issuer's own."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {scheme, "https"} and bool(parts.hostname) and text.isprintable()


def _named(keys: list[Key], kid: str | None) -> list[Key]:
    return [key for key in keys if kid is None or key.get("kid") == kid]


def _key(published: dict[str, Any]) -> Key | None:
    """None for what is no public key, broken or too small: the others still count. One that is for encryption proves
    nothing: joserfc asks what a key is for."""
    kind = KINDS.get(str(published.get("kty")))
    if kind is None:
        return None
    if kind is RSAKey and len(str(published.get("n"))) <= SHORT_MODULUS:
        return None
    try:
        return kind.import_key(published)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
