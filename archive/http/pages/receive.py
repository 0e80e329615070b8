"""The upload form without a script: files and fields as a browser sends them, the recording streamed, never held."""

from collections.abc import Callable
from functools import partial

from msgspec import field
from multipart import MultipartSegment  # type: ignore[import-untyped]

from archive.calls import upload
from archive.calls.upload import Metadata, Stored
from archive.errors import Invalid
from archive.http.api.receive import (
    MAX_METADATA,
    MAX_TRANSCRIPT,
    Draft,
    Events,
    Received,
    chunks,
    events,
    read_transcript,
    received,
    whole,
)
from archive.http.context import Context, context_of
from archive.http.pages.answers import AnyRequest
from archive.http.pages.rendering import texts
from archive.ports import Parts

MAX_FIELDS = 32
"""Parts of the form: its fields and two files, with room."""


class _Draft(Draft):
    fields: dict[str, str] = field(default_factory=dict)


async def receive_form(
    parts: Parts, request: AnyRequest, limit: int, metadata_of: Callable[[dict[str, str]], Metadata]
) -> Received:
    """The form, its fields read by `metadata_of`. Raises `Invalid`, `TooLarge`, `Malformed`."""

    def complete(draft: _Draft) -> Received:
        stored = _recording(draft)
        return Received(metadata_of(draft.fields), stored, draft.transcript)

    take = partial(_take, context_of(request), limit)
    return await received(parts, events(request, MAX_FIELDS), _Draft(), take, complete)


def _recording(draft: _Draft) -> Stored:
    if draft.stored is None or draft.stored.bytes == 0:
        raise Invalid(texts()("upload.no_file"), field="audio")
    return draft.stored


async def _take(
    context: Context, limit: int, draft: _Draft, segment: MultipartSegment, coming: Events
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
