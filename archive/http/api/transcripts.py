"""What was said on a call, in four formats, and its new versions."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

from litestar import Request, Response, get, put
from litestar.params import FromPath
from msgspec import Meta, Struct

from archive.calls import words
from archive.calls.transcript import TranscriptFormat
from archive.http import replies
from archive.http.api.receipts import Receipt, written
from archive.http.api.receive import MAX_TRANSCRIPT, read_transcript
from archive.http.api.schemas import CallAnswer
from archive.http.context import acting, context_of
from archive.http.describe import Described, opt
from archive.http.forms import query
from archive.http.problems import NotAcceptable

AnyRequest = Request[Any, Any, Any]

MEDIA_TYPES: Mapping[str, TranscriptFormat] = {
    "application/json": TranscriptFormat.JSON,
    "text/vtt": TranscriptFormat.VTT,
    "application/x-subrip": TranscriptFormat.SRT,
    "text/plain": TranscriptFormat.TEXT,
}


class TranscriptQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`format` wins over `Accept`. Without `version`, the newest."""

    format: TranscriptFormat | None = None
    version: Annotated[int, Meta(ge=1)] | None = None


@get(
    "/api/v1/calls/{call_id:str}/transcript",
    opt=opt(
        Described(
            summary="Read what was said",
            group="Transcripts",
            query=TranscriptQuery,
            answer=tuple(MEDIA_TYPES),
            problems=(403, 404, 406, 422),
        )
    ),
)
async def read_call_transcript(request: AnyRequest, call_id: FromPath[str]) -> Response[bytes]:
    """The event is committed before the words leave; where a reason is asked for, it is stated before."""
    parts, caller = acting(request)
    asked = query(request, TranscriptQuery)
    media_type, fmt = _wanted(request, asked.format)
    found = await words.read(parts, caller, call_id, asked.version)
    content = await asyncio.to_thread(parts.formats.write, found.transcript, fmt)
    headers = {"Transcript-Version": str(found.version), "Vary": "Accept"}
    return replies.data(content, media_type, headers=headers)


@put(
    "/api/v1/calls/{call_id:str}/transcript",
    request_max_body_size=MAX_TRANSCRIPT,
    opt=opt(
        Described(
            summary="Add a transcript, or a new version of it",
            group="Transcripts",
            raw=tuple(MEDIA_TYPES),
            answer=CallAnswer,
            receipt=Receipt,
            problems=(403, 404, 413, 422),
        )
    ),
)
async def put_call_transcript(request: AnyRequest, call_id: FromPath[str]) -> Response[bytes]:
    """Earlier versions stay. One that doesn't parse is refused with line and reason, and nothing is stored."""
    parts, caller = acting(request)
    await words.check_put(parts, caller, call_id)
    content = await request.body()
    transcript = await read_transcript(context_of(request), content, request.headers.get("content-type"))
    call = await words.put(parts, caller, call_id, transcript)
    return await written(request, call)


def _wanted(request: AnyRequest, fmt: TranscriptFormat | None) -> tuple[str, TranscriptFormat]:
    if fmt is not None:
        return next(pair for pair in MEDIA_TYPES.items() if pair[1] is fmt)
    media_type = request.accept.best_match(list(MEDIA_TYPES))
    if media_type is None:
        raise NotAcceptable(f"A transcript comes as {', '.join(MEDIA_TYPES)}.")
    return media_type, MEDIA_TYPES[media_type]


handlers = [read_call_transcript, put_call_transcript]
