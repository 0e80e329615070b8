"""Coming in and going out: sign-in, sign-out, the first administrator, and the theme."""

from collections.abc import Mapping

from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath

from archive.errors import Invalid, NotFound, NotSignedIn, TooMany
from archive.http.authenticate import origin_of
from archive.http.context import acting, context_of
from archive.http.cookies import forget_session
from archive.http.forms import form
from archive.http.pages.answers import OPEN, AnyRequest, failed, frame_of, go, local, page
from archive.http.pages.company import leaving
from archive.http.pages.frame import THEMES
from archive.http.pages.half_way import let_in
from archive.http.pages.rendering import texts
from archive.http.pages.signing import sign_in_answer
from archive.http.pages.views import Note, SetupView, WelcomeStep, WelcomeView
from archive.http.problems import status_of
from archive.identity import company, manage, sign_in

YEAR = 365 * 24 * 3600


@get("/sign-in", opt=OPEN, exception_handlers={Exception: failed})
async def sign_in_page(request: AnyRequest) -> Response[bytes]:
    if frame_of(request).person:
        return go(local(request.query_params.get("next", "/")))
    parts = context_of(request).parts
    async with parts.database.read() as work:
        fresh = not await work.principals.anyone()
    note = Note(texts()("sign_in.fresh")) if fresh else None
    return sign_in_answer(request, local(request.query_params.get("next", "/")), note=note)


@post("/sign-in", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def sign_in_form(request: AnyRequest) -> Response[bytes]:
    context = context_of(request)
    given = await form(request)
    email, onward = given.get("email", ""), local(given.get("next", "/"))
    try:
        entered = await sign_in.sign_in(
            context.parts,
            email,
            given.get("password", ""),
            origin_of(request),
            rules=context.rules,
            replaces=request.cookies.get(context.cookie),
        )
    except (NotSignedIn, TooMany) as error:
        return sign_in_answer(request, onward, email, refused=error)
    return let_in(request, entered, onward)


@post("/sign-out", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def sign_out(request: AnyRequest) -> Response[bytes]:
    """Here in any case; then at the company's sign-in, where the session came by one."""
    context = context_of(request)
    onward = None
    if secret := request.cookies.get(context.cookie):
        onward = await company.sign_out(context.parts, secret, origin_of(request))
    answer = leaving(request, onward) if onward else go("/sign-in")
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
    entered = await sign_in.sign_in(context.parts, email, password, origin, rules=context.rules)
    return let_in(request, entered, "/welcome")


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
