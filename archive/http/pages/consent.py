"""`/oauth/authorize`: a person lets a program act for them, or doesn't; and the programs on their own page."""

from collections.abc import Awaitable, Callable, Collection

from litestar import Response, get, post
from litestar.params import FromPath
from msgspec import Struct

from archive.calls.caller import Caller
from archive.errors import Malformed
from archive.http.api.oauth import AUTHORIZE
from archive.http.context import acting, context_of
from archive.http.forms import fields, form
from archive.http.pages.account_views import ProgramRow
from archive.http.pages.answers import HEADERS, OPEN, AnyRequest, failed, go, page
from archive.http.pages.rendering import texts
from archive.identity import consent
from archive.identity.codes import ABSOLUTE, IDLE
from archive.identity.consent import Asking, SentBack
from archive.identity.oauth import Asked
from archive.identity.redirects import source_of
from archive.policy.actions import Action
from archive.ports import Authorization, Parts, Registration

GIVEN = (
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
)
"""What the form brings along: the page asks again for exactly what the program asked."""


class ConsentView(Struct, frozen=True):
    """`may` and `lacking`: actions in words; `onward`: where the person goes on to."""

    name: str
    purpose: str
    may: tuple[str, ...]
    lacking: tuple[str, ...]
    onward: str
    lasts: str
    given: dict[str, str]


@get(AUTHORIZE, opt=OPEN, exception_handlers={Exception: failed})
async def consent_page(request: AnyRequest) -> Response[bytes]:
    parts, caller = acting(request)
    asked = _asked(request, fields(request.url.query))
    try:
        asking = await consent.look(parts, caller, asked, _issuer(request))
    except SentBack as error:
        return go(error.address)
    answer = page(request, "consent.html", _view(asking, asked))
    # Browsers hold the answer to a form to form-action as well, and this one leads to the program.
    policy = HEADERS["Content-Security-Policy"].replace(
        "form-action 'self'", f"form-action 'self' {source_of(asking.redirect_uri)}"
    )
    answer.headers["Content-Security-Policy"] = policy
    return answer


@post(AUTHORIZE, status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def consent_form(request: AnyRequest) -> Response[bytes]:
    given = await form(request)
    decide = _DECISIONS.get(given.get("decision", ""))
    if decide is None:
        raise Malformed("Say whether the program may, or not.", field="decision")
    parts, caller = acting(request)
    try:
        return go(await decide(parts, caller, _asked(request, given.items()), _issuer(request)))
    except SentBack as error:
        return go(error.address)


@post(
    "/account/programs/{authorization_id:str}/end",
    status_code=200,
    opt=OPEN,
    exception_handlers={Exception: failed},
)
async def end_program(request: AnyRequest, authorization_id: FromPath[str]) -> Response[bytes]:
    parts, caller = acting(request)
    await consent.end(parts, caller, authorization_id)
    return go("/account")


async def program_rows(parts: Parts, caller: Caller) -> tuple[ProgramRow, ...]:
    """For the person's own page."""
    return tuple(_row(one, program) for one, program in await consent.authorizations(parts, caller))


Decide = Callable[[Parts, Caller, Asked, str], Awaitable[str]]

_DECISIONS: dict[str, Decide] = {"allow": consent.allow, "refuse": consent.refuse}


def _asked(request: AnyRequest, pairs: Collection[tuple[str, str]]) -> Asked:
    """Raises `Malformed` for a parameter that stands twice (RFC 6749, 3.1)."""
    known = [(name, value) for name, value in pairs if name in GIVEN]
    if len(dict(known)) < len(known):
        raise Malformed("A parameter stands twice.")
    given = {name: value for name, value in known if value}  # an empty one is none
    return Asked(url=context_of(request).secure_link(AUTHORIZE), headers={}, form=given)


def _issuer(request: AnyRequest) -> str:
    return context_of(request).link("")


def _view(asking: Asking, asked: Asked) -> ConsentView:
    t = texts()
    loopback = asking.redirect_uri.startswith("http:")
    return ConsentView(
        name=asking.program.name,
        purpose=asking.program.purpose or "",
        may=_words(asking.actions),
        lacking=_words(asking.lacking),
        onward=t("consent.here") if loopback else source_of(asking.redirect_uri).removeprefix("https://"),
        lasts=t("consent.lasts", days=ABSOLUTE.days, idle=IDLE.days),
        given=dict(asked.form),
    )


def _row(one: Authorization, program: Registration) -> ProgramRow:
    may = ", ".join(_words(one.actions & program.actions))
    return ProgramRow(one.uid, program.name, may, one.created_at, one.used_at)


def _words(actions: Collection[Action]) -> tuple[str, ...]:
    return tuple(texts()(f"action.{action.value}") for action in Action if action in actions)
