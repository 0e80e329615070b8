"""Hearing a call: open a listen, fetch its bytes piece by piece, say what was played, close it."""

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Request, Response, delete, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Meta, Struct

from archive.calls import listen as listening
from archive.calls.listen import PIECE
from archive.http import cursor, ranges, replies
from archive.http.api.query import Page
from archive.http.api.schemas import Id, Time
from archive.http.context import acting
from archive.http.describe import Described, opt
from archive.http.forms import json_body, query
from archive.http.problems import RangeRequired
from archive.ports import Listen, Played

AnyRequest = Request[Any, Any, Any]
LIST = "listens"


class Opening(Struct, frozen=True, forbid_unknown_fields=True):
    """Why, and which earlier listen of one's own this goes on from."""

    reason: Annotated[str, Meta(min_length=1, max_length=500)] | None = None
    continues: Id | None = None


class ListenAnswer(Struct, frozen=True):
    id: Id
    audio_url: str
    content_type: str
    duration: float | None
    expires_at: Time


class Report(Struct, frozen=True, forbid_unknown_fields=True):
    played: Annotated[tuple[Played, ...], Meta(max_length=500)]


class HeardAnswer(Struct, frozen=True):
    """One listen of a call: byte ranges that were sent, and what the player said it played, in seconds."""

    id: Id
    principal_id: Id
    opened_at: Time
    closed_at: Time | None
    reason: str | None
    delivered: tuple[tuple[int, int], ...]
    reported: tuple[Played, ...]


class HeardPage(Struct, frozen=True):
    items: tuple[HeardAnswer, ...]
    next: str | None


class Before(Struct, frozen=True):
    """Listens opened before this one."""

    id: int


@post(
    "/api/v1/calls/{call_id:str}/listens",
    opt=opt(
        Described(
            summary="Begin to hear a call",
            group="Listens",
            body=Opening,
            answer=ListenAnswer,
            status=201,
            problems=(403, 404, 409),
        )
    ),
)
async def open_listen(request: AnyRequest, call_id: FromPath[str]) -> Response[bytes]:
    """The event is committed before the address of the sound exists. It works for this caller and session only."""
    parts, caller = acting(request)
    opening = await json_body(request, Opening, optional=True)
    opened = await listening.begin(parts, caller, call_id, opening.reason, opening.continues)
    answer = ListenAnswer(
        id=opened.listen.uid,
        audio_url=f"/api/v1/listens/{opened.listen.uid}/audio",
        content_type=opened.listen.rendition.content_type,
        duration=opened.call.duration,
        expires_at=listening.expires_at(opened.listen),
    )
    return replies.json(answer, 201)


@HTTPRouteHandler(
    "/api/v1/listens/{listen_id:str}/audio",
    http_method=["GET", "HEAD"],
    opt=opt(
        Described(
            summary="The sound of a listen",
            group="Listens",
            answer=("audio/mp4",),
            problems=(404, 410, 416),
        )
    ),
)
async def listen_audio(request: AnyRequest, listen_id: FromPath[str]) -> Response[bytes]:
    """At most 256 KiB an answer: send `Range`, and take a shorter 206 as it comes. Each answer asks the policy anew."""
    parts, caller = acting(request)
    listen = await listening.facts(parts, caller, listen_id)
    total, etag = listen.rendition.bytes, f'"{listen.rendition.sha256}"'
    asked = ranges.wanted(request.headers.get("range"), request.headers.get("if-range"), etag, total)
    span = asked.at_most(PIECE) if asked else ranges.Span(0, total)
    headers = {"Accept-Ranges": "bytes", "ETag": etag} | (
        {"Content-Range": span.content_range(total)} if asked else {}
    )
    if request.method == "HEAD":
        return _head(listen, span, asked is not None, headers)
    if span.end - span.start > PIECE:
        raise RangeRequired
    content = await listening.piece(parts, listen, span.start, span.end)
    return replies.data(content, listen.rendition.content_type, 206 if asked else 200, headers)


@post(
    "/api/v1/listens/{listen_id:str}/progress",
    status_code=204,
    opt=opt(
        Described(
            summary="Say what was played", group="Listens", body=Report, status=204, problems=(404, 410)
        )
    ),
)
async def report_progress(request: AnyRequest, listen_id: FromPath[str]) -> Response[None]:
    parts, caller = acting(request)
    report = await json_body(request, Report)
    await listening.report(parts, caller, listen_id, report.played)
    return replies.nothing()


@delete(
    "/api/v1/listens/{listen_id:str}",
    status_code=204,
    opt=opt(Described(summary="End a listen", group="Listens", status=204, problems=(404,))),
)
async def close_listen(request: AnyRequest, listen_id: FromPath[str]) -> Response[None]:
    parts, caller = acting(request)
    await listening.close(parts, caller, listen_id)
    return replies.nothing()


@get(
    "/api/v1/calls/{call_id:str}/listens",
    opt=opt(
        Described(
            summary="Who listened to a call",
            group="Listens",
            query=Page,
            answer=HeardPage,
            problems=(403, 404),
        )
    ),
)
async def list_listens(request: AnyRequest, call_id: FromPath[str]) -> Response[bytes]:
    """Everybody's for those who may read the log, one's own for others; newest first."""
    parts, caller = acting(request)
    page = query(request, Page)
    found = (await listening.of_call(parts, caller, call_id, before(page.cursor), page.limit + 1)).listens
    shown = tuple(_heard(listen) for listen in found[: page.limit])
    return replies.json(HeardPage(shown, following(found, page.limit)))


def before(given: str | None) -> int | None:
    """The id that a page of listens goes on before; None without a cursor. Raises `Malformed`."""
    return cursor.decode(LIST, given, Before).id if given else None


def following(found: Sequence[Listen], limit: int) -> str | None:
    return cursor.following(LIST, found, limit, lambda last: Before(last.id))


def _head(listen: Listen, span: ranges.Span, partial: bool, headers: dict[str, str]) -> Response[bytes]:
    length = {"Content-Length": str(span.end - span.start)}
    return replies.data(b"", listen.rendition.content_type, 206 if partial else 200, {**headers, **length})


def _heard(listen: Listen) -> HeardAnswer:
    return HeardAnswer(
        id=listen.uid,
        principal_id=listen.principal_uid,
        opened_at=listen.opened_at,
        closed_at=listen.closed_at,
        reason=listen.reason,
        delivered=listen.delivered,
        reported=listen.reported,
    )


handlers = [open_listen, listen_audio, report_progress, close_listen, list_listens]
