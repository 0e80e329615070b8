"""`login` and `logout`: use the archive as oneself, without a program's credentials."""

import time
import webbrowser
from collections.abc import Mapping
from typing import Any

import click
import httpx

from archive.cli.api import SECONDS, checked, reached, tokens_from
from archive.cli.kept import Kept, Tokens
from archive.cli.loopback import CLIENT_ID, Attempt, listening
from archive.cli.output import server_option
from archive.errors import ArchiveError

METADATA = "/.well-known/oauth-authorization-server"


@click.command()
@server_option
@click.option("--no-browser", is_flag=True, help="Print the address, and open no browser.")
def login(server: str, no_browser: bool) -> None:
    """Sign in as yourself, in a browser on this machine."""
    server = server.rstrip("/")
    with reached(server), httpx.Client(base_url=server, timeout=SECONDS) as archive:
        metadata = checked(archive.get(METADATA))
        _check_issuer(server, metadata)
        tokens = _signed_in(archive, metadata, no_browser=no_browser)
        kept = Kept()
        with kept.locked():
            old = kept.of(server)
            kept.keep(server, tokens)
        if old:
            _hand_back(archive, old)
    click.echo(f"Signed in to {server}.")


@click.command()
@server_option
def logout(server: str) -> None:
    """Hand back what you signed in for on this machine."""
    server = server.rstrip("/")
    kept = Kept()
    with kept.locked(), reached(server), httpx.Client(base_url=server, timeout=SECONDS) as archive:
        tokens = kept.of(server)
        if tokens is None:
            raise ArchiveError(f"You are not signed in to {server}.")
        _hand_back(archive, tokens)
        kept.keep(server, None)
    click.echo(f"Signed out of {server}.")


def _signed_in(archive: httpx.Client, metadata: Mapping[str, Any], *, no_browser: bool) -> Tokens:
    with listening() as listener:
        attempt = Attempt(metadata["issuer"], listener.redirect_uri)
        address = attempt.address(metadata["authorization_endpoint"])
        click.echo("Open this address in a browser on this machine:", err=True)
        click.echo(address, err=True)
        if not no_browser:
            webbrowser.open(address)
        brought = listener.wait(attempt)
    asked_at = time.time()
    answer = archive.post(metadata["token_endpoint"], data=attempt.exchange(brought))
    return tokens_from(checked(answer), asked_at)


def _check_issuer(server: str, metadata: Mapping[str, Any]) -> None:
    """RFC 8414, 3.3: what one address says of another doesn't count."""
    if metadata.get("issuer") != server:
        raise ArchiveError(
            f"That archive calls itself {metadata.get('issuer')}. Use --server with that address."
        )


def _hand_back(archive: httpx.Client, tokens: Tokens) -> None:
    form = {"client_id": CLIENT_ID, "token": tokens.refresh_token, "token_type_hint": "refresh_token"}
    checked(archive.post("/oauth/revoke", data=form))
