"""The story on a real database and a folder of recordings, with the other parts in reach of a test's hand."""

from collections.abc import AsyncIterator, Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Struct, structs

from archive.adapters.db.database import SqlDatabase
from archive.adapters.files import FolderStore
from archive.adapters.limiter import NoLimiter
from archive.adapters.transcripts import TranscriptFormats
from archive.audit.event import Origin
from archive.calls import upload
from archive.calls.call import Call
from archive.calls.caller import Caller
from archive.calls.index import index_call, refresh
from archive.calls.normalise import normalise
from archive.calls.transcribe import transcribe
from archive.calls.transcript import Transcript
from archive.calls.upload import Accepted, Metadata, Stored
from archive.ids import uuid7
from archive.policy.actions import Action, Role
from archive.policy.principal import Grant, Principal
from archive.policy.scope import AllCalls, CallIds, Partner, Scope
from archive.ports import (
    Database,
    EventFilter,
    NewGrant,
    Parts,
)
from tests.databases import Clock
from tests.fakes import Doorbell, Engine, Index, NoPasswords

STARTED = datetime(2026, 2, 10, 9, 0, tzinfo=UTC)


class Logged(Struct, frozen=True):
    """An event as its bytes tell it, and its texts beside it."""

    type: str
    outcome: str
    reason_code: str | None
    actor: dict[str, Any]
    object: dict[str, Any]
    call: str | None
    details: dict[str, Any]
    texts: dict[str, str] = {}


class Story:
    def __init__(self, database: Database, folder: Path, clock: Clock) -> None:
        self.clock = clock
        self.folder = folder
        self.doorbell, self.index, self.engine = Doorbell(), Index(), Engine()
        self.parts = Parts(
            database=database,
            blobs=FolderStore(folder),
            index=self.index,
            doorbell=self.doorbell,
            audio=self.engine,
            formats=TranscriptFormats(),
            passwords=NoPasswords(),
            limiter=NoLimiter(),
        )

    # ---- who asks ----

    async def caller(self, given: Role | Collection[Action], scope: Scope | str = "all") -> Caller:
        """Somebody with one grant; `scope` may be the name of a partner."""
        async with self.parts.database.write() as work:
            person = await work.principals.add_person(f"{uuid7()}@example.com", "Jo")
        await self.give(person, given, scope)
        return await self.again(Caller(person, Origin(address="192.0.2.7"), seat=uuid7()))

    async def give(self, person: Principal, given: Role | Collection[Action], scope: Scope | str) -> None:
        role = given if isinstance(given, Role) else None
        if isinstance(scope, str):
            scope = AllCalls() if scope == "all" else await self._partner(scope)
        async with self.parts.database.write() as work:
            grant = NewGrant(
                scope=scope,
                role=role,
                actions=frozenset() if isinstance(given, Role) else frozenset(given),
                since=await work.now(),
                until=None,
                reason="",
                granted_by="console",
            )
            await work.principals.give(person.id, grant)

    async def signed_in(self, caller: Caller) -> Caller:
        """The caller in a session of theirs."""
        async with self.parts.database.write() as work:
            secret = uuid7().encode()
            session = await work.credentials.add_session(secret, caller.principal.id, None, None)
        return structs.replace(caller, origin=structs.replace(caller.origin, session=session.uid))

    async def with_token(self, caller: Caller, secret: bytes, actions: Collection[Action]) -> Caller:
        """The caller with an access token of ten minutes that carries `actions`; `secret` is what revokes it."""
        given = frozenset(actions)
        async with self.parts.database.write() as work:
            ends = await work.now() + timedelta(minutes=10)
            token = await work.credentials.add_token(secret, caller.principal.id, given, ends)
        return Caller(
            structs.replace(caller.principal, narrowed=given), caller.origin, caller.seat, token.uid
        )

    async def revoke(self, caller: Caller) -> Caller:
        """Take all grants away; the caller as the next request finds them."""
        async with self.parts.database.write() as work:
            for grant in caller.principal.grants:
                await work.principals.revoke(grant.id)
        return await self.again(caller)

    async def again(self, caller: Caller) -> Caller:
        """The caller's next request."""
        async with self.parts.database.read() as work:
            principal = await work.principals.get(caller.principal.uid)
        assert principal is not None
        return structs.replace(caller, principal=principal)

    async def grant(self, uid: str) -> Grant:
        async with self.parts.database.read() as work:
            found = await work.principals.grant(uid)
        assert found is not None
        return found[1]

    async def _partner(self, name: str) -> Scope:
        async with self.parts.database.write() as work:
            known = await work.names.partner(name) or await work.names.add_partner(name)
        return Partner(frozenset({known.id}))

    # ---- what happens ----

    async def upload(
        self, caller: Caller, data: bytes = b"RIFF", transcript: Transcript | None = None, **metadata: Any
    ) -> Accepted:
        given = Metadata(**{"started_at": STARTED, **metadata})
        return await upload.accept(self.parts, caller, given, await self.store(data), transcript)

    async def store(self, data: bytes = b"RIFF") -> Stored:
        return await upload.store(self.parts, chunks(data), 2**30)

    async def received(self, partner: str = "Northwind", **metadata: Any) -> Call:
        uploader = await self.caller({Action.UPLOAD})
        return (await self.upload(uploader, partner=partner, **metadata)).call

    async def ready(self, partner: str = "Northwind", **metadata: Any) -> Call:
        """A call that went through every stage."""
        call = await self.received(partner, **metadata)
        for stage in (normalise, transcribe, index_call, refresh):
            await stage(self.parts, call.id)
        self.doorbell.rung.clear()
        return await self.call(call)

    async def call(self, call: Call) -> Call:
        """The call as it stands now."""
        async with self.parts.database.read() as work:
            return (await work.calls.select([call.id], AllCalls()))[call.id]

    async def exists(self, call: Call) -> bool:
        async with self.parts.database.read() as work:
            return bool(await work.calls.select([call.id], AllCalls()))

    async def events(self, *types: str, **filter: Any) -> list[Logged]:
        """Oldest first."""
        async with self.parts.database.read() as work:
            stored = await work.audit.page(EventFilter(**filter), limit=1000)
        events = [
            structs.replace(msgspec.json.decode(e.body, type=Logged), texts=dict(e.texts)) for e in stored
        ]
        return [event for event in reversed(events) if not types or event.type in types]

    def blobs(self) -> set[str]:
        """Files of the store, unfinished ones too."""
        return {path.relative_to(self.folder).parts[0] + "/" + path.name for path in self.files()}

    def files(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if path.is_file()]


def only(call: Call) -> Scope:
    return CallIds(frozenset({call.id}))


async def chunks(data: bytes, size: int = 65_536) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


@pytest.fixture
def story(database: SqlDatabase, tmp_path: Path, clock: Clock) -> Story:
    """On SQLite, then on PostgreSQL."""
    return Story(database, tmp_path / "recordings", clock)
