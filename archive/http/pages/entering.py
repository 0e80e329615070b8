"""Coming in and going out: sign-in, sign-out, the first administrator, and the theme."""

from collections.abc import Mapping

from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath

from archive.errors import ArchiveError, Invalid, NotFound, NotSignedIn, TooMany
from archive.http.authenticate import origin_of
from archive.http.context import acting, context_of
from archive.http.cookies import forget_session, keep_session
from archive.http.forms import form
from archive.http.pages.answers import OPEN, AnyRequest, failed, frame_of, go, local, page
from archive.http.pages.frame import THEMES
from archive.http.pages.rendering import texts
from archive.http.pages.views import Note, SetupView, SignInView, WelcomeStep, WelcomeView
from archive.http.problems import status_of
from archive.identity import manage, sessions, sign_in

YEAR = 365 * 24 * 3600


@get("/sign-in", opt=OPEN, exception_handlers={Exception: failed})
async def sign_in_page(request: AnyRequest) -> Response[bytes]:
    if frame_of(request).person:
        return go(local(request.query_params.get("next", "/")))
    parts = context_of(request).parts
    async with parts.database.read() as work:
        fresh = not await work.principals.anyone()
    note = Note(texts()("sign_in.fresh")) if fresh else None
    return page(request, "sign_in.html", SignInView(local(request.query_params.get("next", "/")), note=note))


@post("/sign-in", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def sign_in_form(request: AnyRequest) -> Response[bytes]:
    context = context_of(request)
    given = await form(request)
    email, onward = given.get("email", ""), local(given.get("next", "/"))
    try:
        secret = await sign_in.sign_in(
            context.parts,
            email,
            given.get("password", ""),
            origin_of(request),
            request.cookies.get(context.cookie),
        )
    except (NotSignedIn, TooMany) as error:
        return _refused(request, SignInView(onward, email, _why(error)), error)
    answer = go(onward)
    keep_session(context, answer, secret)
    return answer


@post("/sign-out", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def sign_out(request: AnyRequest) -> Response[bytes]:
    context = context_of(request)
    if secret := request.cookies.get(context.cookie):
        await sessions.sign_out(context.parts, secret, origin_of(request))
    answer = go("/sign-in")
    forget_session(context, answer)
    return answer


@post("/theme", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def choose_theme(request: AnyRequest) -> Response[bytes]:
    """Kept in a cookie, so that the next page comes in it from its first byte."""
    given = await form(request)
    theme = given.get("theme", "")
    answer = go(local(given.get("back", "/")))
    known = theme in THEMES
    answer.set_cookie(
        Cookie(
            key="theme", value=theme if known else "", path="/", max_age=YEAR if known else 0, samesite="lax"
        )
    )
    return answer


@get("/setup/{secret:str}", opt=OPEN, exception_handlers={Exception: failed})
async def setup_page(request: AnyRequest, secret: FromPath[str]) -> Response[bytes]:
    if not await manage.setup_link_works(context_of(request).parts, secret):
        raise NotFound
    return page(request, "setup.html", SetupView(manage.MIN_PASSWORD))


@post("/setup/{secret:str}", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def setup_form(request: AnyRequest, secret: FromPath[str]) -> Response[bytes]:
    """The person made here is signed in at once: the link and the password were theirs a moment ago."""
    context = context_of(request)
    given = await form(request)
    name, email, password = (given.get(field, "") for field in ("name", "email", "password"))
    origin = origin_of(request)
    try:
        await manage.use_setup_link(
            context.parts, secret, name=name, email=email, password=password, origin=origin
        )
    except Invalid as error:
        view = SetupView(manage.MIN_PASSWORD, name, email, error.detail)
        return page(request, "setup.html", view, status_of(error))
    answer = go("/welcome")
    keep_session(context, answer, await sign_in.sign_in(context.parts, email, password, origin))
    return answer


@get("/welcome", opt=OPEN, exception_handlers={Exception: failed})
async def welcome_page(request: AnyRequest) -> Response[bytes]:
    await manage.check_manager(*acting(request))
    console = context_of(request).console
    steps = tuple(_step(name, console) for name in ("people", "program", "calls", "health"))
    return page(request, "welcome.html", WelcomeView(steps))


STEP_LINKS = {"people": "/people", "health": "/system"}


def _step(name: str, console: Mapping[str, str]) -> WelcomeStep:
    t = texts()
    href = STEP_LINKS.get(name, "")
    return WelcomeStep(
        heading=t(f"welcome.{name}"),
        text=t(f"welcome.{name}_text"),
        command=t(f"welcome.{name}_command", **console) if name != "health" else "",
        href=href,
        link=t(f"welcome.{name}_link") if href else "",
    )


def _why(error: ArchiveError) -> str:
    if isinstance(error, TooMany):
        return texts()("sign_in.wait", count=max(1, error.retry_after // 60))
    return error.detail


def _refused(request: AnyRequest, view: SignInView, error: ArchiveError) -> Response[bytes]:
    answer = page(request, "sign_in.html", view, status_of(error))
    if isinstance(error, TooMany):
        answer.headers["Retry-After"] = str(error.retry_after)
    else:
        answer.headers["WWW-Authenticate"] = context_of(request).challenge(request)
    return answer
