"""Authlib's grants for programs that act for a person: an authorization code with PKCE, and refresh tokens.

What Authlib leaves open is closed here: a code without a challenge (its `CodeChallenge(required=True)` still issues
one), the method `plain`, and what a code or token is still worth, which `tokens.py` finds out beforehand.
"""

import re
from datetime import timedelta

from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped]
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Request,
)
from authlib.oauth2.rfc6749.grants import (  # type: ignore[import-untyped]
    AuthorizationCodeGrant,
    RefreshTokenGrant,
)
from authlib.oauth2.rfc7636 import CodeChallenge  # type: ignore[import-untyped]
from msgspec import Struct

from archive.identity.programs import Client, names
from archive.identity.secrets import Prefix, new_secret
from archive.policy.actions import Action

CODE_LIFETIME = timedelta(seconds=60)
IDLE, ABSOLUTE = timedelta(days=30), timedelta(days=90)
"""A program that acts for a person is out after so long without a new token, and after so long in any case."""

AUTH_METHODS = ("client_secret_basic", "none")
SHA256 = re.compile(r"[A-Za-z0-9_-]{43}")
"""Base 64 of 32 bytes (RFC 7636, 4.2)."""


class Presented(Struct, frozen=True):
    """A code or a refresh token that is still good, as Authlib sees it. `actions`: what a token for it carries now."""

    actions: frozenset[Action]
    redirect_uri: str = ""
    code_challenge: str = ""
    code_challenge_method: str = "S256"

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return " ".join(sorted(self.actions))

    def check_client(self, client: Client) -> bool:  # noqa: ARG002 - only a client's own come this far
        return True


class Allowed(Struct, frozen=True):
    """A code that Authlib made and that is yet to be saved."""

    code: str
    redirect_uri: str
    challenge: str


class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]
    """RFC 6749, 4.1."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    @staticmethod
    def validate_authorization_redirect_uri(request: OAuth2Request, client: Client) -> str:
        """As Authlib's, which puts the address into its sentence and stumbles over a quotation mark there."""
        uri: str = request.payload.redirect_uri or ""
        if not client.check_redirect_uri(uri):
            raise InvalidRequestError("The redirect_uri is not one that this program registered.")
        return uri

    def validate_requested_scope(self) -> None:
        if not self.request.client.program.actions.issuperset(names(self.request.payload.scope)):
            raise InvalidScopeError("The scope names an action that this program may not ask for.")

    def generate_authorization_code(self) -> str:
        return new_secret(Prefix.CODE)

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        given = request.payload.data
        self.server.allowed = Allowed(code, given["redirect_uri"], given["code_challenge"])

    def query_authorization_code(self, code: str, client: Client) -> Presented | None:  # noqa: ARG002
        presented: Presented | None = self.server.presented
        return presented

    def authenticate_user(self, authorization_code: Presented) -> Presented:
        return authorization_code

    def delete_authorization_code(self, authorization_code: Presented) -> None:
        """`tokens.py` uses it up, in one transaction with what it gives."""


class RefreshGrant(RefreshTokenGrant):  # type: ignore[misc]
    """RFC 6749, 6."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Presented | None:  # noqa: ARG002
        presented: Presented | None = self.server.presented
        return presented

    def authenticate_user(self, refresh_token: Presented) -> Presented:
        return refresh_token

    def revoke_old_credential(self, refresh_token: Presented) -> None:
        """As above."""


class S256(CodeChallenge):  # type: ignore[misc]
    """RFC 7636, always, and by its only method that keeps a verifier secret."""

    def validate_code_challenge(self, grant: CodeGrant, redirect_uri: str) -> None:  # noqa: ARG002
        given = grant.request.payload.data
        if given.get("code_challenge_method") != "S256" or not SHA256.fullmatch(
            given.get("code_challenge", "")
        ):
            raise InvalidRequestError("A code_challenge by the code_challenge_method S256 is needed.")
