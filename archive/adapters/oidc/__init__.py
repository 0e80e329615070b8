"""A company's sign-in by OpenID Connect: authorization code with PKCE, as its client.

Authlib writes the requests and reads the answers to them; the HTTP is our own (`asking.py`), and so are all checks of
what the provider says (`tokens.py`).
"""

from base64 import b64encode
from collections.abc import Callable, Collection, Mapping
from typing import Any
from urllib.parse import quote_plus

import msgspec
from authlib.common.urls import add_params_to_uri  # type: ignore[import-untyped]  # Authlib carries no types
from authlib.oauth2.base import OAuth2Error  # type: ignore[import-untyped]
from authlib.oauth2.client import OAuth2Client  # type: ignore[import-untyped]
from msgspec import Struct

from archive.adapters.oidc.asking import Asker
from archive.adapters.oidc.documents import Documents, Metadata
from archive.adapters.oidc.tokens import Claims, Tokens, text
from archive.ports import Bearer, Coming, Ended, Going, NotBelieved, Refusal, Said

MOST_GROUPS = 1000
NAMES = ("name", "preferred_username")
"""Claims by which somebody may be called, the best first."""

LONGEST_HINT = 6000
"""Characters of an ID token that still fits an address."""


class Registration(Struct, frozen=True, kw_only=True):
    """The archive as one provider knows it. `redirect_uri` and `after_sign_out` are addresses of the archive's own,
    registered there; `api_audience` is what access tokens for the archive's API name, '' where none are accepted."""

    name: str
    label: str
    issuer: str
    client_id: str
    client_secret: str
    groups_claim: str
    scopes: str
    first_sign_in_adds: bool
    api_audience: str
    algorithms: tuple[str, ...]
    redirect_uri: str
    after_sign_out: str


class OidcProvider:
    """Implements `ports.Provider`. `clock` gives seconds since 1970."""

    def __init__(self, registration: Registration, clock: Callable[[], float]) -> None:
        self._at = at = registration
        self._asker = Asker(at.label)
        self._documents = Documents(self._asker, at.issuer, clock)
        self._tokens = Tokens(self._documents, at.issuer, at.client_id, at.algorithms, clock)

    @property
    def name(self) -> str:
        return self._at.name

    @property
    def label(self) -> str:
        return self._at.label

    @property
    def issuer(self) -> str:
        return self._at.issuer

    @property
    def first_sign_in_adds(self) -> bool:
        return self._at.first_sign_in_adds

    async def address(self, going: Going) -> str:
        metadata = await self._documents.metadata()
        address, _ = self._client(metadata).create_authorization_url(
            metadata.authorization_endpoint,
            state=going.state,
            code_verifier=going.verifier,
            nonce=going.nonce,
        )
        return str(address)

    async def said(self, coming: Coming, going: Going) -> Said:
        metadata = await self._documents.metadata()
        self._check_issuer(coming, metadata)
        if coming.error or not coming.code:
            raise NotBelieved(Refusal.BY_PROVIDER, f"It answered {coming.error or 'without a code'}.")
        tokens = await self._redeem(metadata, coming.code, going.verifier)
        id_token, access_token = _text(tokens, "id_token"), _text(tokens, "access_token")
        claims = await self._tokens.identity(id_token, going.nonce, access_token)
        return self._said(await self._completed(claims, metadata, access_token), id_token)

    async def ended(self, token: str) -> Ended:
        return await self._tokens.ended(token)

    async def bearer(self, token: str) -> Bearer | None:
        return await self._tokens.bearer(token, self._at.api_audience) if self._at.api_audience else None

    async def way_out(self, id_token: str | None) -> str | None:
        """OpenID Connect RP-Initiated Logout 1.0, 2."""
        endpoint = (await self._documents.metadata()).end_session_endpoint
        if endpoint is None:
            return None
        asked = [("client_id", self._at.client_id), ("post_logout_redirect_uri", self._at.after_sign_out)]
        if id_token and len(id_token) <= LONGEST_HINT:
            asked.append(("id_token_hint", id_token))
        return str(add_params_to_uri(endpoint, asked))

    async def check(self) -> None:
        await self._documents.metadata()

    async def close(self) -> None:
        await self._asker.close()

    def _check_issuer(self, coming: Coming, metadata: Metadata) -> None:
        """Against a mix-up of two providers: RFC 9207, 2.4."""
        announced = metadata.authorization_response_iss_parameter_supported
        if coming.issuer != self._at.issuer and (announced or coming.issuer is not None):
            raise NotBelieved(Refusal.WRONG_ISSUER, "The browser came back from another issuer.")

    async def _redeem(self, metadata: Metadata, code: str, verifier: str) -> Mapping[str, Any]:
        client = self._client(metadata)
        try:
            tokens: Mapping[str, Any] = await client.fetch_token(
                metadata.token_endpoint, code=code, code_verifier=verifier, grant_type="authorization_code"
            )
        except OAuth2Error as error:
            if error.error == "invalid_client":
                raise self._asker.away("doesn't take the archive's client_id and client_secret.") from error
            raise NotBelieved(Refusal.BY_PROVIDER, "It took the code for nothing.") from error
        return tokens

    def _client(self, metadata: Metadata) -> "_Client":
        return _Client(self._at, self._asker, metadata.token_endpoint_auth_methods_supported)

    async def _completed(self, claims: Claims, metadata: Metadata, access_token: str) -> Claims:
        """With what the UserInfo endpoint says, where the ID token says too little (Core 1.0, 5.3.2)."""
        wanted = ("name", "email", self._at.groups_claim)
        if metadata.userinfo_endpoint is None or all(name in claims for name in wanted):
            return claims
        headers = {"Authorization": f"Bearer {access_token}"}
        more = _object(await self._asker.get(metadata.userinfo_endpoint, headers))
        if more.get("sub") != claims["sub"]:
            raise NotBelieved(Refusal.WRONG_TOKEN, "The UserInfo endpoint tells of somebody else.")
        return {**more, **claims}

    def _said(self, claims: Claims, id_token: str) -> Said:
        unverified = claims.get("email_verified") is False
        return Said(
            issuer=self._at.issuer,
            subject=claims["sub"],
            name=next((str(claims[name]) for name in NAMES if claims.get(name)), ""),
            email=None if unverified else text(claims, "email"),
            groups=_groups(claims.get(self._at.groups_claim)),
            session=text(claims, "sid"),
            id_token=id_token,
        )


class _Client(OAuth2Client):  # type: ignore[misc]
    """Authlib's client with our own HTTP under it."""

    def __init__(self, at: Registration, asker: Asker, methods: Collection[str]) -> None:
        posts = "client_secret_basic" not in methods and "client_secret_post" in methods
        super().__init__(
            session=None,
            client_id=at.client_id,
            client_secret=at.client_secret,
            token_endpoint_auth_method=_method(at, posts=posts),
            scope=at.scopes,
            redirect_uri=at.redirect_uri,
            code_challenge_method="S256",
        )
        self._asker = asker

    async def _fetch_token(self, url: str, body: str, headers: Mapping[str, str], auth: Any, **_: Any) -> Any:
        url, headers, body = auth.prepare("POST", url, dict(headers), body)
        answer = await self._asker.ask("POST", url, headers, body)
        if answer.status_code >= 500:
            raise self._asker.away(f"answered {answer.status_code} to {answer.request.url.path}.")
        try:
            return self.parse_response_token(answer)
        except ValueError as error:
            raise self._asker.away("answered the code with something unreadable.") from error


def _method(at: Registration, *, posts: bool) -> Any:
    if not at.client_secret:
        return "none"
    return "client_secret_post" if posts else _basic


def _basic(client: Any, _: str, url: str, headers: dict[str, str], body: str) -> Any:
    """HTTP Basic of encoded names (RFC 6749, 2.3.1); Authlib's own leaves them as they are."""
    pair = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret)}"
    return url, {**headers, "Authorization": f"Basic {b64encode(pair.encode()).decode()}"}, body


def _text(tokens: Mapping[str, Any], name: str) -> str:
    value = tokens.get(name)
    if not isinstance(value, str):
        raise NotBelieved(Refusal.WRONG_TOKEN, f"The provider gave no {name}.")
    return value


def _object(body: bytes) -> Claims:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotBelieved(
            Refusal.WRONG_TOKEN, "The UserInfo endpoint answers with no JSON object."
        ) from error


def _groups(claim: object) -> tuple[str, ...]:
    """A list of texts, or one text; anything else names no group."""
    listed = claim if isinstance(claim, list) else [claim]
    return tuple(each for each in listed if isinstance(each, str) and each)[:MOST_GROUPS]
