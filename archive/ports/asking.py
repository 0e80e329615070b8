"""Asking for access, changes that wait for a second person, and reasons that must be said."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from msgspec import Struct, structs

from archive.calls.call import Call
from archive.calls.reasons import ReasonRule
from archive.policy.actions import Action, Role
from archive.policy.scope import Scope

# ---- asking ----------------------------------------------------------------------------------------------------


class About(StrEnum):
    """What somebody asks to hear."""

    CALL = "call"
    CLIENT = "client"
    PARTNER = "partner"


class RequestState(StrEnum):
    WAITING = "waiting"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    NOT_ANSWERED = "not_answered"  # it waited too long; never stored


REQUEST_LIFE = timedelta(days=30)
"""So long a request waits for an answer."""


class AccessRequest(Struct, frozen=True, kw_only=True):
    """`asked` is what was typed: an id, or a name. `found_id` is what it names, if anything does: shown to nobody who
    may not decide on it; `namesakes` are the other clients that bore the name when it was asked for. `by` is the
    public id of whoever asks, `grant` of what they got."""

    id: int
    uid: str
    principal_id: int
    by: str
    about: About
    asked: str
    found_id: int | None
    until: datetime
    reason: str
    asked_at: datetime
    namesakes: tuple[int, ...] = ()
    state: RequestState = RequestState.WAITING
    decided_at: datetime | None = None
    decided_by: str | None = None
    answer: str | None = None
    grant: str | None = None

    def as_of(self, now: datetime) -> "AccessRequest":
        """As it then stands: what waited too long, or until the day it was asked for, is over."""
        over = now - self.asked_at > REQUEST_LIFE or self.until <= now
        waited = over and self.state is RequestState.WAITING
        return structs.replace(self, state=RequestState.NOT_ANSWERED) if waited else self


class NewRequest(Struct, frozen=True, kw_only=True):
    principal_id: int
    about: About
    asked: str
    found_id: int | None
    until: datetime
    reason: str
    namesakes: tuple[int, ...] = ()


class Decidable(Struct, frozen=True):
    """Which requests somebody may decide on: about the calls of `calls`; with `names`, about clients and partners too.
    `but`: whoever they are, who doesn't decide on their own."""

    calls: Scope
    names: bool
    but: int


class AccessRequests(Protocol):
    async def add(self, new: NewRequest) -> AccessRequest: ...
    async def get(self, uid: str) -> AccessRequest | None: ...
    async def of(self, principal_id: int, *, before: int | None, limit: int) -> list[AccessRequest]:
        """One's own, newest first, those whose id is less than `before`."""
        ...

    async def waiting(
        self, now: datetime, which: Decidable, *, after: int, limit: int
    ) -> list[AccessRequest]:
        """Those that name something and still wait at `now`, oldest first, those whose id is greater than `after`."""
        ...

    async def count(self, now: datetime, which: Decidable) -> int:
        """How many `waiting` would list in all."""
        ...

    async def count_waiting(self, principal_id: int, now: datetime) -> int:
        """One's own, whatever they name."""
        ...

    async def decide(
        self, id: int, state: RequestState, by: str, answer: str | None, grant: str | None
    ) -> bool:
        """False if somebody decided it before."""
        ...


# ---- changes that wait for a second person ---------------------------------------------------------------------


class GiveGrant(Struct, frozen=True, tag=True, kw_only=True):
    """`to` is the public id of a person, a group or an integration."""

    to: str
    scope: Scope
    role: Role | None
    actions: frozenset[Action]
    since: datetime | None
    until: datetime | None
    reason: str


class ProlongGrant(Struct, frozen=True, tag=True):
    grant: str
    until: datetime | None


class AddMember(Struct, frozen=True, tag=True):
    group: str
    member: str


class MapClaim(Struct, frozen=True, tag=True):
    """What a provider's groups claim says makes people members of the group."""

    group: str
    provider: str
    value: str


class ResetSignIn(Struct, frozen=True, tag=True):
    """A link by which a person sets a new password and, with `codes`, one-time codes anew. The first person makes the
    link once the second agreed."""

    person: str
    codes: bool = False


class RotateSecret(Struct, frozen=True, tag=True):
    """A new secret for a program that opens speech: whoever asked holds it. They make it once the second agreed."""

    integration: str


class SetRule(Struct, frozen=True, tag=True):
    """Another rule in place of `replaces`, as it was when this was asked for: `etag`. A None `rule` ends it."""

    replaces: str
    rule: ReasonRule | None
    etag: str


Change = GiveGrant | ProlongGrant | AddMember | MapClaim | ResetSignIn | RotateSecret | SetRule


class ChangeState(StrEnum):
    WAITING = "waiting"
    AGREED = "agreed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


CHANGE_LIFE = timedelta(days=14)
"""So long a change waits for a second person."""


class PendingChange(Struct, frozen=True, kw_only=True):
    """`asked_by`, `decided_by` and `beneficiary` are public ids; `asked_name` is the operating system's user where the
    change was asked for at the console. Nothing changed yet while it waits."""

    id: int
    uid: str
    change: Change
    beneficiary: str | None
    asked_by: str
    asked_name: str
    asked_at: datetime
    state: ChangeState = ChangeState.WAITING
    decided_by: str | None = None
    decided_at: datetime | None = None

    def lapsed(self, now: datetime) -> bool:
        """Whether nobody may agree to it any more."""
        return now - self.asked_at > CHANGE_LIFE


class PendingChanges(Protocol):
    async def add(
        self, change: Change, *, beneficiary: str | None, asked_by: str, asked_name: str
    ) -> PendingChange: ...
    async def get(self, uid: str) -> PendingChange | None: ...
    async def waiting(self, asked_since: datetime) -> list[PendingChange]:
        """Oldest first."""
        ...

    async def decide(self, id: int, state: ChangeState, by: str) -> bool:
        """False if somebody decided it before."""
        ...


# ---- reasons ---------------------------------------------------------------------------------------------------


class StoredRule(Struct, frozen=True):
    uid: str
    rule: ReasonRule
    created_at: datetime
    created_by: str


class Reasons(Protocol):
    async def rules(self) -> Sequence[StoredRule]:
        """Those in force, oldest first."""
        ...

    async def rule(self, uid: str) -> StoredRule | None:
        """One in force."""
        ...

    async def add_rule(self, rule: ReasonRule, by: str) -> StoredRule: ...
    async def replace_rule(self, uid: str, rule: ReasonRule, by: str) -> bool:
        """Another rule under the same id. False if none such is in force."""
        ...

    async def end_rule(self, uid: str) -> bool: ...
    async def state(self, principal_id: int, seat: str, call: Call, reason: str) -> None:
        """Keep why somebody turns to a call, from one seat."""
        ...

    async def stated(
        self, principal_id: int, seat: str, calls: Collection[Call], within: timedelta
    ) -> dict[int, str]:
        """By a call's id, the newest reason stated so lately."""
        ...

    async def stated_of(self, principal_id: int, seat: str, within: timedelta, limit: int) -> list[int]:
        """The ids of calls of which any reason was stated so lately, newest first."""
        ...
