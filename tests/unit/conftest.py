"""Unit tests reach nothing outside their process."""

import socket
from typing import NoReturn

import pytest


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connecting, binding and sending fail. A socket pair, which an event loop wakes itself with, does none of them."""

    def refuse(*_: object) -> NoReturn:
        raise AssertionError("a unit test opened a socket: give it a fake, or make it an integration test")

    for act in ("connect", "connect_ex", "bind", "sendto"):
        monkeypatch.setattr(socket.socket, act, refuse)
