"""Sealing a call, and lifting the seal."""

from typing import Annotated, Any

from litestar import Request, Response, delete, post
from litestar.params import FromPath
from msgspec import Meta, Struct

from archive.calls.reasons import LONGEST, SHORTEST
from archive.http.api.receipts import Receipt, written
from archive.http.api.schemas import CallAnswer
from archive.http.context import acting
from archive.http.describe import Described, opt
from archive.http.forms import json_body
from archive.identity import sealing
from archive.identity.sealing import MOST_NAMED

AnyRequest = Request[Any, Any, Any]
Reason = Annotated[str, Meta(min_length=SHORTEST, max_length=LONGEST)]


class Sealing(Struct, frozen=True, forbid_unknown_fields=True):
    """`named`: e-mail addresses of people who still find, read and hear the call."""

    reason: Reason
    named: Annotated[tuple[str, ...], Meta(max_length=MOST_NAMED)] = ()


class Unsealing(Struct, frozen=True, forbid_unknown_fields=True):
    reason: Reason


@post(
    "/api/v1/calls/{call_id:str}/seal",
    status_code=200,
    opt=opt(
        Described(
            summary="Seal a call",
            group="Calls",
            body=Sealing,
            answer=CallAnswer,
            receipt=Receipt,
            problems=(403, 404, 409, 412),
        )
    ),
)
async def seal_call(request: AnyRequest, call_id: FromPath[str]) -> Response[bytes]:
    """It leaves everybody's lists, counts and suggestions but of those who may seal and of those named; what is being
    heard of it is cut. Grants by which others reached this one call end."""
    parts, caller = acting(request)
    body = await json_body(request, Sealing)
    call = await sealing.seal(parts, caller, call_id, reason=body.reason, named=body.named)
    return await written(request, call)


@delete(
    "/api/v1/calls/{call_id:str}/seal",
    status_code=200,
    opt=opt(
        Described(
            summary="Lift a call's seal",
            group="Calls",
            body=Unsealing,
            answer=CallAnswer,
            receipt=Receipt,
            problems=(403, 404, 409, 412),
        )
    ),
)
async def unseal_call(request: AnyRequest, call_id: FromPath[str]) -> Response[bytes]:
    """It is back in the scopes that it stands in."""
    parts, caller = acting(request)
    body = await json_body(request, Unsealing)
    return await written(request, await sealing.unseal(parts, caller, call_id, reason=body.reason))


handlers = [seal_call, unseal_call]
