"""Authlib's authorization server, as this archive needs it.

It is synchronous and framework-agnostic: what it must know is read beforehand and handed in, what it would save is
collected and written by the caller (`tokens.py`), together with the event. One server per request; it does no I/O.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped]  # Authlib carries no types
    AuthorizationServer,
    ClientMixin,
    InvalidClientError,
    InvalidScopeError,
    OAuth2Error,
    OAuth2Request,
)
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload  # type: ignore[import-untyped]
from authlib.oauth2.rfc7009 import RevocationEndpoint  # type: ignore[import-untyped]
from msgspec import Struct

from archive.identity.secrets import Prefix, matches, new_secret
from archive.policy.actions import Action
from archive.policy.principal import Principal

LIFETIME = 600
"""Seconds an access token lives."""

GRANT = "client_credentials"
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


class Client(ClientMixin):  # type: ignore[misc]
    """An integration as Authlib sees it. Only confidential clients, by HTTP Basic."""

    def __init__(self, principal: Principal, secrets: Iterable[str], actions: frozenset[Action]) -> None:
        self.principal = principal
        self.actions = actions
        self._secrets = tuple(secrets)

    def check_client_secret(self, client_secret: str) -> bool:
        return self.principal.disabled_at is None and any(
            matches(kept, client_secret) for kept in self._secrets
        )

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002 - Authlib's signature
        return method == "client_secret_basic"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == GRANT


class Issued(Struct, frozen=True):
    """A token that Authlib issued and that is yet to be saved."""

    secret: str
    actions: frozenset[Action]


class OwnToken(Struct, frozen=True):
    """A token that is about to be revoked by the client it was issued to."""

    hash: bytes

    def check_client(self, client: Client) -> bool:  # noqa: ARG002 - only a client's own tokens come this far
        return True


class Server(AuthorizationServer):  # type: ignore[misc]
    """One request's server: knows the one client that the request names, or none."""

    def __init__(self, client: Client | None, own_token: OwnToken | None = None) -> None:
        super().__init__()
        self._client = client
        self.own_token = own_token
        self.issued: Issued | None = None
        self.revoked: OwnToken | None = None
        self.error: str | None = None
        self.register_grant(Grant)
        self.register_endpoint(Revocation)
        self.register_token_generator("default", _token)

    def query_client(self, client_id: str) -> Client | None:
        known = self._client is not None and self._client.principal.uid == client_id
        return self._client if known else None

    def save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:  # noqa: ARG002
        actions = frozenset(Action(name) for name in token["scope"].split())
        self.issued = Issued(token["access_token"], actions)

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
        allowed = {action.value for action in self.client.actions}
        if not allowed.issuperset(_names(self.request.payload.scope)):
            raise InvalidScopeError("The scope names an action that this client does not have.")


class Revocation(RevocationEndpoint):  # type: ignore[misc]
    """RFC 7009. Another client's token answers as an unknown one, and lives on."""

    SUPPORTED_TOKEN_TYPES = ("access_token",)

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


def _token(client: Client, scope: str | None = None, **_: Any) -> dict[str, Any]:
    """RFC 6749, 5.1; without a scope in the request, all that the client may do."""
    names = _names(scope) or sorted(action.value for action in client.actions)
    return {
        "access_token": new_secret(Prefix.ACCESS_TOKEN),
        "token_type": "Bearer",
        "expires_in": LIFETIME,
        "scope": " ".join(names),
    }


def _names(scope: str | None) -> list[str]:
    return list(dict.fromkeys((scope or "").split()))
