"""People and health: what the administrator sees. No call's name and no word of any."""

from collections.abc import Iterator, Sequence
from urllib.parse import urlencode

from litestar import Response, get, post

from archive import health as asking
from archive.calls.call import State
from archive.health import Component, ComponentState, Workload
from archive.http.api.people import INTEGRATIONS, PEOPLE, after, following
from archive.http.context import acting, context_of
from archive.http.pages.answers import OPEN, AnyRequest, failed, go, page
from archive.http.pages.office_views import (
    ComponentView,
    FailedView,
    GrantView,
    Number,
    PeopleView,
    PersonView,
    ProgramView,
    SystemView,
)
from archive.http.pages.rendering import texts
from archive.identity import manage
from archive.policy.principal import Grant, Principal
from archive.policy.scope import (
    AllCalls,
    CallIds,
    Intersection,
    Nothing,
    OwnCalls,
    Partner,
    Scope,
    Team,
    Union,
    Unsealed,
)
from archive.ports import Work

SHOWN = 50
"""People, and integrations, on one page."""

TONES = {
    ComponentState.OK: ("done", "good", "system.ok"),
    ComponentState.DEGRADED: ("failed", "bad", "system.degraded_state"),
    ComponentState.DOWN: ("failed", "bad", "system.down"),
}


# ---- people ----------------------------------------------------------------------------------------------------


@get("/people", opt=OPEN, exception_handlers={Exception: failed})
async def people_page(request: AnyRequest) -> Response[bytes]:
    parts, caller = acting(request)
    at = {name: request.query_params.get(name) for name in (PEOPLE, INTEGRATIONS)}
    people = await manage.people(parts, caller, after(PEOPLE, at[PEOPLE]), SHOWN + 1)
    programs = await manage.integrations(parts, caller, after(INTEGRATIONS, at[INTEGRATIONS]), SHOWN + 1)
    async with parts.database.read() as work:
        view = PeopleView(
            texts()("people.count", count=await work.principals.count_people()),
            tuple([await _person(work, one) for one in people[:SHOWN]]),
            texts()("people.adding_command", **context_of(request).console),
            tuple([await _program(work, one) for one in programs[:SHOWN]]),
            more_people=_more(at, PEOPLE, people),
            more_integrations=_more(at, INTEGRATIONS, programs),
        )
    return page(request, "people.html", view)


def _more(at: dict[str, str | None], list: str, found: Sequence[Principal]) -> str:
    """The page with the next of one list, and the other where it stands."""
    more = following(list, found, SHOWN)
    kept = {name: mark for name, mark in {**at, list: more}.items() if mark}
    return f"/people?{urlencode(kept)}" if more else ""


async def _person(work: Work, person: Principal) -> PersonView:
    grants = await _grants(work, person)
    return PersonView(person.name, person.email or "", grants, person.created_at, bool(person.disabled_at))


async def _program(work: Work, program: Principal) -> ProgramView:
    return ProgramView(program.name, program.uid, await _grants(work, program), bool(program.disabled_at))


async def _grants(work: Work, principal: Principal) -> tuple[GrantView, ...]:
    kept = [grant for grant in principal.grants if grant.revoked_at is None]
    return tuple([GrantView(await _grant(work, grant), grant.until) for grant in kept])


async def _grant(work: Work, grant: Grant) -> str:
    t = texts()
    what = t(f"role.{grant.role.value}") if grant.role else ", ".join(_actions(grant))
    if grant.role and grant.role.value in ("administrator", "auditor"):
        return what  # roles that reach no call
    return t("people.grant", role=what, scope=await scope_shown(work, grant.scope))


def _actions(grant: Grant) -> list[str]:
    return sorted(action.value.replace("_", " ") for action in grant.actions)


async def scope_shown(work: Work, scope: Scope) -> str:
    """A scope in a reader's words: calls of Northwind, Contoso."""
    t = texts()
    match scope:
        case AllCalls():
            return t("scope.all")
        case Nothing():
            return t("scope.none")
        case OwnCalls():
            return t("scope.own")
        case Partner(ids):
            return t("scope.partners", names=", ".join(one.name for one in await work.names.partners(ids)))
        case Team(ids):
            return t("scope.teams", names=", ".join(one.name for one in await work.names.teams(ids)))
        case CallIds(ids):
            return t("scope.calls", count=len(ids))
        case Unsealed(inner):
            return await scope_shown(work, inner)
        case Union(scopes):
            return ", ".join([await scope_shown(work, one) for one in scopes])
        case Intersection(scopes):
            return t("scope.and", parts=", ".join([await scope_shown(work, one) for one in scopes]))


# ---- health ----------------------------------------------------------------------------------------------------


@get("/system", opt=OPEN, exception_handlers={Exception: failed})
async def system_page(request: AnyRequest) -> Response[bytes]:
    parts, caller = acting(request)
    workload = await asking.workload(parts, caller)
    health = await asking.health(parts)
    ill = sum(component.state is not ComponentState.OK for component in health.components)
    t = texts()
    view = SystemView(
        heading=t("system.degraded", count=ill) if ill else t("system.well"),
        checked_at=workload.measured_at,
        components=tuple(_component(one) for one in health.components),
        numbers=tuple(_numbers(workload)),
        failed=tuple(_failed(workload)),
        retryable=any(call.failure and call.failure.retryable for call in workload.failed),
    )
    return page(request, "system.html", view)


@post("/system/retry", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def retry_failed(request: AnyRequest) -> Response[bytes]:
    parts, caller = acting(request)
    await asking.retry_failed(parts, caller)
    return go("/system")


def _component(component: Component) -> ComponentView:
    t = texts()
    icon, tone, word = TONES[component.state]
    return ComponentView(
        name=t(f"component.{component.name}"),
        state=t(word),
        icon=icon,
        tone=tone,
        detail=component.detail,
        remedy=component.remedy,
    )


def _numbers(workload: Workload) -> Iterator[Number]:
    t = texts()
    for state in State:
        yield Number(t("system.calls", state=t(f"state.{state.value}")), f"{workload.calls.get(state, 0):,}")
    yield Number(t("system.waiting"), _counted(workload.waiting))
    yield Number(t("system.indexed"), _counted(workload.indexed))


def _counted(count: int | None) -> str:
    return texts()("system.not_known") if count is None else f"{count:,}"


def _failed(workload: Workload) -> Iterator[FailedView]:
    for call in workload.failed:
        if call.failure:
            yield FailedView(call.uid, call.received_at, call.failure.detail, call.failure.retryable)
