"""One's own sessions: where one is signed in, and ending that."""

from typing import Any

from litestar import Request, Response, delete, get
from litestar.params import FromPath
from msgspec import Struct

from archive.http import replies
from archive.http.api.schemas import Id, Time
from archive.http.context import acting, context_of
from archive.http.cookies import forget_session
from archive.http.describe import Described, opt
from archive.identity import sessions
from archive.identity.devices import device_of
from archive.ports import Session

AnyRequest = Request[Any, Any, Any]


class SessionAnswer(Struct, frozen=True):
    """`browser` and `system` are what the user agent tells for certain. `provider`: the company's sign-in it came by;
    null for a password. `current`: the one that asks."""

    id: Id
    created_at: Time
    seen_at: Time
    address: str | None
    browser: str | None
    system: str | None
    user_agent: str | None
    provider: str | None
    current: bool


class SessionPage(Struct, frozen=True):
    """`next` is always null: they come all at once."""

    items: tuple[SessionAnswer, ...]
    next: str | None


@get(
    "/api/v1/sessions",
    opt=opt(
        Described(
            summary="List one's own open sessions, newest first",
            group="Sessions",
            answer=SessionPage,
            problems=(403,),
        )
    ),
)
async def list_sessions(request: AnyRequest) -> Response[bytes]:
    """For whoever comes by a session: programs see none, whomever they act for."""
    parts, caller = acting(request)
    found = await sessions.mine(parts, caller, context_of(request).lifetime)
    this = caller.origin.session
    return replies.json(SessionPage(tuple(_answer(one, this) for one in found), None))


@delete(
    "/api/v1/sessions/{session_id:str}",
    status_code=204,
    opt=opt(
        Described(summary="End one of one's own sessions", group="Sessions", status=204, problems=(403, 404))
    ),
)
async def end_session(request: AnyRequest, session_id: FromPath[str]) -> Response[None]:
    """It ends with its next request at the latest; what is being listened to in it, within seconds. 404 for another's,
    as for one that doesn't exist."""
    parts, caller = acting(request)
    await sessions.end(parts, caller, session_id)
    answer = replies.nothing()
    if session_id == caller.origin.session:
        forget_session(context_of(request), answer)
    return answer


@delete(
    "/api/v1/sessions",
    status_code=204,
    opt=opt(
        Described(
            summary="End all of one's own sessions but this one",
            group="Sessions",
            status=204,
            problems=(403,),
        )
    ),
)
async def end_other_sessions(request: AnyRequest) -> Response[None]:
    await sessions.end_others(*acting(request))
    return replies.nothing()


def _answer(session: Session, this: str | None) -> SessionAnswer:
    device = device_of(session.user_agent)
    return SessionAnswer(
        id=session.uid,
        created_at=session.created_at,
        seen_at=session.seen_at,
        address=session.address,
        browser=device.browser,
        system=device.system,
        user_agent=session.user_agent,
        provider=session.provider,
        current=session.uid == this,
    )


handlers = [list_sessions, end_session, end_other_sessions]
