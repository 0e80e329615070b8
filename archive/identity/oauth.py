"""Authlib's authorization server, as this archive needs it.

It is synchronous and framework-agnostic: what it must know is read beforehand and handed in, what it would save is
collected and written by the caller (`tokens.py`, `consent.py`), together with the event. One server per request; it
does no I/O.
"""

from collections.abc import Mapping
from typing import Any

from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped]  # Authlib carries no types
    AuthorizationServer,
    InvalidClientError,
    InvalidScopeError,
    OAuth2Error,
    OAuth2Request,
    UnsupportedResponseTypeError,
)
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload  # type: ignore[import-untyped]
from authlib.oauth2.rfc7009 import RevocationEndpoint  # type: ignore[import-untyped]
from msgspec import Struct

from archive.identity.codes import AUTH_METHODS, S256, Allowed, CodeGrant, Presented, RefreshGrant
from archive.identity.programs import CODE, OWN, REFRESH, Client, names
from archive.identity.secrets import Prefix, new_secret
from archive.policy.actions import Action

LIFETIME = 600
"""Seconds an access token lives."""

REFUSED = "Unknown client, or wrong secret."


class Answer(Struct, frozen=True):
    """What goes back to the client: RFC 6749, 5.1 and 5.2."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str]


class Asked(Struct, frozen=True):
    """A request to one of the endpoints. `headers` look names up without regard to case; `form` has each name once."""

    url: str
    headers: Mapping[str, str]
    form: Mapping[str, str]


class Issued(Struct, frozen=True):
    """Tokens that Authlib issued and that are yet to be saved."""

    secret: str
    actions: frozenset[Action]
    refresh: str | None


class OwnToken(Struct, frozen=True):
    """A token that is about to be revoked by the client it was issued to. `family`: the authorization it belongs to."""

    hash: bytes
    family: str | None

    def check_client(self, client: Client) -> bool:  # noqa: ARG002 - only a client's own tokens come this far
        return True


class Server(AuthorizationServer):  # type: ignore[misc]
    """One request's server: knows the one client that the request names, or none, and the one code or token."""

    def __init__(
        self,
        client: Client | None,
        own_token: OwnToken | None = None,
        presented: Presented | None = None,
    ) -> None:
        super().__init__()
        self._client = client
        self.own_token = own_token
        self.presented = presented
        self.allowed: Allowed | None = None
        self.issued: Issued | None = None
        self.revoked: OwnToken | None = None
        self.error: str | None = None
        self.register_grant(Grant)
        self.register_grant(CodeGrant, [S256()])
        self.register_grant(RefreshGrant)
        self.register_endpoint(Revocation)
        self.register_token_generator(OWN, _own)
        self.register_token_generator(CODE, _acting)
        self.register_token_generator(REFRESH, _acting)

    def query_client(self, client_id: str) -> Client | None:
        """A disabled one is as unknown as one that never was."""
        client = self._client
        known = client and client.program.client_id == client_id and client.program.disabled_at is None
        return client if known else None

    def get_authorization_grant(self, request: OAuth2Request) -> Any:
        """As Authlib's, which puts what was asked into its sentence and stumbles over a quotation mark there."""
        if request.payload.response_type == "code":
            return super().get_authorization_grant(request)
        client, uri = self.query_client(request.payload.client_id), request.payload.redirect_uri
        back = uri if client and client.check_redirect_uri(uri or "") else None
        raise UnsupportedResponseTypeError("that", redirect_uri=back)

    def save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:  # noqa: ARG002
        actions = frozenset(Action(name) for name in token["scope"].split())
        self.issued = Issued(token["access_token"], actions, token.get("refresh_token"))

    def create_oauth2_request(self, request: Asked) -> OAuth2Request:
        return _Request(request)

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Authlib's signals have no listeners here."""

    def handle_response(self, status: int, body: Any, headers: Any) -> Answer:
        return Answer(status, body, dict(headers))

    def handle_error_response(self, request: OAuth2Request, error: OAuth2Error) -> Answer:
        self.error = error.error
        if isinstance(error, InvalidClientError):  # Authlib tells an unknown client from a wrong secret
            error = InvalidClientError(status_code=401, description=REFUSED)
        answer: Answer = super().handle_error_response(request, error)
        return answer


class Grant(ClientCredentialsGrant):  # type: ignore[misc]
    """RFC 6749, 4.4. A scope that isn't the client's to ask for is refused, never dropped and never widened."""

    def validate_requested_scope(self) -> None:
        if not self.client.own.issuperset(names(self.request.payload.scope)):
            raise InvalidScopeError("The scope names an action that this client does not have.")


class Revocation(RevocationEndpoint):  # type: ignore[misc]
    """RFC 7009. Another client's token answers as an unknown one, and lives on."""

    CLIENT_AUTH_METHODS = AUTH_METHODS

    def query_token(self, token_string: str, token_type_hint: str | None) -> OwnToken | None:  # noqa: ARG002
        own: OwnToken | None = self.server.own_token
        return own

    def revoke_token(self, token: OwnToken, request: OAuth2Request) -> None:  # noqa: ARG002
        self.server.revoked = token


class _Request(OAuth2Request):  # type: ignore[misc]
    def __init__(self, asked: Asked) -> None:
        super().__init__("POST", asked.url, headers=asked.headers)
        self.payload = BasicOAuth2Payload(dict(asked.form))

    @property
    def form(self) -> Mapping[str, str]:
        form: Mapping[str, str] = self.payload.data
        return form


def _own(client: Client, scope: str | None = None, **_: Any) -> dict[str, Any]:
    """RFC 6749, 5.1; without a scope in the request, all that the client may do."""
    return _token(names(scope) or sorted(client.own))


def _acting(scope: str, include_refresh_token: bool, **_: Any) -> dict[str, Any]:
    """Exactly `scope`: nothing in it means nothing."""
    refresh = {"refresh_token": new_secret(Prefix.REFRESH_TOKEN)} if include_refresh_token else {}
    return _token(names(scope)) | refresh


def _token(actions: list[str]) -> dict[str, Any]:
    return {
        "access_token": new_secret(Prefix.ACCESS_TOKEN),
        "token_type": "Bearer",
        "expires_in": LIFETIME,
        "scope": " ".join(actions),
    }
