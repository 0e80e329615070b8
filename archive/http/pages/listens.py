"""Who listened to a call: the newest beside its words, and all of them on a page of their own."""

from collections.abc import Iterator, Mapping

from litestar import Response, get
from litestar.params import FromPath
from msgspec import Struct

from archive.calls import listen as listening
from archive.calls.caller import Caller
from archive.calls.listen import HeardBy, delivered_seconds, reported_seconds
from archive.http.api.listens import before, following
from archive.http.context import acting
from archive.http.pages import words
from archive.http.pages.answers import OPEN, AnyRequest, failed, frame_of, page
from archive.http.pages.rendering import texts
from archive.http.pages.times import clock
from archive.http.pages.views import HeardView, ListensView, ListenView
from archive.ports import Parts

LISTENS = 50
BESIDE = 10
"""Listens beside the words of the call."""


class Heard(Struct, frozen=True):
    """Listens of a call, one more than a page shows where there are more, and people's names by public id."""

    by: HeardBy
    names: Mapping[str, str]


@get("/calls/{call_id:str}/listens", opt=OPEN, exception_handlers={Exception: failed})
async def listens_page(request: AnyRequest, call_id: FromPath[str]) -> Response[bytes]:
    parts, caller = acting(request)
    heard = await read(parts, caller, call_id, LISTENS, before(request.query_params.get("cursor")))
    more = following(heard.by.listens, LISTENS)
    view = ListensView(
        title=words.title_of(heard.by.call, frame_of(request)),
        href=f"/calls/{call_id}",
        heard=heard_view(heard, LISTENS),
        next=f"/calls/{call_id}/listens?cursor={more}" if more else "",
    )
    return page(request, "listens.html", view)


async def read(parts: Parts, caller: Caller, uid: str, limit: int, before: int | None = None) -> Heard:
    by = await listening.of_call(parts, caller, uid, before, limit + 1)
    async with parts.database.read() as work:
        return Heard(by, await work.principals.named({one.principal_uid for one in by.listens}))


def heard_view(heard: Heard, limit: int) -> HeardView:
    t, by = texts(), heard.by
    summary = f"{t('heard.summary', count=by.count)} {t('heard.by', count=by.principals)}"
    listens = tuple(_listens(heard, limit))
    return HeardView(by.everyone, summary, listens, more=len(by.listens) > limit)


def _listens(heard: Heard, limit: int) -> Iterator[ListenView]:
    duration = heard.by.call.duration or 0.0
    for listen in heard.by.listens[:limit]:
        yield ListenView(
            person=heard.names.get(listen.principal_uid) or texts()("audit.unknown"),
            opened_at=listen.opened_at,
            delivered=clock(delivered_seconds(listen, duration)),
            reported=clock(reported_seconds(listen)),
            reason=listen.reason or "",
        )
