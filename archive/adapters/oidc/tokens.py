"""Signed tokens of a provider, believed only after every check that their kind demands.

joserfc verifies; what it leaves to its callers is done here: which algorithms count is the settings' word and never the
provider's or the token's, keys come from the provider's published set and never from the token, `decode` alone would
take an expired token, and a token of one kind must not pass for another (RFC 8725, 3.11).
"""

import hmac
import json
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from authlib.oidc.core.util import create_half_hash  # type: ignore[import-untyped]  # Authlib carries no types
from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jws import CompactSignature, JWSRegistry
from joserfc.jwt import ClaimsOption, JWTClaimsRegistry

from archive.adapters.oidc.documents import Documents
from archive.ports import Bearer, Ended, NotBelieved, Refusal

LEEWAY = 60
"""Seconds by which two clocks may differ."""

FRESH = 600
"""Seconds for which an ID token, or a logout token, is news."""

FURTHEST = 10 * 365 * 24 * 3600
"""Seconds until a token's end; beyond, it may be no date at all."""

LONGEST_ID = 255  # characters of a subject or a session (OpenID Connect Core 1.0, 2)
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
KEYS_OF_ITS_OWN = frozenset({"jwk", "jku", "x5c", "x5u"})
"""Header parameters by which a token would bring the key that proves it."""

PLAIN = frozenset({"", "jwt"})
ACCESS = frozenset({"at+jwt", "application/at+jwt"})
LOGOUT = frozenset({"", "jwt", "logout+jwt", "application/logout+jwt"})
"""What `typ` may say of each kind; '' where it may be missing. ID tokens need not say it, and many don't."""

Claims = Mapping[str, Any]


class Tokens:
    """Reads the tokens of one issuer for one client. Raises `NotBelieved`, and `Unavailable` where keys are out of
    reach."""

    def __init__(
        self,
        documents: Documents,
        issuer: str,
        client_id: str,
        algorithms: Collection[str],
        clock: Callable[[], float],
    ) -> None:
        self._documents, self._issuer, self._client_id = documents, issuer, client_id
        self._registry = _Pinned(algorithms)
        self._clock = clock

    async def identity(self, token: str, nonce: str, access_token: str | None) -> Claims:
        """The claims of an ID token: OpenID Connect Core 1.0, 3.1.3.7."""
        signed = self._signed(token, PLAIN)
        claims = await self._verified(signed, self._client_id, "sub")
        _check(_fresh(claims, self._now), "It was issued long ago.")
        _check(_authorized(claims, self._client_id), "It was issued to another client.")
        _check(_same(claims.get("nonce"), nonce), "It answers another sign-in.")
        _check("events" not in claims, "It is a logout token.")
        expected = _half_hash(access_token, signed)
        _check(
            "at_hash" not in claims or _same(claims["at_hash"], expected), "Its access token is another's."
        )
        return claims

    async def ended(self, token: str) -> Ended:
        """A logout token: OpenID Connect Back-Channel Logout 1.0, 2.6."""
        claims = await self._verified(self._signed(token, LOGOUT), self._client_id, "jti")
        _check(_fresh(claims, self._now), "It was issued long ago.")
        events = claims.get("events")
        _check(
            isinstance(events, dict) and isinstance(events.get(LOGOUT_EVENT), dict), "It is no logout token."
        )
        _check("nonce" not in claims, "It is an ID token.")
        subject, session = text(claims, "sub"), text(claims, "sid")
        _check(bool(subject or session), "It names neither a person nor a session.")
        ends = datetime.fromtimestamp(claims["exp"] + LEEWAY, UTC)
        return Ended(issuer=self._issuer, id=claims["jti"], subject=subject, session=session, expires_at=ends)

    async def bearer(self, token: str, audience: str) -> Bearer | None:
        """An access token: RFC 9068, 4. None where another issuer wrote it."""
        signed = self._signed(token, ACCESS)
        if _claims(signed).get("iss") != self._issuer:
            return None
        claims = await self._verified(signed, audience, "sub", "client_id", "jti")
        scope = claims.get("scope", "")
        _check(isinstance(scope, str), "Its scope is no text.")
        return Bearer(self._issuer, claims["sub"], claims["client_id"], frozenset(scope.split()))

    @property
    def _now(self) -> int:
        """Whole seconds: a token may say numbers that no float holds."""
        return int(self._clock())

    def _signed(self, token: str, kinds: Collection[str]) -> CompactSignature:
        """The token taken apart, nothing of it believed yet."""
        try:
            signed = jws.extract_compact(token.encode(), registry=self._registry)
        except (JoseError, ValueError, RecursionError) as error:
            raise NotBelieved(Refusal.WRONG_TOKEN, "It is no signed token.") from error
        header = signed.headers()
        _check(KEYS_OF_ITS_OWN.isdisjoint(header), "It brings a key of its own.")
        _check(str(header.get("typ", "")).lower() in kinds, "It is of another kind.")
        return signed

    async def _verified(self, signed: CompactSignature, audience: str, *texts: str) -> Claims:
        """The claims, once signature, issuer, audience and times are right; `texts` are there and short."""
        kid = signed.headers().get("kid")
        _check(kid is None or isinstance(kid, str), "It names its key in no text.")
        keys = await self._documents.keys(kid)
        _check(
            any(self._proves(key, signed) for key in keys),
            "No key of the provider's proves it, by an algorithm of the settings.",
        )
        claims = _claims(signed)
        self._check_claims(claims, audience)
        _check(all(text(claims, name) for name in texts), "It lacks a claim.")
        return claims

    def _proves(self, key: Any, signed: CompactSignature) -> bool:
        try:
            return jws.validate_compact(signed, key, registry=self._registry)
        except (JoseError, ValueError):  # another algorithm, or a key of another kind
            return False

    def _check_claims(self, claims: Claims, audience: str) -> None:
        demanded: dict[str, ClaimsOption] = {
            "iss": {"essential": True, "value": self._issuer},
            "aud": {"essential": True, "value": audience},
            "exp": {"essential": True},
            "iat": {"essential": True},
        }
        try:
            JWTClaimsRegistry(self._now, LEEWAY, **demanded).validate(dict(claims))
        except (JoseError, OverflowError) as error:
            raise NotBelieved(Refusal.WRONG_TOKEN, f"Its claims are wrong: {error}") from error
        _check(claims["exp"] - self._now < FURTHEST, "It ends at no time that anybody lives to see.")


def text(claims: Claims, name: str) -> str | None:
    """A claim that identifies somebody or something; None where it is missing, too long, or no plain text."""
    value = claims.get(name)
    fine = isinstance(value, str) and 0 < len(value) <= LONGEST_ID and value.isprintable()
    return str(value) if fine else None


class _Pinned(JWSRegistry):
    """The algorithms of the settings, and no others. joserfc would warn of EdDSA, whose name RFC 9864 replaced, at
    each use."""

    def __init__(self, algorithms: Collection[str]) -> None:
        super().__init__(strict_check_header=False)
        self.pinned = frozenset(algorithms)

    def get_alg(self, name: str) -> Any:
        if name not in self.pinned:
            raise UnsupportedAlgorithmError(name)
        return self.algorithms[name]


def _claims(signed: CompactSignature) -> Claims:
    try:
        claims = json.loads(signed.payload or b"")
    except (ValueError, RecursionError) as error:
        raise NotBelieved(Refusal.WRONG_TOKEN, "Its claims can't be read.") from error
    _check(isinstance(claims, dict), "Its claims are none.")
    return dict(claims)


def _fresh(claims: Claims, now: int) -> bool:
    return bool(now - claims["iat"] <= FRESH)


def _authorized(claims: Claims, client_id: str) -> bool:
    """`azp` names us where it stands, and stands where the token has further audiences."""
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    return bool(claims.get("azp") == client_id) if several or "azp" in claims else True


def _same(value: object, expected: str) -> bool:
    return isinstance(value, str) and hmac.compare_digest(value.encode(), expected.encode())


def _half_hash(access_token: str | None, signed: CompactSignature) -> str:
    return (create_half_hash(access_token or "", signed.headers()["alg"]) or b"").decode()


def _check(fine: bool, detail: str) -> None:
    if not fine:
        raise NotBelieved(Refusal.WRONG_TOKEN, detail)
