"""The demo's people, its integration, and the visits that make its audit log, as people.toml has them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec

from archive.policy.actions import Action, Role
from infra.demo.calls import DemoContentError, Text
from infra.demo.load import HERE, read_toml

Seconds = Annotated[float, msgspec.Meta(ge=0)]


class Outcome(StrEnum):
    """What the archive must answer; a refused visit is there to be seen in the log."""

    ALLOWED = "allowed"
    REFUSED = "refused"


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Text
    email: Text
    role: Role
    scope: Text


class Integration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Text
    actions: tuple[Action, ...]
    scope: Text
    purpose: Text


class Passage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stretch of a call that is played: from a second of the call, for so many seconds."""

    start: Seconds
    seconds: Annotated[float, msgspec.Meta(gt=0)]


class AuditReading(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is read in the log: a call's history, a person's events, or all (neither given)."""

    call: str | None = None
    person: str | None = None


class Visit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one person does at a sitting, in the order of the fields; `who` is an e-mail.

    `call` is a demo call's id; without `listens` it is opened and read, not heard. `reason` goes with the listen.
    """

    who: Text
    search: str | None = None
    call: str | None = None
    listens: tuple[Passage, ...] = ()
    reason: str | None = None
    reads_audit: AuditReading | None = None
    outcome: Outcome = Outcome.ALLOWED


class DemoPeople(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`password` is everybody's: a demo is no place for secrets."""

    password: Annotated[str, msgspec.Meta(min_length=10)]
    person: tuple[Person, ...]
    integration: Integration
    visit: tuple[Visit, ...]


def load_people(folder: Path = HERE) -> DemoPeople:
    """Who can sign in to the demo and what they have done there. Raises DemoContentError."""
    people = read_toml(folder / "people.toml", DemoPeople)
    known = {person.email for person in people.person}
    for visit in people.visit:
        if visit.who not in known:
            raise DemoContentError(f"people.toml: a visit is by {visit.who}, who is nobody there")
    return people
