"""Where the archive refuses to listen, and what the cookie is called."""

import pytest
from msgspec import structs

from archive.errors import WrongSetting
from archive.http.context import Context
from archive.http.metrics import Metrics
from archive.http.serve import check_public_url
from archive.settings import Settings, check

TLS = {"tls_cert": "cert.pem", "tls_key": "key.pem"}
Given = dict[str, str]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"public_url": "http://127.0.0.1:8000"},
        {"public_url": "https://calls.example.com"},
        {"host": "192.0.2.1", "public_url": "https://calls.example.com", **TLS},
        {"host": "192.0.2.1", "public_url": "https://calls.example.com", "behind_proxy": "192.0.2.2"},
    ],
)
def test_sign_in_can_work(given: Given) -> None:
    settings = Settings(**given)  # type: ignore[arg-type]
    _check(settings)


@pytest.mark.parametrize(
    "given",
    [
        {"host": "0.0.0.0"},
        {"host": "192.0.2.1", "public_url": "https://calls.example.com"},
        {"public_url": "http://calls.example.com"},
        {"behind_proxy": "192.0.2.2"},
        TLS,
    ],
)
def test_where_sign_in_would_fail_silently_the_program_does_not_start(given: Given) -> None:
    settings = Settings(**given)  # type: ignore[arg-type]
    with pytest.raises(WrongSetting):
        _check(settings)


def _check(settings: Settings) -> None:
    check(settings)
    check_public_url(settings)


def test_the_cookie_is_bound_to_its_host_over_https() -> None:
    settings = Settings(public_url="https://calls.example.com")
    context = Context(None, settings, Metrics(), "")  # type: ignore[arg-type]
    assert context.cookie == "__Host-session"
    plain = structs.replace(context, settings=Settings())
    assert plain.cookie == "session"
