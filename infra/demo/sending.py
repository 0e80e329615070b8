"""The demo's integration: how it is registered, and how it uploads each call as soon as it is spoken."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from archive.cli.api import ClientCredentials
from archive.identity import manage
from archive.identity.manage import Giving
from archive.ports import Parts, PendingChange
from infra.demo.calls import DemoCall
from infra.demo.kept import Keeper
from infra.demo.people import Integration
from infra.demo.speak import SpokenCall, synthesise

CONSOLE = manage.console("demo")
PAGE = 200
SPOKEN_AT_ONCE = 2


class FillError(Exception):
    """The archive did something else than the demo expects; the message says what it answered."""


async def credentials(parts: Parts, integration: Integration) -> tuple[str, str]:
    """Client id and a new secret. An integration whose secret a killed start took with it gets another."""
    for known in await manage.integrations(parts, CONSOLE):
        if known.name == integration.name:
            secret = await manage.rotate(parts, CONSOLE, known.uid)
            if isinstance(secret, PendingChange):  # compliance was there before the demo was
                raise FillError("The demo's integration needs a new secret, which takes a second person.")
            return known.uid, secret
    giving = Giving(scope=integration.scope, actions=frozenset(integration.actions), reason="The demo's own")
    registering = manage.Registering(name=integration.name, purpose=integration.purpose)
    made = await manage.register(parts, CONSOLE, registering, giving)
    return made.integration.uid, made.secret or ""


async def send_calls(url: str, calls: Sequence[DemoCall], keeper: Keeper) -> None:
    """Speak and upload what is not there yet. Raises FillError, SynthesisError."""
    auth = ClientCredentials(keeper.kept.client_id, keeper.kept.client_secret)
    with TemporaryDirectory(prefix="demo-") as folder:
        async with httpx.AsyncClient(base_url=url, auth=auth, trust_env=False, timeout=60.0) as api:
            sender = _Sender(api, keeper, Path(folder), await _nameless(api))
            async with asyncio.TaskGroup() as group:
                for call in calls:
                    if call.id not in keeper.kept.uploaded:
                        group.create_task(sender.send(call))


async def _nameless(api: httpx.AsyncClient) -> dict[str, str]:
    """The calls without an external id that are there, by their recording's SHA-256: nothing else tells them again."""
    answer = checked(await api.get("/api/v1/calls", params={"limit": PAGE}))
    return {call["recording"]["sha256"]: call["id"] for call in answer["items"] if not call["external_id"]}


class _Sender:
    def __init__(
        self, api: httpx.AsyncClient, keeper: Keeper, folder: Path, nameless: dict[str, str]
    ) -> None:
        self._api, self._keeper, self._folder, self._nameless = api, keeper, folder, nameless
        self._room = asyncio.Semaphore(SPOKEN_AT_ONCE)

    async def send(self, call: DemoCall) -> None:
        async with self._room:
            spoken = await synthesise(call, self._folder, today=self._keeper.kept.today)
            audio = spoken.audio.read_bytes()
            known = None if call.external_id else self._nameless.get(hashlib.sha256(audio).hexdigest())
            self._keeper.kept.uploaded[call.id] = known or await self._upload(spoken, audio)
            self._keeper.save()

    async def _upload(self, spoken: SpokenCall, audio: bytes) -> str:
        files = {
            "metadata": ("metadata.json", json.dumps(spoken.metadata).encode(), "application/json"),
            "audio": (spoken.audio.name, audio, "application/octet-stream"),
        }
        if spoken.transcript and spoken.transcript_type:
            words = spoken.transcript.read_bytes()
            files["transcript"] = (spoken.transcript.name, words, spoken.transcript_type)
        return str(checked(await self._api.post("/api/v1/calls", files=files))["id"])


def checked(answer: httpx.Response) -> dict[str, Any]:
    """The answer's JSON. Raises FillError with the problem's own words."""
    if answer.is_success:
        return dict(answer.json())
    raise FillError(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text}")
