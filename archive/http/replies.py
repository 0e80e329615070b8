"""Answers: JSON from structs, and the headers that they share."""

from collections.abc import Mapping

import msgspec
from litestar import Response
from msgspec import Struct

PRIVATE = {"Cache-Control": "private, no-store"}
"""For everything that only the caller may see. `no-store` also keeps it out of the browser's disk."""


def json(
    answer: Struct | Mapping[str, object], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response[bytes]:
    return Response(
        msgspec.json.encode(answer),
        status_code=status,
        media_type="application/json",
        headers={**PRIVATE, **(headers or {})},
    )


def data(
    content: bytes, media_type: str, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response[bytes]:
    return Response(
        content, status_code=status, media_type=media_type, headers={**PRIVATE, **(headers or {})}
    )


def nothing() -> Response[None]:
    return Response(None, status_code=204, headers=PRIVATE)
