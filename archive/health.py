"""Whether each component works, why not, and what to do: for `readyz`, the System page and `doctor`."""

import asyncio
import logging
from collections.abc import Awaitable
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from archive.audit.event import EventType
from archive.calls.access import about, require
from archive.calls.call import Call, State
from archive.calls.caller import Caller
from archive.errors import Unavailable
from archive.policy.actions import Action
from archive.ports import Job, Parts, Work

FAILED_SHOWN = 50
AT_ONCE = 10_000
IN_ONE_UNIT = 100
"""Calls tried again in one transaction: others want to write too."""
ANSWER_SECONDS = 3.0
"""For each component. Whoever asks has a limit too, of five seconds mostly."""

log = logging.getLogger(__name__)


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
    """Ask all components at once. Never raises."""
    asked = [
        _ask("database", parts.database.check(), ComponentState.DOWN),
        _ask("recordings", parts.blobs.check(), ComponentState.DOWN),
        _ask("search", parts.index.check(), ComponentState.DEGRADED),
        _ask("queue", parts.doorbell.check(), ComponentState.DEGRADED),
        _ask("worker", _worker(parts), ComponentState.DEGRADED),
    ]
    if parts.providers:
        asked.append(_ask("company", _company(parts), ComponentState.DEGRADED))
    return Health(tuple(await asyncio.gather(*asked)))


async def workload(parts: Parts, caller: Caller) -> Workload:
    """For those who manage the system. It names failed calls by id and reason: no names, no words."""
    await require(parts, caller, Action.MANAGE_SYSTEM, "You may not see the system's state.")
    async with parts.database.read() as work:
        now = await work.now()
        calls, failed = await work.calls.by_state(), await work.calls.failed(FAILED_SHOWN)
    return Workload(
        calls, tuple(failed), await _or_none(parts.doorbell.depth()), await _or_none(parts.index.count()), now
    )


async def retry_failed(parts: Parts, caller: Caller) -> int:
    """Try every failed call again whose failure may pass; how many."""
    await require(parts, caller, Action.MANAGE_SYSTEM, "You may not retry calls.")
    async with parts.database.read() as work:
        failed = [
            call for call in await work.calls.failed(AT_ONCE) if call.failure and call.failure.retryable
        ]
    portions = [failed[start : start + IN_ONE_UNIT] for start in range(0, len(failed), IN_ONE_UNIT)]
    return sum([await _retry(parts, caller, portion) for portion in portions])


async def _retry(parts: Parts, caller: Caller, calls: list[Call]) -> int:
    async with parts.database.write() as work:
        retried = [call for call in calls if await _retried(work, caller, call)]
    for call in retried:
        await parts.doorbell.ring(Job.NORMALISE, call.id)
    return len(retried)


async def _retried(work: Work, caller: Caller, call: Call) -> bool:
    """False where somebody else was faster."""
    if await work.calls.advance(call.id, State.FAILED, State.RECEIVED) is None:
        return False
    await work.audit.append(about(caller, EventType.CALL_RETRIED, call))
    return True


async def _worker(parts: Parts) -> None:
    if not await parts.doorbell.working():
        raise Unavailable("Worker", "No worker reported lately.", "Start one: call-archive work.")


async def _company(parts: Parts) -> None:
    """Names the first of the companies' sign-ins that is away."""
    for provider in parts.providers.values():
        await provider.check()


async def _ask(name: str, asked: Awaitable[None], when_away: ComponentState) -> Component:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await asyncio.shield(asked)  # what can't be interrupted, as a statement can't, ends by itself
    except Unavailable as error:
        return Component(name, when_away, error.detail.removesuffix(error.remedy).strip(), error.remedy)
    except TimeoutError:
        return Component(
            name, when_away, f"No answer in {ANSWER_SECONDS:g} seconds.", "See what keeps it busy."
        )
    except Exception:
        log.exception("the check of %s broke", name)
        return Component(name, when_away, "Its check broke.", "See the log of the API.")
    return Component(name, ComponentState.OK)


async def _or_none(asked: Awaitable[int]) -> int | None:
    try:
        return await asked
    except Unavailable:
        return None
