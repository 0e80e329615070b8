"""Whether each component works, why not, and what to do: for `readyz`, the System page and `doctor`."""

from collections.abc import Awaitable
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from archive.audit.event import Event, EventType, Object, ObjectKind, Outcome
from archive.calls.call import Call, State
from archive.calls.caller import Caller
from archive.errors import Forbidden, Unavailable
from archive.policy.actions import Action
from archive.policy.decide import may
from archive.ports import Job, Parts

FAILED_SHOWN = 50


class ComponentState(StrEnum):
    OK = "ok"
    DEGRADED = "degraded"  # the archive answers, with less
    DOWN = "down"  # the archive can't do its main job


class Component(Struct, frozen=True):
    name: str
    state: ComponentState
    detail: str = ""
    remedy: str = ""


class Health(Struct, frozen=True):
    components: tuple[Component, ...]

    @property
    def ready(self) -> bool:
        return all(component.state is not ComponentState.DOWN for component in self.components)


class Workload(Struct, frozen=True):
    """What the archive still owes, for the System page: calls by state, jobs waiting (None: queue away)."""

    calls: dict[State, int]
    failed: tuple[Call, ...]
    waiting: int | None
    indexed: int | None
    measured_at: datetime


async def health(parts: Parts) -> Health:
    """Ask each component. Never raises."""
    return Health(
        (
            await _ask("database", parts.database.check(), ComponentState.DOWN),
            await _ask("recordings", parts.blobs.check(), ComponentState.DOWN),
            await _ask("search", parts.index.check(), ComponentState.DEGRADED),
            await _ask("queue", parts.doorbell.check(), ComponentState.DEGRADED),
            await _ask("worker", _worker(parts), ComponentState.DEGRADED),
        )
    )


async def workload(parts: Parts, caller: Caller) -> Workload:
    """For those who manage the system. It names failed calls by id and reason: no names, no words."""
    async with parts.database.read() as work:
        now = await work.now()
        if not may(caller.principal, Action.MANAGE_SYSTEM, now):
            raise Forbidden("You may not see the system's state.")
        calls, failed = await work.calls.by_state(), await work.calls.failed(FAILED_SHOWN)
    return Workload(
        calls, tuple(failed), await _or_none(parts.doorbell.depth()), await _or_none(parts.index.count()), now
    )


async def retry_failed(parts: Parts, caller: Caller) -> int:
    """Try every failed call again whose failure may pass; how many."""
    async with parts.database.write() as work:
        if not may(caller.principal, Action.MANAGE_SYSTEM, await work.now()):
            raise Forbidden("You may not retry calls.")
        retried = [
            call for call in await work.calls.failed(10_000) if call.failure and call.failure.retryable
        ]
        for call in retried:
            await work.calls.advance(call.id, State.FAILED, State.RECEIVED)
            await work.audit.append(
                Event(
                    type=EventType.CALL_RETRIED,
                    actor=caller.actor,
                    object=Object(ObjectKind.CALL, call.uid),
                    call=call.uid,
                    outcome=Outcome.ALLOWED,
                    origin=caller.origin,
                )
            )
    for call in retried:
        await parts.doorbell.ring(Job.NORMALISE, call.id)
    return len(retried)


async def _worker(parts: Parts) -> None:
    if not await parts.doorbell.working():
        raise Unavailable("Worker", "No worker reported lately.", "Start one: call-archive work.")


async def _ask(name: str, asked: Awaitable[None], when_away: ComponentState) -> Component:
    try:
        await asked
    except Unavailable as error:
        return Component(name, when_away, error.detail.removesuffix(error.remedy).strip(), error.remedy)
    return Component(name, ComponentState.OK)


async def _or_none(asked: Awaitable[int]) -> int | None:
    try:
        return await asked
    except Unavailable:
        return None
