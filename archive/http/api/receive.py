"""Taking in a multipart upload: its parts in any order, the recording streamed, never held.

Every event of the push parser comes from one generator; while a part is being read, its reader pulls from that same
generator. So the recording goes from socket to store chunk by chunk, and a slow store slows the sender.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from functools import partial
from typing import Any, TypeVar

from litestar import Request
from litestar.exceptions import HTTPException
from msgspec import Struct
from multipart import MultipartError, MultipartSegment, PushMultipartParser  # type: ignore[import-untyped]

from archive.calls import upload
from archive.calls.transcript import Transcript
from archive.calls.upload import Metadata, Stored
from archive.errors import ArchiveError, Invalid, Malformed, TooLarge
from archive.http.context import Context, context_of
from archive.http.forms import decode
from archive.http.problems import UnsupportedMediaType
from archive.ports import Parts

MAX_METADATA = 64 * 1024
MAX_SEGMENTS = 8
MAX_TRANSCRIPT = 32 * 2**20

Events = AsyncGenerator[MultipartSegment | bytes | bytearray | None, None]


class Received(Struct, frozen=True):
    metadata: Metadata
    stored: Stored
    transcript: Transcript | None


class Draft(Struct):
    """What has come in so far."""

    stored: Stored | None = None
    transcript: Transcript | None = None


D = TypeVar("D", bound=Draft)


class _Draft(Draft):
    metadata: Metadata | None = None


async def receive(parts: Parts, request: Request[Any, Any, Any], limit: int) -> Received:
    """Read the whole upload. Raises `Invalid` naming the part, `TooLarge`, `Malformed`, `UnsupportedMediaType`."""
    take = partial(_take, context_of(request), limit)
    return await received(parts, events(request, MAX_SEGMENTS), _Draft(), take, _complete)


async def received(
    parts: Parts,
    coming: Events,
    draft: D,
    take: Callable[[D, MultipartSegment, Events], Awaitable[None]],
    complete: Callable[[D], Received],
) -> Received:
    """Let `take` read each part into the draft. Whatever is wrong, or if the sender leaves, nothing stays stored."""
    try:
        async with aclosing(coming):
            async for event in coming:
                if isinstance(event, MultipartSegment):
                    await take(draft, event, coming)
        return complete(draft)
    except BaseException:
        if draft.stored:
            await asyncio.shield(asyncio.ensure_future(upload.discard(parts, draft.stored)))
        raise


async def read_transcript(context: Context, data: bytes, content_type: str | None) -> Transcript:
    """In the one thread for it: a long one takes a while. Raises `TranscriptError`."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(context.parsing, context.parts.formats.read, data, content_type)


async def _take(
    context: Context, limit: int, draft: _Draft, segment: MultipartSegment, events: Events
) -> None:
    match segment.name:
        case "audio" if draft.stored is None:
            draft.stored = await upload.store(context.parts, chunks(events), limit)
        case "metadata" if draft.metadata is None:
            draft.metadata = _read_metadata(await whole(events, "metadata", MAX_METADATA))
        case "transcript" if draft.transcript is None:
            data = await whole(events, "transcript", MAX_TRANSCRIPT)
            draft.transcript = await read_transcript(context, data, segment.header("Content-Type"))
        case "audio" | "metadata" | "transcript":
            raise Invalid(f"{segment.name} stands twice in the upload.", field=segment.name)
        case _:
            raise Invalid(
                "An upload has the parts metadata, audio and transcript.", field=segment.name or None
            )


def _read_metadata(data: bytes) -> Metadata:
    try:
        return decode(data, Metadata)
    except Malformed as error:
        raise Invalid("metadata is not JSON.", field="metadata") from error


def _complete(draft: _Draft) -> Received:
    if draft.metadata is None:
        raise Invalid("The upload has no part metadata.", field="metadata")
    if draft.stored is None:
        raise Invalid("The upload has no part audio.", field="audio")
    return Received(draft.metadata, draft.stored, draft.transcript)


async def events(request: Request[Any, Any, Any], most: int) -> Events:
    parser = PushMultipartParser(_boundary(request), max_segment_count=most)
    try:
        async for chunk in request.stream():
            if chunk:
                for event in parser.parse(chunk):
                    yield event
        parser.close()
    except MultipartError as error:
        raise Malformed(f"The upload is not valid multipart/form-data: {error}.") from error
    except HTTPException as error:
        raise _left() if error.status_code >= 500 else error from error


def _boundary(request: Request[Any, Any, Any]) -> str:
    media_type, options = request.content_type
    if media_type != "multipart/form-data":
        raise UnsupportedMediaType("Send multipart/form-data with the parts metadata and audio.")
    if not (boundary := options.get("boundary")) or len(boundary) > 200:
        raise Malformed("The Content-Type names no boundary.")
    return boundary


def _left() -> ArchiveError:
    """Litestar says so with an error 500; nobody is there any more to read ours."""
    return Malformed("The sender left before the upload was complete.")


async def chunks(events: Events) -> AsyncIterator[bytes]:
    """The rest of the part that `events` stands in."""
    async for event in events:
        if event is None:
            return
        yield bytes(event)


async def whole(events: Events, name: str, limit: int) -> bytes:
    data = bytearray()
    async for chunk in chunks(events):
        data += chunk
        if len(data) > limit:
            raise TooLarge(f"The part {name} may have at most {limit} bytes.", field=name)
    return bytes(data)
