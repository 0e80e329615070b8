"""uvicorn's HTTP protocol, with an end to a request's head: uvicorn itself waits forever and keeps all of it."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

PIECE = 16 * 1024
"""Bytes that the parser is given at once."""

REFUSAL = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class BoundedHeads(HttpToolsProtocol):
    """One connection. A head ends within `MAX_HEAD` and `HEAD_SECONDS`, or the connection does.

    What fills neither a head nor a body counts as well: trailers, the sizes of chunks, empty lines.
    """

    MAX_HEAD = 64 * 1024
    """Bytes, to within a piece."""

    HEAD_SECONDS = 15.0
    """From connecting; on a connection that is kept, from the next head's first byte."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._unfinished = 0
        self._awaiting_head = True
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._set_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unset_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._awaiting_head:
            self._set_timer()
        for at in range(0, len(data), PIECE):
            self._take(data[at : at + PIECE])
            if self.transport.is_closing():
                return

    def _take(self, piece: bytes) -> None:
        self._unfinished += len(piece)
        super().data_received(piece)
        if self._unfinished > self.MAX_HEAD and not self.transport.is_closing():
            self._refuse()

    def on_message_begin(self) -> None:
        self._set_timer()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._unset_timer()
        self._awaiting_head, self._unfinished = False, 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unfinished = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._awaiting_head, self._unfinished = True, 0
        super().on_message_complete()

    def _refuse(self) -> None:
        """Nothing is said amid another answer."""
        self.logger.warning("A request's head was too large.")
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(REFUSAL)
        self.transport.close()

    def _set_timer(self) -> None:
        """Once it is over, the connection ends as at a stop: an answer under way is finished first."""
        if self._late is None:
            self._late = self.loop.call_later(self.HEAD_SECONDS, self.shutdown)

    def _unset_timer(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
