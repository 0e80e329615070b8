"""Where the authorization server may send somebody back to: nowhere but where a program said that it waits."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from archive.errors import Invalid

MAX_URI, MAX_URIS = 500, 20

_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?((?:/[^#]*)?)")
"""A program on the person's own machine: host, then path and query (RFC 8252, 7.3). Not `localhost`, a name that may
lead elsewhere (8.3)."""

_HOST = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
"""With its port. It goes into a Content-Security-Policy, where `*` and `'` mean more than they say."""


def clean_redirects(uris: Iterable[str]) -> tuple[str, ...]:
    """Raises `Invalid`."""
    cleaned = tuple(dict.fromkeys(_clean(uri) for uri in uris))
    if len(cleaned) > MAX_URIS:
        raise Invalid(f"A program has {MAX_URIS} redirect URIs at most.", field="redirect_uris")
    return cleaned


def fits(registered: Iterable[str], asked: str) -> bool:
    """Exactly, but for the port of a loopback address: a program on somebody's machine takes the one that is free."""
    if loopback := _LOOPBACK.fullmatch(asked):
        return any(
            (known := _LOOPBACK.fullmatch(uri)) and known.groups() == loopback.groups() for uri in registered
        )
    return asked in registered


def is_loopback(uri: str) -> bool:
    """Whether it leads to a program on the person's own machine."""
    return _LOOPBACK.fullmatch(uri) is not None


def source_of(uri: str) -> str:
    """What a Content-Security-Policy calls the place; it has no word for an IPv6 address."""
    parts = urlsplit(uri)
    return f"{parts.scheme}:" if "[" in parts.netloc else f"{parts.scheme}://{parts.netloc}"


def _clean(uri: str) -> str:
    if not (is_loopback(uri) or _is_https(uri)) or len(uri) > MAX_URI:
        raise Invalid(
            "A redirect URI is an https:// address, or http://127.0.0.1 for a program on the person's own machine; "
            "without a fragment or a password.",
            field="redirect_uris",
        )
    return uri


def _is_https(uri: str) -> bool:
    plain = uri.isascii() and uri.isprintable() and not set(uri) & set(' "<>\\^`{|}#;,')
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    return plain and parts.scheme == "https" and bool(_HOST.fullmatch(parts.netloc))
