"""A plain server of one file, to measure against: no accounts, no log, no database; Range, and nothing else.

python -m tests.bench.plain FILE PORT
"""

import asyncio
import os
import sys
from pathlib import Path

import uvicorn
import uvloop
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

PIECE = 256 * 1024


class OneFile:
    """An ASGI application that answers `Range: bytes=A-` with at most `PIECE` bytes from A on."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def __call__(self, scope: Scope, _: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        assert scope["type"] == "http"
        asked = dict(scope["headers"]).get(b"range", b"bytes=0-")
        start = int(asked.removeprefix(b"bytes=").partition(b"-")[0])
        data, total = await asyncio.to_thread(self._read, start)
        span = f"bytes {start}-{start + len(data) - 1}/{total}".encode()
        headers = [(b"content-range", span), (b"content-length", str(len(data)).encode())]
        await send({"type": "http.response.start", "status": 206, "headers": headers, "trailers": False})
        await send({"type": "http.response.body", "body": data, "more_body": False})

    def _read(self, start: int) -> tuple[bytes, int]:
        with self._path.open("rb") as file:
            file.seek(start)
            return file.read(PIECE), os.fstat(file.fileno()).st_size


def main(path: str, port: str) -> None:
    """On uvicorn as the archive runs it, in archive/http/serve.py."""
    config = uvicorn.Config(
        OneFile(Path(path)),
        port=int(port),
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
    )
    uvloop.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    main(*sys.argv[1:])
