"""Attacks on what carries sound and words: each is named after what somebody tries."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from msgspec import structs

from archive.calls.call import Call
from archive.http.app import create_app
from archive.ids import uuid7
from archive.policy.actions import Action, Role
from archive.policy.principal import Principal
from archive.ports import CallChanges
from tests.fakes import BrokenLog
from tests.world import SOUND, World

pytestmark = pytest.mark.anyio

PIECE = {"Range": "bytes=0-99"}
OWN, FOREIGN = "Northwind", "Contoso"
ON_A_CALL = ("", "/transcript", "/waveform", "/recording", "/recording?what=rendition", "/listens")


async def hearing(world: World) -> tuple[Call, Principal, httpx.AsyncClient, str]:
    """A team lead in the middle of a call: the call, who hears it, in which browser, and the media URL."""
    call, person = await world.call(OWN), await world.add_person(Role.TEAM_LEAD, OWN)
    client = await world.signed_in(person)
    opened = (await client.post(f"/api/v1/calls/{call.uid}/listens")).json()
    assert (await client.get(opened["audio_url"], headers=PIECE)).status_code == 206
    return call, person, client, str(opened["audio_url"])


# ---- what ends meanwhile ----

Ending = Callable[[World, Call, Principal], Awaitable[object]]


async def revoked(world: World, _: Call, person: Principal) -> None:
    async with world.parts.database.write() as work:
        await work.principals.revoke(person.grants[0].id)


async def expired(world: World, _: Call, person: Principal) -> None:
    async with world.parts.database.write() as work:
        ends = await work.now() + timedelta(seconds=1)
        assert await work.principals.change_end(person.grants[0], ends)
    world.clock.forward(seconds=1)


async def moved(world: World, call: Call, _: Principal) -> None:
    async with world.parts.database.write() as work:
        elsewhere = await work.names.partner(FOREIGN) or await work.names.add_partner(FOREIGN)
        assert await work.calls.edit(call.id, None, CallChanges(partner_id=elsewhere.id))


async def sealed(world: World, call: Call, _: Principal) -> None:
    officer = await world.person(Role.COMPLIANCE)
    answer = await officer.post(f"/api/v1/calls/{call.uid}/seal", json={"reason": "the council asked"})
    assert answer.status_code == 200


async def disabled(world: World, _: Call, person: Principal) -> None:
    async with world.parts.database.write() as work:
        await work.principals.disable(person.id)


ENDINGS = (revoked, expired, moved, sealed, disabled)


@pytest.mark.parametrize("ends", ENDINGS)
async def test_a_listen_under_way_is_cut(world: World, ends: Ending) -> None:
    call, person, client, audio_url = await hearing(world)
    await ends(world, call, person)
    cut = await client.get(audio_url, headers=PIECE)
    assert cut.status_code == (401 if ends is disabled else 404)
    assert not cut.headers.get("content-range")


@pytest.mark.parametrize("ends", ENDINGS)
async def test_all_of_a_call_is_lost_with_the_next_request(world: World, ends: Ending) -> None:
    call, person, client, _ = await hearing(world)
    await world.index(call)
    assert (await client.get("/api/v1/search", params={"q": "lorry"})).json()["total"] == 1
    await ends(world, call, person)
    if ends is disabled:
        assert (await client.get("/api/v1/calls")).status_code == 401
        return
    for path in ON_A_CALL:
        assert (await client.get(f"/api/v1/calls/{call.uid}{path}")).status_code == 404, path
    assert (await client.post(f"/api/v1/calls/{call.uid}/listens")).status_code == 404
    assert (await client.get("/api/v1/calls")).json()["items"] == []
    found = (await client.get("/api/v1/search", params={"q": "lorry"})).json()
    assert (found["items"], found["total"]) == ([], 0)
    assert not any(found["facets"].values())
    assert (await client.get("/api/v1/suggest", params={"q": "north"})).json()["items"] == []


async def test_a_disabled_programs_token_is_nothing_with_the_next_request(world: World) -> None:
    program = await world.integration(Action.FIND)
    assert (await program.get("/api/v1/calls")).status_code == 200
    async with world.parts.database.write() as work:
        (crm,) = [one for one in await work.principals.integrations() if one.name == "crm"]
        await work.principals.disable(crm.id)
    assert (await program.get("/api/v1/calls")).status_code == 401


async def test_the_named_of_a_sealed_call_reach_it_and_nothing_else(world: World) -> None:
    call, other = await world.call(OWN), await world.call(OWN)
    officer, named = await world.person(Role.COMPLIANCE), await world.add_person(Role.AUDITOR)
    body = {"reason": "the council asked", "named": [named.email]}
    assert (await officer.post(f"/api/v1/calls/{call.uid}/seal", json=body)).json()["sealed"] is True
    client = await world.signed_in(named)
    assert (await client.post(f"/api/v1/calls/{call.uid}/listens")).status_code == 201
    assert [one["id"] for one in (await client.get("/api/v1/calls")).json()["items"]] == [call.uid]
    assert (await client.get(f"/api/v1/calls/{other.uid}")).status_code == 404


# ---- sound ----


async def test_bytes_before_the_open_event(world: World) -> None:
    call, client = await world.call(OWN), await world.person(Role.TEAM_LEAD, OWN)
    for made_up in (uuid7(), call.uid, "0"):
        answer = await client.get(f"/api/v1/listens/{made_up}/audio", headers=PIECE)
        assert answer.status_code in {400, 404}
        assert answer.headers["content-type"] == "application/problem+json"
    assert await world.events("listen.opened") == []


async def test_a_media_url_replayed_by_another_principal(world: World) -> None:
    _, _, _, audio_url = await hearing(world)
    thieves = [
        await world.person(Role.TEAM_LEAD, OWN),
        await world.person(Role.COMPLIANCE),
        await world.integration(Action.LISTEN, Action.DOWNLOAD),
    ]
    for thief in thieves:
        answer = await thief.get(audio_url, headers=PIECE)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await (await world.client()).get(audio_url, headers=PIECE)).status_code == 401
    denied = await world.events("listen.denied")
    assert [event.reason_code for event in denied] == ["not_yours"] * len(thieves)


async def test_a_thousand_overlapping_ranges(world: World) -> None:
    _, _, client, audio_url = await hearing(world)
    greedy = {"Range": "bytes=" + ",".join(f"{at}-{at + 1000}" for at in range(1000))}
    answer = await client.get(audio_url, headers=greedy)
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(SOUND)}"


async def test_a_direct_blob_url(world: World) -> None:
    call, client = await world.call(OWN), await world.person(Role.COMPLIANCE)
    names = [call.recording.blob, *((call.rendition.blob, call.rendition.waveform) if call.rendition else ())]
    for name in names:
        for path in (f"/{name}", f"/recordings/{name}", f"/api/v1/{name}", f"/assets/x/{name}"):
            answer = await client.get(path)
            assert answer.status_code in {404, 405}, path
            assert SOUND[:64] not in answer.content


async def test_the_audit_database_is_down(world: World) -> None:
    call = await world.call(OWN)
    client = await world.integration(Action.LISTEN, Action.DOWNLOAD, Action.READ_TRANSCRIPT, Action.READ_CALL)
    refused = ("listen.opened", "recording.downloaded", "transcript.read")
    parts = structs.replace(world.parts, database=BrokenLog(world.parts.database, *refused))
    app: Any = create_app(parts, world.settings)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url=client.base_url, headers=client.headers
    ) as broken:
        base = f"/api/v1/calls/{call.uid}"
        for method, path in (("POST", "/listens"), ("GET", "/recording"), ("GET", "/transcript")):
            answer = await broken.request(method, base + path)
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
            assert SOUND[:64] not in answer.content
            assert b"lorry" not in answer.content


async def test_what_is_heard_and_read_is_kept_by_no_cache(world: World) -> None:
    call, _, client, audio_url = await hearing(world)
    crm = await world.integration(Action.DOWNLOAD, Action.READ_TRANSCRIPT)
    base = f"/api/v1/calls/{call.uid}"
    answers = [await client.get(audio_url, headers=PIECE), await client.get(f"/calls/{call.uid}")]
    answers += [await crm.get(base + path) for path in ("/recording", "/transcript")]
    assert [answer.headers["cache-control"] for answer in answers] == ["private, no-store"] * 4


async def test_a_refusal_of_sound_is_kept_by_no_cache(world: World) -> None:
    """A range outside the file, none where one is needed, and a unit that isn't known, which counts as none."""
    _, _, client, audio_url = await hearing(world)
    outside = await client.get(audio_url, headers={"Range": f"bytes={len(SOUND)}-"})
    none = await client.get(audio_url)
    unknown = await client.get(audio_url, headers={"Range": "lines=0-1"})
    assert [answer.status_code for answer in (outside, none, unknown)] == [416, 400, 400]
    assert unknown.json() == none.json()
    kept = {answer.headers["cache-control"] for answer in (outside, none, unknown)}
    assert kept == {"private, no-store"}


# ---- saying why ----


async def test_without_a_reason_there_is_no_sound_and_no_word_of_it(world: World) -> None:
    call, officer = await world.call(OWN), await world.person(Role.COMPLIANCE)
    admin = await world.person(Role.ADMINISTRATOR)
    rule = {
        "actions": ["listen", "download", "read_transcript"],
        "masks": ["CASE-###"],
        "explanation": "The regulator asks.",
    }
    assert (await admin.post("/api/v1/reason-rules", json=rule)).status_code == 201
    base = f"/api/v1/calls/{call.uid}"
    for method, path in (("POST", "/listens"), ("GET", "/recording"), ("GET", "/transcript")):
        answer = await officer.request(method, base + path)
        assert (answer.status_code, answer.json()["code"]) == (422, "reason_required")
        assert (answer.json()["explanation"], answer.json()["masks"]) == ("The regulator asks.", ["CASE-###"])
        assert b"lorry" not in answer.content
    page = await officer.get(f"/calls/{call.uid}")
    assert page.status_code == 200
    assert "lorry" not in page.text
    wrong = await officer.post(f"{base}/reasons", json={"reason": "curious"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "reason_required")

    assert (await officer.post(f"{base}/reasons", json={"reason": "case-471"})).status_code == 201
    assert (await officer.post(f"{base}/listens")).status_code == 201
    assert (await officer.get(f"{base}/recording")).status_code == 200
    assert "lorry" in (await officer.get(f"{base}/transcript")).text
    assert "lorry" in (await officer.get(f"/calls/{call.uid}")).text
    for what in ("listen.opened", "recording.downloaded", "transcript.read"):
        assert (await world.events(what))[0].purpose == "case-471"


async def test_a_form_for_the_reason_leads_back_to_its_own_call_alone(world: World) -> None:
    call, officer = await world.call(OWN), await world.person(Role.COMPLIANCE)
    path = f"/calls/{call.uid}"
    for back, to in ((f"{path}?t=6", f"{path}?t=6"), ("https://example.com", path), ("/audit", path)):
        answer = await officer.post(f"{path}/reasons", data={"reason": "case 4711", "back": back})
        assert (answer.status_code, answer.headers["location"]) == (303, to)
    short = await officer.post(f"{path}/reasons", data={"reason": "<b>", "before": "listen"})
    assert short.status_code == 303
    refused = await officer.post(f"{path}/reasons", data={"reason": "x", "before": "listen"})
    assert refused.status_code == 422
