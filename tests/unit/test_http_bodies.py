"""Who sends a body may not fall silent; who waits for an answer may."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from archive.http.bodies import BoundedSilence
from archive.http.problems import TooSlow

pytestmark = pytest.mark.anyio
PART = {"type": "http.request", "body": b"a", "more_body": True}
LAST = {"type": "http.request", "body": b"b", "more_body": False}
LEFT = {"type": "http.disconnect"}


async def read(*messages: dict[str, Any]) -> list[dict[str, Any]]:
    """What a handler receives that reads to the end, when no silence at all is borne and the last message tarries."""
    got: list[dict[str, Any]] = []
    waiting = iter(messages)

    async def receive() -> Any:
        message = next(waiting)
        for _ in range(5 if message is messages[-1] else 0):
            await asyncio.sleep(0)  # to the loop, and back: no time
        return message

    async def handler(scope: Any, receive: Any, send: Any) -> None:
        while len(got) < len(messages):
            got.append(await receive())

    nothing: Any = None
    await BoundedSilence(0).handle(nothing, receive, nothing, handler)
    return got


@pytest.mark.parametrize("messages", [(LAST,), (PART, LAST), (PART, PART, LEFT)])
async def test_silence_within_a_body_ends_it(messages: Iterable[dict[str, Any]]) -> None:
    with pytest.raises(TooSlow):
        await read(*messages)


@pytest.mark.parametrize("messages", [(LAST, LEFT), (PART, LAST, LEFT)])
async def test_after_the_body_one_may_wait(messages: Iterable[dict[str, Any]]) -> None:
    assert await read(*messages) == list(messages)
