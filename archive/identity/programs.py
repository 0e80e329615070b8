"""Programs as the authorization server knows them: those that are registered, and the archive's own command line."""

from collections.abc import Iterable

from authlib.oauth2.rfc6749 import ClientMixin  # type: ignore[import-untyped]  # Authlib carries no types

from archive.identity.redirects import fits
from archive.identity.secrets import matches
from archive.policy.actions import Action
from archive.ports import Registration, Work

A = Action
FOR_PEOPLE = frozenset(Action) - {A.GRANT, A.APPROVE, A.SEAL, A.MANAGE_PEOPLE, A.MANAGE_SYSTEM}
"""What a program may do for a person at all: nothing that decides what others may hear."""

OWN, CODE, REFRESH = "client_credentials", "authorization_code", "refresh_token"
"""The grant types (RFC 6749, 4.4, 4.1 and 6)."""

COMMAND_LINE = Registration(
    principal_id=0,
    client_id="call-archive",
    name="Call Archive command line",
    redirect_uris=("http://127.0.0.1/callback",),
    actions=frozenset({A.FIND, A.READ_CALL, A.READ_TRANSCRIPT, A.DOWNLOAD, A.UPLOAD, A.EDIT}),
    public=True,
)


async def find_program(work: Work, client_id: str) -> Registration | None:
    if client_id == COMMAND_LINE.client_id:
        return COMMAND_LINE
    return await work.registrations.get(client_id)


class Client(ClientMixin):  # type: ignore[misc]
    """A program as Authlib sees it. `own`: what it may do for itself. A confidential one comes by HTTP Basic."""

    def __init__(self, program: Registration, secrets: Iterable[str], own: frozenset[Action]) -> None:
        self.program = program
        self.own = own
        self._secrets = tuple(secrets)

    def check_client_secret(self, client_secret: str) -> bool:
        return any(matches(kept, client_secret) for kept in self._secrets)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002 - Authlib's signature
        return method == ("none" if self.program.public else "client_secret_basic")

    def check_grant_type(self, grant_type: str) -> bool:
        if grant_type == OWN:
            return not self.program.public
        return bool(self.program.redirect_uris) and grant_type in {CODE, REFRESH}

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and self.check_grant_type(CODE)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return fits(self.program.redirect_uris, redirect_uri)

    def get_default_redirect_uri(self) -> None:
        """Each request names its own (RFC 9700, 2.1)."""

    def get_allowed_scope(self, scope: str | None) -> str:
        """What was asked, which was checked before; without a word, all that the program may ask for."""
        return " ".join(names(scope) or sorted(self.program.actions))


def names(scope: str | None) -> list[str]:
    """Those in a scope parameter (RFC 6749, 3.3), each once."""
    return list(dict.fromkeys((scope or "").split()))
