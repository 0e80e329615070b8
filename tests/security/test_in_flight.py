"""Whoever is shut out while a download runs gets no more of it, whichever way they came in."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from msgspec import structs

from archive.calls import download
from archive.http.app import create_app
from archive.policy.actions import Action, Role
from archive.ports import BlobStore
from tests.world import SOUND, World

pytestmark = pytest.mark.anyio

Happening = Callable[[], Awaitable[Any]]


class Meanwhile:
    """Implements the part of `ports.BlobStore` that a download needs; after the first piece something happens."""

    def __init__(self, store: BlobStore, happens: Happening) -> None:
        self._store = store
        self._happens = happens

    async def read(self, name: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        async for piece in self._store.read(name, start, end):
            yield piece
            await self._happens()


@pytest.fixture(autouse=True)
def _asked_again_before_each_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "RECHECK_SECONDS", -1.0)


async def during(world: World, reader: httpx.AsyncClient, happens: Happening) -> bytes:
    """What `reader` gets of a recording during whose download something happens."""
    call = await world.call()
    await reader.post(f"/api/v1/calls/{call.uid}/reasons", json={"reason": "case 4711"})
    parts = structs.replace(world.parts, blobs=Meanwhile(world.parts.blobs, happens))
    app: Any = create_app(parts, world.settings)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url=reader.base_url, headers=reader.headers, cookies=reader.cookies
    ) as client:
        answer = await client.get(f"/api/v1/calls/{call.uid}/recording")
    assert answer.status_code == 200
    return answer.content


async def test_a_download_goes_on_while_nothing_happens_to_it(world: World) -> None:
    async def nothing() -> None: ...

    reader = await world.person(Role.COMPLIANCE)
    assert await during(world, reader, nothing) == b"RIFF" + SOUND


@pytest.mark.parametrize("minutes", [0, 11], ids=["valid", "expired meanwhile"])
async def test_revoking_a_token_cuts_its_download(world: World, minutes: int) -> None:
    crm, client = await world.add_integration(Action.DOWNLOAD), await world.client()
    answer = await client.post("/oauth/token", auth=crm, data={"grant_type": "client_credentials"})
    token = answer.json()["access_token"]

    async def revoke() -> None:
        world.clock.forward(minutes=minutes)
        assert (await client.post("/oauth/revoke", auth=crm, data={"token": token})).status_code == 200

    await _cut(world, await during(world, await world.client({"Authorization": f"Bearer {token}"}), revoke))


async def test_signing_out_cuts_a_download(world: World) -> None:
    reader = await world.person(Role.COMPLIANCE)

    async def sign_out() -> None:
        assert (await reader.post("/sign-out")).status_code in (200, 303)

    await _cut(world, await during(world, reader, sign_out))


async def _cut(world: World, got: bytes) -> None:
    (delivered,) = await world.events("recording.delivered")
    assert (delivered.outcome, delivered.details["bytes"]) == ("denied", len(got))
    assert 0 < len(got) < len(SOUND)
