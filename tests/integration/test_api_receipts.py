"""Whoever may write a call but not read it is answered with a receipt, whichever way they write."""

import json
from typing import Any

import httpx
import pytest

from archive.calls.call import Failure, State
from archive.policy.actions import Action
from archive.policy.scope import AllCalls
from tests.world import World

pytestmark = pytest.mark.anyio

A = Action
SOUND = b"RIFF" + bytes(1000)
GIVEN = {"started_at": "2026-02-10T09:14:00Z", "partner": "Northwind", "external_id": "x-1", "note": "mine"}
VTT = b"WEBVTT\n\n00:00.000 --> 00:02.000\n<v Ann>Hello\n"
PLACE = {"id", "url", "state", "etag"}


@pytest.fixture
async def writer(world: World) -> httpx.AsyncClient:
    await world.call("Northwind")
    await world.call("Contoso")
    return await world.integration(A.UPLOAD, A.EDIT, scope="partner:Northwind")


async def upload(client: httpx.AsyncClient, metadata: dict[str, Any]) -> httpx.Response:
    parts = {"metadata": json.dumps(metadata).encode(), "audio": SOUND}
    return await client.post("/api/v1/calls", files=parts)


async def test_an_upload_is_answered_with_what_was_given(writer: httpx.AsyncClient) -> None:
    answer = await upload(writer, {**GIVEN, "client": {"phone": "+4917099999"}})
    receipt = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/api/v1/calls/{receipt['id']}"
    assert answer.headers["ETag"] == receipt["etag"]
    assert {name: receipt[name] for name in GIVEN} == GIVEN
    assert receipt["client"] == {"name": None, "phone": "+4917099999", "external_id": None}
    assert receipt["recording"].keys() == {"sha256", "bytes"}
    assert "duplicate_of" not in receipt
    assert (await writer.get(answer.headers["Location"])).status_code == 404


async def test_the_same_upload_again_tells_nothing_that_became_of_the_call(
    world: World, writer: httpx.AsyncClient
) -> None:
    first = (await upload(writer, GIVEN)).json()
    officer = await world.integration(A.EDIT, A.SEAL)
    change = {"partner": "Contoso", "note": "under investigation", "consent": "refused"}
    assert (await officer.patch(f"/api/v1/calls/{first['id']}", json=change)).status_code == 200
    again = await upload(writer, GIVEN)
    assert again.status_code == 200
    assert again.json() == {**first, "etag": again.json()["etag"]}


async def test_an_edit_another_try_and_a_transcript_are_answered_with_the_calls_place(
    world: World, writer: httpx.AsyncClient
) -> None:
    call = await world.call("Northwind", playable=False, note="theirs")
    async with world.parts.database.write() as work:
        held = (await work.calls.select([call.id], AllCalls()))[call.id]
        await work.calls.fail(held, Failure("timeout", "Too slow.", True))
    path = f"/api/v1/calls/{call.uid}"
    answers = [
        await writer.post(f"{path}/retry"),
        await writer.patch(path, json={"language": "en"}),
        await writer.put(f"{path}/transcript", content=VTT, headers={"Content-Type": "text/vtt"}),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert [answer.json().keys() for answer in answers] == [PLACE] * 3
    assert all(answer.headers["ETag"] == answer.json()["etag"] for answer in answers)
    assert answers[0].json()["state"] == State.RECEIVED


@pytest.mark.parametrize("action", [A.FIND, A.READ_CALL])
async def test_whoever_may_read_or_find_the_call_is_answered_with_it(world: World, action: Action) -> None:
    call = await world.call("Northwind", note="theirs")
    reader = await world.integration(A.EDIT, action)
    edited = (await reader.patch(f"/api/v1/calls/{call.uid}", json={"language": "en"})).json()
    assert (edited["note"], edited["language"]) == ("theirs", "en")
