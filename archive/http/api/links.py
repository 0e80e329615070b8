"""One-time links by which people come in: the first time, or after losing their password."""

from typing import Any

from litestar import Request, Response, post
from litestar.params import FromPath
from msgspec import Struct

from archive.http import replies
from archive.http.api.pending import PendingAnswer, waits
from archive.http.context import acting, context_of
from archive.http.describe import Described, opt
from archive.http.forms import json_body
from archive.http.idempotency import by_manager, once
from archive.identity import links
from archive.identity.links import Purpose
from archive.ports import PendingChange

AnyRequest = Request[Any, Any, Any]


class LinkBody(Struct, frozen=True, forbid_unknown_fields=True):
    """`codes`: the link ends their one-time codes too, for a lost telephone."""

    codes: bool = False


class LinkAnswer(Struct, frozen=True):
    """`url` is shown this once: whoever has it comes in as that person. An invitation is for whoever never came in; it
    works for 72 hours, a reset for 24."""

    url: str
    purpose: Purpose


@post(
    "/api/v1/people/{person_id:str}/links",
    status_code=201,
    opt=opt(
        Described(
            summary="Make a one-time link by which somebody comes in",
            group="Administration",
            body=LinkBody,
            answer=LinkAnswer,
            status=201,
            accepted=PendingAnswer,
            problems=(403, 404),
        )
    ),
)
@once(by_manager)
async def make_link(request: AnyRequest, person_id: FromPath[str]) -> Response[bytes]:
    """It ends the links before it. For whoever may read or hear what was said, open it to others or manage people it
    takes a second person (202) once there is a compliance person: once that one agreed, the same request makes the
    link. Nobody makes one for themselves."""
    parts, caller = acting(request)
    body = await json_body(request, LinkBody, optional=True)
    made = await links.make(parts, caller, person_id, codes=body.codes)
    if isinstance(made, PendingChange):
        return await waits(parts, caller, made)
    _, purpose = await links.look(parts, made)
    return replies.json(LinkAnswer(context_of(request).link(f"/links/{made}"), purpose), 201)


handlers = [make_link]
