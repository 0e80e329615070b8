"""What somebody can reach, and why; who can reach a call, and why. Every line is a grant, with a way to end it."""

from collections.abc import Mapping

from litestar import Response, get, post
from litestar.params import FromPath

from archive.errors import Conflict, Forbidden, Invalid
from archive.http.context import acting, caller_of
from archive.http.forms import form
from archive.http.pages.access_views import CallReachView, ReachRow, ReachView
from archive.http.pages.answers import OPEN, AnyRequest, failed, frame_of, go, page
from archive.http.pages.days import end_of
from archive.http.pages.managing import scopes_shown
from archive.http.pages.missing import until_of
from archive.http.pages.rendering import texts
from archive.http.pages.words import title_of
from archive.http.problems import status_of
from archive.identity import grants, reach, sharing
from archive.identity.reach import CallLine, CallReach, Line, PersonReach, Standing
from archive.policy.actions import Action
from archive.policy.decide import may
from archive.policy.principal import Basis, Grant


@get("/reach", opt=OPEN, exception_handlers={Exception: failed})
async def own_reach_page(request: AnyRequest) -> Response[bytes]:
    return await _person_page(request, caller_of(request).principal.uid)


@get("/reach/{person_id:str}", opt=OPEN, exception_handlers={Exception: failed})
async def reach_page(request: AnyRequest, person_id: FromPath[str]) -> Response[bytes]:
    """Of a person, a group or a program."""
    return await _person_page(request, person_id)


@post(
    "/reach/{person_id:str}/grants/{grant_id:str}/end",
    status_code=200,
    opt=OPEN,
    exception_handlers={Exception: failed},
)
async def end_reach(
    request: AnyRequest, person_id: FromPath[str], grant_id: FromPath[str]
) -> Response[bytes]:
    await grants.revoke(*acting(request), grant_id)
    return go(f"/reach/{person_id}")


@get("/calls/{call_id:str}/access", opt=OPEN, exception_handlers={Exception: failed})
async def call_access_page(request: AnyRequest, call_id: FromPath[str]) -> Response[bytes]:
    return await _call_page(request, call_id)


@post("/calls/{call_id:str}/access", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def give_form(request: AnyRequest, call_id: FromPath[str]) -> Response[bytes]:
    """Let somebody hear the call."""
    given, frame, (parts, caller) = await form(request), frame_of(request), acting(request)
    to, reason = given.get("to", ""), given.get("reason", "")
    try:
        until = end_of(frame, given.get("until", ""), frame.now + sharing.LONGEST)
        await sharing.give_call(parts, caller, call_id, to, until=until, reason=reason)
    except (Invalid, Conflict, Forbidden) as error:
        return await _call_page(request, call_id, error.detail, given, status_of(error))
    return go(f"/calls/{call_id}/access")


@post(
    "/calls/{call_id:str}/access/{grant_id:str}/end",
    status_code=200,
    opt=OPEN,
    exception_handlers={Exception: failed},
)
async def end_call_access(
    request: AnyRequest, call_id: FromPath[str], grant_id: FromPath[str]
) -> Response[bytes]:
    """Whichever grant reaches it, wider ones too: the page says what it is on."""
    await grants.revoke(*acting(request), grant_id)
    return go(f"/calls/{call_id}/access")


async def _person_page(request: AnyRequest, uid: str) -> Response[bytes]:
    parts, caller = acting(request)
    found = await reach.of_person(parts, caller, uid)
    ends = not found.oneself and may(caller.principal, Action.MANAGE_PEOPLE, frame_of(request).now)
    async with parts.database.read() as work:
        where = await scopes_shown(work, [line.grant.scope for line in found.lines])
    rows = tuple(_row(found, line, where[line.grant.scope], ends) for line in found.lines)
    t = texts()
    view = ReachView(
        title=t("reach.own") if found.oneself else t("reach.of", name=found.who.name),
        about=t("reach.own_about") if found.oneself else (found.who.email or ""),
        rows=rows,
        disabled=found.who.disabled_at is not None,
    )
    return page(request, "reach.html", view)


def _row(found: PersonReach, line: Line, where: str, ends: bool) -> ReachRow:
    """A group's grants are ended for the group."""
    t, grant = texts(), line.grant
    ended = reach.ended_at(grant) if line.standing is Standing.ENDED else None
    ends = ends and not grant.group and ended is None
    return ReachRow(
        what=what_of(grant),
        where=where if line.scope else t("scope.none"),
        calls=t("scope.calls", count=line.calls) if line.calls is not None else "",
        since=grant.since,
        until=grant.until,
        ended_at=ended,
        standing=line.standing.value,
        reason=grant.reason,
        by=_by(line),
        group=line.group,
        glass=grant.basis is Basis.BREAK_GLASS,
        asked=grant.basis is Basis.ASKED,
        sealed=line.sealed,
        end=f"/reach/{found.who.uid}/grants/{grant.uid}/end" if ends else "",
    )


async def _call_page(
    request: AnyRequest,
    uid: str,
    problem: str = "",
    typed: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response[bytes]:
    parts, caller = acting(request)
    found = await reach.of_call(parts, caller, uid)
    async with parts.database.read() as work:
        where = await scopes_shown(work, [one.line.grant.scope for one in found.lines])
    rows = tuple(_call_row(found, one, where[one.line.grant.scope]) for one in found.lines)
    frame, t = frame_of(request), texts()
    view = CallReachView(
        uid=uid,
        title=title_of(found.call, frame) if found.call else t("reach.call", id=uid),
        href=f"/calls/{uid}" if found.call else "",
        about=t("reach.call_count", count=len(rows)) if found.everybody else "",
        partial=not found.everybody,
        sealed=found.sealed,
        rows=rows,
        give=until_of(frame, sharing.LONGEST) if found.gives else None,
        problem=problem,
        typed=typed or {},
    )
    return page(request, "call_access.html", view, status)


def _call_row(found: CallReach, one: CallLine, where: str) -> ReachRow:
    t, line, grant = texts(), one.line, one.line.grant
    return ReachRow(
        who=one.holder.name,
        who_href=f"/reach/{one.holder.uid}" if found.looks else "",
        kind=t(f"holder.{one.holder.kind.value}"),
        members=tuple(member.name for member in one.members),
        what=what_of(grant),
        where=where,
        since=grant.since,
        until=grant.until,
        standing=line.standing.value,
        reason=grant.reason,
        by=_by(line),
        glass=grant.basis is Basis.BREAK_GLASS,
        asked=grant.basis is Basis.ASKED,
        end=f"/calls/{found.uid}/access/{grant.uid}/end" if one.ends else "",
    )


def what_of(grant: Grant) -> str:
    """The role, and what it lets one do; in words."""
    t = texts()
    actions = ", ".join(t(f"action.{action.value}") for action in reach.actions_of(grant))
    return t("reach.role", role=t(f"role.{grant.role.value}"), actions=actions) if grant.role else actions


def _by(line: Line) -> str:
    t = texts()
    return line.by or t("reach.console")


routes = [own_reach_page, reach_page, end_reach, call_access_page, give_form, end_call_access]
