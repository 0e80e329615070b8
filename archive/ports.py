"""What the story needs from outside, as Protocols. Adapters implement them; `bootstrap.py` joins the two.

A method that takes a `Call` instead of an id does so on purpose: a `Call` comes only from `Calls`, and `Calls`
gives one only within a scope. So transcripts, listens and bytes can't be reached around the policy.
"""

from collections.abc import AsyncIterable, AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Protocol

from msgspec import UNSET, Meta, Struct, UnsetType

from archive.audit.event import Event, EventType, ObjectKind, Outcome, Record
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
from archive.calls.documents import CallDocument
from archive.calls.filters import CallFilter, Sort
from archive.calls.query import Query
from archive.calls.sound import Analysis, AudioFacts
from archive.calls.transcript import Segment, Transcript, TranscriptFormat
from archive.policy.actions import Action, Role
from archive.policy.principal import Grant, Principal
from archive.policy.scope import Scope

Progress = Callable[[float], None]
"""Told how far a piece of work is, from 0 to 1."""


# ---- calls ---------------------------------------------------------------------------------------------------


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

    async def page(
        self, scope: Scope, filter: CallFilter, *, after: PageMark | None = None, limit: int = 50
    ) -> list[Call]:
        """Newest first."""
        ...

    async def count(self, scope: Scope, filter: CallFilter) -> int: ...
    async def by_metadata(
        self, words: Sequence[str], scope: Scope, filter: CallFilter, *, offset: int, limit: int
    ) -> tuple[list[Call], int]:
        """Calls whose names, labels, note or number hold all `words`, newest first, and how many there are.

        What is left of search when the engine is down."""
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

    async def fail(self, id: int, old: State, failure: Failure) -> Call | None: ...
    async def hold(self, id: int, state: State, lease: timedelta) -> bool:
        """Extend the lease on a call one is working on; False if the call is no longer in `state`."""
        ...

    async def release(self, id: int, state: State, after: timedelta = timedelta(0)) -> None:
        """End the lease so that whoever rings `after` that time may try again; `attempts` stays."""
        ...

    async def edit(self, id: int, revision: int, changes: CallChanges) -> Call | None:
        """None if the call's revision is another by now."""
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


class Names(Protocol):
    """Partners, clients, agents and teams. A name is matched without regard to case and outer space."""

    async def partner(self, name_or_uid: str) -> Named | None: ...
    async def team(self, name_or_uid: str) -> Named | None: ...
    async def client(self, name_or_uid: str) -> ClientRef | None: ...
    async def agent(self, name_or_uid: str) -> AgentRef | None: ...
    async def client_like(
        self, name: str | None, phone: str | None, external_id: str | None
    ) -> ClientRef | None:
        """The client with this external id, else with this number and name, else with this name alone."""
        ...

    async def agent_like(self, name: str | None, email: str | None) -> AgentRef | None: ...
    async def add_partner(self, name: str) -> Named: ...
    async def add_team(self, name: str) -> Named: ...
    async def add_client(self, name: str, phone: str | None, external_id: str | None) -> ClientRef: ...
    async def add_agent(self, name: str, email: str | None) -> AgentRef: ...
    async def partners(self, ids: Collection[int] | None = None) -> list[Named]: ...
    async def teams(self, ids: Collection[int] | None = None) -> list[Named]: ...
    async def clients(self, ids: Collection[int]) -> list[Named]: ...
    async def agents(self, ids: Collection[int]) -> list[Named]: ...


class StoredTranscript(Struct, frozen=True):
    version: int
    source: str
    created_at: datetime
    sha256: str
    transcript: Transcript


class Transcripts(Protocol):
    async def add(self, call: Call, transcript: Transcript, source: str, by: Principal) -> StoredTranscript:
        """A new version; earlier ones stay."""
        ...

    async def latest(self, call: Call) -> StoredTranscript | None: ...
    async def version(self, call: Call, version: int) -> StoredTranscript | None: ...
    async def latest_of(self, calls: Collection[Call]) -> dict[int, Transcript]:
        """By the call's id; calls without a transcript are left out."""
        ...


class Listen(Struct, frozen=True):
    """One principal hearing one call. `delivered` are byte ranges sent [start, end); `reported` the player's intervals.

    `seat` is what the media URL is tied to besides the principal: a session's or a registration's public id."""

    id: int
    uid: str
    call_id: int
    call_uid: str
    principal_uid: str
    seat: str
    opened_at: datetime
    last_at: datetime
    rendition: Rendition
    reason: str | None = None
    continues: str | None = None
    closed_at: datetime | None = None
    delivered: tuple[tuple[int, int], ...] = ()
    reported: tuple["Played", ...] = ()


Seconds = Annotated[float, Meta(ge=0, le=7 * 24 * 3600)]
"""Within a recording. Bounded, for a claim comes from outside and is added up."""


class Played(Struct, frozen=True, forbid_unknown_fields=True):
    """What a player says it played: media seconds `start` to `end`, at wall time `at`, in `wall` seconds, at `rate`."""

    start: Seconds
    end: Seconds
    at: datetime
    wall: Seconds
    rate: Annotated[float, Meta(gt=0, le=16)] = 1.0
    muted: bool = False
    visible: bool = True


class Listens(Protocol):
    async def add(
        self,
        call: Call,
        principal: Principal,
        seat: str,
        *,
        uid: str,
        reason: str | None,
        continues: str | None,
    ) -> Listen: ...
    async def get(self, uid: str) -> Listen | None: ...
    async def deliver(self, id: int, start: int, end: int) -> None:
        """Merge one byte range [start, end) into what was delivered; the listen is fresh again."""
        ...

    async def report(self, id: int, played: Sequence[Played]) -> None: ...
    async def close(self, id: int) -> Listen | None:
        """None if it was closed already."""
        ...

    async def abandoned(self, idle: timedelta, limit: int) -> list[Listen]: ...
    async def of_call(self, call: Call, principal: Principal | None = None) -> list[Listen]:
        """Newest first; of one principal, or of all."""
        ...


# ---- principals and their credentials --------------------------------------------------------------------------


class NewGrant(Struct, frozen=True, kw_only=True):
    """A grant about to be written. `scope` holds no `OwnCalls` ids: those are filled in whenever it is read."""

    scope: Scope
    role: Role | None
    actions: frozenset[Action]
    since: datetime
    until: datetime | None
    reason: str
    granted_by: str


class Principals(Protocol):
    """Principals come with their grants, and their own calls' agents filled in."""

    async def get(self, uid: str) -> Principal | None: ...
    async def by_id(self, id: int) -> Principal | None: ...
    async def by_email(self, email: str) -> Principal | None: ...
    async def by_client_id(self, client_id: str) -> Principal | None:
        """An integration's public id is its client id."""
        ...

    async def people(self) -> list[Principal]: ...
    async def integrations(self) -> list[Principal]: ...
    async def named(self, uids: Collection[str]) -> dict[str, str]:
        """Names by public id, for showing events."""
        ...

    async def add_person(self, email: str, name: str) -> Principal:
        """Raises `Conflict` where the e-mail is taken."""
        ...

    async def add_integration(self, name: str, purpose: str | None) -> Principal: ...
    async def disable(self, id: int) -> None:
        """The principal, its sessions, tokens and secrets end at once."""
        ...

    async def give(self, principal_id: int, grant: NewGrant) -> Grant: ...
    async def grant(self, uid: str) -> tuple[Principal, Grant] | None: ...
    async def revoke(self, grant_id: int) -> None: ...
    async def anyone(self) -> bool:
        """Whether any person exists: false on a fresh archive."""
        ...


class Session(Struct, frozen=True):
    uid: str
    principal_id: int
    created_at: datetime
    seen_at: datetime
    address: str | None
    user_agent: str | None


class Token(Struct, frozen=True):
    uid: str
    principal_id: int
    actions: frozenset[Action]
    expires_at: datetime


class Credentials(Protocol):
    """Secrets are kept as hashes: `hash` is SHA-256 of a random secret, passwords and client secrets are argon2id."""

    async def password(self, principal_id: int) -> str | None: ...
    async def set_password(self, principal_id: int, encoded: str) -> None: ...
    async def client_secrets(self, principal_id: int) -> list[str]: ...
    async def add_client_secret(self, principal_id: int, encoded: str) -> None: ...
    async def drop_client_secrets(self, principal_id: int, keep: int = 0) -> None:
        """All but the `keep` newest."""
        ...

    async def add_session(
        self, hash: bytes, principal_id: int, address: str | None, user_agent: str | None
    ) -> Session: ...
    async def session(self, hash: bytes) -> Session | None: ...
    async def touch_session(self, uid: str) -> None: ...
    async def sessions(self, principal_id: int) -> list[Session]: ...
    async def end_session(self, uid: str) -> None: ...
    async def add_token(
        self, hash: bytes, principal_id: int, actions: frozenset[Action], expires_at: datetime
    ) -> Token: ...
    async def token(self, hash: bytes) -> Token | None: ...
    async def revoke_token(self, hash: bytes) -> None: ...
    async def add_link(
        self, hash: bytes, purpose: str, principal_id: int | None, expires_at: datetime
    ) -> None: ...
    async def link(self, hash: bytes, purpose: str) -> tuple[int | None] | None:
        """The principal of an unused, unexpired link, as a one-tuple; None if there is no such link."""
        ...

    async def use_link(self, hash: bytes, purpose: str) -> bool:
        """True for exactly one caller, however many try at once."""
        ...

    async def drop_links(self, purpose: str) -> None: ...
    async def count_try(self, key: str, window: timedelta) -> int:
        """Count one try of `key` in the current window, atomically across processes; how many it makes."""
        ...

    async def forget_tries(self, key: str) -> None: ...


# ---- the audit log ---------------------------------------------------------------------------------------------


class EventFilter(Struct, frozen=True):
    """`since` inclusive, `until` exclusive; ids are public."""

    actor: str | None = None
    object: str | None = None
    object_kind: ObjectKind | None = None
    call: str | None = None
    types: frozenset[EventType] = frozenset()
    outcome: Outcome | None = None
    since: datetime | None = None
    until: datetime | None = None


class StoredEvent(Struct, frozen=True):
    """`seq` orders the list and makes its cursor. `texts` holds what was not erased, by field.

    `leaf` is the event's number in the Merkle log; None until it is sequenced."""

    seq: int
    id: str
    time: datetime
    body: bytes
    texts: Mapping[str, str]
    leaf: int | None = None


class AuditLog(Protocol):
    async def append(self, event: Event) -> Record:
        """Write the event in this unit of work, at the database's time."""
        ...

    async def page(
        self, filter: EventFilter, *, before: int | None = None, limit: int = 50
    ) -> list[StoredEvent]:
        """Newest first; `before` is a `seq`."""
        ...

    async def get(self, uid: str) -> StoredEvent | None: ...


# ---- the unit of work ------------------------------------------------------------------------------------------


class Work(Protocol):
    """One transaction. What is written and its events commit together, or not at all."""

    @property
    def calls(self) -> Calls: ...
    @property
    def names(self) -> Names: ...
    @property
    def transcripts(self) -> Transcripts: ...
    @property
    def listens(self) -> Listens: ...
    @property
    def principals(self) -> Principals: ...
    @property
    def credentials(self) -> Credentials: ...
    @property
    def audit(self) -> AuditLog: ...
    async def now(self) -> datetime:
        """The database host's time."""
        ...


class Database(Protocol):
    """Raises `Unavailable` when the database can't be reached, is full, or is locked too long."""

    def write(self) -> AbstractAsyncContextManager[Work]:
        """Commits at the end; rolls back if the block raises."""
        ...

    def read(self) -> AbstractAsyncContextManager[Work]: ...
    async def check(self) -> None:
        """Raises `Unavailable` unless it answers and its schema is the program's."""
        ...

    async def close(self) -> None: ...


# ---- recordings --------------------------------------------------------------------------------------------------


class BlobInfo(Struct, frozen=True):
    name: str
    bytes: int
    modified: datetime


class BlobStore(Protocol):
    """Bytes under names that the archive made (`originals/…`, `renditions/…`, `waveforms/…`). Written once."""

    async def write(self, name: str, chunks: AsyncIterable[bytes]) -> int:
        """Store a stream; its length. Nothing stays if the stream breaks. Raises `Conflict` where the name is taken."""
        ...

    async def write_file(self, name: str, source: Path) -> None: ...
    def read(self, name: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Bytes [start, end), in pieces of at most 256 KiB. Raises `NotFound` at the first one without such a blob."""
        ...

    async def fetch(self, name: str, target: Path) -> None: ...
    async def size(self, name: str) -> int | None: ...
    async def delete(self, name: str) -> None:
        """Deleting what isn't there is fine."""
        ...

    def names(self, prefix: str) -> AsyncIterator[BlobInfo]: ...
    async def drop_unfinished(self, before: datetime) -> None:
        """Remove what writers that were killed before that time left behind."""
        ...

    async def check(self) -> None: ...
    async def close(self) -> None: ...


# ---- work in the background ------------------------------------------------------------------------------------


class Job(StrEnum):
    """What a ring asks for. `INDEX_NAMES` makes a call findable by its metadata at once."""

    NORMALISE = "normalise"
    TRANSCRIBE = "transcribe"
    INDEX = "index"
    INDEX_NAMES = "index_names"
    FORGET = "forget"


class Doorbell(Protocol):
    """Rings are hints: the database knows what is owed, and the sweep rings again for what was lost."""

    async def ring(self, job: Job, call_id: int, *, delay: timedelta = timedelta(0)) -> None:
        """Never raises: `check` reports an unreachable queue, and the sweep rings again. Ringing twice is cheap."""
        ...

    async def show(self, call_id: int, stage: State, share: float) -> None:
        """Tell whoever watches how far a stage is; kept for minutes, lost without harm."""
        ...

    async def shown(self, call_id: int) -> tuple[State, float] | None: ...
    async def depth(self) -> int:
        """Jobs waiting."""
        ...

    async def working(self) -> bool:
        """Whether a worker reported within the last half minute."""
        ...

    async def check(self) -> None: ...
    async def close(self) -> None: ...


# ---- sound and words -----------------------------------------------------------------------------------------------


class AudioEngine(Protocol):
    @property
    def engine(self) -> str:
        """Name and version of the pipeline, recorded with each rendition."""
        ...

    async def probe(self, source: Path) -> AudioFacts: ...
    async def analyse(self, source: Path, facts: AudioFacts, progress: Progress) -> Analysis: ...
    async def render(self, source: Path, target: Path, analysis: Analysis, progress: Progress) -> None: ...


class Recogniser(Protocol):
    """A speech recogniser. Scores are comparable only within one `confidence_kind`."""

    @property
    def engine_id(self) -> str: ...
    @property
    def confidence_kind(self) -> str | None: ...
    @property
    def capabilities(self) -> frozenset[str]: ...
    def transcribe(
        self,
        pcm16k_mono: Path,
        *,
        language: str | None,
        hints: Sequence[str],
        progress: Progress,
        cancel: Callable[[], bool],
    ) -> Iterable[Segment]:
        """Segments of one channel (16 kHz, 16-bit, mono), in order of time."""
        ...


class TranscriptFormats(Protocol):
    def read(self, data: bytes, content_type: str | None) -> Transcript: ...
    def write(self, transcript: Transcript, fmt: TranscriptFormat) -> bytes: ...


class PasswordHasher(Protocol):
    """argon2id; about 150 ms each, in a thread."""

    async def hash(self, password: str) -> str: ...
    async def verify(self, encoded: str | None, password: str) -> bool:
        """With `encoded` None it takes as long and answers False, so that an unknown user can't be told by time."""
        ...


# ---- the search index ----------------------------------------------------------------------------------------------


class EngineQuery(Struct, frozen=True):
    """`find` bounds what is found by metadata; `speech`, which lies within it, what is found by what was said.

    `filter.states` is not for engines: states change too often to be indexed."""

    query: Query
    filter: CallFilter
    find: Scope
    speech: Scope
    sort: Sort = Sort.RELEVANCE
    offset: int = 0
    limit: int = 20


class EngineHit(Struct, frozen=True):
    """`spans`: byte ranges [start, end) of the call's text that matched, where the engine tells them."""

    call_id: int
    spans: tuple[tuple[int, int], ...] = ()


class Counts(Struct, frozen=True):
    """How many of the calls found fall to each id, kind and label."""

    partners: Mapping[int, int] = {}
    clients: Mapping[int, int] = {}
    teams: Mapping[int, int] = {}
    agents: Mapping[int, int] = {}
    kinds: Mapping[Kind, int] = {}
    labels: Mapping[str, int] = {}


class EngineAnswer(Struct, frozen=True):
    """`variants[i]`: the folded words taken for term i of the query, where the engine tells them instead of spans."""

    hits: tuple[EngineHit, ...] = ()
    total: int = 0
    counts: Counts = Counts()
    variants: tuple[frozenset[str], ...] = ()


class IndexRebuild(Protocol):
    """A new index beside the one in use."""

    async def put(self, documents: Sequence[CallDocument]) -> None: ...


class SearchIndex(Protocol):
    """The search engine. It holds nothing that the database doesn't; `Unavailable` when it can't be reached or used.

    `put`, `remove` and `rebuild` are for workers and the console; they return when searches see the change (in other
    processes within a second)."""

    async def put(self, documents: Sequence[CallDocument]) -> None:
        """Add calls, or replace them whole."""
        ...

    async def remove(self, call_ids: Collection[int]) -> None: ...
    async def search(self, query: EngineQuery) -> EngineAnswer: ...
    def rebuild(self) -> AbstractAsyncContextManager[IndexRebuild]:
        """Build a new index while the old one serves; takes its place when the block ends, goes if it raises."""
        ...

    async def count(self) -> int:
        """How many calls the index holds."""
        ...

    async def check(self) -> None: ...
    async def close(self) -> None: ...


class Parts(Struct, frozen=True):
    """Everything that the use cases are given, joined once by `bootstrap.py`."""

    database: Database
    blobs: BlobStore
    index: SearchIndex
    doorbell: Doorbell
    audio: AudioEngine
    formats: TranscriptFormats
    passwords: PasswordHasher
