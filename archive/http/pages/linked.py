"""The page behind a one-time link: an invitation, or a way back in."""

from litestar import Response, get, post
from litestar.params import FromPath

from archive.errors import ArchiveError, Invalid, NotFound
from archive.http.authenticate import origin_of
from archive.http.context import context_of
from archive.http.forms import form
from archive.http.pages.account_views import LinkView
from archive.http.pages.answers import OPEN, AnyRequest, failed, page
from archive.http.pages.half_way import let_in
from archive.http.pages.signing import ways_in
from archive.http.problems import status_of
from archive.identity import links
from archive.identity.typed import MIN_PASSWORD


@get("/links/{secret:str}", opt=OPEN, exception_handlers={Exception: failed})
async def link_page(request: AnyRequest, secret: FromPath[str]) -> Response[bytes]:
    """Looking uses nothing up: mail scanners look."""
    return await _shown(request, secret)


@post("/links/{secret:str}", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def link_form(request: AnyRequest, secret: FromPath[str]) -> Response[bytes]:
    context, given = context_of(request), await form(request)
    try:
        entered = await links.accept(
            context.parts,
            secret,
            given.get("password", ""),
            origin_of(request),
            rules=context.rules,
            replaces=request.cookies.get(context.cookie),
        )
    except Invalid as error:
        return await _shown(request, secret, error)
    except NotFound:
        return page(request, "link_over.html", status=404)
    return let_in(request, entered, "/")


async def _shown(request: AnyRequest, secret: str, error: ArchiveError | None = None) -> Response[bytes]:
    context = context_of(request)
    try:
        person, purpose = await links.look(context.parts, secret)
    except NotFound:
        return page(request, "link_over.html", status=404)
    view = LinkView(
        name=person.name,
        email=person.email or "",
        invited=purpose is links.Purpose.INVITATION,
        password=context.rules.lets(person.email),
        shortest=MIN_PASSWORD,
        problem=error.detail if error else "",
        ways=ways_in(context, link=secret),
    )
    return page(request, "link.html", view, status_of(error) if error else 200)


routes = [link_page, link_form]
