"""Calls over the API: list, read, edit, delete, transcripts, search."""

import httpx
import pytest
from msgspec import structs

from archive.calls.call import State
from archive.calls.placing import ClientGiven
from archive.policy.actions import Action, Role
from tests.fakes import Doorbell
from tests.world import WORDS, World

pytestmark = pytest.mark.anyio

A = Action
VTT = b"WEBVTT\n\n00:00.000 --> 00:02.000\n<v Ann>Hello there\n"


@pytest.fixture
async def crm(world: World) -> httpx.AsyncClient:
    return await world.integration(A.UPLOAD, A.FIND, A.READ_CALL, A.READ_TRANSCRIPT, A.EDIT, A.DOWNLOAD)


async def test_a_list_pages_through_everything_once(world: World, crm: httpx.AsyncClient) -> None:
    made = [(await world.call(playable=False)).uid for _ in range(5)]
    seen, params = [], {"limit": "2"}
    while True:
        page = (await crm.get("/api/v1/calls", params=params)).json()
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        params["cursor"] = page["next"]
    assert sorted(seen) == sorted(made)


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"shoe": "1"}, "shoe"),
        ({"cursor": "AAAA"}, "cursor"),
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-02-10T09:00:00"}, "from"),
        ({"kind": "pigeon"}, "kind[0]"),
        ({"limit": "0"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"min_seconds": "-1"}, "min_seconds"),
        ({"phone": "12"}, "phone"),
        ({"sort": "best"}, "sort"),
    ],
)
async def test_a_wrong_parameter_is_named(
    world: World, crm: httpx.AsyncClient, params: dict[str, str], field: str
) -> None:
    path = "/api/v1/search" if "sort" in params else "/api/v1/calls"
    answer = await crm.get(path, params=params)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


@pytest.mark.parametrize("path", ["/api/v1/calls", "/api/v1/search", "/api/v1/audit/events", "/"])
async def test_an_address_with_too_many_fields_is_no_fault_of_ours(world: World, path: str) -> None:
    reader = await world.person(Role.COMPLIANCE)
    answer = await reader.get(path + "?" + "&".join(f"label={n}" for n in range(201)))
    assert answer.status_code == 400


@pytest.mark.parametrize("phone", ["+49 (0)30 7654321", "7654321", "030 / 765 43 21", "4321"])
async def test_a_number_is_found_however_it_is_written(
    world: World, crm: httpx.AsyncClient, phone: str
) -> None:
    call = await world.call(client=ClientGiven("Ada", "+49 (0)30 7654321"))
    await world.call(client=ClientGiven("Bob", "+49 (0)30 7654322"))
    listed = await crm.get("/api/v1/calls", params={"phone": phone})
    assert [item["id"] for item in listed.json()["items"]] == [call.uid]


async def test_a_parameter_given_twice_or_where_none_is_taken(world: World, crm: httpx.AsyncClient) -> None:
    call = await world.call(playable=False)
    twice = await crm.get("/api/v1/calls?limit=1&limit=2")
    stray = await crm.get(f"/api/v1/calls/{call.uid}?verbose=1")
    assert [(answer.status_code, answer.json()["field"]) for answer in (twice, stray)] == [
        (400, "limit"),
        (400, "verbose"),
    ]


async def test_lists_are_narrowed_by_name_id_and_time(world: World, crm: httpx.AsyncClient) -> None:
    call = await world.call("Northwind", external_id="n-1", labels=("urgent",))
    await world.call("Contoso")
    assert call.partner is not None
    for params in (
        {"partner": "northwind"},
        {"partner": call.partner.uid},
        {"external_id": "n-1"},
        {"label": "urgent"},
        {
            "partner": "Northwind",
            "from": "2026-02-10T09:00:00Z",
            "to": "2026-02-10T09:00:01Z",
            "state": "ready",
        },
    ):
        assert [item["id"] for item in (await crm.get("/api/v1/calls", params=params)).json()["items"]] == [
            call.uid
        ]
    for params in (
        {"to": "2026-02-10T09:00:00Z"},
        {"partner": "Nobody"},
        {"external_id": "n-2"},
        {"state": "failed"},
    ):
        assert (await crm.get("/api/v1/calls", params=params)).json()["items"] == []


@pytest.mark.parametrize("uid", ["nonsense", "0", "01A20267-E704-74D5-A8F4-0DAD275477AA", "' OR 1=1", "%00"])
async def test_an_id_has_the_shape_of_an_id(world: World, crm: httpx.AsyncClient, uid: str) -> None:
    answer = await crm.get(f"/api/v1/calls/{uid}")
    assert (answer.status_code, answer.json()["field"]) == (400, "call_id")


async def test_an_edit_changes_what_it_names_and_raises_the_etag(
    world: World, crm: httpx.AsyncClient
) -> None:
    call = await world.call(note="before")
    path = f"/api/v1/calls/{call.uid}"
    edited = await crm.patch(path, json={"note": None, "labels": ["late"]}, headers={"If-Match": call.etag})
    assert edited.status_code == 200
    assert (edited.json()["note"], edited.json()["labels"], edited.json()["partner"]) == (
        None,
        ["late"],
        "Northwind",
    )
    assert edited.headers["ETag"] != call.etag

    stale = await crm.patch(path, json={"note": "x"}, headers={"If-Match": call.etag})
    weak = await crm.patch(path, json={"note": "x"}, headers={"If-Match": "W/" + edited.headers["ETag"]})
    odd = await crm.patch(path, json={"note": "x"}, headers={"If-Match": "3"})
    free = await crm.patch(path, json={"note": "y"})
    star = await crm.patch(path, json={"note": "z"}, headers={"If-Match": "*"})
    assert [answer.status_code for answer in (stale, weak, odd, free, star)] == [412, 412, 400, 200, 200]


async def test_an_edit_is_json(world: World, crm: httpx.AsyncClient) -> None:
    call = await world.call(playable=False)
    path = f"/api/v1/calls/{call.uid}"
    form = await crm.patch(path, data={"note": "x"})
    broken = await crm.patch(path, content=b"{", headers={"Content-Type": "application/json"})
    wrong = await crm.patch(path, json={"client": {"shoe": 1}})
    large = await crm.patch(path, content=b" " * 300_000, headers={"Content-Type": "application/json"})
    assert [answer.status_code for answer in (form, broken, wrong, large)] == [415, 400, 422, 413]
    assert wrong.json()["field"] == "client.shoe"


async def test_the_state_tells_how_far_its_step_is(world: World) -> None:
    call, manager = await world.call(playable=False), await world.person(Role.PARTNER_MANAGER)
    context, doorbell = world.app.state.context, Doorbell()
    world.app.state.context = structs.replace(
        context, parts=structs.replace(context.parts, doorbell=doorbell)
    )
    waiting = {"state": "received", "playable": False}
    assert (await manager.get(f"/calls/{call.uid}/state")).json() == waiting
    await doorbell.show(call.id, State.RECEIVED, 0.25)
    assert (await manager.get(f"/calls/{call.uid}/state")).json() == {**waiting, "share": 0.25}
    await doorbell.show(call.id, State.NORMALISING, 0.5)  # an earlier or later step says nothing of this one
    assert (await manager.get(f"/calls/{call.uid}/state")).json() == waiting


async def test_a_deleted_call_is_gone_and_its_history_stays(world: World, crm: httpx.AsyncClient) -> None:
    call = await world.call()
    compliance = await world.person(Role.COMPLIANCE)
    assert (await compliance.delete(f"/api/v1/calls/{call.uid}")).status_code == 204
    assert (await crm.get(f"/api/v1/calls/{call.uid}")).status_code == 404
    history = (await compliance.get(f"/api/v1/audit/calls/{call.uid}")).json()["items"]
    assert "call.deleted" in {event["type"] for event in history}


async def test_a_transcript_comes_in_four_formats(world: World, crm: httpx.AsyncClient) -> None:
    call = await world.call()
    path = f"/api/v1/calls/{call.uid}/transcript"
    whole = await crm.get(path)
    assert whole.json()["segments"][0]["text"] == WORDS.segments[0].text
    assert whole.headers["Transcript-Version"] == "1"
    for fmt, accept, beginning in (
        ("vtt", "text/vtt", "WEBVTT"),
        ("srt", "application/x-subrip", "1\n"),
        ("text", "text/plain", ""),
    ):
        by_name, by_accept = (
            await crm.get(path, params={"format": fmt}),
            await crm.get(path, headers={"Accept": accept}),
        )
        assert by_name.text == by_accept.text
        assert by_name.text.startswith(beginning)
        assert "The lorry never came" in by_name.text
        assert by_accept.headers["content-type"].startswith(accept)
    assert (await crm.get(path, headers={"Accept": "image/png"})).status_code == 406
    assert (await crm.get(path, params={"format": "docx"})).json()["field"] == "format"
    assert len(await world.events("transcript.read", call=call.uid)) == 7


async def test_a_new_version_leaves_the_old_one(world: World, crm: httpx.AsyncClient) -> None:
    call = await world.call()
    path = f"/api/v1/calls/{call.uid}/transcript"
    put = await crm.put(path, content=VTT, headers={"Content-Type": "text/vtt"})
    assert put.json()["transcript"]["version"] == 2
    assert (await crm.get(path)).json()["segments"][0]["text"] == "Hello there"
    assert (await crm.get(path, params={"version": 1})).json()["segments"][0][
        "text"
    ] == "The lorry never came"
    assert (await crm.get(path, params={"version": 3})).json()["code"] == "no_transcript"
    bad = await crm.put(
        path, content=b"WEBVTT\n\n00:05.000 --> 00:01.000\nhi", headers={"Content-Type": "text/vtt"}
    )
    assert (bad.status_code, bad.json()["code"], bad.json()["line"]) == (422, "invalid_transcript", 3)
    assert (await crm.get(path)).headers["Transcript-Version"] == "2"


async def test_search_answers_calls_with_moments_facets_and_pages(
    world: World, crm: httpx.AsyncClient
) -> None:
    calls = [await world.call() for _ in range(3)]
    for call in calls:
        await world.index(call)
    found = (await crm.get("/api/v1/search", params={"q": "lorry", "limit": 2})).json()
    assert (found["total"], len(found["items"]), found["degraded"]) == (3, 2, None)
    moment = found["items"][0]["moments"][0]
    start, end = moment["matches"][0]
    assert moment["text"][start:end] == "lorry"
    assert found["facets"]["partners"][0]["calls"] == 3
    rest = (
        await crm.get("/api/v1/search", params={"q": "lorry", "limit": 2, "cursor": found["next"]})
    ).json()
    ids = {item["call"]["id"] for item in (*found["items"], *rest["items"])}
    assert ids == {call.uid for call in calls}
    assert rest["next"] is None
