"""Programs: registered, changed, their secrets renewed, and what they may do for themselves and for people."""

from collections.abc import Mapping

from litestar import Response, get, post
from litestar.params import FromPath

from archive.errors import ArchiveError, Invalid
from archive.http.api.people import INTEGRATIONS, after, following
from archive.http.context import acting
from archive.http.pages.answers import OPEN, AnyRequest, failed, go, page
from archive.http.pages.giving import actions_in, boxes, give_view, given_of
from archive.http.pages.office import (
    Given,
    done,
    done_text,
    given_in_words,
    grant_rows,
    sections,
    trying,
    waiting_rows,
)
from archive.http.pages.people_views import AddProgramView, Listed, ListView, ProgramForm, ProgramView
from archive.http.pages.rendering import texts
from archive.http.problems import status_of
from archive.http.revisions import etag_of, revision_of
from archive.identity import grants, manage, reach
from archive.identity.manage import Registering, RegistrationChange
from archive.identity.person import waiting_for
from archive.identity.programs import FOR_PEOPLE
from archive.policy.actions import Action
from archive.policy.principal import Principal
from archive.ports import PendingChange, Registration

SHOWN = 50
DONE = ("waits", "given", "changed", "revoked")
OFFERED = tuple(action for action in Action if action in FOR_PEOPLE)


@get("/integrations", opt=OPEN, exception_handlers={Exception: failed})
async def integrations_page(request: AnyRequest) -> Response[bytes]:
    t, past = texts(), after(INTEGRATIONS, request.query_params.get("cursor"))
    found = await manage.integrations(*acting(request), past, SHOWN + 1)
    more = following(INTEGRATIONS, found, SHOWN)
    view = ListView(
        title=t("integrations.title"),
        sections=sections("integrations"),
        rows=tuple(_listed(one) for one in found[:SHOWN]),
        more=f"/integrations?cursor={more}" if more else "",
        empty=t("integrations.none"),
    )
    return page(request, "integrations.html", view)


@get("/integrations/add", opt=OPEN, exception_handlers={Exception: failed})
async def add_integration_page(request: AnyRequest) -> Response[bytes]:
    return await _adding(request, {})


@post("/integrations", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def add_integration(request: AnyRequest) -> Response[bytes]:
    parts, caller = acting(request)

    async def add(given: Given) -> Response[bytes]:
        await manage.check_manager(parts, caller)
        giving = await given_of(request, given) if actions_in(given, "may_") else None
        added = await manage.register(parts, caller, _registering(given), giving)
        return await _page(request, added.integration.uid, secret=added.secret or "")

    return await trying(request, add, lambda given, error: _adding(request, given, error))


@get("/integrations/{integration_id:str}", opt=OPEN, exception_handlers={Exception: failed})
async def integration_page(request: AnyRequest, integration_id: FromPath[str]) -> Response[bytes]:
    return await _page(request, integration_id)


@post("/integrations/{integration_id:str}", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def change_integration(request: AnyRequest, integration_id: FromPath[str]) -> Response[bytes]:
    async def change(given: Given) -> Response[bytes]:
        new = _registering(given)
        edit = RegistrationChange(
            name=new.name,
            purpose=new.purpose,
            redirect_uris=new.redirect_uris,
            for_people=new.for_people,
            requests_a_minute=new.requests_a_minute,
        )
        revision = revision_of(given.get("etag"))
        await manage.change_integration(*acting(request), integration_id, revision, edit)
        return done(f"/integrations/{integration_id}", None, "changed")

    return await trying(
        request, change, lambda given, error: _page(request, integration_id, given, error, "change")
    )


@post(
    "/integrations/{integration_id:str}/secrets",
    status_code=200,
    opt=OPEN,
    exception_handlers={Exception: failed},
)
async def renew_secret(request: AnyRequest, integration_id: FromPath[str]) -> Response[bytes]:
    try:
        made = await manage.rotate(*acting(request), integration_id)
    except Invalid as error:
        return await _page(request, integration_id, {}, error, "secret")
    if isinstance(made, PendingChange):
        return done(f"/integrations/{integration_id}", made, "")
    return await _page(request, integration_id, secret=made)


@post(
    "/integrations/{integration_id:str}/revoke",
    status_code=200,
    opt=OPEN,
    exception_handlers={Exception: failed},
)
async def revoke_integration(request: AnyRequest, integration_id: FromPath[str]) -> Response[bytes]:
    await manage.revoke_integration(*acting(request), integration_id)
    return go(f"/integrations/{integration_id}?done=revoked")


@post(
    "/integrations/{integration_id:str}/grants",
    status_code=200,
    opt=OPEN,
    exception_handlers={Exception: failed},
)
async def give_integration(request: AnyRequest, integration_id: FromPath[str]) -> Response[bytes]:
    async def give(given: Given) -> Response[bytes]:
        parts, caller = acting(request)
        await manage.check_manager(parts, caller)
        made = await grants.give(parts, caller, integration_id, await given_of(request, given))
        return done(f"/integrations/{integration_id}", made, "given")

    return await trying(
        request, give, lambda given, error: _page(request, integration_id, given, error, "give")
    )


async def _adding(request: AnyRequest, given: Given, error: ArchiveError | None = None) -> Response[bytes]:
    parts, caller = acting(request)
    await manage.check_manager(parts, caller)
    async with parts.database.read() as work:
        give = await give_view(work, "/integrations", given=given, error=error, program=True)
    view = AddProgramView(sections=sections("integrations"), form=_typed(given), give=give)
    return page(request, "integration_add.html", view, status_of(error) if error else 200)


async def _page(
    request: AnyRequest,
    uid: str,
    given: Given | None = None,
    error: ArchiveError | None = None,
    form: str = "",
    *,
    secret: str = "",
) -> Response[bytes]:
    """The page of a program; after a form that was refused with what was typed, and why. `secret`: made just now."""
    parts, caller = acting(request)
    program, kept = await manage.integration(parts, caller, uid)
    reached = await reach.of_person(parts, caller, uid)
    giving, t = form == "give", texts()
    async with parts.database.read() as work:
        rows = await grant_rows(work, reached)
        waiting = await waiting_for(work, caller, uid)
        give = await give_view(
            work,
            f"/integrations/{uid}/grants",
            given=given if giving else None,
            error=error if giving else None,
            program=True,
        )
    view = ProgramView(
        id=uid,
        sections=sections("integrations"),
        name=kept.name,
        purpose=kept.purpose or "",
        public=kept.public,
        revoked_at=kept.disabled_at,
        used_at=kept.used_at,
        created_at=program.created_at,
        limit=t("integrations.limit", count=kept.requests_a_minute) if kept.requests_a_minute else "",
        etag=etag_of(kept.revision),
        form=_typed(given) if given and form == "change" else _kept(kept),
        grants=rows,
        waiting=waiting_rows(waiting),
        give=give,
        problems={form: error.detail} if error and not giving else {},
        done=done_text(request, DONE),
        secret=secret,
    )
    return page(request, "integration.html", view, status_of(error) if error else 200)


def _registering(given: Mapping[str, str]) -> Registering:
    """Raises `Invalid` for a limit that is no number."""
    requests = given.get("requests", "").strip()
    if requests and not (requests.isascii() and requests.isdigit()):
        raise Invalid(texts()("integrations.no_number"), field="requests")
    return Registering(
        name=given.get("name_of", ""),
        purpose=given.get("purpose", ""),
        redirect_uris=tuple(given.get("redirect_uris", "").split()),
        for_people=frozenset(one for one in OFFERED if f"for_{one}" in given),
        public="public" in given,
        requests_a_minute=int(requests[:9]) if requests else None,
    )


def _typed(given: Mapping[str, str]) -> ProgramForm:
    return ProgramForm(
        name=given.get("name_of", ""),
        purpose=given.get("purpose", ""),
        redirect_uris=given.get("redirect_uris", ""),
        for_people=boxes("for_", frozenset(one for one in OFFERED if f"for_{one}" in given), OFFERED),
        requests=given.get("requests", ""),
        public="public" in given,
    )


def _kept(kept: Registration) -> ProgramForm:
    return ProgramForm(
        name=kept.name,
        purpose=kept.purpose or "",
        redirect_uris="\n".join(kept.redirect_uris),
        for_people=boxes("for_", kept.actions, OFFERED),
        requests=str(kept.requests_a_minute or ""),
        public=kept.public,
    )


def _listed(program: Principal) -> Listed:
    granted = [grant for grant in program.grants if grant.revoked_at is None]
    return Listed(
        name=program.name,
        href=f"/integrations/{program.uid}",
        under=program.purpose or "",
        may=tuple(dict.fromkeys(given_in_words(grant) for grant in granted)),
        since=program.created_at,
        over=texts()("integrations.revoked") if program.disabled_at else "",
    )


routes = [
    integrations_page,
    add_integration_page,
    add_integration,
    integration_page,
    change_integration,
    renew_secret,
    revoke_integration,
    give_integration,
]
