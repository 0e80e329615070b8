"""Signing in at a company's provider: the way there, the way back, and what the provider tells by itself."""

from litestar import Response, get, post
from litestar.params import FromPath

from archive.errors import Malformed, NotSignedIn, TooMany
from archive.http.authenticate import Access, origin_of
from archive.http.context import context_of
from archive.http.cookies import forget_company, keep_company, keep_session
from archive.http.forms import fields, form
from archive.http.pages.answers import OPEN, AnyRequest, failed, go, local, page
from archive.http.pages.signing import sign_in_answer
from archive.http.pages.views import LeavingView
from archive.identity import company, company_tokens
from archive.identity.secrets import Prefix, is_secret
from archive.ports import Coming

NO_STORE = {"Cache-Control": "no-store"}


@get("/sign-in/{provider:str}", opt=OPEN, exception_handlers={Exception: failed})
async def company_sign_in(request: AnyRequest, provider: FromPath[str]) -> Response[bytes]:
    """Begun by a link and not by a form: a page's policy lets forms lead to this archive alone."""
    context = context_of(request)
    given = _query(request)
    onward = local(given.get("next", "/"))
    link = given.get("link")
    if link and not is_secret(Prefix.LINK, link):
        raise Malformed("That is no link of this archive's.")
    try:
        begun = await company.begin(context.parts, provider, onward, origin_of(request), link)
    except TooMany as error:
        return sign_in_answer(request, onward, refused=error)
    answer = go(begun.address)
    keep_company(context, answer, begun.cookie, company.LIFE)
    return answer


@get("/sign-in/{provider:str}/callback", opt=OPEN, exception_handlers={Exception: failed})
async def company_callback(request: AnyRequest, provider: FromPath[str]) -> Response[bytes]:
    context = context_of(request)
    given = _query(request)
    try:
        finished = await company.finish(
            context.parts,
            provider,
            Coming(given.get("code"), given.get("iss"), given.get("error")),
            state=given.get("state", ""),
            cookie=request.cookies.get(context.company_cookie, ""),
            origin=origin_of(request),
            replaces=request.cookies.get(context.cookie),
        )
    except (NotSignedIn, TooMany) as error:
        answer = sign_in_answer(request, "/", refused=error)
    else:
        answer = go(finished.onward)
        keep_session(context, answer, finished.secret)
    forget_company(context, answer)
    return answer


@post(
    "/sign-in/{provider:str}/backchannel-logout",
    status_code=200,
    opt={"access": Access.CLIENT},
)
async def backchannel_logout(request: AnyRequest, provider: FromPath[str]) -> Response[bytes]:
    """OpenID Connect Back-Channel Logout 1.0, 2.5: the provider itself asks, and its signed token is the proof."""
    token = (await form(request)).get("logout_token", "")
    await company_tokens.end_sessions(context_of(request).parts, provider, token, origin_of(request))
    return Response(b"", headers=NO_STORE)


def leaving(request: AnyRequest, address: str) -> Response[bytes]:
    """The page that leads on to signing out at the provider too: the policy of the page with the form would not let its
    answer lead to another site. Nobody is signed in here any more."""
    request.scope["state"]["caller"] = None
    return page(request, "leaving.html", LeavingView(address))


def _query(request: AnyRequest) -> dict[str, str]:
    """Raises `Malformed` where a name stands twice (RFC 6749, 3.1)."""
    pairs = fields(request.url.query)
    if len(given := dict(pairs)) != len(pairs):
        raise Malformed("A name stands twice in the address.")
    return given
