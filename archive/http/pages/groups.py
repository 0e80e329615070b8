"""Groups: their members, what those hold by them, and the claims of companies' sign-ins that make somebody one."""

from litestar import Response, get, post
from litestar.params import FromPath

from archive.calls.caller import Caller
from archive.errors import ArchiveError
from archive.http import cursor
from archive.http.api.groups import LIST, After
from archive.http.context import acting
from archive.http.pages.answers import OPEN, AnyRequest, failed, go, page
from archive.http.pages.giving import give_view, given_of
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
from archive.http.pages.people_views import ClaimRow, GroupView, Listed, ListView, MemberRow
from archive.http.pages.rendering import texts
from archive.http.problems import status_of
from archive.identity import grants, groups, manage, reach
from archive.identity.person import waiting_for
from archive.ports import Group, Member

SHOWN = 50
DONE = ("waits", "given", "changed", "entered", "left", "mapped", "unmapped", "ended", "group_added")


@get("/groups", opt=OPEN, exception_handlers={Exception: failed})
async def groups_page(request: AnyRequest) -> Response[bytes]:
    return await _list(request, {})


@post("/groups", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def add_group(request: AnyRequest) -> Response[bytes]:
    async def add(given: Given) -> Response[bytes]:
        group = await groups.add(*acting(request), given.get("name", ""))
        return done(f"/groups/{group.uid}", group, "group_added")

    return await trying(request, add, lambda given, error: _list(request, given, error))


@get("/groups/{group_id:str}", opt=OPEN, exception_handlers={Exception: failed})
async def group_page(request: AnyRequest, group_id: FromPath[str]) -> Response[bytes]:
    return await _page(request, group_id)


@post("/groups/{group_id:str}", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def rename_group(request: AnyRequest, group_id: FromPath[str]) -> Response[bytes]:
    async def rename(given: Given) -> Response[bytes]:
        await groups.rename(*acting(request), group_id, given.get("name", ""))
        return done(f"/groups/{group_id}", None, "changed")

    return await trying(
        request, rename, lambda given, error: _page(request, group_id, given, error, "change")
    )


@post("/groups/{group_id:str}/end", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def end_group(request: AnyRequest, group_id: FromPath[str]) -> Response[bytes]:
    await groups.end(*acting(request), group_id)
    return go("/groups?done=ended")


@post("/groups/{group_id:str}/members", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def add_member(request: AnyRequest, group_id: FromPath[str]) -> Response[bytes]:
    async def enter(given: Given) -> Response[bytes]:
        made = await groups.enter(*acting(request), group_id, given.get("person", "").strip())
        return done(f"/groups/{group_id}", made, "entered")

    return await trying(request, enter, lambda given, error: _page(request, group_id, given, error, "member"))


@post(
    "/groups/{group_id:str}/members/{person_id:str}/end",
    status_code=200,
    opt=OPEN,
    exception_handlers={Exception: failed},
)
async def end_member(
    request: AnyRequest, group_id: FromPath[str], person_id: FromPath[str]
) -> Response[bytes]:
    await groups.leave(*acting(request), group_id, person_id)
    return go(f"/groups/{group_id}?done=left")


@post("/groups/{group_id:str}/claims", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def map_claim(request: AnyRequest, group_id: FromPath[str]) -> Response[bytes]:
    async def tie(given: Given) -> Response[bytes]:
        claim = given.get("provider", ""), given.get("value", "")
        made = await groups.map_claim(*acting(request), group_id, *claim)
        return done(f"/groups/{group_id}", made, "mapped")

    return await trying(request, tie, lambda given, error: _page(request, group_id, given, error, "claim"))


@post("/groups/{group_id:str}/claims/end", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def unmap_claim(request: AnyRequest, group_id: FromPath[str]) -> Response[bytes]:
    async def untie(given: Given) -> Response[bytes]:
        claim = given.get("provider", ""), given.get("value", "")
        await groups.unmap_claim(*acting(request), group_id, *claim)
        return done(f"/groups/{group_id}", None, "unmapped")

    return await trying(request, untie, lambda given, error: _page(request, group_id, given, error, "claim"))


@post("/groups/{group_id:str}/grants", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def give_group(request: AnyRequest, group_id: FromPath[str]) -> Response[bytes]:
    async def give(given: Given) -> Response[bytes]:
        parts, caller = acting(request)
        group = await groups.get(parts, caller, group_id)
        made = await grants.give(parts, caller, group.uid, await given_of(request, given))
        return done(f"/groups/{group_id}", made, "given")

    return await trying(request, give, lambda given, error: _page(request, group_id, given, error, "give"))


async def _list(request: AnyRequest, given: Given, error: ArchiveError | None = None) -> Response[bytes]:
    t, mark = texts(), request.query_params.get("cursor")
    past = cursor.decode(LIST, mark, After).id if mark else 0
    found = await groups.listed(*acting(request), past, SHOWN + 1)
    more = cursor.following(LIST, found, SHOWN, lambda last: After(last.id))
    view = ListView(
        title=t("groups.title"),
        sections=sections("groups"),
        rows=tuple(_listed(one) for one in found[:SHOWN]),
        more=f"/groups?cursor={more}" if more else "",
        empty=t("groups.none"),
        problem=error.detail if error else "",
        done=done_text(request, DONE),
        given=given,
    )
    return page(request, "groups.html", view, status_of(error) if error else 200)


async def _page(
    request: AnyRequest,
    uid: str,
    given: Given | None = None,
    error: ArchiveError | None = None,
    form: str = "",
) -> Response[bytes]:
    parts, caller = acting(request)
    await manage.check_manager(parts, caller)
    group = await groups.get(parts, caller, uid)
    members = await groups.members(parts, caller, uid)
    reached = await reach.of_person(parts, caller, group.uid)
    giving = form == "give"
    async with parts.database.read() as work:
        rows = await grant_rows(work, reached)
        waiting = await waiting_for(work, caller, group.uid)
        give = await give_view(
            work,
            f"/groups/{group.uid}/grants",
            given=given if giving else None,
            error=error if giving else None,
            own=True,
        )
    typed = given or {}
    view = GroupView(
        id=group.uid,
        sections=sections("groups"),
        name=group.name,
        given_name=typed.get("name", group.name) if form == "change" else group.name,
        members=tuple(_member(one, caller) for one in members),
        claims=tuple(ClaimRow(one.provider, one.value) for one in group.claims),
        providers=tuple(parts.providers),
        grants=rows,
        waiting=waiting_rows(waiting),
        belongs=any(one.principal.uid == caller.principal.uid for one in members),
        give=give,
        given=typed,
        problems={form: error.detail} if error and not giving else {},
        done=done_text(request, DONE),
    )
    return page(request, "group.html", view, status_of(error) if error else 200)


def _member(member: Member, caller: Caller) -> MemberRow:
    who = member.principal
    oneself = who.uid == caller.principal.uid
    return MemberRow(who.uid, who.name, who.email or "", member.provider, member.added_at, oneself)


def _listed(group: Group) -> Listed:
    kept = [grant for grant in group.grants if grant.revoked_at is None]
    return Listed(
        name=group.name,
        href=f"/groups/{group.uid}",
        may=tuple(dict.fromkeys(given_in_words(grant) for grant in kept)),
        aside=texts()("groups.members", count=group.members),
    )


routes = [
    groups_page,
    add_group,
    group_page,
    rename_group,
    end_group,
    add_member,
    end_member,
    map_claim,
    unmap_claim,
    give_group,
]
