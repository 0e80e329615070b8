"""Lists on pages are shown a part at a time, and lead on to the rest."""

import re

import httpx
import pytest

from archive.calls.call import Call
from archive.http.pages import changes, integrations, people
from archive.http.pages.listens import BESIDE, LISTENS
from archive.ids import uuid7
from archive.policy.actions import Action, Role
from archive.policy.scope import Partner
from archive.ports import NewGrant, ResetSignIn
from tests.world import World

pytestmark = pytest.mark.anyio
NAME = re.compile(r'<td><a class="strong" href="[^"]*">(.*?)</a>')
CHANGE = re.compile(r'action="/access/changes/[^"]*/agree"')
LISTEN = re.compile(r'<dl class="three">')


async def html(client: httpx.AsyncClient, address: str) -> str:
    answer = await client.get(address)
    assert answer.status_code == 200, address
    return answer.text


def link(page: str, words: str) -> str:
    """Where the link with these words leads; empty without one."""
    found = re.search(rf'<a [^>]*href="([^"]*)">{words}</a>', page)
    return found[1].replace("&amp;", "&") if found else ""


async def add_listens(world: World, call: Call, count: int) -> None:
    person = await world.add_person(Role.PARTNER_MANAGER, "Northwind")
    async with world.parts.database.write() as work:
        for _ in range(count):
            await work.listens.add(call, person, "seat", uid=uuid7(), reason=None, continues=None)


async def add_group(world: World, partner: str) -> None:
    async with world.parts.database.write() as work:
        group = await work.groups.add(f"Of {partner}")
        known = await work.names.partner(partner)
        assert known is not None
        grant = NewGrant(
            scope=Partner(frozenset({known.id})),
            role=Role.AGENT,
            actions=frozenset(),
            since=await work.now(),
            until=None,
            reason="",
            granted_by="console",
        )
        await work.principals.give(group.id, grant)


async def test_people_and_integrations_lead_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "SHOWN", 2)
    monkeypatch.setattr(integrations, "SHOWN", 2)
    administrator = await world.person(Role.ADMINISTRATOR)
    for role in (Role.AUDITOR, Role.COMPLIANCE):
        await world.add_person(role)
    for _ in range(3):
        await world.add_integration()
    first = await html(administrator, "/people")
    assert NAME.findall(first) == ["administrator", "auditor"]
    assert "3 people" in first
    second = await html(administrator, link(first, "More"))
    assert NAME.findall(second) == ["compliance"]
    assert link(second, "More") == ""
    programs = await html(administrator, "/integrations")
    assert NAME.findall(programs) == ["crm", "crm"]
    assert NAME.findall(await html(administrator, link(programs, "More"))) == ["crm"]


async def test_changes_that_wait_lead_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "SHOWN", 2)
    compliance = await world.person(Role.COMPLIANCE)
    for _ in range(3):
        person = await world.add_person(Role.AGENT, "Northwind")
        async with world.parts.database.write() as work:
            await work.changes.add(
                ResetSignIn(person.uid), beneficiary=person.uid, asked_by="console", asked_name="root"
            )
    first = await html(compliance, "/access/changes")
    assert ("3 wait" in first, len(CHANGE.findall(first))) == (True, 2)
    second = await html(compliance, link(first, "More"))
    assert (len(CHANGE.findall(second)), link(second, "More")) == (1, "")


async def test_the_log_names_everybody_to_its_readers_alone(world: World, statements: list[str]) -> None:
    for role, status, lists in ((Role.AGENT, 403, 0), (Role.AUDITOR, 200, 1)):
        who = await world.person(role)
        statements.clear()
        assert (await who.get("/audit")).status_code == status
        assert len([one for one in statements if "WHERE principals.kind" in one]) == lists, role


async def test_the_log_asks_as_little_however_many_calls_it_tells_of(
    world: World, statements: list[str]
) -> None:
    compliance, asked = await world.person(Role.COMPLIANCE), []
    for number in range(3):
        await world.call(external_id=str(number), playable=False)
        statements.clear()
        assert "Northwind" in await html(compliance, "/audit")
        asked.append(len(statements))
    assert asked[0] == asked[1] == asked[2]


@pytest.mark.parametrize("path", ["people", "integrations", "groups", "grants"])
async def test_a_list_of_holders_asks_as_little_however_many_they_are(
    world: World, path: str, statements: list[str]
) -> None:
    administrator, asked = await world.person(Role.ADMINISTRATOR), []
    for number in range(3):
        await world.call(external_id=str(number), partner=str(number), playable=False)
        await world.add_person(Role.PARTNER_MANAGER, str(number))
        await world.add_integration(Action.FIND, scope=f"partner:{number}")
        await add_group(world, str(number))
        statements.clear()
        assert f"partner:{number}" in await html(administrator, f"/api/v1/{path}")
        asked.append(len(statements))
    assert asked[0] == asked[1] == asked[2]


async def test_a_call_shows_its_newest_listens_and_leads_to_all(world: World) -> None:
    call = await world.call()
    compliance = await world.person(Role.COMPLIANCE)
    await add_listens(world, call, LISTENS + 1)
    beside = await html(compliance, f"/calls/{call.uid}")
    assert len(LISTEN.findall(beside)) == BESIDE
    assert f"{LISTENS + 1} listens by 1 person" in beside
    first = await html(compliance, link(beside, "All listens"))
    assert len(LISTEN.findall(first)) == LISTENS
    rest = await html(compliance, link(first, "Older"))
    assert len(LISTEN.findall(rest)) == 1
    assert link(rest, "Older") == ""
    read = [one for one in await world.events("audit.read", call=call.uid) if "what" in one.details]
    assert len(read) == 3  # one for each page
