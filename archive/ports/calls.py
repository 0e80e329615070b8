"""Calls, and the names that stand on them."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from msgspec import UNSET, Struct, UnsetType

from archive.calls.call import (
    AgentRef,
    Call,
    ClientRef,
    Consent,
    Direction,
    Failure,
    Kind,
    Named,
    Participant,
    Recording,
    Rendition,
    State,
)
from archive.calls.filters import CallFilter, Sort
from archive.calls.sound import Analysis
from archive.policy.scope import Scope


class NewCall(Struct, frozen=True, kw_only=True):
    """A call about to be written; names were resolved to ids.

    `phone` is the client's number on this call, as given; it stands with the call, not with the client (whose other
    numbers the uploader may not know), and comes back as `Call.client.phone`."""

    uid: str
    kind: Kind
    direction: Direction | None
    started_at: datetime
    received_at: datetime
    recording: Recording
    registration_id: int
    external_id: str | None = None
    source: str | None = None
    partner_id: int | None = None
    client_id: int | None = None
    agent_id: int | None = None
    team_id: int | None = None
    phone: str | None = None
    labels: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    language: str | None = None
    note: str | None = None
    participants: tuple[Participant, ...] = ()
    consent: Consent = Consent.UNKNOWN
    sealed: bool = False
    duplicate_of: int | None = None


class CallChanges(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What to change; UNSET stays as it is."""

    kind: Kind | UnsetType = UNSET
    direction: Direction | None | UnsetType = UNSET
    started_at: datetime | UnsetType = UNSET
    partner_id: int | None | UnsetType = UNSET
    client_id: int | None | UnsetType = UNSET
    agent_id: int | None | UnsetType = UNSET
    team_id: int | None | UnsetType = UNSET
    phone: str | None | UnsetType = UNSET
    labels: tuple[str, ...] | UnsetType = UNSET
    channels: tuple[str, ...] | UnsetType = UNSET
    language: str | None | UnsetType = UNSET
    note: str | None | UnsetType = UNSET
    consent: Consent | UnsetType = UNSET
    sealed: bool | UnsetType = UNSET
    duration: float | None | UnsetType = UNSET
    recording: Recording | UnsetType = UNSET
    rendition: Rendition | UnsetType = UNSET
    analysis: Analysis | UnsetType = UNSET


class MetadataQuery(Struct, frozen=True):
    """Calls whose names, labels, note or number hold all `words` and none of `without`. By relevance: newest first."""

    words: Sequence[str] = ()
    without: Sequence[str] = ()
    filter: CallFilter = CallFilter()
    sort: Sort = Sort.RELEVANCE


class PageMark(Struct, frozen=True):
    """Where a list of calls goes on: after the call with this start and id (newest first)."""

    started_at: datetime
    id: int


class SuggestionKind(StrEnum):
    PARTNER = "partner"
    CLIENT = "client"
    AGENT = "agent"
    TEAM = "team"
    LABEL = "label"
    PHONE = "phone"


class Suggestion(Struct, frozen=True):
    """A completion from calls in scope. `id` is public; None for labels and numbers."""

    kind: SuggestionKind
    text: str
    id: str | None = None


class Due(Struct, frozen=True):
    """A call whose work was dropped, and the state it stands in."""

    call_id: int
    state: State


class Calls(Protocol):
    """`edit` raises the call's revision, and so does a new transcript; the archive's own work on a call does not."""

    async def get(self, uid: str, scope: Scope) -> Call | None: ...
    async def select(self, ids: Collection[int], scope: Scope) -> dict[int, Call]:
        """The calls among `ids` that the scope holds."""
        ...

    async def by_uids(self, uids: Collection[str], scope: Scope) -> dict[str, Call]:
        """The same, by public ids."""
        ...

    async def page(
        self, scope: Scope, filter: CallFilter, *, after: PageMark | None = None, limit: int = 50
    ) -> list[Call]:
        """Newest first."""
        ...

    async def count(self, scope: Scope, filter: CallFilter) -> int: ...
    async def counts(self, scopes: Sequence[Scope]) -> list[int]:
        """How many calls each of the scopes holds."""
        ...

    async def by_metadata(
        self, query: MetadataQuery, scope: Scope, *, offset: int, limit: int
    ) -> tuple[list[Call], int]:
        """A page of the calls found, and how many there are. What is left of search when the engine is down."""
        ...

    async def suggest(self, prefix: str, scope: Scope, limit: int) -> list[Suggestion]: ...
    async def add(self, call: NewCall) -> Call:
        """Raises `Conflict` where (registration, source, external_id) is taken."""
        ...

    async def same_upload(
        self, registration_id: int, source: str | None, external_id: str
    ) -> Call | None: ...
    async def first_with_bytes(self, sha256: str) -> int | None: ...
    async def claim(self, id: int, states: Collection[State], to: State, lease: timedelta) -> Call | None:
        """Take a call's next piece of work: one conditional UPDATE.

        Moves a call that is in one of `states` to `to` and holds it for `lease`; `attempts` counts up when it is in
        `to` already, else starts at 1. None when the call is elsewhere, or when `to` is held by another's lease."""
        ...

    async def advance(
        self, id: int, old: State, new: State, changes: CallChanges | None = None
    ) -> Call | None:
        """Move on and end the lease; None if the call is no longer in `old`. `attempts` returns to 0."""
        ...

    async def fail(self, held: Call, failure: Failure) -> Call | None:
        """`held` is the call as it was claimed, here and below; None if the work is no longer that claim's."""
        ...

    async def hold(self, held: Call, lease: timedelta) -> bool:
        """Extend the lease on a call one is working on, whose row is then locked until the unit ends; False if it's
        no longer one's own."""
        ...

    async def release(self, held: Call, after: timedelta = timedelta(0)) -> None:
        """End the lease so that whoever rings `after` that time may try again; `attempts` stays."""
        ...

    async def edit(self, id: int, revision: int | None, changes: CallChanges) -> Call | None:
        """None if the call's revision is another by now (`revision` None: any will do), or the call is gone."""
        ...

    async def delete(self, id: int) -> list[str]:
        """Delete the call and all that hangs on it but its events; the names of its blobs, now free."""
        ...

    async def due(self, limit: int) -> list[Due]:
        """Calls in a working state that nobody holds (lease over or never taken, for 10 s)."""
        ...

    async def analysis(self, call: Call) -> Analysis | None: ...
    async def by_state(self) -> dict[State, int]: ...
    async def failed(self, limit: int) -> list[Call]: ...
    async def ids(self, after: int, limit: int) -> list[int]:
        """All calls by rising id, for rebuilding the index."""
        ...

    async def named_blobs(self, names: Collection[str]) -> set[str]:
        """Which of these blobs a call names, for sweeping the others."""
        ...


class NameKind(StrEnum):
    """What is added and renamed by those who manage people."""

    PARTNER = "partner"
    CLIENT = "client"
    TEAM = "team"


class KnownName(Struct, frozen=True):
    """`external_id` tells clients of one name apart."""

    id: int
    uid: str
    name: str
    external_id: str | None = None


class NameMark(Struct, frozen=True):
    """Where a page of names ended."""

    name: str
    id: int


class NameFilter(Struct, frozen=True, kw_only=True):
    """`like`: what a word of the name begins with. `within`: only names that a call of that scope carries, or by which
    it reaches calls; None: all."""

    like: str | None = None
    within: Scope | None = None


class Names(Protocol):
    """Partners, clients, agents and teams. A name is matched without regard to case and outer space."""

    async def partner(self, name_or_uid: str) -> Named | None: ...
    async def team(self, name_or_uid: str) -> Named | None: ...
    async def partner_ids(self, name_or_uid: str) -> list[int]:
        """All of that name, for narrowing a list; so the three below. Clients and agents may be namesakes."""
        ...

    async def partners_of(self, uids: Collection[str]) -> dict[str, int]:
        """The id of each of these public ids that is a partner's."""
        ...

    async def client_ids(self, name_or_uid: str) -> list[int]: ...
    async def agent_ids(self, name_or_uid: str) -> list[int]: ...
    async def team_ids(self, name_or_uid: str) -> list[int]: ...
    async def client_like(
        self, name: str | None, phone: str | None, external_id: str | None, carried: Scope | None = None
    ) -> ClientRef | None:
        """The client with this external id, where one is given: no other will do. Else with this number and name, else
        with this name alone. `carried`: only a client whom a call of that scope carries; so below."""
        ...

    async def agent_like(
        self, name: str | None, email: str | None, carried: Scope | None = None
    ) -> AgentRef | None: ...
    async def add_partner(self, name: str) -> Named: ...
    async def add_team(self, name: str) -> Named: ...
    async def add_client(self, name: str, phone: str | None, external_id: str | None) -> ClientRef: ...
    async def add_agent(self, name: str, email: str | None) -> AgentRef: ...
    async def partners(self, ids: Collection[int] | None = None) -> list[Named]: ...
    async def teams(self, ids: Collection[int] | None = None) -> list[Named]: ...
    async def clients(self, ids: Collection[int]) -> list[Named]: ...
    async def agents(self, ids: Collection[int]) -> list[Named]: ...
    async def known(self, kind: NameKind, uid: str, within: Scope | None = None) -> KnownName | None: ...
    async def page(
        self, kind: NameKind, filter: NameFilter, after: NameMark | None, limit: int
    ) -> list[KnownName]:
        """In the order of their names."""
        ...

    async def add(self, kind: NameKind, name: str, external_id: str | None = None) -> KnownName:
        """Raises `Conflict` where a partner or a team has the name. Clients may be namesakes."""
        ...

    async def rename(self, kind: NameKind, id: int, name: str) -> None:
        """Raises `Conflict` as `add` does."""
        ...
