"""Reading the log, which is itself logged."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import msgspec
from msgspec import Struct

from archive.audit.event import Detail, Event, EventType, Object, ObjectKind, Outcome
from archive.calls.access import LONGEST_ASKED
from archive.calls.caller import Caller
from archive.errors import Forbidden, NotFound
from archive.ids import is_uuid7
from archive.policy.actions import Action
from archive.policy.decide import may, why_not
from archive.ports import EventFilter, Parts, StoredEvent, Work

IDS = ("actor", "object", "call", "event")
NAMELESS = {"console": "Console", "system": "Call Archive"}


class ShownActor(Struct, frozen=True):
    id: str | None
    kind: str
    name: str | None


class ShownObject(Struct, frozen=True):
    kind: str
    id: str | None


class ShownOrigin(Struct, frozen=True):
    address: str | None
    user_agent: str | None
    client: str | None
    session: str | None


class ShownEvent(Struct, frozen=True):
    """An event as readers see it: names and texts filled in where they weren't erased. `body`: its exact bytes."""

    seq: int
    id: str
    time: datetime
    type: str
    actor: ShownActor
    on_behalf_of: ShownActor | None
    object: ShownObject
    call: str | None
    outcome: str
    reason_code: str | None
    origin: ShownOrigin
    purpose: str | None
    details: Mapping[str, Any]
    leaf: int | None
    body: bytes


async def events(
    parts: Parts, caller: Caller, filter: EventFilter, before: int | None = None, limit: int = 50
) -> list[ShownEvent]:
    """Newest first. Raises `Forbidden` for those who may not read the log; their try is logged."""
    await _log_reading(parts, caller, filter)
    async with parts.database.read() as work:
        return await _shown(work, await work.audit.page(filter, before=before, limit=limit))


async def actors(parts: Parts, caller: Caller) -> dict[str, str]:
    """Names, by public id, of whom the log may be narrowed to. Nobody's for those whom `events` refuses."""
    async with parts.database.read() as work:
        allowed = may(caller.principal, Action.READ_AUDIT, await work.now())
        return await work.principals.names() if allowed else {}


async def event(parts: Parts, caller: Caller, uid: str) -> ShownEvent:
    await _log_reading(parts, caller, EventFilter(), event=uid)
    async with parts.database.read() as work:
        stored = await work.audit.get(uid) if is_uuid7(uid) else None
        if stored is None:
            raise NotFound
        (shown,) = await _shown(work, [stored])
        return shown


async def _log_reading(parts: Parts, caller: Caller, filter: EventFilter, **asked: Detail) -> None:
    asked = {**_conditions(filter), **asked}
    async with parts.database.write() as work:
        allowed = may(caller.principal, Action.READ_AUDIT, await work.now())
        await work.audit.append(_read(caller, asked, allowed=allowed))
    if not allowed:
        raise Forbidden("You may not read the audit log.")


def _read(caller: Caller, asked: Mapping[str, Detail], *, allowed: bool) -> Event:
    """What was asked for; an id that can't be ours was typed, so it enters as a text."""
    typed = {name: str(asked[name]) for name in IDS if name in asked and not is_uuid7(str(asked[name]))}
    return Event(
        type=EventType.AUDIT_READ,
        actor=caller.actor,
        object=Object(ObjectKind.AUDIT),
        call=None if "call" in typed else cast(str | None, asked.get("call")),
        outcome=Outcome.ALLOWED if allowed else Outcome.DENIED,
        reason_code=None if allowed else why_not(caller.principal, Action.READ_AUDIT).value,
        origin=caller.origin,
        purpose=caller.principal.purpose,
        details={name: value for name, value in asked.items() if name not in typed},
        texts={name: text[:LONGEST_ASKED] for name, text in typed.items()},
    )


def _conditions(filter: EventFilter) -> dict[str, Detail]:
    given = {name: value for name, value in msgspec.to_builtins(filter).items() if value}
    return {name: sorted(value) if isinstance(value, list) else value for name, value in given.items()}


async def _shown(work: Work, stored: Sequence[StoredEvent]) -> list[ShownEvent]:
    documents = [msgspec.json.decode(event.body) for event in stored]
    ids = {actor["id"] for document in documents for actor in _actors(document) if actor["id"]}
    names = await work.principals.named(ids)
    return [_show(event, document, names) for event, document in zip(stored, documents, strict=True)]


def _actors(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [actor for actor in (document["actor"], document["on_behalf_of"]) if actor]


def _show(event: StoredEvent, document: dict[str, Any], names: Mapping[str, str]) -> ShownEvent:
    origin = document["origin"]
    return ShownEvent(
        seq=event.seq,
        id=event.id,
        time=event.time,
        type=document["type"],
        actor=_actor(document["actor"], names),
        on_behalf_of=_actor(document["on_behalf_of"], names) if document["on_behalf_of"] else None,
        object=ShownObject(document["object"]["kind"], document["object"]["id"]),
        call=document["call"],
        outcome=document["outcome"],
        reason_code=document["reason_code"],
        origin=ShownOrigin(
            address=event.texts.get("origin.address"),
            user_agent=event.texts.get("origin.user_agent"),
            client=origin["client"],
            session=origin["session"],
        ),
        purpose=event.texts.get("purpose"),
        details={
            name: event.texts.get(f"details.{name}", value) for name, value in document["details"].items()
        },
        leaf=event.leaf,
        body=event.body,
    )


def _actor(actor: Mapping[str, Any], names: Mapping[str, str]) -> ShownActor:
    return ShownActor(actor["id"], actor["kind"], names.get(actor["id"]) or NAMELESS.get(actor["kind"]))
