"""The guard of the unit tests themselves."""

import asyncio
import socket

import pytest


def test_connecting_fails() -> None:
    with socket.socket() as client, pytest.raises(AssertionError, match="opened a socket"):
        client.connect(("127.0.0.1", 9))


def test_binding_fails() -> None:
    with socket.socket() as server, pytest.raises(AssertionError, match="opened a socket"):
        server.bind(("127.0.0.1", 0))


async def _answer() -> int:
    return await asyncio.to_thread(lambda: 42)


def test_an_event_loop_still_runs() -> None:
    assert asyncio.run(_answer()) == 42
