"""How every use case reaches one call: within the caller's scope, or with a refusal that stands in the log."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from enum import StrEnum
from types import MappingProxyType

from msgspec import structs

from archive.audit.event import Detail, Event, EventType, Object, ObjectKind, Outcome
from archive.calls.call import Call
from archive.calls.caller import Caller
from archive.errors import Forbidden, NotFound
from archive.ids import is_uuid7
from archive.policy.actions import Action
from archive.policy.decide import decide, may, resolve_scope, why_not
from archive.policy.scope import AllCalls, union
from archive.ports import Database, Parts, Work

LONGEST_ASKED = 200
"""Characters kept of what was asked for in place of an id."""


@asynccontextmanager
async def acting(
    database: Database, caller: Caller, action: Action, uid: str, denied: EventType = EventType.CALL_DENIED
) -> AsyncIterator[tuple[Work, Call]]:
    """One unit of work on one call that the caller may do `action` on.

    A refusal is written in a transaction of its own before it raises: `Forbidden` where the caller may see that the
    call exists, else `NotFound`, the same as for a call that doesn't.
    """
    async with database.write() as work:
        if call := await reach(work, caller, action, uid):
            yield work, call
            return
    raise await _refused(database, caller, action, uid, denied)


async def reading(
    database: Database, caller: Caller, action: Action, uid: str, denied: EventType = EventType.CALL_DENIED
) -> Call:
    """A call for what leaves no event: as `acting`, without waiting for whoever writes."""
    async with database.read() as work:
        call = await reach(work, caller, action, uid)
    if call is None:
        raise await _refused(database, caller, action, uid, denied)
    return call


async def reach(work: Work, caller: Caller, action: Action, uid: str) -> Call | None:
    """The call, if the caller may do `action` on it now."""
    if not is_uuid7(uid):
        return None
    return await work.calls.get(uid, resolve_scope(caller.principal, action, await work.now()))


async def as_read(parts: Parts, caller: Caller, call: Call) -> Call | None:
    """A call that the caller just wrote, as they may read or find it now; None for those who may only write it."""
    async with parts.database.read() as work:
        if (reader := await renewed(work, caller)) is None:
            return None
        now = await work.now()
        scopes = (resolve_scope(reader.principal, action, now) for action in (Action.READ_CALL, Action.FIND))
        return await work.calls.get(call.uid, union(scopes))


async def renewed(work: Work, caller: Caller) -> Caller | None:
    """The caller as they stand now, disabled or not, for what goes on long after the request began; None once the
    session or token that they came with was ended. A token that merely expired ends nothing.
    """
    principal = await work.principals.acting(caller.principal.id, await work.now())
    if principal is None or (principal.disabled_at is None and await _ended(work, caller)):
        return None
    return structs.replace(caller, principal=structs.replace(principal, narrowed=caller.principal.narrowed))


async def _ended(work: Work, caller: Caller) -> bool:
    token, session = caller.token, caller.origin.session
    return bool(
        (token and await work.credentials.token_revoked(token))
        or (session and await work.credentials.session_ended(session))
    )


async def _refused(
    database: Database, caller: Caller, action: Action, uid: str, denied: EventType
) -> NotFound | Forbidden:
    async with database.write() as work:
        now = await work.now()
        # Looked up out of scope only to say in the log why; the answer doesn't depend on it.
        call = await work.calls.get(uid, AllCalls()) if is_uuid7(uid) else None
        decision = decide(caller.principal, action, call, now)
        known = await reach(work, caller, Action.READ_CALL, uid) or await reach(
            work, caller, Action.FIND, uid
        )
        await work.audit.append(
            denial(
                caller, denied, ObjectKind.CALL, uid, decision.reason.value, details={"action": action.value}
            )
        )
    return Forbidden(f"You may see this call, but not {_words(action)} it.") if known else NotFound()


async def require(
    parts: Parts,
    caller: Caller,
    action: Action,
    detail: str,
    *,
    denied: EventType = EventType.ARCHIVE_DENIED,
    kind: ObjectKind = ObjectKind.ARCHIVE,
) -> None:
    """Go on only if the caller may do `action` at all: for what concerns the archive itself, and no one call.

    A refusal is written in a transaction of its own before it raises `Forbidden` with `detail`.
    """
    async with parts.database.read() as work:
        allowed = may(caller.principal, action, await work.now())
    if not allowed:
        reason = why_not(caller.principal, action)
        await log_denied(parts, caller, action, reason, denied=denied, kind=kind)
        raise Forbidden(detail)


async def log_denied(
    parts: Parts,
    caller: Caller,
    action: Action,
    reason: StrEnum,
    *,
    denied: EventType,
    kind: ObjectKind,
    asked: str | None = None,
) -> None:
    """In a transaction of its own, so that the refusal's error doesn't undo it. `asked`: an id as it came in."""
    details = {"action": action.value}
    async with parts.database.write() as work:
        await work.audit.append(denial(caller, denied, kind, asked, reason.value, details=details))


def denial(
    caller: Caller,
    type: EventType,
    kind: ObjectKind,
    asked: str | None,
    reason: str,
    *,
    call: str | None = None,
    details: Mapping[str, Detail] = MappingProxyType({}),
) -> Event:
    """A refusal. `asked` is the id as it came in: one that can't be ours was typed, so it enters as a text."""
    uid = asked if asked and is_uuid7(asked) else None
    return Event(
        type=type,
        actor=caller.actor,
        object=Object(kind, uid),
        call=uid if kind is ObjectKind.CALL else call,
        outcome=Outcome.DENIED,
        reason_code=reason,
        origin=caller.origin,
        purpose=caller.principal.purpose,
        details=details,
        texts={"asked": asked[:LONGEST_ASKED]} if asked and uid is None else {},
    )


def about(caller: Caller, type: EventType, call: Call, **more: object) -> Event:
    """An event of `caller` on `call`; `more` are further fields of `Event`."""
    fields: dict[str, object] = {"purpose": caller.principal.purpose, "origin": caller.origin, **more}
    return Event(
        type=type,
        actor=caller.actor,
        object=fields.pop("object", Object(ObjectKind.CALL, call.uid)),  # type: ignore[arg-type]
        call=call.uid,
        **fields,  # type: ignore[arg-type]
    )


def _words(action: Action) -> str:
    return {"listen": "listen to", "read_transcript": "read the transcript of"}.get(
        action.value, action.value
    )
