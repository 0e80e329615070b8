"""What a writer is answered: the call as they may read it, else a receipt that tells nothing of what others wrote."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from litestar import Request, Response
from msgspec import Struct, structs

from archive.calls.access import as_read
from archive.calls.call import Call, State
from archive.calls.upload import Metadata
from archive.http import replies
from archive.http.api.schemas import Id, call_answer
from archive.http.context import Context, acting, context_of

AnyRequest = Request[Any, Any, Any]


class Receipt(Struct, frozen=True, kw_only=True):
    """For those who may write to a call but neither read nor find it."""

    id: Id
    url: str
    state: State
    etag: str


class ReceivedAnswer(Struct, frozen=True):
    """The original as received."""

    sha256: str
    bytes: int


class UploadReceipt(Metadata, frozen=True, kw_only=True):
    """For those who may upload a call but neither read nor find it: its metadata are those of this very request."""

    id: Id
    url: str
    state: State
    etag: str
    recording: ReceivedAnswer


async def written(
    request: AnyRequest,
    call: Call,
    given: Metadata | None = None,
    status: int = 200,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Response[bytes]:
    """`given`: the metadata of an upload, which its receipt repeats."""
    context = context_of(request)
    shown = await as_read(*acting(request), call)
    answer = call_answer(context, shown) if shown else _receipt(context, call, given)
    return replies.json(answer, status, {"ETag": (shown or call).etag, **headers})


def _receipt(context: Context, call: Call, given: Metadata | None) -> Receipt | UploadReceipt:
    about: dict[str, Any] = {
        "id": call.uid,
        "url": context.link(f"/calls/{call.uid}"),
        "state": call.state,
        "etag": call.etag,
    }
    if given is None:
        return Receipt(**about)
    received = ReceivedAnswer(call.recording.sha256, call.recording.bytes)
    return UploadReceipt(**about, recording=received, **structs.asdict(given))
