"""Access: what waits for the reader, what they asked for, who heard by emergency access; and the ways to both answers:
what can this person reach, and who can reach this call."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from litestar import Response, get, post
from litestar.params import FromPath
from msgspec import structs

from archive.errors import ArchiveError, Conflict, Forbidden, Invalid, NotFound, TooMany
from archive.http.context import acting, context_of
from archive.http.cookies import keep_session
from archive.http.forms import form
from archive.http.pages.access_views import AccessView, FoundView
from archive.http.pages.answers import OPEN, AnyRequest, failed, frame_of, go, page
from archive.http.pages.days import end_of
from archive.http.pages.frame import ACCESS
from archive.http.pages.hub import hub_view
from archive.http.pages.rendering import texts
from archive.http.pages.views import Link
from archive.http.problems import status_of
from archive.identity import approving, glass, grants, reach, requests
from archive.identity.glass import Breaking
from archive.identity.requests import LONGEST, Asking
from archive.ids import find_uuid7
from archive.ports import About

DONE = ("asked", "approved", "refused", "withdrawn", "seen", "mended", "broken", "ended")
"""What the page may say went well, by `?done=`."""

REFUSED = (Invalid, Conflict, TooMany, Forbidden, NotFound)
PEOPLE = 20

Given = Mapping[str, str]


@get(ACCESS, opt=OPEN, exception_handlers={Exception: failed})
async def access_page(request: AnyRequest) -> Response[bytes]:
    return page(request, "access.html", await _view(request))


# ---- both questions --------------------------------------------------------------------------------------------


@get("/access/person", opt=OPEN, exception_handlers={Exception: failed})
async def find_person(request: AnyRequest) -> Response[bytes]:
    """To what somebody can reach; where several have that name, a choice of them."""
    typed = request.query_params.get("who", "").strip()
    parts, caller = acting(request)
    found = await reach.people_like(parts, caller, typed, PEOPLE) if typed else []
    exact = [one for one in found if (one.email or "").casefold() == typed.casefold()] or found
    if len(exact) == 1:
        return go(f"/reach/{exact[0].uid}")
    links = tuple(Link(f"{one.name}, {one.email}", f"/reach/{one.uid}") for one in found)
    return page(request, "access_found.html", FoundView(typed, links))


@get("/access/call", opt=OPEN, exception_handlers={Exception: failed})
async def find_call(request: AnyRequest) -> Response[bytes]:
    """To who can reach a call: by its id, or any address that holds it."""
    acting(request)
    found = find_uuid7(request.query_params.get("call", ""))
    if found is None:
        problems = {"call": texts()("access.no_call")}
        return page(request, "access.html", await _view(request, problems), status=422)
    return go(f"/calls/{found}/access")


# ---- asking ----------------------------------------------------------------------------------------------------


@post("/access/requests", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def ask_form(request: AnyRequest) -> Response[bytes]:
    async def ask(given: Given) -> Response[bytes]:
        frame = frame_of(request)
        about = given.get("about", "")
        if about not in set(About):
            raise Invalid(texts()("access.no_about"), field="about")
        asking = Asking(
            about=About(about),
            what=given.get("what", ""),
            until=end_of(frame, given.get("until", ""), frame.now + LONGEST),
            reason=given.get("reason", ""),
        )
        await requests.ask(*acting(request), asking)
        return _done("asked")

    return await _trying(request, "ask", ask)


@post(
    "/access/requests/{request_id:str}/withdraw",
    status_code=200,
    opt=OPEN,
    exception_handlers={Exception: failed},
)
async def withdraw_form(request: AnyRequest, request_id: FromPath[str]) -> Response[bytes]:
    async def withdraw(_: Given) -> Response[bytes]:
        await requests.withdraw(*acting(request), request_id)
        return _done("withdrawn")

    return await _trying(request, "mine", withdraw)


@post(
    "/access/requests/{request_id:str}/approve",
    status_code=200,
    opt=OPEN,
    exception_handlers={Exception: failed},
)
async def approve_form(request: AnyRequest, request_id: FromPath[str]) -> Response[bytes]:
    async def approve(given: Given) -> Response[bytes]:
        until = await _granted_until(request, request_id, given.get("until", ""))
        await approving.approve(*acting(request), request_id, until, given.get("answer", ""))
        return _done("approved")

    return await _trying(request, request_id, approve)


@post(
    "/access/requests/{request_id:str}/refuse",
    status_code=200,
    opt=OPEN,
    exception_handlers={Exception: failed},
)
async def refuse_form(request: AnyRequest, request_id: FromPath[str]) -> Response[bytes]:
    async def refuse(given: Given) -> Response[bytes]:
        await approving.refuse(*acting(request), request_id, given.get("answer", ""))
        return _done("refused")

    return await _trying(request, request_id, refuse)


async def _granted_until(request: AnyRequest, uid: str, day: str) -> datetime | None:
    asked = await approving.get(*acting(request), uid)
    latest = asked.share.until if asked.share else asked.request.until
    return end_of(frame_of(request), day, latest) if day else None


# ---- emergency access ------------------------------------------------------------------------------------------


@post("/access/glass", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def break_form(request: AnyRequest) -> Response[bytes]:
    async def take(given: Given) -> Response[bytes]:
        context, where = context_of(request), given.get("where", "")
        breaking = Breaking(
            scope=where if where == "all" else f"{where}:{_named(where, given.get('name', ''))}",
            reason=given.get("reason", ""),
            password=given.get("password", ""),
            code=given.get("code", ""),
        )
        minutes = context.settings.break_glass_minutes
        taken = await glass.break_glass(*acting(request), context.rules, minutes, breaking)
        return _kept(request, _done("broken"), taken.session)

    return await _trying(request, "glass", take)


@post("/access/glass/back", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def mend_form(request: AnyRequest) -> Response[bytes]:
    async def mend(_: Given) -> Response[bytes]:
        return _kept(request, _done("mended"), await glass.mend(*acting(request)))

    return await _trying(request, "glass", mend)


@post("/access/glass/{glass_id:str}/seen", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def seen_form(request: AnyRequest, glass_id: FromPath[str]) -> Response[bytes]:
    await glass.see(*acting(request), glass_id)
    return _done("seen")


@post("/access/glass/{glass_id:str}/end", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def end_form(request: AnyRequest, glass_id: FromPath[str]) -> Response[bytes]:
    await grants.revoke(*acting(request), glass_id)
    return _done("ended")


def _named(where: str, typed: str) -> str:
    """A call by any address that holds its id."""
    return (find_uuid7(typed) or typed.strip()) if where == "call" else typed.strip()


# ---- shared ----------------------------------------------------------------------------------------------------


async def _trying(
    request: AnyRequest, name: str, do: Callable[[Given], Awaitable[Response[bytes]]]
) -> Response[bytes]:
    """What a form does; where it is refused, the page again, with why beside that form."""
    given = await form(request)
    acting(request)  # whoever isn't signed in is led to sign-in
    try:
        return await do(given)
    except REFUSED as error:
        answer = page(
            request, "access.html", await _view(request, {name: why(error)}, given), status_of(error)
        )
        if isinstance(error, TooMany):
            answer.headers["Retry-After"] = str(error.retry_after)
        return answer


def why(error: ArchiveError) -> str:
    t = texts()
    return t(f"access.{error.code}") if t.has(f"access.{error.code}") else error.detail


def _done(what: str) -> Response[bytes]:
    return go(f"{ACCESS}?done={what}")


def _kept(request: AnyRequest, answer: Response[bytes], secret: str) -> Response[bytes]:
    keep_session(context_of(request), answer, secret)
    return answer


async def _view(request: AnyRequest, problems: Given | None = None, typed: Given | None = None) -> AccessView:
    what = request.query_params.get("done", "")
    view = await hub_view(request)
    safe = {name: value for name, value in (typed or {}).items() if name not in ("password", "code")}
    done = texts()(f"access.done_{what}") if what in DONE and not problems else ""
    return structs.replace(view, done=done, problems=problems or {}, typed=safe)


routes = [
    access_page,
    find_person,
    find_call,
    ask_form,
    withdraw_form,
    approve_form,
    refuse_form,
    break_form,
    mend_form,
    seen_form,
    end_form,
]
