"""A server of its own for the tests of heads: `python -m tests.security.hasty PORT`, with little patience."""

import asyncio
import sys
from typing import Any

import uvicorn

from archive.http.heads import BoundedHeads

SECONDS = 0.5


class Hasty(BoundedHeads):
    HEAD_SECONDS = SECONDS


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answers with how many bytes of body came, after twice the seconds that a head may take, if asked for `/slow`."""
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    if scope["path"] == "/slow":
        await asyncio.sleep(2 * SECONDS)
    answer = str(size).encode()
    headers = [(b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


if __name__ == "__main__":
    uvicorn.run(
        app,
        port=int(sys.argv[1]),
        http=Hasty,
        ws="none",
        lifespan="off",
        timeout_keep_alive=30,
        log_level="info",
    )
