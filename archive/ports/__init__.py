"""What the story needs from outside, as Protocols. Adapters implement them; `bootstrap.py` joins the two.

A method that takes a `Call` instead of an id does so on purpose: a `Call` comes only from `Calls`, and `Calls`
gives one only within a scope. So transcripts, listens and bytes can't be reached around the policy.
"""

from collections.abc import Mapping

from msgspec import Struct

from archive.ports.answers import Answers, KeptAnswer
from archive.ports.asking import (
    CHANGE_LIFE,
    REQUEST_LIFE,
    About,
    AccessRequest,
    AccessRequests,
    AddMember,
    Change,
    ChangeState,
    Decidable,
    GiveGrant,
    MapClaim,
    NewRequest,
    PendingChange,
    PendingChanges,
    ProlongGrant,
    Reasons,
    RequestState,
    ResetSignIn,
    RotateSecret,
    SetRule,
    StoredRule,
)
from archive.ports.audit import AuditLog, EventFilter, StoredEvent
from archive.ports.blobs import BlobInfo, BlobStore
from archive.ports.calls import (
    CallChanges,
    Calls,
    Due,
    KnownName,
    MetadataQuery,
    NameFilter,
    NameKind,
    NameMark,
    Names,
    NewCall,
    PageMark,
    Suggestion,
    SuggestionKind,
)
from archive.ports.company import (
    Bearer,
    Begun,
    Coming,
    CompanySignIns,
    Ended,
    Going,
    NotBelieved,
    Provider,
    Refusal,
    Said,
)
from archive.ports.engines import AudioEngine, PasswordHasher, Progress, Recogniser, TranscriptFormats
from archive.ports.glass import BrokenGlass, Glass
from archive.ports.groups import Claim, Group, Groups, Member
from archive.ports.index import (
    Counts,
    EngineAnswer,
    EngineHit,
    EngineQuery,
    IndexDebts,
    IndexRebuild,
    SearchIndex,
    Withheld,
)
from archive.ports.jobs import Doorbell, Job
from archive.ports.limiter import Limiter
from archive.ports.listens import MOST_REPORTED, Listen, Listens, Played, Seconds
from archive.ports.principals import Credentials, GrantFilter, Known, NewGrant, Principals, Session, Token
from archive.ports.programs import (
    Authorization,
    Authorizations,
    Code,
    RefreshToken,
    Registration,
    Registrations,
)
from archive.ports.reach import Held, Reaching, Who
from archive.ports.sign_ins import Authenticator, Identity, SignIns
from archive.ports.transcripts import StoredTranscript, Transcripts
from archive.ports.work import Database, Work

__all__ = [
    "CHANGE_LIFE",
    "MOST_REPORTED",
    "REQUEST_LIFE",
    "About",
    "AccessRequest",
    "AccessRequests",
    "AddMember",
    "Answers",
    "AudioEngine",
    "AuditLog",
    "Authenticator",
    "Authorization",
    "Authorizations",
    "Bearer",
    "Begun",
    "BlobInfo",
    "BlobStore",
    "BrokenGlass",
    "CallChanges",
    "Calls",
    "Change",
    "ChangeState",
    "Claim",
    "Code",
    "Coming",
    "CompanySignIns",
    "Counts",
    "Credentials",
    "Database",
    "Decidable",
    "Doorbell",
    "Due",
    "Ended",
    "EngineAnswer",
    "EngineHit",
    "EngineQuery",
    "EventFilter",
    "GiveGrant",
    "Glass",
    "Going",
    "GrantFilter",
    "Group",
    "Groups",
    "Held",
    "Identity",
    "IndexDebts",
    "IndexRebuild",
    "Job",
    "KeptAnswer",
    "Known",
    "KnownName",
    "Limiter",
    "Listen",
    "Listens",
    "MapClaim",
    "Member",
    "MetadataQuery",
    "NameFilter",
    "NameKind",
    "NameMark",
    "Names",
    "NewCall",
    "NewGrant",
    "NewRequest",
    "NotBelieved",
    "PageMark",
    "Parts",
    "PasswordHasher",
    "PendingChange",
    "PendingChanges",
    "Played",
    "Principals",
    "Progress",
    "ProlongGrant",
    "Provider",
    "Reaching",
    "Reasons",
    "Recogniser",
    "RefreshToken",
    "Refusal",
    "Registration",
    "Registrations",
    "RequestState",
    "ResetSignIn",
    "RotateSecret",
    "Said",
    "SearchIndex",
    "Seconds",
    "Session",
    "SetRule",
    "SignIns",
    "StoredEvent",
    "StoredRule",
    "StoredTranscript",
    "Suggestion",
    "SuggestionKind",
    "Token",
    "TranscriptFormats",
    "Transcripts",
    "Who",
    "Withheld",
    "Work",
]


class Parts(Struct, frozen=True):
    """Everything that the use cases are given, joined once by `bootstrap.py`. `providers` are companies' sign-ins, by
    name."""

    database: Database
    blobs: BlobStore
    index: SearchIndex
    doorbell: Doorbell
    audio: AudioEngine
    formats: TranscriptFormats
    passwords: PasswordHasher
    limiter: Limiter
    providers: Mapping[str, Provider] = {}
