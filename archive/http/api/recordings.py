"""Taking a recording away, and the shape of its sound."""

import base64
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Stream
from msgspec import Struct

from archive.calls import download
from archive.calls.download import File, What
from archive.calls.waveform import waveform
from archive.http import ranges, replies
from archive.http.context import acting
from archive.http.describe import BINARY, Described, opt
from archive.http.forms import query
from archive.http.ranges import Span

AnyRequest = Request[Any, Any, Any]
_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .-_")


class RecordingQuery(Struct, frozen=True, forbid_unknown_fields=True):
    what: What = What.ORIGINAL


@HTTPRouteHandler(
    "/api/v1/calls/{call_id:str}/recording",
    http_method=["GET", "HEAD"],
    opt=opt(
        Described(
            summary="Download a recording",
            group="Recordings",
            query=RecordingQuery,
            answer=(BINARY, "audio/mp4"),
            problems=(403, 404, 409, 416, 422),
        )
    ),
)
async def download_recording(request: AnyRequest, call_id: FromPath[str]) -> Response[Any]:
    """One event before the first byte, one after the last; where a reason is asked for, it is stated before. Takes
    `Range`; `Repr-Digest` is of the whole file."""
    parts, caller = acting(request)
    file = await download.look(parts, caller, call_id, query(request, RecordingQuery).what)
    etag = f'"{file.sha256}"'
    if ranges.matches(request.headers.get("if-none-match"), etag):
        return replies.data(b"", file.content_type, 304, {"ETag": etag})
    asked = ranges.wanted(request.headers.get("range"), request.headers.get("if-range"), etag, file.bytes)
    span = asked or Span(0, file.bytes)
    headers = _headers(file, etag, span) | (
        {"Content-Range": span.content_range(file.bytes)} if asked else {}
    )
    status = 206 if asked else 200
    if request.method == "HEAD":
        return replies.data(b"", file.content_type, status, headers)
    return _streamed(await download.begin(parts, caller, file, span.start, span.end), file, status, headers)


@get(
    "/api/v1/calls/{call_id:str}/waveform",
    opt=opt(
        Described(
            summary="The shape of a call's sound",
            group="Recordings",
            answer=("application/json",),
            problems=(403, 404, 409),
        )
    ),
)
async def read_waveform(request: AnyRequest, call_id: FromPath[str]) -> Response[bytes]:
    """Peaks, as audiowaveform's JSON (version 2)."""
    parts, caller = acting(request)
    return replies.data(await waveform(parts, caller, call_id), "application/json")


def attachment(name: str) -> str:
    """`Content-Disposition` by RFC 6266: a plain name for old programs, and the exact one beside it (RFC 8187)."""
    plain = "".join(letter if letter in _SAFE else "_" for letter in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _headers(file: File, etag: str, span: Span) -> dict[str, str]:
    digest = base64.b64encode(bytes.fromhex(file.sha256)).decode()
    return {
        "Accept-Ranges": "bytes",
        "Content-Length": str(span.end - span.start),
        "Content-Disposition": attachment(file.name),
        "ETag": etag,
        "Repr-Digest": f"sha-256=:{digest}:",
    }


def _streamed(chunks: AsyncIterator[bytes], file: File, status: int, headers: dict[str, str]) -> Stream:
    """Each chunk is awaited from the store, so a sender that nobody listens to any more is cancelled."""
    return Stream(
        chunks, status_code=status, media_type=file.content_type, headers={**replies.PRIVATE, **headers}
    )


handlers = [download_recording, read_waveform]
