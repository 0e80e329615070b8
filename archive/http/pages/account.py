"""One's own account: password, one-time codes, and where one is signed in."""

from collections.abc import Awaitable, Callable, Mapping

from litestar import Response, get, post
from litestar.params import FromPath

from archive.calls.call import Call
from archive.calls.listen import delivered_seconds, reported_seconds
from archive.calls.my_listens import my_listens
from archive.errors import ArchiveError, Conflict, Invalid, TooMany
from archive.http.api.listens import before, following
from archive.http.context import acting, caller_of, context_of
from archive.http.cookies import forget_session, keep_session
from archive.http.forms import form
from archive.http.pages.account_views import (
    AccountView,
    CodeView,
    MyListensView,
    MyListenView,
    RecoveryView,
    SessionView,
)
from archive.http.pages.answers import OPEN, AnyRequest, failed, frame_of, go, page
from archive.http.pages.consent import program_rows
from archive.http.pages.half_way import secret_view, why
from archive.http.pages.rendering import texts
from archive.http.pages.times import clock
from archive.http.pages.words import title_of
from archive.http.problems import status_of
from archive.identity import authenticators, sessions
from archive.identity.account import Account, account
from archive.identity.authenticators import Confirmed
from archive.identity.devices import device_of
from archive.identity.passwords import change_password
from archive.identity.typed import MIN_PASSWORD
from archive.ports import Listen, Session

ACCOUNT = "/account"
CODES = "/account/codes"
LISTENS = 50
DONE = ("password", "removed")
"""What the page may say went well, by `?done=`."""


@get(ACCOUNT, opt=OPEN, exception_handlers={Exception: failed})
async def account_page(request: AnyRequest) -> Response[bytes]:
    return await _page(request)


@post("/account/password", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def password_form(request: AnyRequest) -> Response[bytes]:
    async def change(given: Mapping[str, str]) -> Response[bytes]:
        secret = await change_password(*acting(request), given.get("old", ""), given.get("new", ""))
        return _kept(request, go(f"{ACCOUNT}?done=password"), secret)

    return await _trying(request, "password", change)


# ---- one-time codes --------------------------------------------------------------------------------------------


@post(CODES, status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def begin_codes(request: AnyRequest) -> Response[bytes]:
    async def begin(given: Mapping[str, str]) -> Response[bytes]:
        await authenticators.set_up(*acting(request), given.get("password", ""))
        return go(CODES)

    return await _trying(request, "codes", begin)


@get(CODES, opt=OPEN, exception_handlers={Exception: failed})
async def codes_page(request: AnyRequest) -> Response[bytes]:
    return await _codes_page(request)


@post("/account/codes/first", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def first_code(request: AnyRequest) -> Response[bytes]:
    """The first code of a new app: from now on sign-in asks for one."""
    given = await form(request)
    try:
        confirmed = await authenticators.finish_setup(*acting(request), given.get("code", ""))
    except Invalid as error:
        return await _codes_page(request, error)
    return _recovery(request, confirmed)


@post("/account/codes/recovery", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def renew_recovery(request: AnyRequest) -> Response[bytes]:
    async def renew(given: Mapping[str, str]) -> Response[bytes]:
        shown = given.get("password", ""), given.get("code", "")
        return _recovery(request, await authenticators.renew_recovery_codes(*acting(request), *shown))

    return await _trying(request, "recovery", renew)


@post("/account/codes/remove", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def remove_codes(request: AnyRequest) -> Response[bytes]:
    async def remove(given: Mapping[str, str]) -> Response[bytes]:
        shown = given.get("password", ""), given.get("code", "")
        secret = await authenticators.remove(*acting(request), *shown)
        return _kept(request, go(f"{ACCOUNT}?done=removed"), secret)

    return await _trying(request, "remove", remove)


# ---- sessions --------------------------------------------------------------------------------------------------


@post("/account/sessions/end", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def end_other_sessions(request: AnyRequest) -> Response[bytes]:
    await sessions.end_others(*acting(request))
    return go(ACCOUNT)


@post(
    "/account/sessions/{session_id:str}/end",
    status_code=200,
    opt=OPEN,
    exception_handlers={Exception: failed},
)
async def end_session(request: AnyRequest, session_id: FromPath[str]) -> Response[bytes]:
    await sessions.end(*acting(request), session_id)
    if session_id != caller_of(request).origin.session:
        return go(ACCOUNT)
    answer = go("/sign-in")
    forget_session(context_of(request), answer)
    return answer


# ---- listens ---------------------------------------------------------------------------------------------------


@get("/account/listens", opt=OPEN, exception_handlers={Exception: failed})
async def my_listens_page(request: AnyRequest) -> Response[bytes]:
    found = await my_listens(*acting(request), before(request.query_params.get("cursor")), LISTENS + 1)
    more = following([listen for listen, _ in found], LISTENS)
    view = MyListensView(
        tuple(_listen(request, *one) for one in found[:LISTENS]),
        f"/account/listens?cursor={more}" if more else "",
    )
    return page(request, "my_listens.html", view)


def _listen(request: AnyRequest, listen: Listen, call: Call | None) -> MyListenView:
    return MyListenView(
        title=title_of(call, frame_of(request)) if call else texts()("account.gone"),
        href=f"/calls/{call.uid}" if call else "",
        opened_at=listen.opened_at,
        delivered=clock(delivered_seconds(listen, call.duration or 0.0)) if call else "",
        reported=clock(reported_seconds(listen)),
        reason=listen.reason or "",
    )


# ---- what is shown ---------------------------------------------------------------------------------------------


async def _trying(
    request: AnyRequest, name: str, change: Callable[[Mapping[str, str]], Awaitable[Response[bytes]]]
) -> Response[bytes]:
    """What a form of the page does; where it is refused, the page again, with why beside that form."""
    try:
        return await change(await form(request))
    except (Invalid, TooMany, Conflict) as error:
        answer = await _page(request, {name: why(error)}, status_of(error))
        if isinstance(error, TooMany):
            answer.headers["Retry-After"] = str(error.retry_after)
        return answer


async def _page(
    request: AnyRequest, problems: Mapping[str, str] | None = None, status: int = 200
) -> Response[bytes]:
    context, (parts, caller) = context_of(request), acting(request)
    found = await account(parts, caller, context.lifetime, context.rules)
    t, done, this = texts(), request.query_params.get("done"), caller.origin.session
    view = AccountView(
        name=caller.principal.name,
        email=caller.principal.email or "",
        sessions=tuple(_session(one, this) for one in found.sessions),
        issuers=found.issuers,
        programs=await program_rows(parts, caller),
        password=found.password,
        codes=found.codes,
        codes_left=t("account.recovery_left", count=found.recovery_codes) if found.codes else "",
        shortest=MIN_PASSWORD,
        problems=problems or {},
        done=t(f"account.done.{done}") if done in DONE else "",
    )
    return page(request, "account.html", view, status)


async def _codes_page(request: AnyRequest, error: ArchiveError | None = None) -> Response[bytes]:
    found = await _own(request)
    if found.pending is None:
        return go(ACCOUNT)
    secret = secret_view(caller_of(request).principal, found.pending)
    view = CodeView("/account/codes/first", "", secret, why(error) if error else "")
    return page(request, "code.html", view, status_of(error) if error else 200)


async def _own(request: AnyRequest) -> Account:
    context = context_of(request)
    return await account(*acting(request), context.lifetime, context.rules)


def _recovery(request: AnyRequest, confirmed: Confirmed) -> Response[bytes]:
    view = RecoveryView(confirmed.recovery_codes, ACCOUNT)
    return _kept(request, page(request, "recovery.html", view), confirmed.session)


def _kept(request: AnyRequest, answer: Response[bytes], secret: str) -> Response[bytes]:
    keep_session(context_of(request), answer, secret)
    return answer


def _session(session: Session, this: str | None) -> SessionView:
    return SessionView(
        uid=session.uid,
        device=_device(session.user_agent),
        address=session.address or "",
        created_at=session.created_at,
        seen_at=session.seen_at,
        this=session.uid == this,
    )


def _device(user_agent: str | None) -> str:
    t, device = texts(), device_of(user_agent)
    browser = device.browser or t("account.unknown_browser")
    return t("account.device", browser=browser, system=device.system) if device.system else browser


routes = [
    account_page,
    password_form,
    begin_codes,
    codes_page,
    first_code,
    renew_recovery,
    remove_codes,
    end_other_sessions,
    end_session,
    my_listens_page,
]
