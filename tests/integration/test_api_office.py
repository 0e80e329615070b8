"""People, integrations and the log over the API."""

import json

import httpx
import pytest

from archive.policy.actions import Action, Role
from tests.world import World

pytestmark = pytest.mark.anyio

A = Action


@pytest.fixture
async def crm(world: World) -> httpx.AsyncClient:
    return await world.integration(A.UPLOAD, A.FIND, A.READ_CALL, A.READ_TRANSCRIPT, A.EDIT, A.DOWNLOAD)


async def test_people_and_integrations_are_for_administrators(world: World, crm: httpx.AsyncClient) -> None:
    await world.call()
    manager = await world.person(Role.PARTNER_MANAGER, "Northwind")
    administrator = await world.person(Role.ADMINISTRATOR)
    listed = (await administrator.get("/api/v1/people")).json()
    assert listed["next"] is None
    people = listed["items"]
    scopes = {person["grants"][0]["role"]: person["grants"][0]["scope"] for person in people}
    assert scopes == {"partner_manager": "partner:Northwind", "administrator": "all"}
    integrations = (await administrator.get("/api/v1/integrations")).json()["items"]
    assert {"crm", "uploader"} <= {one["name"] for one in integrations}
    assert "secret" not in json.dumps(integrations)
    for client in (manager, crm):
        assert (await client.get("/api/v1/people")).status_code == 403
        assert (await client.get("/api/v1/integrations")).status_code == 403


async def test_people_and_integrations_come_page_by_page(world: World) -> None:
    administrator = await world.person(Role.ADMINISTRATOR)
    for role in (Role.AUDITOR, Role.COMPLIANCE):
        await world.add_person(role)
        await world.add_integration()
    assert await names_by_page(administrator, "/api/v1/people") == ["administrator", "auditor", "compliance"]
    assert await names_by_page(administrator, "/api/v1/integrations") == ["crm", "crm"]
    people = (await administrator.get("/api/v1/people?limit=1")).json()["next"]
    foreign = await administrator.get("/api/v1/integrations", params={"cursor": people})
    assert (foreign.status_code, foreign.json()["field"]) == (400, "cursor")
    assert (await administrator.get("/api/v1/people?limit=201")).status_code == 400


async def names_by_page(client: httpx.AsyncClient, path: str) -> list[str]:
    """All names of a list that is read one by one."""
    names, params = [], {"limit": "1"}
    while True:
        page = (await client.get(path, params=params)).json()
        names += [one["name"] for one in page["items"]]
        if page["next"] is None:
            return names
        params["cursor"] = page["next"]


async def test_the_log_is_read_by_those_who_may_page_by_page(world: World) -> None:
    call = await world.call()
    compliance, auditor = await world.person(Role.COMPLIANCE), await world.person(Role.AUDITOR)
    for _ in range(3):
        await compliance.get(f"/api/v1/calls/{call.uid}")
    params = {"type": "call.viewed", "limit": "2"}
    first = (await auditor.get("/api/v1/audit/events", params=params)).json()
    second = (await auditor.get("/api/v1/audit/events", params={**params, "cursor": first["next"]})).json()
    assert len(first["items"] + second["items"]) == 3
    assert second["next"] is None
    event = first["items"][0]
    assert event["object"] == {"kind": "call", "id": call.uid}
    assert event["actor"]["name"] == "compliance"
    assert event["origin"]["address"] == "127.0.0.1"
    assert (await (await world.person(Role.ADMINISTRATOR)).get("/api/v1/audit/events")).status_code == 403
    assert len(await world.events("audit.read", outcome=None)) >= 3
