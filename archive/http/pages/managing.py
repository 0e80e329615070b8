"""Health: what the administrator sees of it. No call's name and no word of any."""

from collections.abc import Collection, Iterator

from litestar import Response, get, post

from archive import health as asking
from archive.calls.call import State
from archive.health import Component, ComponentState, Workload
from archive.http.context import acting
from archive.http.pages.answers import OPEN, AnyRequest, failed, go, page
from archive.http.pages.office_views import (
    ComponentView,
    FailedView,
    Number,
    SystemView,
)
from archive.http.pages.rendering import texts
from archive.identity.places import KINDS, PlaceNames, named_in, names_of
from archive.policy.scope import (
    AllCalls,
    CallIds,
    Client,
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

TONES = {
    ComponentState.OK: ("done", "good", "system.ok"),
    ComponentState.DEGRADED: ("failed", "bad", "system.degraded_state"),
    ComponentState.DOWN: ("failed", "bad", "system.down"),
}


async def scope_shown(work: Work, scope: Scope) -> str:
    """A scope in a reader's words: calls of Northwind, Contoso."""
    return (await scopes_shown(work, [scope]))[scope]


async def scopes_shown(work: Work, scopes: Collection[Scope]) -> dict[Scope, str]:
    """As `scope_shown`, of a list: with as few questions as of one."""
    named = await named_in(work, scopes)
    return {scope: _scope_shown(scope, named) for scope in scopes}


def _scope_shown(scope: Scope, named: PlaceNames) -> str:
    t = texts()
    match scope:
        case AllCalls():
            return t("scope.all")
        case Nothing():
            return t("scope.none")
        case OwnCalls():
            return t("scope.own")
        case Partner() | Team() | Client():
            return t(f"scope.{KINDS[type(scope)]}s", names=", ".join(names_of(scope, named)))
        case CallIds(ids):
            return t("scope.calls", count=len(ids))
        case Unsealed(inner):
            return _scope_shown(inner, named)
        case Union(scopes):
            return ", ".join(_scope_shown(one, named) for one in scopes)
        case Intersection(scopes):
            return t("scope.and", parts=", ".join(_scope_shown(one, named) for one in scopes))


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
