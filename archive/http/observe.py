"""One log line and one measurement for each request: route, status, time, address. No query, cookie or body."""

import logging
import time
from typing import Any

from litestar import Litestar
from litestar.enums import ScopeType
from litestar.types import Message, Receive, Scope, Send

from archive.http.context import Context

log = logging.getLogger("archive.requests")

NO_ROUTE = "(none)"
GONE = 499
"""Logged for a client that left before an answer began; nginx's number."""


class Observed:
    """The application, watched."""

    def __init__(self, app: Litestar) -> None:
        self._app = app
        context: Context = app.state.context
        self._metrics = context.metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), GONE

        async def watching(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watching)
        finally:
            self._note(scope, status, time.perf_counter() - began)

    def _note(self, scope: Any, status: int, seconds: float) -> None:
        """The route's template, not the address: an address can hold the secret of a one-time link."""
        route = scope.get("path_template") or NO_ROUTE
        self._metrics.observe(scope["method"], route, status, seconds)
        client = scope.get("client")
        facts = {"method": scope["method"], "route": route, "status": status, "ms": round(seconds * 1000, 1)}
        log.info("request", extra={**facts, "address": client[0] if client else None})
