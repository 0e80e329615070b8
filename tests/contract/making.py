"""Calls and people for the contract tests of the database."""

from datetime import UTC, datetime, timedelta
from typing import Any

from archive.adapters.db.database import SqlDatabase
from archive.audit.event import Actor, Event, EventType, Object, ObjectKind
from archive.calls.call import Call, Kind, Recording, Rendition, State
from archive.calls.transcript import Segment, Transcript
from archive.ids import uuid7
from archive.policy.actions import Action, Role
from archive.policy.principal import Principal
from archive.policy.scope import CallIds, Partner, Scope
from archive.ports import CallChanges, NewCall, NewGrant
from tests.databases import Clock

START = datetime(2026, 2, 10, 9, 0, tzinfo=UTC)
RENDITION = Rendition("renditions/a", "ab" * 32, 1000, "audio/mp4", "engine 1", "waveforms/a")
WORDS = Transcript((Segment(0.0, 2.5, "hello there", "agent", 0),), "en")


def new_call(**given: Any) -> NewCall:
    values = {
        "uid": uuid7(),
        "kind": Kind.PHONE,
        "direction": None,
        "started_at": START,
        "received_at": START,
        "recording": Recording(f"originals/{uuid7()}", uuid7(), 100),
        "registration_id": 1,
    }
    return NewCall(**{**values, **given})


async def add_call(database: SqlDatabase, **given: Any) -> Call:
    async with database.write() as work:
        return await work.calls.add(new_call(**given))


async def add_playable(database: SqlDatabase, **given: Any) -> Call:
    """A call that is ready to be heard."""
    call = await add_call(database, **given)
    steps = (State.NORMALISING, State.TRANSCRIBING, State.INDEXING, State.READY)
    async with database.write() as work:
        moved: Call | None = call
        for old, new in zip((State.RECEIVED, *steps), steps, strict=False):
            changes = CallChanges(rendition=RENDITION) if new is State.TRANSCRIBING else None
            moved = await work.calls.advance(call.id, old, new, changes)
    assert moved is not None
    return moved


async def add_partner(database: SqlDatabase, name: str) -> int:
    async with database.write() as work:
        return (await work.names.add_partner(name)).id


async def add_person(database: SqlDatabase, email: str = "jo@example.com", name: str = "Jo") -> Principal:
    async with database.write() as work:
        return await work.principals.add_person(email, name)


def new_grant(clock: Clock, scope: Scope, role: Role | None = Role.AGENT, *actions: Action) -> NewGrant:
    return NewGrant(
        scope=scope,
        role=role,
        actions=frozenset(actions),
        since=clock(),
        until=clock() + timedelta(days=30),
        reason="case 7",
        granted_by="somebody",
    )


def of_partner(*ids: int) -> Scope:
    return Partner(frozenset(ids))


def of_calls(*calls: Call) -> Scope:
    return CallIds(frozenset(call.id for call in calls))


def viewed(call: str | None = None, **given: Any) -> Event:
    values = {
        "type": EventType.CALL_VIEWED,
        "actor": Actor("somebody", "person"),
        "object": Object(ObjectKind.CALL, call),
        "call": call,
    }
    return Event(**{**values, **given})
