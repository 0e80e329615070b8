"""The upload form without a script: files and fields as a browser sends them, the recording streamed, never held."""

import asyncio
from contextlib import aclosing

from msgspec import Struct
from multipart import MultipartSegment  # type: ignore[import-untyped]

from archive.calls import upload
from archive.calls.transcript import Transcript
from archive.calls.upload import Stored
from archive.errors import Invalid
from archive.http.api.receive import (
    MAX_METADATA,
    MAX_TRANSCRIPT,
    Events,
    chunks,
    events,
    read_transcript,
    whole,
)
from archive.http.context import Context, context_of
from archive.http.pages.answers import AnyRequest
from archive.http.pages.rendering import texts
from archive.ports import Parts

MAX_FIELDS = 32
"""Parts of the form: its fields and two files, with room."""


class ReceivedForm(Struct, frozen=True):
    fields: dict[str, str]
    stored: Stored
    transcript: Transcript | None


class _Draft(Struct):
    fields: dict[str, str]
    stored: Stored | None = None
    transcript: Transcript | None = None


async def receive_form(parts: Parts, request: AnyRequest, limit: int) -> ReceivedForm:
    """Nothing stays stored if the form is wrong or its sender leaves. Raises `Invalid`, `TooLarge`, `Malformed`."""
    draft = _Draft({})
    try:
        async with aclosing(events(request, MAX_FIELDS)) as coming:
            async for event in coming:
                if isinstance(event, MultipartSegment):
                    await _take(context_of(request), draft, event, coming, limit)
        return ReceivedForm(draft.fields, _recording(draft), draft.transcript)
    except BaseException:
        if draft.stored:
            await asyncio.shield(asyncio.ensure_future(upload.discard(parts, draft.stored)))
        raise


def _recording(draft: _Draft) -> Stored:
    if draft.stored is None or draft.stored.bytes == 0:
        raise Invalid(texts()("upload.no_file"), field="audio")
    return draft.stored


async def _take(
    context: Context, draft: _Draft, segment: MultipartSegment, coming: Events, limit: int
) -> None:
    if segment.name == "audio" and draft.stored is None:
        draft.stored = await upload.store(context.parts, chunks(coming), limit)
    elif segment.name == "transcript" and draft.transcript is None:
        data = await whole(coming, "transcript", MAX_TRANSCRIPT)
        draft.transcript = await read_transcript(context, data, segment.content_type) if data else None
    elif segment.filename is None:
        draft.fields[segment.name] = (await whole(coming, segment.name, MAX_METADATA)).decode(
            errors="replace"
        )
    else:
        raise Invalid(texts()("upload.twice"), field=segment.name)
