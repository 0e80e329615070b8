"""Every route on requests, reach and emergency access x every role: who gets through, and who is refused."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import Struct

from archive.audit.event import Origin
from archive.calls.caller import Caller
from archive.identity import glass
from archive.identity.glass import Breaking
from archive.identity.grants import Giving, give_within
from archive.identity.half_way import EVERYBODY
from archive.policy.actions import Action, Role
from archive.ports import About, NewRequest
from tests.world import PASSWORD, World

pytestmark = pytest.mark.anyio

ADMINISTRATOR, COMPLIANCE, AUDITOR = Role.ADMINISTRATOR, Role.COMPLIANCE, Role.AUDITOR
EVERYWHERE = (ADMINISTRATOR, COMPLIANCE, AUDITOR)
"""Who isn't narrowed to the calls of one partner, here."""

NOW = datetime.now(UTC)
SOON = (NOW + timedelta(days=3)).isoformat()
DAY = (NOW + timedelta(days=3)).date().isoformat()
WHY = "A child is missing, the police ask"
REQUEST = "/api/v1/access-requests/{request_id}"
PAGE = "/access/requests/{request_id}"


class Route(Struct, frozen=True):
    """`let` get a success, `refused` a 403, all others `otherwise`. A refusal is an event, unless it is `silent`: there
    is nothing of others to be had."""

    let: tuple[Role, ...]
    otherwise: int = 404
    request: dict[str, Any] = {}
    refused: tuple[Role, ...] = ()
    silent: bool = False


def everybody(**request: Any) -> Route:
    return Route(tuple(Role), request=request)


def taking(**request: Any) -> Route:
    return Route((ADMINISTRATOR,), 403, request)


DECIDED = Route((COMPLIANCE,))
LOOKED_AFTER = Route(EVERYWHERE)
SEEN = Route((ADMINISTRATOR, COMPLIANCE))
NOTHING_TAKEN = Route((), silent=True)
ASKED = {"about": "partner", "what": "Contoso", "reason": "They rang me"}
GIVEN = {"to": "somebody@example.com", "reason": "They rang me"}

ON_ASKING: dict[tuple[str, str], Route] = {
    ("GET", "/api/v1/access-requests"): everybody(),
    ("POST", "/api/v1/access-requests"): everybody(json={**ASKED, "until": SOON}),
    ("POST", "/api/v1/calls/{call_id}/access-requests"): everybody(json={"until": SOON, "reason": "x"}),
    ("GET", REQUEST): DECIDED,
    ("POST", REQUEST + "/approve"): DECIDED,
    ("POST", REQUEST + "/refuse"): DECIDED,
    ("POST", REQUEST + "/withdraw"): Route(()),
    ("GET", "/api/v1/people/{person_id}/reach"): LOOKED_AFTER,
    ("GET", "/api/v1/calls/{call_id}/grants"): SEEN,
    ("POST", "/api/v1/calls/{call_id}/grants"): Route(
        (), request={"json": {**GIVEN, "until": SOON}}, refused=(COMPLIANCE,)
    ),
    ("DELETE", "/api/v1/calls/{call_id}/grants/{grant_id}"): SEEN,
    ("GET", "/api/v1/broken-glass"): everybody(),
    ("POST", "/api/v1/broken-glass"): taking(json={"scope": "all", "reason": WHY, "password": PASSWORD}),
    ("DELETE", "/api/v1/broken-glass"): NOTHING_TAKEN,
    ("POST", "/api/v1/broken-glass/{glass_id}/seen"): DECIDED,
    ("GET", "/access"): everybody(),
    ("GET", "/access/person"): Route(EVERYWHERE, 403, {"params": {"who": "somebody@example.com"}}),
    ("GET", "/access/call"): everybody(params={"call": "01a20274-039d-78c0-8ab4-9376a5f43946"}),
    ("POST", "/access/requests"): everybody(data={**ASKED, "until": DAY}),
    ("POST", PAGE + "/approve"): Route((COMPLIANCE,), request={"data": {"until": DAY}}),
    ("POST", PAGE + "/refuse"): Route((COMPLIANCE,), request={"data": {"answer": "No"}}),
    ("POST", PAGE + "/withdraw"): Route((), request={"data": {"x": ""}}),
    ("POST", "/access/glass"): taking(data={"where": "all", "reason": WHY, "password": PASSWORD}),
    ("POST", "/access/glass/back"): Route((), request={"data": {"x": ""}}, silent=True),
    ("POST", "/access/glass/{glass_id}/seen"): DECIDED,
    ("POST", "/access/glass/{glass_id}/end"): SEEN,
    ("GET", "/reach"): everybody(),
    ("GET", "/reach/{person_id}"): LOOKED_AFTER,
    ("POST", "/reach/{person_id}/grants/{grant_id}/end"): SEEN,
    ("GET", "/calls/{call_id}/access"): SEEN,
    ("POST", "/calls/{call_id}/access"): Route(
        (), request={"data": {**GIVEN, "until": DAY}}, refused=(COMPLIANCE,)
    ),
    ("POST", "/calls/{call_id}/access/{grant_id}/end"): SEEN,
}


async def there(world: World) -> dict[str, str]:
    """A call of Contoso; a request of somebody for it, a grant of it, and emergency access that somebody took."""
    world.clock.time = NOW  # the pages' own
    call = await world.call("Contoso")
    other = await world.add_person(Role.AGENT, "Contoso")
    async with world.parts.database.write() as work:
        friend = await work.principals.add_person("somebody@example.com", "Somebody")
        giving = Giving(scope=f"call:{call.uid}", actions=frozenset({Action.LISTEN}))
        grant = await give_within(work, world.at_console, friend, giving)
        new = NewRequest(
            principal_id=other.id,
            about=About.CALL,
            asked=call.uid,
            found_id=call.id,
            until=NOW + timedelta(days=9),
            reason="They rang me",
        )
        request = await work.requests.add(new)
        admin = await work.principals.add_person("breaker@example.com", "Breaker")
        role = Giving(scope="all", role=ADMINISTRATOR)
        await give_within(work, world.at_console, admin, role)
        session = await work.credentials.add_session(b"secret", admin.id, None, None)
        breaker = await work.principals.by_id(admin.id)
    assert breaker is not None
    signed_in, breaking = Caller(breaker, Origin(session=session.uid)), Breaking(scope="all", reason=WHY)
    taken = await glass.break_glass(world.parts, signed_in, EVERYBODY, 60, breaking)
    return {
        "call_id": call.uid,
        "person_id": other.uid,
        "request_id": request.uid,
        "grant_id": grant.uid,
        "glass_id": taken.grant.uid,
    }


@pytest.mark.parametrize(("role", "method", "path"), [(role, *key) for role in Role for key in ON_ASKING])
async def test_asking_and_reach_are_for_those_who_may(
    world: World, role: Role, method: str, path: str
) -> None:
    route, ids = ON_ASKING[method, path], await there(world)
    client = await world.person(role, *([] if role in EVERYWHERE else ["Northwind"]))
    before = await _denials(world)
    answer = await client.request(method, path.format(**ids), **route.request)
    if role in route.let:
        assert answer.status_code in {200, 201, 204, 303}, answer.text
    else:
        assert answer.status_code == (403 if role in route.refused else route.otherwise)
        assert (await _denials(world) > before) is not route.silent


async def _denials(world: World) -> int:
    return len(await world.events("archive.denied", "call.denied", "listen.denied"))
