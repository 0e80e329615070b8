"""Requests for access: asked for, looked through, approved, refused, withdrawn."""

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.params import FromPath
from msgspec import Meta, Struct

from archive.http import cursor, replies
from archive.http.api.pending import PrincipalAnswer
from archive.http.api.query import Page
from archive.http.api.schemas import Id, Time
from archive.http.context import acting
from archive.http.describe import Described, opt
from archive.http.forms import json_body, query
from archive.http.idempotency import once
from archive.identity import approving, requests
from archive.identity.approving import MAX_ANSWER, Asked
from archive.identity.consent import check_in_person
from archive.identity.requests import MAX_ASKED, MAX_REASON, Asking
from archive.policy.principal import PrincipalKind
from archive.ports import About, AccessRequest, RequestState, Work

AnyRequest = Request[Any, Any, Any]
MINE, WAITING = "my-requests", "requests"

Why = Annotated[str, Meta(min_length=1, max_length=MAX_REASON)]


class At(Struct, frozen=True):
    """Where a list of requests goes on: from this one."""

    id: int


class RequestQuery(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`mine`: one's own, newest first. Without it: those that wait for one's decision, oldest first."""

    mine: bool = False


class NewRequestBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`what`: a call's id, or an address that holds it; or the name, or id, of a client or a partner. `until`: 90 days
    from now at the latest."""

    about: About
    what: Annotated[str, Meta(min_length=1, max_length=MAX_ASKED)]
    until: Time
    reason: Why


class CallRequestBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    until: Time
    reason: Why


class Approval(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`until`: sooner than was asked for. `answer` is for whoever asked."""

    until: Time | None = None
    answer: Annotated[str, Meta(max_length=MAX_ANSWER)] | None = None


class RefusalBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`answer` is for whoever asked. A refusal tells them that it exists."""

    answer: Annotated[str, Meta(max_length=MAX_ANSWER)] | None = None


class RequestAnswer(Struct, frozen=True, kw_only=True):
    """`asked`: what was typed; nothing here tells whoever asked whether there is such a thing. `grant`: the id of what
    was granted. For those who decide, while it waits: `calls`, how many it comes to, and `until_at_most`."""

    id: Id
    by: PrincipalAnswer
    about: About
    asked: str
    until: Time
    reason: str
    asked_at: Time
    state: RequestState
    decided_at: Time | None
    decided_by: PrincipalAnswer | None
    answer: str | None
    grant: Id | None
    calls: int | None
    until_at_most: Time | None


class RequestPage(Struct, frozen=True):
    items: tuple[RequestAnswer, ...]
    next: str | None


def _route(summary: str, *problems: int, **more: Any) -> dict[str, Any]:
    described: dict[str, Any] = {"answer": RequestAnswer, **more}
    return opt(Described(summary=summary, group="Access", problems=problems, **described))


@get(
    "/api/v1/access-requests", opt=_route("List requests for access", query=RequestQuery, answer=RequestPage)
)
async def list_requests(request: AnyRequest) -> Response[bytes]:
    """One's own, or those that wait for one's decision: on calls, partners and clients that one approves over, and on
    calls that one may let others hear."""
    parts, caller = acting(request)
    asked = query(request, RequestQuery)
    at = cursor.decode(MINE if asked.mine else WAITING, asked.cursor, At).id if asked.cursor else None
    if asked.mine:
        found = [Asked(one) for one in await requests.mine(parts, caller, at, asked.limit + 1)]
    else:
        found = await approving.waiting(parts, caller, at or 0, asked.limit + 1)
    kind = MINE if asked.mine else WAITING
    more = cursor.following(kind, found, asked.limit, lambda last: At(last.request.id))
    return replies.json(RequestPage(tuple(await _answers(request, found[: asked.limit])), more))


async def _in_person(request: AnyRequest) -> None:
    check_in_person(acting(request)[1])


@post(
    "/api/v1/access-requests",
    status_code=201,
    opt=_route("Ask for access", 409, body=NewRequestBody, status=201),
)
@once(_in_person)
async def ask_for_access(request: AnyRequest) -> Response[bytes]:
    """201 whether or not there is such a thing. It waits for 30 days, or until the day that it was asked for."""
    body = await json_body(request, NewRequestBody)
    asking = Asking(about=body.about, what=body.what, until=body.until, reason=body.reason)
    return await _asked(request, asking)


@post(
    "/api/v1/calls/{call_id:str}/access-requests",
    status_code=201,
    opt=_route("Ask for access to a call", 409, body=CallRequestBody, status=201),
)
@once(_in_person)
async def ask_for_call(request: AnyRequest, call_id: FromPath[str]) -> Response[bytes]:
    """As `POST /api/v1/access-requests`: 201 whether or not there is such a call."""
    body = await json_body(request, CallRequestBody)
    return await _asked(request, Asking(about=About.CALL, what=call_id, until=body.until, reason=body.reason))


@get("/api/v1/access-requests/{request_id:str}", opt=_route("Read a request for access", 404))
async def read_request(request: AnyRequest, request_id: FromPath[str]) -> Response[bytes]:
    """For whoever asked, decides on it, or did."""
    parts, caller = acting(request)
    return await _answered(request, await approving.get(parts, caller, request_id))


@post(
    "/api/v1/access-requests/{request_id:str}/approve",
    status_code=200,
    opt=_route("Approve a request for access", 404, 409, body=Approval),
)
async def approve_request(request: AnyRequest, request_id: FromPath[str]) -> Response[bytes]:
    """Grants finding, seeing, reading and hearing what was asked for, as far as the caller approves. Whoever may let
    others hear a call approves a request about it for 30 days at most. Nobody approves their own."""
    parts, caller = acting(request)
    body = await json_body(request, Approval, optional=True)
    decided = await approving.approve(parts, caller, request_id, body.until, body.answer)
    return await _answered(request, Asked(decided))


@post(
    "/api/v1/access-requests/{request_id:str}/refuse",
    status_code=200,
    opt=_route("Refuse a request for access", 404, 409, body=RefusalBody),
)
async def refuse_request(request: AnyRequest, request_id: FromPath[str]) -> Response[bytes]:
    parts, caller = acting(request)
    body = await json_body(request, RefusalBody, optional=True)
    return await _answered(request, Asked(await approving.refuse(parts, caller, request_id, body.answer)))


@post(
    "/api/v1/access-requests/{request_id:str}/withdraw",
    status_code=200,
    opt=_route("Withdraw one's own request for access", 404, 409),
)
async def withdraw_request(request: AnyRequest, request_id: FromPath[str]) -> Response[bytes]:
    parts, caller = acting(request)
    return await _answered(request, Asked(await requests.withdraw(parts, caller, request_id)))


async def _asked(request: AnyRequest, asking: Asking) -> Response[bytes]:
    parts, caller = acting(request)
    made = await requests.ask(parts, caller, asking)
    (shown,) = await _answers(request, [Asked(made)])
    return replies.json(shown, 201, {"Location": f"/api/v1/access-requests/{made.uid}"})


async def _answered(request: AnyRequest, asked: Asked) -> Response[bytes]:
    (shown,) = await _answers(request, [asked])
    return replies.json(shown)


async def _answers(request: AnyRequest, found: Sequence[Asked]) -> list[RequestAnswer]:
    parts, _ = acting(request)
    async with parts.database.read() as work:
        return [await _answer(work, one) for one in found]


async def _answer(work: Work, asked: Asked) -> RequestAnswer:
    one: AccessRequest = asked.request
    names = await work.principals.named({one.by, one.decided_by or one.by})

    def person(uid: str) -> PrincipalAnswer:
        return PrincipalAnswer(uid, PrincipalKind.PERSON, names.get(uid, ""))

    return RequestAnswer(
        id=one.uid,
        by=person(one.by),
        about=one.about,
        asked=one.asked,
        until=one.until,
        reason=one.reason,
        asked_at=one.asked_at,
        state=one.state,
        decided_at=one.decided_at,
        decided_by=person(one.decided_by) if one.decided_by else None,
        answer=one.answer,
        grant=one.grant,
        calls=asked.calls,
        until_at_most=asked.share.until if asked.share else None,
    )


handlers = [
    list_requests,
    ask_for_access,
    ask_for_call,
    read_request,
    approve_request,
    refuse_request,
    withdraw_request,
]
