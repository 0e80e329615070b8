"""Grants, groups and changes that wait over the API: shapes, pages, filters, ETags."""

from typing import Any

import httpx
import pytest

from archive.policy.actions import Action, Role
from tests.world import World

pytestmark = pytest.mark.anyio

FIND = {"scope": "all", "actions": ["find"], "reason": "Cover"}


async def get(client: httpx.AsyncClient, path: str, **params: Any) -> Any:
    answer = await client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def paged(client: httpx.AsyncClient, path: str, **params: Any) -> list[Any]:
    """All items, one a page."""
    items, cursor = [], None
    while True:
        page = await get(client, path, limit=1, **params, **({"cursor": cursor} if cursor else {}))
        items += page["items"]
        if (cursor := page["next"]) is None:
            return items


async def test_a_grant_from_giving_to_its_end(world: World) -> None:
    admin, person = await world.person(Role.ADMINISTRATOR), await world.add_person(Role.AUDITOR)
    call = await world.call("Northwind", note="x")
    given = await admin.post("/api/v1/grants", json={**FIND, "to": person.email, "scope": f"call:{call.uid}"})
    assert given.status_code == 201, given.text
    grant = given.json()
    assert given.headers["location"] == f"/api/v1/grants/{grant['id']}"
    assert grant["to"] == {"id": person.uid, "kind": "person", "name": "auditor"}
    assert (grant["scope"], grant["basis"], grant["reason"]) == (f"call:{call.uid}", "given", "Cover")
    assert given.headers["etag"] == grant["etag"]

    path, tag = given.headers["location"], {"If-Match": grant["etag"]}
    until = "2026-03-05T00:00:00Z"
    changed = await admin.patch(path, json={"until": until}, headers=tag)
    assert (changed.status_code, changed.json()["until"]) == (200, until)
    assert (await admin.patch(path, json={"until": None}, headers=tag)).status_code == 412
    assert (await admin.patch(path, json={"until": None}, headers={"If-Match": 'W/"x"'})).status_code == 412
    assert (await admin.patch(path, json={"until": None}, headers={"If-Match": "x"})).status_code == 400
    assert (await admin.patch(path, json={"until": "2020-01-01T00:00:00Z"})).status_code == 422
    assert (await admin.patch(path, json={})).status_code == 422
    assert (await admin.delete(path)).status_code == 204
    assert (await admin.delete(path)).status_code == 404
    assert (await get(admin, path))["revoked_at"] is not None


@pytest.mark.parametrize(
    ("given", "status", "field"),
    [
        ({"reason": ""}, 422, "reason"),
        ({"actions": [], "role": None}, 422, "role"),
        ({"role": "agent"}, 422, "role"),
        ({"scope": "everything"}, 422, "scope"),
        ({"scope": "partner:Nobody"}, 422, "scope"),
        ({"scope": "call:01890000-0000-7000-8000-000000000000"}, 422, "scope"),
        ({"until": "2020-01-01T00:00:00Z"}, 422, "until"),
        ({"to": "nobody@example.com"}, 404, None),
        ({"to": "group:Nobody"}, 404, None),
        ({"more": 1}, 422, "more"),
    ],
)
async def test_what_is_wrong_with_a_grant_is_named(
    world: World, given: dict[str, Any], status: int, field: str | None
) -> None:
    admin, person = await world.person(Role.ADMINISTRATOR), await world.add_person(Role.AUDITOR)
    answer = await admin.post("/api/v1/grants", json={"to": person.uid, **FIND, **given})
    assert (answer.status_code, answer.json().get("field")) == (status, field), answer.text


async def test_grants_page_and_are_filtered(world: World) -> None:
    own, foreign = await world.call("Northwind"), await world.call("Contoso")
    admin = await world.person(Role.ADMINISTRATOR)
    first = await world.add_person(Role.PARTNER_MANAGER, "Northwind")
    second = await world.add_person(Role.PARTNER_MANAGER, "Contoso")
    (kept,), (ended,) = first.grants, second.grants
    everything = [item["id"] for item in (await get(admin, "/api/v1/grants"))["items"]]
    assert [item["id"] for item in await paged(admin, "/api/v1/grants")] == everything
    assert {kept.uid, ended.uid} <= set(everything)

    async def filtered(**params: Any) -> set[str]:
        found = {item["id"] for item in await paged(admin, "/api/v1/grants", **params)}
        return found & {kept.uid, ended.uid}

    assert await filtered(principal=first.uid) == {kept.uid}
    assert await filtered(call=own.uid) == {kept.uid}
    assert await filtered(call=foreign.uid) == {ended.uid}
    assert await filtered(call="nothing") == set()
    assert (await admin.delete(f"/api/v1/grants/{ended.uid}")).status_code == 204
    assert await filtered(in_force="true") == {kept.uid}
    assert await filtered() == {kept.uid, ended.uid}


async def test_a_group_from_adding_to_its_end(world: World) -> None:
    admin, person = await world.person(Role.ADMINISTRATOR), await world.add_person(Role.AUDITOR)
    added = await admin.post("/api/v1/groups", json={"name": "Finders"})
    assert (added.status_code, added.json()["members"]) == (201, 0)
    path = added.headers["location"]
    assert (await admin.post("/api/v1/groups", json={"name": " finders"})).status_code == 409
    assert (await admin.post("/api/v1/grants", json={**FIND, "to": "group:Finders"})).status_code == 201

    entered = await admin.post(f"{path}/members", json={"person": person.email})
    assert (entered.status_code, entered.json()["members"]) == (201, 1)
    assert (await admin.post(f"{path}/members", json={"person": person.uid})).status_code == 409
    other = await world.add_person(Role.AUDITOR)
    assert (await admin.post(f"{path}/members", json={"person": other.uid})).status_code == 201
    members = await paged(admin, f"{path}/members")
    assert [(one["id"], one["provider"]) for one in members] == [(person.uid, None), (other.uid, None)]
    assert (await admin.delete(f"{path}/members/{person.uid}")).status_code == 204
    assert (await admin.delete(f"{path}/members/{person.uid}")).status_code == 404

    claim = {"provider": "company", "value": "staff"}
    mapped = await admin.post(f"{path}/claims", json=claim)
    assert (mapped.status_code, mapped.json()["claims"]) == (201, [claim])
    assert (await admin.post(f"{path}/claims", json=claim)).status_code == 409
    assert (await get(admin, f"{path}/claims"))["items"] == [claim]
    assert (await admin.delete(f"{path}/claims", params=claim)).status_code == 204
    assert (await admin.delete(f"{path}/claims", params=claim)).status_code == 404

    group = await get(admin, path)
    assert [grant["actions"] for grant in group["grants"]] == [["find"]]
    renamed = await admin.patch(path, json={"name": "Lookers"}, headers={"If-Match": group["etag"]})
    assert (renamed.status_code, renamed.json()["name"]) == (200, "Lookers")
    stale = await admin.patch(path, json={"name": "x"}, headers={"If-Match": group["etag"]})
    assert stale.status_code == 412
    assert [one["name"] for one in await paged(admin, "/api/v1/groups")] == ["Lookers"]
    assert (await admin.delete(path)).status_code == 204
    assert (await admin.get(path)).status_code == 404


async def test_a_change_that_waits_says_what_it_is_and_who_decides(world: World) -> None:
    admin, compliance = await world.person(Role.ADMINISTRATOR), await world.person(Role.COMPLIANCE)
    person = await world.add_person(Role.AUDITOR)
    body = {"to": person.uid, "scope": "all", "role": "team_lead", "reason": "Cover"}
    asked = [await admin.post("/api/v1/grants", json=body) for _ in range(3)]
    assert [one.status_code for one in asked] == [202] * 3
    first, second, third = [one.json() for one in asked]
    assert asked[0].headers["location"] == f"/api/v1/pending-changes/{first['id']}"
    assert (first["change"], first["to"]["id"], first["role"]) == ("GiveGrant", person.uid, "team_lead")
    assert (first["may_decide"], first["may_withdraw"]) == (False, True)
    seen = await paged(compliance, "/api/v1/pending-changes")
    assert [(one["id"], one["may_decide"]) for one in seen] == [
        (one["id"], True) for one in (first, second, third)
    ]

    done = [
        await compliance.post(f"/api/v1/pending-changes/{first['id']}/agree"),
        await compliance.post(f"/api/v1/pending-changes/{second['id']}/refuse"),
        await admin.post(f"/api/v1/pending-changes/{third['id']}/withdraw"),
    ]
    assert [one.json()["state"] for one in done] == ["agreed", "refused", "withdrawn"]
    assert (await get(admin, "/api/v1/pending-changes"))["items"] == []
    assert (await get(admin, f"/api/v1/pending-changes/{first['id']}"))["may_decide"] is False
    given = (await get(admin, "/api/v1/grants", principal=person.uid))["items"]
    assert [one["role"] for one in given] == ["auditor", "team_lead"]


async def test_the_page_shows_what_waits_and_takes_the_answer(world: World) -> None:
    admin, compliance = await world.person(Role.ADMINISTRATOR), await world.person(Role.COMPLIANCE)
    person = await world.add_person(Role.AUDITOR)
    hear = {**FIND, "to": person.uid, "actions": ["listen"], "reason": "<Cover>"}
    uid = (await admin.post("/api/v1/grants", json=hear)).json()["id"]
    shown = (await compliance.get("/access/changes")).text
    assert "auditor gets listen on all" in shown
    assert "&lt;Cover&gt;" in shown
    assert f"/access/changes/{uid}/agree" in shown
    asker = (await admin.get("/access/changes")).text
    assert f"/access/changes/{uid}/agree" not in asker
    assert f"/access/changes/{uid}/withdraw" in asker
    assert (await compliance.post(f"/access/changes/{uid}/agree")).status_code == 303
    late = await compliance.post(f"/access/changes/{uid}/refuse")
    assert (late.status_code, "Somebody decided this before" in late.text) == (409, True)
    async with world.parts.database.read() as work:
        now = await work.principals.get(person.uid)
    assert now is not None
    assert now.grants[-1].gives(Action.LISTEN)


async def test_a_partner_renamed_to_deceive_is_told_by_the_name_it_had(world: World) -> None:
    admin, compliance = await world.person(Role.ADMINISTRATOR), await world.person(Role.COMPLIANCE)
    await world.call("Brackwater")
    (partner,) = (await get(admin, "/api/v1/partners"))["items"]
    path, person = f"/api/v1/partners/{partner['id']}", await world.add_person(Role.AUDITOR)
    assert (await admin.patch(path, json={"name": "Northwind test data"})).status_code == 200
    hear = {**FIND, "to": person.uid, "scope": "partner:Northwind test data", "actions": ["listen"]}
    assert (await admin.post("/api/v1/grants", json=hear)).status_code == 202
    (waiting,) = await paged(compliance, "/api/v1/pending-changes")
    (former,) = waiting["formerly"]
    assert (former["name"], former["before"]) == ("Northwind test data", "Brackwater")
    assert waiting["calls"] == 1
    shown = (await compliance.get("/access/changes")).text
    assert "Northwind test data was called Brackwater until" in shown
    assert "That comes to 1 call now." in shown
