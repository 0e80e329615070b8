"""Every route on grants, groups and changes that wait x every role: who gets through, and who is refused."""

from typing import Any

import pytest
from msgspec import Struct

from archive.identity import grants, groups
from archive.identity.grants import Giving
from archive.policy.actions import Action, Role
from archive.ports import PendingChange
from tests.world import World

pytestmark = pytest.mark.anyio

ADMINISTRATOR, COMPLIANCE = Role.ADMINISTRATOR, Role.COMPLIANCE


class Route(Struct, frozen=True):
    """`let` get a success, `refused` a 403, all others `otherwise`. Each refusal is an event."""

    let: tuple[Role, ...]
    otherwise: int
    request: dict[str, Any] = {}
    refused: tuple[Role, ...] = ()


MANAGED = Route((ADMINISTRATOR,), 403)
LOOKED_THROUGH = Route((ADMINISTRATOR, COMPLIANCE), 404)
DECIDED = Route((COMPLIANCE,), 404, refused=(ADMINISTRATOR,))
ASKED = Route((), 404, refused=(ADMINISTRATOR, COMPLIANCE))
CLAIM = {"provider": "company", "value": "staff"}
GROUP = "/api/v1/groups/{group_id}"


def managed(**request: Any) -> Route:
    return Route((ADMINISTRATOR,), 403, request)


ON_ACCESS: dict[tuple[str, str], Route] = {
    ("POST", "/api/v1/grants"): managed(
        json={"to": "other@example.com", "scope": "all", "actions": ["upload"], "reason": "x"}
    ),
    ("GET", "/api/v1/grants/{grant_id}"): LOOKED_THROUGH,
    ("PATCH", "/api/v1/grants/{grant_id}"): managed(json={"until": "2026-03-02T00:00:00Z"}),
    ("DELETE", "/api/v1/grants/{grant_id}"): LOOKED_THROUGH,
    ("GET", "/api/v1/groups"): MANAGED,
    ("POST", "/api/v1/groups"): managed(json={"name": "Others"}),
    ("GET", GROUP): MANAGED,
    ("PATCH", GROUP): managed(json={"name": "Others"}),
    ("DELETE", GROUP): MANAGED,
    ("GET", GROUP + "/members"): MANAGED,
    ("POST", GROUP + "/members"): managed(json={"person": "other@example.com"}),
    ("DELETE", GROUP + "/members/{person_id}"): MANAGED,
    ("GET", GROUP + "/claims"): MANAGED,
    ("POST", GROUP + "/claims"): managed(json={**CLAIM, "value": "legal"}),
    ("DELETE", GROUP + "/claims"): managed(params=CLAIM),
    ("GET", "/api/v1/pending-changes"): Route((ADMINISTRATOR, COMPLIANCE), 403),
    ("GET", "/api/v1/pending-changes/{change_id}"): LOOKED_THROUGH,
    ("POST", "/api/v1/pending-changes/{change_id}/agree"): DECIDED,
    ("POST", "/api/v1/pending-changes/{change_id}/refuse"): DECIDED,
    ("POST", "/api/v1/pending-changes/{change_id}/withdraw"): ASKED,
    ("GET", "/access/changes"): Route((ADMINISTRATOR, COMPLIANCE), 403),
    ("POST", "/access/changes/{change_id}/agree"): DECIDED,
    ("POST", "/access/changes/{change_id}/refuse"): DECIDED,
    ("POST", "/access/changes/{change_id}/withdraw"): ASKED,
}


async def there(world: World) -> dict[str, str]:
    """Ids of a grant, of a group with a member, and of a change that waits: all of somebody else."""
    other = await world.add_person(Role.AUDITOR)
    async with world.parts.database.write() as work:
        member = await work.principals.add_person("member@example.com", "Member")
        await work.principals.add_person("other@example.com", "Other")
    parts, console = world.parts, world.at_console
    group = await groups.add(parts, console, "Finders")
    await groups.enter(parts, console, group.uid, member.uid)
    await groups.map_claim(parts, console, group.uid, **CLAIM)
    await world.add_person(COMPLIANCE)
    hear = Giving(scope="all", actions=frozenset({Action.LISTEN}))
    pending = await grants.give(parts, console, other.uid, hear)
    assert isinstance(pending, PendingChange)
    return {
        "grant_id": other.grants[0].uid,
        "group_id": group.uid,
        "person_id": member.uid,
        "change_id": pending.uid,
    }


@pytest.mark.parametrize(("role", "method", "path"), [(role, *key) for role in Role for key in ON_ACCESS])
async def test_access_is_looked_after_by_those_who_may(
    world: World, role: Role, method: str, path: str
) -> None:
    route, ids = ON_ACCESS[method, path], await there(world)
    client = await world.person(role)
    before = len(await world.events("archive.denied"))
    answer = await client.request(method, path.format(**ids), **route.request)
    refusals = len(await world.events("archive.denied")) - before
    if role in route.let:
        assert answer.status_code in {200, 201, 204, 303}, answer.text
        assert refusals == 0
    else:
        assert answer.status_code == (403 if role in route.refused else route.otherwise), answer.text
        assert refusals == 1


async def test_a_list_of_grants_holds_ones_own_and_those_one_gave(world: World) -> None:
    ids = await there(world)
    call = await world.call("Northwind")
    person = await world.add_person(Role.PARTNER_MANAGER, "Northwind")
    client = await world.signed_in(person)

    async def listed(**params: Any) -> list[str]:
        answer = await client.get("/api/v1/grants", params=params)
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["items"]]

    own = person.grants[0].uid
    assert await listed() == await listed(call=call.uid) == await listed(in_force="true") == [own]
    assert await listed(principal=ids["group_id"]) == []
    assert await listed(call=(await world.call("Contoso")).uid) == []
    assert (await client.get(f"/api/v1/grants/{own}")).status_code == 200
    assert (await client.delete(f"/api/v1/grants/{own}")).status_code == 403
