"""A company's sign-in for the tests: a real OpenID Connect provider (npm oidc-provider) in a process of its own."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from infra.setup.frontend import PROVIDER
from tests.processes import Part, Program, answers, free_port

NODE = Path(sys.executable).with_name("node")
SECRET = "a secret with + and % and : in it, of forty letters"
AUDIENCE = "urn:call-archive"


class Account(Struct, frozen=True):
    """Somebody at the company; `login` is what they type there, and the subject that the provider gives them."""

    login: str
    name: str
    email: str
    groups: Sequence[str] = ()


class Company:
    """A provider, whose one client is the archive at `archive_url`. Its pages take any password.

    It lives at 127.0.0.1 and the archive at localhost: for a browser two sites, as in life."""

    def __init__(self, archive_url: str, accounts: Sequence[Account], name: str = "acme") -> None:
        self.name = name
        self.archive_url = archive_url
        self.accounts = accounts
        self.port = free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self.program = Program(f"provider-{name}")

    def start(self) -> None:
        claims = {each.login: _claims(each) for each in self.accounts}
        given = {
            "issuer": self.issuer,
            "port": self.port,
            "clients": [self._client()],
            "accounts": claims,
            "audience": AUDIENCE,
        }
        command: list[Part] = [NODE, PROVIDER / "provider.js", json.dumps(given)]
        self.program.start(command, answers(f"{self.issuer}/.well-known/openid-configuration"))

    def stop(self) -> None:
        self.program.stop()

    def settings(self, **more: str) -> dict[str, str]:
        """What the archive's settings say of it."""
        return {
            "name": self.name,
            "label": self.name.capitalize(),
            "issuer": self.issuer,
            "client_id": "call archive",
            "client_secret": SECRET,
            **more,
        }

    def _client(self) -> Mapping[str, Any]:
        ours = f"{self.archive_url}/sign-in"
        return {
            "client_id": "call archive",
            "client_secret": SECRET,
            "redirect_uris": [f"{ours}/{self.name}/callback"],
            "post_logout_redirect_uris": [ours],
            "backchannel_logout_uri": f"{ours}/{self.name}/backchannel-logout",
            "backchannel_logout_session_required": True,
        }


def _claims(account: Account) -> dict[str, Any]:
    return {"name": account.name, "email": account.email, "email_verified": True, "groups": account.groups}
