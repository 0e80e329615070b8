"""A small archive in one process, on SQLite and folders, with people who can ask it things over HTTP."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from litestar import Litestar
from msgspec import structs

from archive.adapters.db.database import SqlDatabase
from archive.adapters.ffmpeg import FFmpegEngine
from archive.adapters.files import FolderStore
from archive.adapters.jobs import NoDoorbell
from archive.adapters.tantivy import TantivyIndex
from archive.adapters.transcripts import TranscriptFormats
from archive.audit.event import Origin
from archive.calls import upload
from archive.calls.call import Call, Rendition, State
from archive.calls.caller import Caller
from archive.calls.history import ShownEvent
from archive.calls.history import events as read_events
from archive.calls.index import index_call
from archive.calls.sound import AudioLimits
from archive.calls.transcript import Segment, Transcript
from archive.calls.upload import Metadata
from archive.http.app import create_app
from archive.http.context import one_thread
from archive.http.metrics import Metrics
from archive.identity import manage, people, sessions
from archive.identity.grants import give_within
from archive.identity.manage import Giving, Registering
from archive.policy.actions import Action, Role
from archive.policy.principal import Principal
from archive.policy.scope import AllCalls
from archive.ports import CallChanges, EventFilter, NewGrant, Parts
from archive.settings import Settings
from tests.databases import Clock
from tests.fakes import ClockLimiter

URL = "http://localhost:8000"
ORIGIN = {"Origin": URL}
SOUND = bytes(range(256)) * 2048
"""A rendition of 512 KiB; byte n is n modulo 256."""

WORDS = Transcript((Segment(0.0, 2.0, "The lorry never came", "agent", 0),), "en")
PASSWORD = "correct horse battery"


class PlainPasswords:
    """Implements `ports.PasswordHasher` without its cost; counts what it is asked."""

    def __init__(self) -> None:
        self.verified: list[str | None] = []

    async def hash(self, password: str) -> str:
        return f"plain${password}"

    async def verify(self, encoded: str | None, password: str) -> bool:
        self.verified.append(encoded)
        return encoded == f"plain${password}"


class World:
    """Everybody's client carries their credentials; `at_console` may do anything that the console may."""

    def __init__(self, parts: Parts, settings: Settings, clock: Clock, stack: AsyncExitStack) -> None:
        self.parts = parts
        self.settings = settings
        self.clock = clock
        self.app = _application(parts, settings)
        self.at_console = manage.console("tester")
        self._stack = stack
        self._described = _described(self.app.state.context.openapi)

    async def client(self, headers: Mapping[str, str] | None = None, **more: Any) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=cast(Any, self.app), raise_app_exceptions=False)
        hooks = {"response": [self._check_described]}
        client = httpx.AsyncClient(
            transport=transport, base_url=URL, headers=headers, event_hooks=hooks, **more
        )
        return await self._stack.enter_async_context(client)

    async def person(self, role: Role, *partners: str) -> httpx.AsyncClient:
        """Somebody signed in, with a role on calls of `partners` (without any: on all)."""
        return await self.signed_in(await self.add_person(role, *partners))

    async def add_person(self, role: Role, *partners: str) -> Principal:
        scope = "partner:" + ",".join(partners) if partners else "all"
        async with self.parts.database.write() as work:
            for partner in partners:
                await work.names.partner(partner) or await work.names.add_partner(partner)
            email = f"{role}.{len(await work.principals.people())}@example.com"
            encoded = await self.parts.passwords.hash(PASSWORD)
            name = role.value.replace("_", " ")
            person = await people.enrol(
                work, self.at_console, name=name, email=email, giving=None, encoded=encoded
            )
            giving = Giving(scope="all" if role is Role.ADMINISTRATOR else scope, role=role)
            await give_within(work, self.at_console, person, giving)  # takes no second person
            return await work.principals.by_id(person.id) or person

    async def signed_in(self, person: Principal) -> httpx.AsyncClient:
        async with self.parts.database.write() as work:
            secret = await sessions.begin(work, person, Origin())
        cookies = httpx.Cookies()
        cookies.set("session", secret, domain="localhost.local")  # as if the archive had set it
        return await self.client(ORIGIN, cookies=cookies)

    async def integration(self, *actions: Action, scope: str = "all") -> httpx.AsyncClient:
        client_id, secret = await self.add_integration(*actions, scope=scope)
        client = await self.client()
        answer = await client.post(
            "/oauth/token", auth=(client_id, secret), data={"grant_type": "client_credentials"}
        )
        client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return client

    async def add_integration(self, *actions: Action, scope: str = "all") -> tuple[str, str]:
        giving = Giving(scope=scope, actions=frozenset(actions or (Action.FIND,)))
        made = await manage.register(self.parts, self.at_console, Registering(name="crm"), giving)
        async with self.parts.database.write() as work:
            if made.waiting:  # what takes a second person elsewhere
                await give_within(work, self.at_console, made.integration, giving)
        return made.integration.uid, made.secret or ""

    BACK = "https://crm.example.com/back"

    async def add_program(self, *, public: bool = False, **given: Any) -> tuple[str, str]:
        """One that acts for people and does nothing for itself; it waits at `BACK`."""
        usual = {"redirect_uris": (self.BACK,), "for_people": frozenset({Action.FIND, Action.READ_CALL})}
        registering = Registering(name="crm", public=public, **{**usual, **given})
        made = await manage.register(self.parts, self.at_console, registering, None)
        return made.integration.uid, made.secret or ""

    async def call(self, partner: str = "Northwind", *, playable: bool = True, **metadata: Any) -> Call:
        """A call with a transcript, and with a rendition of `SOUND` if it is playable."""
        given = Metadata(started_at=datetime(2026, 2, 10, 9, tzinfo=UTC), partner=partner, **metadata)
        stored = await upload.store(self.parts, _chunks(b"RIFF" + SOUND), 2**30)
        accepted = await upload.accept(self.parts, await self._uploader(), given, stored, WORDS)
        return await self._made_ready(accepted.call) if playable else accepted.call

    async def index(self, call: Call) -> None:
        """Make a ready call findable by what was said."""
        async with self.parts.database.write() as work:
            await work.calls.advance(call.id, State.READY, State.INDEXING)
        await index_call(self.parts, call.id)

    async def events(self, *types: str, **filter: Any) -> list[ShownEvent]:
        """Newest first, read as somebody who isn't part of the story."""
        shown = await read_events(self.parts, await self._auditor(), EventFilter(**filter), limit=1000)
        return [event for event in shown if not types or event.type in types]

    async def _check_described(self, answer: httpx.Response) -> None:
        """Each refusal that any test comes upon stands in the OpenAPI document; a fault of ours doesn't."""
        request = answer.request
        for path, operations in self._described:
            if path.fullmatch(request.url.path) and (one := operations.get(request.method.lower())):
                assert answer.status_code in {200, 206, 304, 500, *map(int, one["responses"])}, path.pattern

    async def _uploader(self) -> Caller:
        return await self._caller("uploader", Action.UPLOAD)

    async def _auditor(self) -> Caller:
        return await self._caller("auditor", Action.READ_AUDIT)

    async def _caller(self, name: str, action: Action) -> Caller:
        async with self.parts.database.write() as work:
            known = [one for one in await work.principals.integrations() if one.name == name]
            made = known[0] if known else await work.principals.add_integration(name, None)
            if not known:
                now = await work.now()
                grant = NewGrant(
                    scope=AllCalls(),
                    role=None,
                    actions=frozenset({action}),
                    since=now,
                    until=None,
                    reason="",
                    granted_by="console",
                )
                await work.principals.give(made.id, grant)
            return Caller(await work.principals.by_id(made.id) or made, seat=made.uid)

    async def _made_ready(self, call: Call) -> Call:
        blobs = (f"renditions/{call.uid}", f"waveforms/{call.uid}")
        rendition = Rendition(blobs[0], "ab" * 32, len(SOUND), "audio/mp4", "test 1", blobs[1])
        await self.parts.blobs.write(blobs[0], _chunks(SOUND))
        await self.parts.blobs.write(blobs[1], _chunks(b'{"version":2}'))
        steps = (State.RECEIVED, State.NORMALISING, State.TRANSCRIBING, State.INDEXING, State.READY)
        moved: Call | None = call
        async with self.parts.database.write() as work:
            for old, new in pairwise(steps):
                changes = (
                    CallChanges(rendition=rendition, duration=60.0) if new is State.TRANSCRIBING else None
                )
                moved = await work.calls.advance(call.id, old, new, changes)
        assert moved is not None
        return moved


_applications: dict[Settings, Litestar] = {}


def _application(parts: Parts, settings: Settings) -> Litestar:
    """One for all worlds of a process, each with a context of its own: to build the routes takes 0.3 s."""
    app = _applications.get(settings) or _applications.setdefault(settings, create_app(parts, settings))
    app.state.context = structs.replace(
        app.state.context, parts=parts, settings=settings, metrics=Metrics(), parsing=one_thread()
    )
    return app


@cache
def _described(openapi: str) -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    """Each path of the document as a pattern, with its operations."""
    paths = json.loads(openapi)["paths"]
    return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), operations) for path, operations in paths.items()]


async def _chunks(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 65_536):
        yield data[start : start + 65_536]


@pytest.fixture
async def world(sqlite_url: str, tmp_path: Path, clock: Clock) -> AsyncIterator[World]:
    parts = Parts(
        database=SqlDatabase(sqlite_url, clock=clock),
        blobs=FolderStore(tmp_path / "recordings"),
        index=TantivyIndex(tmp_path / "index"),
        doorbell=NoDoorbell(),
        audio=FFmpegEngine(AudioLimits()),
        formats=TranscriptFormats(),
        passwords=PlainPasswords(),
        limiter=ClockLimiter(clock),
    )
    async with AsyncExitStack() as stack:
        yield World(parts, Settings(public_url=URL), clock, stack)
    for part in (parts.index, parts.blobs, parts.database):
        await part.close()
