"""A program that acts for a person, as the tests play it: PKCE, the consent page, tokens."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from msgspec import Struct

BACK = "http://127.0.0.1:49152/callback"
COMMAND_LINE = "call-archive"
AUTHORIZE = "/oauth/authorize"


class Pkce(Struct, frozen=True):
    """RFC 7636."""

    verifier: str

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def pkce() -> Pkce:
    return Pkce(secrets.token_urlsafe(32))


def asked(secret: Pkce, **given: Any) -> dict[str, str]:
    """The parameters of an authorization request; None leaves one out."""
    usual = {
        "response_type": "code",
        "client_id": COMMAND_LINE,
        "redirect_uri": BACK,
        "scope": "find read_call",
        "state": "state-1",
        "code_challenge": secret.challenge,
        "code_challenge_method": "S256",
    }
    return {name: value for name, value in {**usual, **given}.items() if value is not None}


def told(answer: httpx.Response) -> dict[str, str]:
    """What the program is told, at its redirect URI."""
    assert answer.status_code == httpx.codes.SEE_OTHER, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


async def allow(browser: httpx.AsyncClient, secret: Pkce, **given: Any) -> str:
    """The code that the program gets once the person allowed what it asks."""
    answer = await browser.post(AUTHORIZE, data={**asked(secret, **given), "decision": "allow"})
    return told(answer)["code"]


def exchange(code: str, secret: Pkce, /, **given: Any) -> dict[str, str]:
    """The form that turns a code into tokens."""
    usual = {
        "grant_type": "authorization_code",
        "client_id": COMMAND_LINE,
        "code": code,
        "redirect_uri": BACK,
        "code_verifier": secret.verifier,
    }
    return {name: value for name, value in {**usual, **given}.items() if value is not None}


def renewal(tokens: Mapping[str, Any], **given: str) -> dict[str, str]:
    """The form that turns a refresh token into others."""
    usual = {
        "grant_type": "refresh_token",
        "client_id": COMMAND_LINE,
        "refresh_token": tokens["refresh_token"],
    }
    return {**usual, **given}
