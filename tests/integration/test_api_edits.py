"""Every edit takes `If-Match`, and leaves what somebody else changed meanwhile as it is."""

from typing import Any

import httpx
import pytest

from archive.http.routes import api_routes
from archive.policy.actions import Action, Role
from tests.world import World

pytestmark = pytest.mark.anyio

RULE = {"actions": ["listen"]}
EDITS: dict[tuple[str, str], tuple[dict[str, Any], dict[str, Any]]] = {
    ("PATCH", "/api/v1/people/{person_id:str}"): (
        {"name": "Anna", "email": "anna@example.com"},
        {"name": "Anna Berg"},
    ),
    ("PATCH", "/api/v1/integrations/{integration_id:str}"): (
        {"name": "crm", "grant": {"actions": ["upload"], "scope": "all"}},
        {"name": "CRM"},
    ),
    ("PATCH", "/api/v1/partners/{name_id:str}"): ({"name": "Northwind"}, {"name": "Northwind Ltd"}),
    ("PATCH", "/api/v1/clients/{name_id:str}"): ({"name": "Kowalski"}, {"name": "Kowalska"}),
    ("PATCH", "/api/v1/teams/{name_id:str}"): ({"name": "Nights"}, {"name": "Days"}),
    ("PATCH", "/api/v1/groups/{group_id:str}"): ({"name": "Lookers"}, {"name": "Hearers"}),
    ("PATCH", "/api/v1/grants/{grant_id:str}"): (
        {"to": "", "role": "agent", "scope": "own", "reason": "new here"},
        {"until": "2026-04-01T00:00:00Z"},
    ),
    ("PUT", "/api/v1/reason-rules/{rule_id:str}"): (RULE, RULE | {"actions": ["listen", "download"]}),
}
"""What makes a thing, and an edit of it."""

CALL = ("PATCH", "/api/v1/calls/{call_id:str}")
NO_EDIT = ("PUT", "/api/v1/calls/{call_id:str}/transcript")
"""Another version beside those before."""


def test_every_edit_is_tried_here() -> None:
    edits = {
        (method, path)
        for handler in api_routes()
        for method in handler.http_methods & {"PATCH", "PUT"}
        for path in handler.paths
    }
    assert edits == {*EDITS, CALL, NO_EDIT}


@pytest.mark.parametrize(("method", "path"), EDITS)
async def test_a_stale_edit_changes_nothing(world: World, method: str, path: str) -> None:
    admin, (made, edit) = await world.person(Role.ADMINISTRATOR), EDITS[method, path]
    if "to" in made:
        made = made | {"to": (await world.add_person(Role.AGENT)).email}
    added = await admin.post(path.rsplit("/", 1)[0], json=made)
    assert added.status_code == 201, added.text
    await _edited_once(admin, method, added.headers["Location"], added.headers["ETag"], edit)


async def test_a_stale_edit_of_a_call_changes_nothing(world: World) -> None:
    call, editor = await world.call(), await world.integration(Action.EDIT, Action.READ_CALL)
    await _edited_once(editor, "PATCH", f"/api/v1/calls/{call.uid}", call.etag, {"note": "heard"})


async def _edited_once(
    client: httpx.AsyncClient, method: str, address: str, etag: str, edit: dict[str, Any]
) -> None:
    async def send(if_match: str) -> httpx.Response:
        return await client.request(method, address, json=edit, headers={"If-Match": if_match})

    for stale in ('"another"', '"999999"', f"W/{etag}"):
        refused = await send(stale)
        assert (refused.status_code, refused.json()["code"]) == (412, "stale")
    assert (await send(etag.strip('"'))).json()["field"] == "If-Match"

    edited = await send(etag)
    assert edited.status_code == 200, edited.text
    assert edited.headers["ETag"] == edited.json()["etag"] != etag
    assert (await send(etag)).status_code == 412
    assert (await send(edited.headers["ETag"])).status_code == 200
