"""The page after the password: a one-time code, or setting up one-time codes where a role takes them."""

from urllib.parse import quote

from litestar import Response, get, post

from archive.errors import ArchiveError, Invalid, NotSignedIn, TooMany
from archive.http.authenticate import origin_of
from archive.http.context import context_of
from archive.http.cookies import forget_half_way, keep_half_way, keep_session
from archive.http.forms import form
from archive.http.pages.account_views import CodeView, RecoveryView, SecretView
from archive.http.pages.answers import OPEN, AnyRequest, failed, go, local, page
from archive.http.pages.rendering import texts
from archive.http.problems import status_of
from archive.identity import half_way, totp
from archive.identity.half_way import Entered, HalfWay, Wants
from archive.policy.principal import Principal
from archive.ports import Parts

CODE_PAGE = "/one-time-code"


def let_in(request: AnyRequest, entered: Entered, onward: str) -> Response[bytes]:
    """On to where somebody wanted to go, or to the page that asks for what is missing."""
    context = context_of(request)
    if entered.wants is None:
        answer = go(onward)
        keep_session(context, answer, entered.secret)
    else:
        answer = go(f"{CODE_PAGE}?next={quote(onward)}")
        keep_half_way(context, answer, entered.secret)
    return answer


@get(CODE_PAGE, opt=OPEN, exception_handlers={Exception: failed})
async def code_page(request: AnyRequest) -> Response[bytes]:
    onward = local(request.query_params.get("next", "/"))
    try:
        return _shown(request, await half_way.find(*_holder(request)), onward)
    except NotSignedIn:
        return go(f"/sign-in?next={quote(onward)}")


@post(CODE_PAGE, status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def code_form(request: AnyRequest) -> Response[bytes]:
    given = await form(request)
    onward, typed = local(given.get("next", "/")), given.get("code", "")
    try:
        found = await half_way.find(*_holder(request))
        try:
            return await _finish(request, found, typed, onward)
        except (Invalid, TooMany) as error:
            return _shown(request, found, onward, error)
    except NotSignedIn:
        return go(f"/sign-in?next={quote(onward)}")


async def _finish(request: AnyRequest, found: HalfWay, typed: str, onward: str) -> Response[bytes]:
    context, origin = context_of(request), origin_of(request)
    replaces = request.cookies.get(context.cookie)
    if found.wants is Wants.SETUP:
        confirmed = await half_way.finish_setup(*_holder(request), typed, origin, replaces)
        answer = page(request, "recovery.html", RecoveryView(confirmed.recovery_codes, onward))
        keep_session(context, answer, confirmed.session)
    else:
        answer = go(onward)
        keep_session(context, answer, await half_way.finish(*_holder(request), typed, origin, replaces))
    forget_half_way(context, answer)
    return answer


def _holder(request: AnyRequest) -> tuple[Parts, str | None]:
    context = context_of(request)
    return context.parts, request.cookies.get(context.half_way_cookie)


def _shown(
    request: AnyRequest, found: HalfWay, onward: str, error: ArchiveError | None = None
) -> Response[bytes]:
    secret = secret_view(found.person, found.secret) if found.secret else None
    view = CodeView(CODE_PAGE, onward, secret, why(error) if error else "")
    answer = page(request, "code.html", view, status_of(error) if error else 200)
    if isinstance(error, TooMany):
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer


def secret_view(person: Principal, secret: str) -> SecretView:
    return SecretView(totp.grouped(secret), totp.address(secret, person.email or person.name))


def why(error: ArchiveError) -> str:
    """The sentence beside a form."""
    if isinstance(error, TooMany):
        return texts()("sign_in.wait", count=max(1, error.retry_after // 60))
    return error.detail


routes = [code_page, code_form]
