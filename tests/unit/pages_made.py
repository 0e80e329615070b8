"""Calls, events and people made up for tests of the pages."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import structs

from archive.calls.call import AgentRef, Call, ClientRef, Direction, Kind, Named, Recording, Rendition, State
from archive.calls.history import ShownActor, ShownEvent, ShownObject, ShownOrigin
from archive.http.pages.frame import Frame, framed
from archive.http.pages.rendering import texts
from archive.policy.actions import Role
from archive.policy.principal import Grant, Principal, PrincipalKind
from archive.policy.scope import AllCalls

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
UID = "01a20274-039d-78c0-8ab4-9376a5f43946"


def call(**changes: Any) -> Call:
    made = Call(
        id=1,
        uid=UID,
        kind=Kind.PHONE,
        direction=Direction.INBOUND,
        started_at=datetime(2026, 11, 2, 9, 14, tzinfo=UTC),
        received_at=NOW - timedelta(days=1),
        state=State.READY,
        recording=Recording("originals/1", "aa", 1_200_000, codec="opus", sample_rate=48_000),
        registration_id=1,
        partner=Named(7, "p7", "Northwind"),
        client=ClientRef(3, "c3", "Harbour Dental", "+44 20 7946 0018"),
        agent=AgentRef(4, "a4", "Priya Nair"),
        channels=("agent", "client"),
        duration=392.0,
        rendition=Rendition("renditions/1", "bb", 1000, "audio/mp4", "engine", "waveforms/1"),
    )
    return structs.replace(made, **changes)


def person(*roles: Role, name: str = "Maria Lund") -> Principal:
    grants = tuple(
        Grant(at, f"g{at}", AllCalls(), role, frozenset(), NOW - timedelta(days=1), None, "", "console")
        for at, role in enumerate(roles)
    )
    return Principal(1, "u1", PrincipalKind.PERSON, name, "maria@example.com", grants)


def frame(*roles: Role, path: str = "/", zone: str = "UTC", name: str = "Maria Lund") -> Frame:
    return framed(
        texts(), path=path, now=NOW, zone=ZoneInfo(zone), theme=None, person=person(*roles, name=name)
    )


def event(type: str, **changes: Any) -> ShownEvent:
    made = ShownEvent(
        seq=1,
        id="e1",
        time=datetime(2026, 11, 22, 8, 2, 11, tzinfo=UTC),
        type=type,
        actor=ShownActor("u1", "person", "Person B"),
        on_behalf_of=None,
        object=ShownObject("call", UID),
        call=None,
        outcome="allowed",
        reason_code=None,
        origin=ShownOrigin("10.0.0.7", None, None, None),
        purpose=None,
        details={},
        leaf=None,
        body=json.dumps({"type": type}).encode(),
    )
    return structs.replace(made, **changes)
