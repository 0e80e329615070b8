"""Each route and page of administration x each role: open to those who manage people, refused and logged otherwise."""

import re
from typing import Any

import pytest

from archive.identity import groups
from archive.policy.actions import ROLE_ACTIONS, Action, Role
from archive.ports import NameKind
from tests.world import World

pytestmark = pytest.mark.anyio

NAME: dict[str, Any] = {"json": {"name": "Zephyr"}}
GIVE = {"what": "auditor", "where": "all", "reason": "case 7"}
UPLOAD = {"may_upload": "on", "where": "all", "reason": "case 7", "counted": "all"}
MARIA = {"name": "Maria", "email": "maria@example.com"}

ON_OFFICE: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/api/v1/people"): {"json": MARIA},
    ("GET", "/api/v1/people/{person_id}"): {},
    ("PATCH", "/api/v1/people/{person_id}"): {"json": {"name": "Maria"}},
    ("POST", "/api/v1/people/{person_id}/disable"): {},
    ("POST", "/api/v1/people/{person_id}/enable"): {},
    ("POST", "/api/v1/partners"): NAME,
    ("PATCH", "/api/v1/partners/{name_id}"): NAME,
    ("GET", "/api/v1/clients"): {},
    ("POST", "/api/v1/clients"): NAME,
    ("GET", "/api/v1/clients/{name_id}"): {},
    ("PATCH", "/api/v1/clients/{name_id}"): NAME,
    ("POST", "/api/v1/teams"): NAME,
    ("PATCH", "/api/v1/teams/{name_id}"): NAME,
    ("GET", "/people/count"): {"params": {"what": "hear", "where": "all", "name": ""}},
    ("GET", "/people/add"): {},
    ("POST", "/people"): {"data": {**MARIA, "name_of": "Maria", "what": "nothing"}},
    ("GET", "/people/{person_id}"): {},
    ("POST", "/people/{person_id}"): {"data": MARIA},
    ("POST", "/people/{person_id}/grants"): {"data": GIVE},
    ("POST", "/people/{person_id}/link"): {"data": {"codes": "on"}},
    ("POST", "/people/{person_id}/sessions/end"): {},
    ("POST", "/people/{person_id}/disable"): {},
    ("POST", "/people/{person_id}/enable"): {},
    ("POST", "/grants/{grant_id}/end"): {"data": {"back": "/people"}},
    ("GET", "/groups"): {},
    ("POST", "/groups"): {"data": {"name": "Desk"}},
    ("GET", "/groups/{group_id}"): {},
    ("POST", "/groups/{group_id}"): {"data": {"name": "Desk"}},
    ("POST", "/groups/{group_id}/end"): {},
    ("POST", "/groups/{group_id}/members"): {"data": {"person": "{person_id}"}},
    ("POST", "/groups/{group_id}/members/{person_id}/end"): {"member": True},
    ("POST", "/groups/{group_id}/claims"): {"data": {"provider": "corp", "value": "desk"}},
    ("POST", "/groups/{group_id}/claims/end"): {"data": {"provider": "corp", "value": "old"}},
    ("POST", "/groups/{group_id}/grants"): {"data": GIVE},
    ("GET", "/integrations"): {},
    ("GET", "/integrations/add"): {},
    ("POST", "/integrations"): {"data": {"name_of": "CRM", **UPLOAD}},
    ("GET", "/integrations/{integration_id}"): {},
    ("POST", "/integrations/{integration_id}"): {"data": {"name_of": "CRM"}},
    ("POST", "/integrations/{integration_id}/secrets"): {},
    ("POST", "/integrations/{integration_id}/revoke"): {},
    ("POST", "/integrations/{integration_id}/grants"): {"data": UPLOAD},
    ("GET", "/partners"): {},
    ("POST", "/partners"): {"data": {"name": "Zephyr"}},
    ("POST", "/partners/{name_id}"): {"data": {"name": "Zephyr"}},
    ("GET", "/clients"): {},
    ("POST", "/clients"): {"data": {"name": "Zephyr"}},
    ("POST", "/clients/{name_id}"): {"data": {"name": "Zephyr"}},
    ("GET", "/teams"): {},
    ("POST", "/teams"): {"data": {"name": "Zephyr"}},
    ("POST", "/teams/{name_id}"): {"data": {"name": "Zephyr"}},
}
"""What a good request brings. `member`: the person is one."""

NAMES_TOLD = {
    ("GET", "/api/v1/partners"),
    ("GET", "/api/v1/partners/{name_id}"),
    ("GET", "/api/v1/teams"),
    ("GET", "/api/v1/teams/{name_id}"),
}
"""Told to those who may find calls, too, within their scope."""


class Office:
    """One of each thing that is looked after, none of it the caller's."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ids: dict[str, str] = {}

    async def furnish(self, path: str, *, member: bool) -> None:
        world, parts = self.world, self.world.parts
        other = await world.add_person(Role.AUDITOR)
        client_id, _ = await world.add_integration(Action.UPLOAD)
        group = await groups.add(parts, world.at_console, "Northwind desk")
        await groups.map_claim(parts, world.at_console, group.uid, "corp", "old")
        if member:
            await groups.enter(parts, world.at_console, group.uid, other.uid)
        kind = re.search(r"/(partner|client|team)s/", path)
        async with parts.database.write() as work:
            named = await work.names.add(NameKind(kind[1]), "Northwind") if kind else None
        self.ids = {
            "person_id": other.uid,
            "grant_id": other.grants[0].uid,
            "group_id": group.uid,
            "integration_id": client_id,
            "name_id": named.uid if named else "",
        }

    def filled(self, text: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda found: self.ids[found[1]], text)


@pytest.mark.parametrize(("role", "method", "path"), [(role, *key) for role in Role for key in ON_OFFICE])
async def test_administration_is_for_those_who_manage_people_and_others_tries_are_logged(
    world: World, role: Role, method: str, path: str
) -> None:
    request = dict(ON_OFFICE[method, path])
    office = Office(world)
    await office.furnish(path, member=bool(request.pop("member", False)))
    if "data" in request:
        request["data"] = {name: office.filled(value) for name, value in request["data"].items()}
    elif method == "POST" and not path.startswith("/api/"):
        request["data"] = {"_": ""}
    client = await world.person(role)
    answer = await client.request(method, office.filled(path), **request)
    denied = await world.events("archive.denied")
    if Action.MANAGE_PEOPLE in ROLE_ACTIONS[role]:
        assert answer.is_success or answer.status_code == 303, answer.text
        assert denied == []
    elif path.startswith("/grants/") and Action.APPROVE in ROLE_ACTIONS[role]:
        assert answer.status_code == 303  # who approves ends grants, too
    else:
        assert answer.status_code in {403, 404}, answer.text
        assert len(denied) == 1


@pytest.mark.parametrize(("role", "path"), [(role, path) for role in Role for _, path in sorted(NAMES_TOLD)])
async def test_names_of_others_are_told_to_those_alone_who_manage_people(
    world: World, role: Role, path: str
) -> None:
    call = await world.call("Contoso")
    assert call.partner
    kind = NameKind.PARTNER if "partner" in path else NameKind.TEAM
    async with world.parts.database.write() as work:
        foreign = call.partner if kind is NameKind.PARTNER else await work.names.add(kind, "Contoso")
    scope = () if role is Role.ADMINISTRATOR else ("Northwind",)
    client = await world.person(role, *scope)
    answer = await client.get(path.format(name_id=foreign.uid))
    actions = ROLE_ACTIONS[role]
    if Action.MANAGE_PEOPLE in actions:
        assert "Contoso" in answer.text
    elif Action.FIND not in actions:
        assert answer.status_code == 403
    else:
        assert "Contoso" not in answer.text
        assert answer.status_code == (404 if "name_id" in path else 200)


async def test_nobody_gives_themselves_anything_by_any_form(world: World) -> None:
    person = await world.add_person(Role.ADMINISTRATOR)
    client = await world.signed_in(person)
    group = await groups.add(world.parts, world.at_console, "Desk")
    await groups.enter(world.parts, world.at_console, group.uid, person.uid)
    hear = {"what": "hear", "where": "all", "reason": "to hear", "counted": "all"}
    tries = {
        f"/people/{person.uid}/grants": hear,
        f"/people/{person.uid}": {"name": "A", "email": "priya@example.com"},
        f"/people/{person.uid}/link": {"codes": "on"},
        f"/groups/{group.uid}/grants": hear,
        f"/groups/{group.uid}/members": {"person": person.email or ""},
        f"/groups/{group.uid}/claims": {"provider": "corp", "value": "desk"},
    }
    for path, given in tries.items():
        answer = await client.post(path, data=given)
        assert answer.status_code == 403, path
        assert "Nobody gives anything to themselves" in answer.text
    denied = await world.events("archive.denied")
    assert [event.reason_code for event in denied] == ["oneself"] * len(tries)
