"""The sound of a call over the API: listens, pieces, ranges, downloads."""

import base64
import hashlib

import httpx
import pytest

from archive.calls.call import Call
from archive.calls.listen import PIECE
from archive.policy.actions import Action, Role
from tests.world import SOUND, World

pytestmark = pytest.mark.anyio


@pytest.fixture
async def call(world: World) -> Call:
    return await world.call()


@pytest.fixture
async def manager(world: World) -> httpx.AsyncClient:
    return await world.person(Role.PARTNER_MANAGER, "Northwind")


@pytest.fixture
async def audio_url(call: Call, manager: httpx.AsyncClient) -> str:
    opened = await manager.post(f"/api/v1/calls/{call.uid}/listens", json={"reason": "case 7"})
    return str(opened.json()["audio_url"])


async def test_a_listen_stands_in_the_log_before_its_first_byte(
    world: World, call: Call, manager: httpx.AsyncClient
) -> None:
    opened = await manager.post(f"/api/v1/calls/{call.uid}/listens", json={"reason": "case 7"})
    listen = opened.json()
    assert opened.status_code == 201
    assert (listen["content_type"], listen["duration"]) == ("audio/mp4", 60.0)
    assert listen["expires_at"] == "2026-03-02T00:00:00.123456Z"
    (event,) = await world.events("listen.opened", call=call.uid)
    assert (event.object.id, event.purpose) == (listen["id"], "case 7")


async def test_a_piece_is_exactly_the_bytes_asked_for(manager: httpx.AsyncClient, audio_url: str) -> None:
    piece = await manager.get(audio_url, headers={"Range": "bytes=1000-1009"})
    assert (piece.status_code, piece.content) == (206, SOUND[1000:1010])
    assert piece.headers["Content-Range"] == f"bytes 1000-1009/{len(SOUND)}"
    assert piece.headers["Accept-Ranges"] == "bytes"
    assert piece.headers["Cache-Control"] == "private, no-store"
    assert piece.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("header", ["bytes=0-", f"bytes=0-{len(SOUND)}", f"bytes=-{len(SOUND)}"])
async def test_an_answer_carries_no_more_than_a_piece(
    manager: httpx.AsyncClient, audio_url: str, header: str
) -> None:
    piece = await manager.get(audio_url, headers={"Range": header})
    assert (piece.status_code, len(piece.content)) == (206, PIECE)
    assert piece.headers["Content-Range"] == f"bytes 0-{PIECE - 1}/{len(SOUND)}"


async def test_piece_after_piece_is_the_whole(manager: httpx.AsyncClient, audio_url: str) -> None:
    whole = b""
    while len(whole) < len(SOUND):
        whole += (await manager.get(audio_url, headers={"Range": f"bytes={len(whole)}-"})).content
    assert whole == SOUND


async def test_without_a_range_the_answer_says_what_to_send(
    manager: httpx.AsyncClient, audio_url: str
) -> None:
    answer = await manager.get(audio_url)
    assert (answer.status_code, answer.json()["code"]) == (400, "range_required")
    other = await manager.get(audio_url, headers={"Range": "bytes=0-9", "If-Range": '"other"'})
    assert other.json()["code"] == "range_required"


@pytest.mark.parametrize("header", [f"bytes={len(SOUND)}-", "bytes=0-1,5-6", "bytes=5-1", "bytes=-0"])
async def test_a_range_that_can_not_be_met(
    world: World, manager: httpx.AsyncClient, audio_url: str, header: str
) -> None:
    answer = await manager.get(audio_url, headers={"Range": header})
    assert (answer.status_code, answer.json()["code"]) == (416, "range_not_satisfiable")
    assert answer.headers["Content-Range"] == f"bytes */{len(SOUND)}"


async def test_head_tells_the_size_and_delivers_nothing(
    world: World, call: Call, manager: httpx.AsyncClient, audio_url: str
) -> None:
    whole = await manager.head(audio_url)
    part = await manager.head(audio_url, headers={"Range": "bytes=0-"})
    assert (whole.status_code, whole.headers["Content-Length"]) == (200, str(len(SOUND)))
    assert (part.status_code, part.headers["Content-Length"]) == (206, str(PIECE))
    (heard,) = (await manager.get(f"/api/v1/calls/{call.uid}/listens")).json()["items"]
    assert heard["delivered"] == []


async def test_what_was_delivered_and_what_was_played_are_kept_apart(
    world: World, call: Call, manager: httpx.AsyncClient, audio_url: str
) -> None:
    listen = audio_url.removesuffix("/audio")
    await manager.get(audio_url, headers={"Range": "bytes=0-99"})
    played = {"start": 0, "end": 4.5, "at": "2026-03-01T12:00:00Z", "wall": 3, "rate": 1.5}
    assert (await manager.post(f"{listen}/progress", json={"played": [played]})).status_code == 204
    wrong = await manager.post(f"{listen}/progress", json={"played": [{**played, "loud": True}]})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "played[0].loud")
    assert (await manager.delete(listen)).status_code == 204
    (heard,) = (await manager.get(f"/api/v1/calls/{call.uid}/listens")).json()["items"]
    assert heard["delivered"] == [[0, 100]]
    assert heard["reported"][0]["end"] == 4.5
    assert heard["closed_at"] is not None
    (closed,) = await world.events("listen.closed", call=call.uid)
    assert closed.details["reported_ms"] == 4500

    over = await manager.get(audio_url, headers={"Range": "bytes=0-9"})
    assert (over.status_code, over.json()["code"]) == (410, "listen_over")


async def test_listens_are_shown_to_those_who_read_the_log(
    world: World, call: Call, manager: httpx.AsyncClient, audio_url: str
) -> None:
    path = f"/api/v1/calls/{call.uid}/listens"
    compliance, lead = (
        await world.person(Role.COMPLIANCE),
        await world.person(Role.PARTNER_MANAGER, "Northwind"),
    )
    assert len((await compliance.get(path)).json()["items"]) == 1
    assert (await lead.get(path)).json()["items"] == []


async def test_listens_come_page_by_page_each_read_under_its_event(
    world: World, call: Call, manager: httpx.AsyncClient
) -> None:
    path = f"/api/v1/calls/{call.uid}/listens"
    opened = [(await manager.post(path)).json()["id"] for _ in range(3)]
    compliance = await world.person(Role.COMPLIANCE)
    first = (await compliance.get(path, params={"limit": 2})).json()
    rest = (await compliance.get(path, params={"limit": 2, "cursor": first["next"]})).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == opened[::-1]
    assert rest["next"] is None
    read = [one for one in await world.events("audit.read", call=call.uid) if "what" in one.details]
    assert len(read) == 2
    assert (await compliance.get(path, params={"limit": 201})).status_code == 400


async def test_a_call_that_is_not_ready_can_not_be_heard(world: World, manager: httpx.AsyncClient) -> None:
    raw = await world.call(playable=False)
    answer = await manager.post(f"/api/v1/calls/{raw.uid}/listens")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_playable")


async def test_a_download_carries_its_digest_and_name(world: World, call: Call) -> None:
    crm = await world.integration(Action.DOWNLOAD)
    original = b"RIFF" + SOUND
    whole = await crm.get(f"/api/v1/calls/{call.uid}/recording")
    assert whole.content == original
    digest = base64.b64encode(hashlib.sha256(original).digest()).decode()
    assert whole.headers["Repr-Digest"] == f"sha-256=:{digest}:"
    assert whole.headers["Content-Disposition"].startswith('attachment; filename="')
    assert whole.headers["Content-Length"] == str(len(original))
    part = await crm.get(f"/api/v1/calls/{call.uid}/recording?what=rendition", headers={"Range": "bytes=-7"})
    assert (part.status_code, part.content) == (206, SOUND[-7:])
    assert part.headers["Content-Type"] == "audio/mp4"
    started = await world.events("recording.downloaded", call=call.uid)
    ended = await world.events("recording.delivered", call=call.uid)
    assert [event.details["start"] for event in started] == [len(SOUND) - 7, 0]
    assert [event.details["bytes"] for event in ended] == [7, len(original)]


async def test_conditions_and_head_of_a_download(world: World, call: Call) -> None:
    crm = await world.integration(Action.DOWNLOAD)
    path = f"/api/v1/calls/{call.uid}/recording"
    head = await crm.head(path)
    etag = head.headers["ETag"]
    known = await crm.get(path, headers={"If-None-Match": etag})
    fresh = await crm.get(path, headers={"Range": "bytes=0-1", "If-Range": etag})
    other = await crm.get(path, headers={"Range": "bytes=0-1", "If-Range": '"x"'})
    many = await crm.get(path, headers={"Range": "bytes=" + ",".join("0-" for _ in range(1000))})
    wrong = await crm.get(path, params={"what": "copy"})
    assert [answer.status_code for answer in (head, known, fresh, other, many, wrong)] == [
        200,
        304,
        206,
        200,
        416,
        400,
    ]
    assert len(await world.events("recording.downloaded", call=call.uid)) == 2


async def test_the_waveform_is_part_of_seeing_a_call(call: Call, manager: httpx.AsyncClient) -> None:
    answer = await manager.get(f"/api/v1/calls/{call.uid}/waveform")
    assert (answer.status_code, answer.json()) == (200, {"version": 2})
