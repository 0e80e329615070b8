"""People: listed, added by invitation, and each with what they may reach, how they sign in, and what waits."""

from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import FromPath

from archive.errors import ArchiveError
from archive.http.api.people import PEOPLE, after, following, link_to
from archive.http.context import acting, context_of
from archive.http.pages.answers import OPEN, AnyRequest, failed, go, page
from archive.http.pages.giving import NOTHING, give_view, given_of
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
from archive.http.pages.people_views import AddPersonView, Listed, ListView, PersonView, SigningInView
from archive.http.pages.rendering import texts
from archive.http.pages.views import Choice
from archive.http.problems import status_of
from archive.identity import grants, links, manage, reach
from archive.identity.invitations import invite
from archive.identity.person import Known, end_sessions, known
from archive.policy.principal import Principal
from archive.ports import PendingChange

SHOWN = 50
DONE = ("waits", "given", "changed", "disabled", "enabled", "sessions", "added")


@get("/people", opt=OPEN, exception_handlers={Exception: failed})
async def people_page(request: AnyRequest) -> Response[bytes]:
    parts, caller = acting(request)
    q, t = request.query_params.get("q", "").strip(), texts()
    past = after(PEOPLE, request.query_params.get("cursor"))
    found = await manage.people(parts, caller, past, SHOWN + 1, like=q)
    async with parts.database.read() as work:
        count = await work.principals.count_people()
    more = following(PEOPLE, found, SHOWN)
    view = ListView(
        title=t("people.title"),
        sections=sections("people"),
        count=t("people.count", count=count),
        rows=tuple(_listed(one) for one in found[:SHOWN]),
        more=f"/people?{urlencode({'q': q, 'cursor': more})}" if more else "",
        q=q,
        empty=t("people.none", q=q),
    )
    return page(request, "people.html", view)


@get("/people/add", opt=OPEN, exception_handlers={Exception: failed})
async def add_person_page(request: AnyRequest) -> Response[bytes]:
    return await _adding(request, {"invite": "yes", "what": NOTHING})


@post("/people", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def add_person(request: AnyRequest) -> Response[bytes]:
    parts, caller = acting(request)

    async def add(given: Given) -> Response[bytes]:
        await manage.check_manager(parts, caller)
        giving = None if given.get("what", NOTHING) == NOTHING else await given_of(request, given)
        added = await invite(
            parts,
            caller,
            name=given.get("name_of", ""),
            email=given.get("email", ""),
            giving=giving,
            link="invite" in given,
        )
        path = f"/people/{added.person.uid}"
        if added.secret is None:
            return done(path, added.waiting, "added")
        return await _page(request, added.person.uid, link=link_to(request, added.secret))

    return await trying(request, add, lambda given, error: _adding(request, given, error))


@get("/people/{person_id:str}", opt=OPEN, exception_handlers={Exception: failed})
async def person_page(request: AnyRequest, person_id: FromPath[str]) -> Response[bytes]:
    return await _page(request, person_id)


@post("/people/{person_id:str}", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def change_person(request: AnyRequest, person_id: FromPath[str]) -> Response[bytes]:
    async def change(given: Given) -> Response[bytes]:
        name, email = given.get("name", ""), given.get("email", "")
        await manage.change_person(*acting(request), person_id, name=name, email=email)
        return done(f"/people/{person_id}", None, "changed")

    return await trying(
        request, change, lambda given, error: _page(request, person_id, given, error, "change")
    )


@post("/people/{person_id:str}/grants", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def give_person(request: AnyRequest, person_id: FromPath[str]) -> Response[bytes]:
    async def give(given: Given) -> Response[bytes]:
        parts, caller = acting(request)
        await manage.check_manager(parts, caller)
        made = await grants.give(parts, caller, person_id, await given_of(request, given))
        return done(f"/people/{person_id}", made, "given")

    return await trying(request, give, lambda given, error: _page(request, person_id, given, error, "give"))


@post("/people/{person_id:str}/link", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def make_link(request: AnyRequest, person_id: FromPath[str]) -> Response[bytes]:
    async def make(given: Given) -> Response[bytes]:
        made = await links.make(*acting(request), person_id, codes="codes" in given)
        if isinstance(made, PendingChange):
            return done(f"/people/{person_id}", made, "")
        return await _page(request, person_id, link=link_to(request, made))

    return await trying(request, make, lambda given, error: _page(request, person_id, given, error, "link"))


@post(
    "/people/{person_id:str}/sessions/end", status_code=200, opt=OPEN, exception_handlers={Exception: failed}
)
async def end_all_sessions(request: AnyRequest, person_id: FromPath[str]) -> Response[bytes]:
    await end_sessions(*acting(request), person_id)
    return go(f"/people/{person_id}?done=sessions")


@post("/people/{person_id:str}/disable", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def disable_person(request: AnyRequest, person_id: FromPath[str]) -> Response[bytes]:
    await manage.disable_person(*acting(request), person_id)
    return go(f"/people/{person_id}?done=disabled")


@post("/people/{person_id:str}/enable", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def enable_person(request: AnyRequest, person_id: FromPath[str]) -> Response[bytes]:
    await manage.enable_person(*acting(request), person_id)
    return go(f"/people/{person_id}?done=enabled")


async def _adding(request: AnyRequest, given: Given, error: ArchiveError | None = None) -> Response[bytes]:
    parts, caller = acting(request)
    await manage.check_manager(parts, caller)
    async with parts.database.read() as work:
        give = await give_view(work, "/people", given=given, error=error, own=True, nothing=True)
    view = AddPersonView(
        sections=sections("people"),
        name=given.get("name_of", ""),
        email=given.get("email", ""),
        invite="invite" in given,
        give=give,
    )
    return page(request, "person_add.html", view, status_of(error) if error else 200)


async def _page(
    request: AnyRequest,
    uid: str,
    given: Given | None = None,
    error: ArchiveError | None = None,
    form: str = "",
    *,
    link: str = "",
) -> Response[bytes]:
    """The page of a person; after a form that was refused with what was typed, and why. `link`: made just now."""
    context, (parts, caller) = context_of(request), acting(request)
    found = await known(parts, caller, uid, context.lifetime)
    reached = await reach.of_person(parts, caller, found.person.uid)
    giving = form == "give"
    async with parts.database.read() as work:
        rows = await grant_rows(work, reached)
        give = await give_view(
            work,
            f"/people/{uid}/grants",
            given=given if giving else None,
            error=error if giving else None,
            own=True,
        )
    changed = given if given and form == "change" else {}
    person = found.person
    view = PersonView(
        id=person.uid,
        sections=sections("people"),
        name=person.name,
        email=person.email or "",
        given_name=changed.get("name", person.name),
        given_email=changed.get("email", person.email or ""),
        disabled_at=person.disabled_at,
        created_at=person.created_at,
        oneself=person.uid == caller.principal.uid,
        grants=rows,
        waiting=waiting_rows(found.waiting),
        groups=tuple(Choice(f"/groups/{one.uid}", one.name) for one in found.groups),
        signing_in=_signing_in(found),
        give=give,
        problems={form: error.detail} if error and not giving else {},
        done=done_text(request, DONE),
        link=link,
    )
    return page(request, "person.html", view, status_of(error) if error else 200)


def _signing_in(found: Known) -> SigningInView:
    t, way = texts(), found.signing_in
    ways = [t("person.by_company", issuer=issuer) for issuer in way.issuers]
    if way.password:
        ways.append(t("person.by_password_and_code" if way.codes else "person.by_password"))
    return SigningInView(
        ways=tuple(ways) or (t("person.by_nothing"),),
        last=way.last,
        sessions=t("person.sessions", count=way.sessions) if way.sessions else t("person.no_sessions"),
        any=way.sessions > 0,
        link=t("person.reset" if way.password or way.issuers else "person.invite"),
        codes=way.codes,
    )


def _listed(person: Principal) -> Listed:
    kept = [grant for grant in person.grants if grant.revoked_at is None]
    return Listed(
        name=person.name,
        href=f"/people/{person.uid}",
        under=person.email or "",
        may=tuple(dict.fromkeys(given_in_words(grant) for grant in kept)),
        since=person.created_at,
        over=texts()("people.disabled") if person.disabled_at else "",
    )


routes = [
    people_page,
    add_person_page,
    add_person,
    person_page,
    change_person,
    give_person,
    make_link,
    end_all_sessions,
    disable_person,
    enable_person,
]
