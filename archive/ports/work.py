"""One transaction over all repositories."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from archive.ports.answers import Answers
from archive.ports.asking import AccessRequests, PendingChanges, Reasons
from archive.ports.audit import AuditLog
from archive.ports.calls import Calls, Names
from archive.ports.company import CompanySignIns
from archive.ports.glass import Glass
from archive.ports.groups import Groups
from archive.ports.index import IndexDebts
from archive.ports.listens import Listens
from archive.ports.principals import Credentials, Principals
from archive.ports.programs import Authorizations, Registrations
from archive.ports.reach import Reaching
from archive.ports.sign_ins import SignIns
from archive.ports.transcripts import Transcripts


class Work(Protocol):
    """One transaction. What is written and its events commit together, or not at all."""

    @property
    def calls(self) -> Calls: ...
    @property
    def names(self) -> Names: ...
    @property
    def index_debts(self) -> IndexDebts: ...
    @property
    def transcripts(self) -> Transcripts: ...
    @property
    def listens(self) -> Listens: ...
    @property
    def principals(self) -> Principals: ...
    @property
    def groups(self) -> Groups: ...
    @property
    def reaching(self) -> Reaching: ...
    @property
    def requests(self) -> AccessRequests: ...
    @property
    def glass(self) -> Glass: ...
    @property
    def changes(self) -> PendingChanges: ...
    @property
    def reasons(self) -> Reasons: ...
    @property
    def credentials(self) -> Credentials: ...
    @property
    def sign_ins(self) -> SignIns: ...
    @property
    def company(self) -> CompanySignIns: ...
    @property
    def registrations(self) -> Registrations: ...
    @property
    def authorizations(self) -> Authorizations: ...
    @property
    def answers(self) -> Answers: ...
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
