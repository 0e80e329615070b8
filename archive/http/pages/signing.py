"""The page by which people come in, with every way that is open."""

from urllib.parse import urlencode

from litestar import Response

from archive.errors import ArchiveError, TooMany
from archive.http.context import Context, context_of
from archive.http.pages.answers import AnyRequest, page
from archive.http.pages.half_way import why
from archive.http.pages.views import Note, SignInView, WayIn
from archive.http.problems import status_of
from archive.settings import Settings


def ways_in(context: Context, onward: str = "/", link: str = "") -> tuple[WayIn, ...]:
    """Companies' sign-ins, each with its address; `link` is the secret of the link that somebody opened."""
    query = urlencode({"next": onward} | ({"link": link} if link else {}))
    return tuple(
        WayIn(provider.label, f"/sign-in/{provider.name}?{query}")
        for provider in context.parts.providers.values()
    )


def sign_in_answer(
    request: AnyRequest,
    onward: str,
    email: str = "",
    *,
    refused: ArchiveError | None = None,
    note: Note | None = None,
) -> Response[bytes]:
    """The page; after a refusal with its reason and its status."""
    context = context_of(request)
    view = SignInView(
        next=onward,
        email=email,
        problem=why(refused) if refused else "",
        note=note,
        ways=ways_in(context, onward),
        passwords=_passwords(context.settings),
    )
    answer = page(request, "sign_in.html", view, status_of(refused) if refused else 200)
    if isinstance(refused, TooMany):
        answer.headers["Retry-After"] = str(refused.retry_after)
    elif refused:
        answer.headers["WWW-Authenticate"] = context.challenge(request)
    return answer


def _passwords(settings: Settings) -> str:
    """Whom the form for passwords is for: everybody, one alone, or nobody."""
    if settings.local_accounts:
        return "everybody"
    return "one" if settings.break_glass_administrator else ""
