"""An end to the silence of who sends a body: uvicorn itself waits forever for its next byte."""

import asyncio
from typing import Any

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from archive.http.problems import TooSlow


class BoundedSilence(ASGIMiddleware):
    """Whoever reads a body of which nothing came for `seconds` gets `TooSlow`. A store that is slow to take what came
    counts for nothing: only waiting does."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        whole = False

        async def within() -> Any:
            """Once the body is whole, what is waited for is that the client leaves: as long as it takes."""
            nonlocal whole
            message = await (receive() if whole else self._soon(receive))
            whole = not message.get("more_body", False)
            return message

        await next_app(scope, within, send)

    async def _soon(self, receive: Receive) -> Any:
        try:
            async with asyncio.timeout(self._seconds):
                return await receive()
        except TimeoutError as error:
            raise TooSlow from error
