"""Attacks on asking for access and on deciding: over the API and the pages, as somebody would try them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from archive.calls.call import Call
from archive.ids import uuid7
from archive.policy.actions import Action, Role
from archive.policy.principal import Principal
from archive.policy.scope import Partner
from archive.ports import NewGrant, Work
from tests.world import PASSWORD, World

pytestmark = pytest.mark.anyio

A = Action
REQUESTS = "/api/v1/access-requests"
GLASS = "/api/v1/broken-glass"
WHY = "A child is missing, the police ask"


def in_days(world: World, days: float) -> str:
    return (world.clock() + timedelta(days=days)).isoformat()


def asking(world: World, call: Call | str, days: float = 14, **more: Any) -> dict[str, Any]:
    what = call if isinstance(call, str) else call.uid
    return {"about": "call", "what": what, "until": in_days(world, days), "reason": "They rang me", **more}


async def asked(world: World, by: httpx.AsyncClient, call: Call, days: float = 14) -> str:
    made = await by.post(REQUESTS, json=asking(world, call, days))
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def approver(world: World, partner: str) -> Principal:
    """Somebody who approves over one partner, and no more."""
    person = await world.add_person(Role.AUDITOR, partner)
    async with world.parts.database.write() as work:
        found = await work.names.partner(partner)
        assert found is not None
        await _give(world, work, person, found.id)
    return person


async def _give(world: World, work: Work, person: Principal, partner: int) -> None:
    new = NewGrant(
        scope=Partner(frozenset({partner})),
        role=None,
        actions=frozenset({A.APPROVE}),
        since=world.clock(),
        until=None,
        reason="",
        granted_by="console",
    )
    await work.principals.give(person.id, new)


# ---- asking ----------------------------------------------------------------------------------------------------


async def test_asking_tells_nobody_whether_there_is_such_a_call(world: World) -> None:
    call, asker = await world.call("Contoso"), await world.person(Role.PARTNER_MANAGER, "Northwind")
    told = []
    for uid in (call.uid, uuid7()):
        made = await asker.post(f"/api/v1/calls/{uid}/access-requests", json=_why(world))
        read = await asker.get(f"{REQUESTS}/{made.json()['id']}")
        told.append((made.status_code, _shape(made.json(), uid), read.status_code, _shape(read.json(), uid)))
    assert told[0] == told[1]
    listed = (await asker.get(REQUESTS, params={"mine": "true"})).json()["items"]
    assert {one["state"] for one in listed} == {"waiting"}


async def test_asking_by_name_tells_nobody_whether_there_is_such_a_partner(world: World) -> None:
    await world.call("Contoso")
    asker = await world.person(Role.PARTNER_MANAGER, "Northwind")
    told = []
    for name in ("Contoso", "Fabrikam"):
        made = await asker.post(REQUESTS, json=asking(world, name, about="partner"))
        told.append((made.status_code, _shape(made.json(), name)))
    assert told[0] == told[1]


async def test_the_page_of_a_foreign_call_is_that_of_an_absent_one(world: World) -> None:
    world.clock.time = datetime.now(UTC)  # the pages' own
    call, asker = await world.call("Contoso"), await world.person(Role.PARTNER_MANAGER, "Northwind")
    pages = []
    for uid in (call.uid, uuid7(), "typed-by-hand"):
        answer = await asker.get(f"/calls/{uid}")
        assert answer.status_code == 404
        pages.append(answer.text.replace(uid, "ID"))
        sent = await asker.post("/access/requests", data={**_form(answer.text), "reason": "They rang me"})
        assert sent.headers["location"] == "/access?done=asked"
    assert len(set(pages)) == 1
    assert "Ask for access" in pages[0]


async def test_a_request_by_somebody_elses_hand_is_refused(world: World) -> None:
    call, victim = await world.call("Contoso"), await world.add_person(Role.AGENT, "Northwind")
    boss, other = await world.person(Role.COMPLIANCE), await world.person(Role.AGENT, "Northwind")
    forged = await other.post(REQUESTS, json=asking(world, call, by=victim.uid))
    assert (forged.status_code, forged.json()["code"]) == (422, "invalid")
    own = await asked(world, await world.signed_in(victim), call)
    for verb in ("withdraw", "approve", "refuse"):
        assert (await other.post(f"{REQUESTS}/{own}/{verb}")).status_code == 404
    assert (await other.get(f"{REQUESTS}/{own}")).status_code == 404
    foreign = await boss.post(f"{REQUESTS}/{own}/approve", headers={"Origin": "https://evil.example"})
    assert (foreign.status_code, foreign.json()["code"]) == (403, "cross_site")
    program = await world.integration(A.FIND)
    assert (await program.post(REQUESTS, json=asking(world, call))).status_code == 403


# ---- deciding --------------------------------------------------------------------------------------------------


async def test_nobody_approves_their_own_request(world: World) -> None:
    call, person = await world.call("Contoso"), await world.add_person(Role.COMPLIANCE)
    client = await world.signed_in(person)
    own = await asked(world, client, call)
    for verb in ("approve", "refuse"):
        assert (await client.post(f"{REQUESTS}/{own}/{verb}")).status_code == 403
    assert [event.reason_code for event in await world.events("archive.denied")] == ["oneself", "oneself"]
    assert (await client.get(REQUESTS)).json()["items"] == []


async def test_nobody_approves_outside_what_they_approve(world: World) -> None:
    call, asker = await world.call("Contoso"), await world.person(Role.AGENT, "Northwind")
    boss = await world.signed_in(await approver(world, "Northwind"))
    wanted = await asked(world, asker, call)
    answer = await boss.post(f"{REQUESTS}/{wanted}/approve")
    nowhere = await boss.post(f"{REQUESTS}/{uuid7()}/approve")
    assert (answer.status_code, answer.json()) == (404, nowhere.json())
    assert (await boss.get(REQUESTS)).json()["items"] == []
    assert [event.reason_code for event in await world.events("archive.denied")] == ["not_there", "no_grant"]


async def test_a_partner_manager_approves_no_thirty_first_day(world: World) -> None:
    call, asker = await world.call("Northwind"), await world.person(Role.AGENT, "Contoso")
    manager = await world.person(Role.PARTNER_MANAGER, "Northwind")
    wanted = await asked(world, asker, call, days=60)
    for body in ({"until": in_days(world, 31)}, {}):
        refused = await manager.post(f"{REQUESTS}/{wanted}/approve", json=body)
        assert (refused.status_code, refused.json()["field"]) == (422, "until")
    assert (await asker.get(f"/api/v1/calls/{call.uid}")).status_code == 404
    granted = await manager.post(f"{REQUESTS}/{wanted}/approve", json={"until": in_days(world, 30)})
    assert granted.json()["state"] == "granted"
    assert (await asker.get(f"/api/v1/calls/{call.uid}")).status_code == 200


async def test_a_manager_without_hearing_decides_on_nothing(world: World) -> None:
    call, asker = await world.call("Northwind"), await world.person(Role.AGENT, "Contoso")
    wanted = await asked(world, asker, call)
    for role in (Role.ADMINISTRATOR, Role.AUDITOR, Role.TEAM_LEAD, Role.AGENT):
        other = await world.person(role, *([] if role is Role.ADMINISTRATOR else ["Northwind"]))
        assert (await other.post(f"{REQUESTS}/{wanted}/approve")).status_code == 404, role


async def test_a_grant_of_another_call_is_not_ended_by_way_of_this_one(world: World) -> None:
    call, other = await world.call("Northwind"), await world.call("Northwind", external_id="2")
    manager = await world.person(Role.PARTNER_MANAGER, "Northwind")
    colleague = await world.person(Role.PARTNER_MANAGER, "Northwind")
    friend = await world.add_person(Role.AGENT, "Contoso")
    giving = {"to": friend.email, "until": in_days(world, 3), "reason": "They asked"}
    made = (await manager.post(f"/api/v1/calls/{call.uid}/grants", json=giving)).json()
    for client, uid in ((manager, other.uid), (colleague, call.uid)):
        assert (await client.delete(f"/api/v1/calls/{uid}/grants/{made['id']}")).status_code == 404
    assert (await manager.delete(f"/api/v1/calls/{call.uid}/grants/{made['id']}")).status_code == 204
    again = await manager.delete(f"/api/v1/calls/{call.uid}/grants/{made['id']}")
    assert again.status_code == 404


# ---- emergency access ------------------------------------------------------------------------------------------


async def test_nobody_but_an_administrator_breaks_the_glass(world: World) -> None:
    for role in set(Role) - {Role.ADMINISTRATOR}:
        person = await world.person(role, "Northwind")
        answer = await person.post(GLASS, json={"scope": "all", "reason": WHY, "password": PASSWORD})
        assert answer.status_code == 403, role
    program = await world.integration(A.MANAGE_PEOPLE)
    assert (await program.post(GLASS, json={"scope": "all", "reason": WHY})).status_code == 403
    assert {event.outcome for event in await world.events("archive.denied")} == {"denied"}


async def test_the_glass_takes_a_reason_and_the_password_again(world: World) -> None:
    admin = await world.person(Role.ADMINISTRATOR)
    short = await admin.post(GLASS, json={"scope": "all", "reason": "urgent", "password": PASSWORD})
    assert (short.status_code, short.json()["field"]) == (422, "reason")
    for password in ({}, {"password": "a wrong password"}):
        refused = await admin.post(GLASS, json={"scope": "all", "reason": WHY, **password})
        assert (refused.status_code, refused.json()["field"]) == (422, "password")
    denied = [one for one in await world.events("glass.broken") if one.outcome == "denied"]
    assert [one.reason_code for one in denied] == ["wrong_password"] * 2


async def test_the_glass_is_broken_once_and_not_prolonged(world: World) -> None:
    call, admin = await world.call("Northwind"), await world.person(Role.ADMINISTRATOR)
    body = {"scope": "all", "reason": WHY, "password": PASSWORD}
    assert (await admin.get(f"/api/v1/calls/{call.uid}")).status_code == 404
    before = admin.cookies["session"]
    taken = await admin.post(GLASS, json=body)
    assert taken.status_code == 201, taken.text
    assert admin.cookies["session"] != before
    thief = await world.client(cookies={"session": before})
    assert (await thief.get("/api/v1/calls")).status_code == 401
    assert (await admin.get(f"/api/v1/calls/{call.uid}")).status_code == 200
    assert (await admin.post(GLASS, json=body)).status_code == 409
    other = await world.person(Role.ADMINISTRATOR)
    longer = await other.patch(
        f"/api/v1/grants/{taken.json()['id']}", json={"until": in_days(world, 2)}, headers={"If-Match": "*"}
    )
    assert longer.status_code == 422
    world.clock.forward(minutes=60)
    assert (await admin.get(f"/api/v1/calls/{call.uid}")).status_code == 404


async def test_nobody_sees_away_their_own_emergency_access(world: World) -> None:
    admin = await world.person(Role.ADMINISTRATOR)
    taken = await admin.post(GLASS, json={"scope": "all", "reason": WHY, "password": PASSWORD})
    boss = await world.person(Role.COMPLIANCE)
    seen = f"{GLASS}/{taken.json()['id']}/seen"
    assert (await admin.post(seen)).status_code == 404
    assert "emergency access" in (await boss.get("/audit")).text.split("<main")[0]
    assert (await boss.post(seen)).status_code == 204
    assert "emergency access" not in (await boss.get("/audit")).text.split("<main")[0]


# ---- reach -----------------------------------------------------------------------------------------------------


async def test_what_another_reaches_is_nobodys_to_know(world: World) -> None:
    other = await world.add_person(Role.COMPLIANCE)
    for role in (Role.PARTNER_MANAGER, Role.TEAM_LEAD, Role.AGENT):
        person = await world.person(role, "Northwind")
        for path in ("/api/v1/people/{}/reach", "/reach/{}"):
            there, nowhere = [await person.get(path.format(uid)) for uid in (other.uid, uuid7())]
            assert there.status_code == nowhere.status_code == 404
            assert _unnamed(there.text) == _unnamed(nowhere.text)
        assert (await person.get("/access/person", params={"who": other.email})).status_code == 403


async def test_an_administrator_learns_no_name_of_a_call(world: World) -> None:
    call = await world.call("Northwind", note="lorry")
    admin = await world.person(Role.ADMINISTRATOR)
    await world.person(Role.PARTNER_MANAGER, "Northwind")
    shown = await admin.get(f"/calls/{call.uid}/access")
    assert shown.status_code == 200
    assert call.uid in shown.text
    assert f'href="/calls/{call.uid}"' not in shown.text
    assert "lorry" not in shown.text


async def test_who_reaches_a_foreign_call_is_not_told(world: World) -> None:
    call = await world.call("Contoso")
    for role in (Role.PARTNER_MANAGER, Role.TEAM_LEAD, Role.AGENT, Role.AUDITOR):
        person = await world.person(role, "Northwind")
        for path in ("/api/v1/calls/{}/grants", "/calls/{}/access"):
            there, nowhere = [await person.get(path.format(uid)) for uid in (call.uid, uuid7())]
            assert there.status_code == nowhere.status_code == 404
            assert _unnamed(there.text) == _unnamed(nowhere.text)


def _why(world: World) -> dict[str, str]:
    return {"until": in_days(world, 14), "reason": "They rang me"}


def _shape(answer: dict[str, Any], typed: str) -> str:
    """The answer without the ids that differ anyway."""
    return str({**answer, "id": "", "asked": answer["asked"].replace(typed, "TYPED")})


def _form(html: str) -> dict[str, str]:
    """The fields of the form that asks for access, as the page fills them in."""
    form = html.split('action="/access/requests"')[1].split("</form>", maxsplit=1)[0]
    fields = re.findall(r'name="(\w+)" value="([^"]*)"', form)
    return dict(fields)


def _unnamed(html: str) -> str:
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "", html)
