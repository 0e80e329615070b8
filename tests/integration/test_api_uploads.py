"""Uploads over the API: parts in any order, the same call again, and what is refused."""

import hashlib
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec import structs

from archive.http.api.receive import MAX_METADATA
from archive.policy.actions import Action, Role
from tests.world import World

pytestmark = pytest.mark.anyio

A = Action
METADATA = {"started_at": "2026-02-10T09:14:00+01:00", "partner": "Northwind"}
SOUND = b"RIFF" + bytes(1000)
VTT = b"WEBVTT\n\n00:00.000 --> 00:02.000\n<v Ann>Hello there\n"
Part = tuple[str, tuple[str, bytes, str]]


@pytest.fixture
async def crm(world: World) -> httpx.AsyncClient:
    return await world.integration(A.UPLOAD, A.FIND, A.READ_CALL, A.READ_TRANSCRIPT, A.EDIT, A.DOWNLOAD)


def part(name: str, content: bytes | dict[str, Any], kind: str = "application/octet-stream") -> Part:
    data = json.dumps(content).encode() if isinstance(content, dict) else content
    return name, (name, data, "application/json" if isinstance(content, dict) else kind)


async def upload(client: httpx.AsyncClient, *parts: Part) -> httpx.Response:
    return await client.post("/api/v1/calls", files=list(parts))


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0)])
async def test_an_upload_becomes_a_call_whatever_the_order_of_its_parts(
    world: World, crm: httpx.AsyncClient, order: tuple[int, ...]
) -> None:
    parts = [
        part("metadata", METADATA),
        part("audio", SOUND),
        part("transcript", VTT, "text/vtt; charset=utf-8"),
    ]
    answer = await upload(crm, *(parts[place] for place in order))
    call = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/api/v1/calls/{call['id']}"
    assert answer.headers["ETag"] == call["etag"]
    assert call["url"] == f"http://localhost:8000/calls/{call['id']}"
    assert (call["partner"], call["state"], call["playable"]) == ("Northwind", "received", False)
    assert call["started_at"] == "2026-02-10T08:14:00Z"
    assert call["recording"] == {
        "sha256": hashlib.sha256(SOUND).hexdigest(),
        "bytes": len(SOUND),
        "container": None,
        "codec": None,
        "channels": None,
        "sample_rate": None,
    }
    assert call["transcript"] == {"version": 1, "source": "imported"}
    assert (await crm.get(answer.headers["Location"])).json() == call


async def test_the_same_upload_again_is_the_same_call(
    world: World, crm: httpx.AsyncClient, tmp_path: Path
) -> None:
    given = part("metadata", {**METADATA, "external_id": "x-1", "source": "pbx"})
    first = await upload(crm, given, part("audio", SOUND))
    again = await upload(crm, given, part("audio", SOUND))
    other = await upload(crm, given, part("audio", SOUND + b"x"))
    assert [answer.status_code for answer in (first, again, other)] == [201, 200, 409]
    assert again.json()["id"] == first.json()["id"]
    assert other.json()["field"] == "external_id"
    assert len(_originals(tmp_path)) == 1


@pytest.mark.parametrize(
    ("parts", "status", "field"),
    [
        ([part("audio", SOUND)], 422, "metadata"),
        ([part("metadata", METADATA)], 422, "audio"),
        ([part("audio", SOUND), part("metadata", {})], 422, "started_at"),
        ([part("audio", SOUND), part("metadata", {**METADATA, "shoe": 1})], 422, "shoe"),
        (
            [part("audio", SOUND), part("metadata", {**METADATA, "started_at": "2026-02-10T09:14:00"})],
            422,
            "started_at",
        ),
        (
            [part("audio", SOUND), part("metadata", {**METADATA, "started_at": "2999-01-01T00:00:00Z"})],
            422,
            "started_at",
        ),
        ([part("audio", SOUND), part("metadata", b"{")], 422, "metadata"),
        ([part("audio", SOUND), part("metadata", METADATA), part("audio", SOUND)], 422, "audio"),
        ([part("audio", SOUND), part("metadata", METADATA), part("shoe", b"1")], 422, "shoe"),
        ([part("audio", SOUND), part("metadata", b" " * (MAX_METADATA + 1))], 413, "metadata"),
        (
            [
                part("audio", SOUND),
                part("metadata", METADATA),
                part("transcript", b"WEBVTT\n\nx --> y\nhi", "text/vtt"),
            ],
            422,
            "transcript",
        ),
    ],
)
async def test_a_bad_upload_names_the_part_and_leaves_nothing(
    crm: httpx.AsyncClient, tmp_path: Path, parts: list[Part], status: int, field: str
) -> None:
    answer = await upload(crm, *parts)
    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert answer.headers["content-type"] == "application/problem+json"
    assert _originals(tmp_path) == []
    assert (await crm.get("/api/v1/calls")).json()["items"] == []


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        ({"Content-Type": "application/json"}, b"{}", 415),
        ({"Content-Type": "multipart/form-data"}, b"", 400),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"--x\r\n", 400),
        (
            {"Content-Type": "multipart/form-data; boundary=x"},
            b'--x\r\nContent-Disposition: form-data; name="audio"\r\n\r\nRI',
            400,
        ),
    ],
)
async def test_a_body_that_is_no_upload(
    crm: httpx.AsyncClient, tmp_path: Path, headers: dict[str, str], content: bytes, status: int
) -> None:
    answer = await crm.post("/api/v1/calls", headers=headers, content=content)
    assert answer.status_code == status
    assert _originals(tmp_path) == []


async def test_a_recording_over_the_limit_is_refused(
    world: World, crm: httpx.AsyncClient, tmp_path: Path
) -> None:
    context = world.app.state.context
    small = structs.replace(context.settings, max_upload_bytes=len(SOUND) - 1)
    world.app.state.context = structs.replace(context, settings=small)
    answer = await upload(crm, part("metadata", METADATA), part("audio", SOUND))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert _originals(tmp_path) == []


@pytest.mark.parametrize("wrong", [{"started_at": "soon"}, {"direction": "sideways"}, {"partner": "Nobody"}])
async def test_a_form_that_is_wrong_leaves_nothing_stored(
    world: World, tmp_path: Path, wrong: dict[str, str]
) -> None:
    manager = await world.person(Role.PARTNER_MANAGER, "Northwind")
    given = {"started_at": "2026-02-10T09:14", "partner": "Northwind", **wrong}
    answer = await manager.post("/upload", data=given, files={"audio": ("a.wav", SOUND, "audio/wav")})
    assert answer.status_code == 422
    assert _originals(tmp_path) == []


async def test_who_may_upload_nothing_is_refused_before_the_bytes(world: World, tmp_path: Path) -> None:
    reader = await world.integration(A.FIND)
    answer = await upload(reader, part("audio", SOUND), part("metadata", METADATA))
    assert answer.status_code == 403
    assert _originals(tmp_path) == []


async def test_an_unknown_partner_and_a_foreign_one_are_one(world: World) -> None:
    await world.call("Contoso")
    await world.call("Northwind")
    limited = await world.integration(A.UPLOAD, scope="partner:Northwind")
    answers = [
        await upload(limited, part("metadata", {**METADATA, "partner": name}), part("audio", SOUND))
        for name in ("Contoso", "Nowhere")
    ]
    assert {answer.status_code for answer in answers} == {422}
    details = [
        answer.json()["detail"].replace(name, "X")
        for answer, name in zip(answers, ("Contoso", "Nowhere"), strict=True)
    ]
    assert details[0] == details[1]


def _originals(folder: Path) -> list[Path]:
    return [path for path in (folder / "recordings").rglob("*") if path.is_file()]
