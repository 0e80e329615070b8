"""Calls: upload, list, read, edit, delete, try again."""

from typing import Any

from litestar import Request, Response, delete, get, patch, post
from litestar.params import FromPath
from msgspec import structs

from archive.calls import catalogue, upload
from archive.calls.call import State
from archive.calls.catalogue import CallEdit
from archive.calls.filters import CallFilter
from archive.calls.upload import Metadata
from archive.http import cursor, replies
from archive.http.api.query import Narrowing, Text, narrowed
from archive.http.api.receipts import Receipt, UploadReceipt, written
from archive.http.api.receive import receive
from archive.http.api.schemas import CallAnswer, CallPage, Time, call_answer
from archive.http.context import acting, context_of
from archive.http.describe import Described, opt
from archive.http.forms import json_body, query
from archive.http.revisions import revision_of
from archive.ports import PageMark, Parts

AnyRequest = Request[Any, Any, Any]
LIST = "calls"


class CallQuery(Narrowing, frozen=True, kw_only=True, forbid_unknown_fields=True):
    external_id: Text | None = None
    source: Text | None = None
    state: tuple[State, ...] = ()
    received_from: Time | None = None
    received_to: Time | None = None


@post(
    "/api/v1/calls",
    request_max_body_size=None,
    opt=opt(
        Described(
            summary="Upload a recording",
            group="Calls",
            body=Metadata,
            body_media="multipart/form-data",
            answer=CallAnswer,
            receipt=UploadReceipt,
            status=201,
            problems=(403, 409),
        )
    ),
)
async def upload_call(request: AnyRequest) -> Response[bytes]:
    """Parts `metadata` (JSON), `audio` (any size) and, optionally, `transcript`, in any order. 201 with the call; 200
    with the first call when the same bytes come again under the same external id. Whoever may neither read nor find
    the call gets a receipt: what they gave, and where the call is."""
    parts, caller = acting(request)
    await upload.check(parts, caller)
    received = await receive(parts, request, context_of(request).settings.max_upload_bytes)
    accepted = await upload.accept(parts, caller, received.metadata, received.stored, received.transcript)
    location = {"Location": f"/api/v1/calls/{accepted.call.uid}"}
    status = 201 if accepted.created else 200
    return await written(request, accepted.call, received.metadata, status, location)


@get(
    "/api/v1/calls",
    opt=opt(
        Described(
            summary="List calls, newest first",
            group="Calls",
            query=CallQuery,
            answer=CallPage,
        )
    ),
)
async def list_calls(request: AnyRequest) -> Response[bytes]:
    parts, caller = acting(request)
    asked = query(request, CallQuery)
    after = cursor.decode(LIST, asked.cursor, PageMark) if asked.cursor else None
    calls = await catalogue.find_all(parts, caller, await _filter(parts, asked), after, asked.limit + 1)
    shown = tuple(call_answer(context_of(request), call) for call in calls[: asked.limit])
    more = cursor.following(LIST, calls, asked.limit, lambda last: PageMark(last.started_at, last.id))
    return replies.json(CallPage(shown, more))


@get(
    "/api/v1/calls/{call_id:str}",
    opt=opt(Described(summary="Read a call", group="Calls", answer=CallAnswer, problems=(403, 404))),
)
async def read_call(request: AnyRequest, call_id: FromPath[str]) -> Response[bytes]:
    parts, caller = acting(request)
    call = await catalogue.view(parts, caller, call_id)
    return replies.json(call_answer(context_of(request), call), headers={"ETag": call.etag})


@patch(
    "/api/v1/calls/{call_id:str}",
    opt=opt(
        Described(
            summary="Edit a call's metadata",
            group="Calls",
            body=CallEdit,
            answer=CallAnswer,
            receipt=Receipt,
            problems=(403, 404, 412),
        )
    ),
)
async def edit_call(request: AnyRequest, call_id: FromPath[str]) -> Response[bytes]:
    """What is left out stays, null clears. With `If-Match` the edit is refused (412) if the call changed meanwhile."""
    parts, caller = acting(request)
    edit = await json_body(request, CallEdit)
    revision = revision_of(request.headers.get("if-match"))
    return await written(request, await catalogue.edit(parts, caller, call_id, revision, edit))


@delete(
    "/api/v1/calls/{call_id:str}",
    status_code=204,
    opt=opt(Described(summary="Delete a call", group="Calls", status=204, problems=(403, 404))),
)
async def delete_call(request: AnyRequest, call_id: FromPath[str]) -> Response[None]:
    """Row, words, sound and index go for good; the events stay."""
    parts, caller = acting(request)
    await catalogue.delete(parts, caller, call_id)
    return replies.nothing()


@post(
    "/api/v1/calls/{call_id:str}/retry",
    status_code=200,
    opt=opt(
        Described(
            summary="Try a failed call again",
            group="Calls",
            answer=CallAnswer,
            receipt=Receipt,
            problems=(403, 404, 409),
        )
    ),
)
async def retry_call(request: AnyRequest, call_id: FromPath[str]) -> Response[bytes]:
    parts, caller = acting(request)
    return await written(request, await catalogue.retry(parts, caller, call_id))


async def _filter(parts: Parts, asked: CallQuery) -> CallFilter:
    return structs.replace(
        await narrowed(parts, asked),
        external_id=asked.external_id,
        source=asked.source,
        states=frozenset(asked.state),
        received_since=asked.received_from,
        received_until=asked.received_to,
    )


handlers = [upload_call, list_calls, read_call, edit_call, delete_call, retry_call]
