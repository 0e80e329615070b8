"""People, partners, clients and teams over the API: added, changed, and what the log keeps of it."""

import pytest

from archive.policy.actions import Action, Role
from tests.world import PASSWORD, World

pytestmark = pytest.mark.anyio

MARIA = {"name": "Maria Lund", "email": "maria@example.com"}
LISTENER = {"role": "partner_manager", "scope": "partner:Northwind", "reason": "their account"}
NAMES = ("partners", "clients", "teams")


async def test_an_invited_person_comes_in_by_the_link_and_holds_the_first_grant(world: World) -> None:
    await world.call("Northwind")
    administrator = await world.person(Role.ADMINISTRATOR)
    added = await administrator.post("/api/v1/people", json={**MARIA, "grant": LISTENER})
    assert added.status_code == 201
    told = added.json()
    assert (told["person"]["email"], told["pending_change"]) == ("maria@example.com", None)
    assert told["person"]["grants"][0]["scope"] == "partner:Northwind"
    assert added.headers["Location"] == f"/api/v1/people/{told['person']['id']}"

    maria = await world.client({"Origin": "http://localhost:8000"})
    entered = await maria.post(told["link"], data={"password": PASSWORD})
    assert entered.status_code == 303
    assert len((await maria.get("/api/v1/calls")).json()["items"]) == 1


async def test_what_opens_speech_waits_and_the_person_is_added_all_the_same(world: World) -> None:
    await world.call("Northwind")
    administrator, second = await world.person(Role.ADMINISTRATOR), await world.person(Role.COMPLIANCE)
    added = await administrator.post("/api/v1/people", json={**MARIA, "grant": LISTENER})
    assert added.status_code == 201
    told = added.json()
    assert told["person"]["grants"] == []
    agreed = await second.post(f"/api/v1/pending-changes/{told['pending_change']}/agree")
    assert agreed.status_code == 200
    read = await administrator.get(added.headers["Location"])
    assert read.json()["grants"][0]["role"] == "partner_manager"


async def test_somebody_without_an_invitation_comes_by_the_companys_sign_in(world: World) -> None:
    administrator = await world.person(Role.ADMINISTRATOR)
    added = (await administrator.post("/api/v1/people", json={**MARIA, "invite": False})).json()
    assert (added["link"], added["person"]["grants"]) == (None, [])
    taken = await administrator.post("/api/v1/people", json=MARIA)
    assert (taken.status_code, taken.json()["field"]) == (409, "email")


async def test_a_person_is_changed_only_as_they_were_read(world: World) -> None:
    administrator = await world.person(Role.ADMINISTRATOR)
    path = (await administrator.post("/api/v1/people", json=MARIA)).headers["Location"]
    read = await administrator.get(path)
    match = {"If-Match": read.headers["ETag"]}
    changed = await administrator.patch(path, json={"name": "Maria Berg"}, headers=match)
    assert changed.json()["name"] == "Maria Berg"
    assert changed.json()["email"] == "maria@example.com"
    assert changed.headers["ETag"] == changed.json()["etag"] != read.headers["ETag"]
    assert (await administrator.patch(path, json={"name": "X"}, headers=match)).status_code == 412
    (event,) = await world.events("person.changed")
    assert event.details["name"] == "Maria Berg"


async def test_a_disabled_person_is_out_at_once_and_comes_back_by_a_link(world: World) -> None:
    administrator = await world.person(Role.ADMINISTRATOR)
    person = await world.add_person(Role.AUDITOR)
    client, path = await world.signed_in(person), f"/api/v1/people/{person.uid}"
    disabled = await administrator.post(f"{path}/disable")
    assert disabled.json()["disabled_at"] is not None
    assert (await client.get("/api/v1/sessions")).status_code == 401
    assert (await administrator.post(f"{path}/links")).status_code == 404
    assert (await administrator.post(f"{path}/enable")).json()["disabled_at"] is None
    made = await administrator.post(f"{path}/links", json={"codes": True})
    assert (made.status_code, made.json()["purpose"]) == (201, "invitation")  # their password went
    back = await world.client({"Origin": "http://localhost:8000"})
    assert (await back.post(made.json()["url"], data={"password": PASSWORD})).status_code == 303


async def test_a_link_for_who_approves_takes_a_second_person(world: World) -> None:
    administrator, person = await world.person(Role.ADMINISTRATOR), await world.add_person(Role.COMPLIANCE)
    asked = await administrator.post(f"/api/v1/people/{person.uid}/links")
    assert (asked.status_code, asked.json()["change"]) == (202, "ResetSignIn")


async def test_nobody_gives_changes_or_makes_a_link_for_themselves(world: World) -> None:
    person = await world.add_person(Role.ADMINISTRATOR)
    client, path = await world.signed_in(person), f"/api/v1/people/{person.uid}"
    for answer in (
        await client.patch(path, json={"email": "priya@example.com"}),
        await client.post(f"{path}/links"),
    ):
        assert answer.status_code == 403
    assert len(await world.events("archive.denied")) == 2


async def test_an_e_mail_that_says_whose_calls_are_theirs_is_not_changed_by_one_person_alone(
    world: World,
) -> None:
    """An agent's grant reads and hears whatever calls carry the e-mail."""
    administrator = await world.person(Role.ADMINISTRATOR)
    added = await administrator.post(
        "/api/v1/people", json={**MARIA, "grant": {"role": "agent", "scope": "own", "reason": "her calls"}}
    )
    path = added.headers["Location"]
    assert (await administrator.patch(path, json={"email": "lund@example.com"})).status_code == 200
    await world.add_person(Role.COMPLIANCE)
    refused = await administrator.patch(path, json={"email": "priya@example.com"})
    assert (refused.status_code, refused.json()["field"]) == (409, "email")
    assert (await administrator.patch(path, json={"name": "Maria B"})).status_code == 200


async def test_people_are_found_by_name_and_e_mail_and_come_by_page(world: World) -> None:
    administrator = await world.person(Role.ADMINISTRATOR)
    for name, email in (("Åsa Berg", "asa@example.com"), ("Ann Lee", "lee@example.com")):
        await administrator.post("/api/v1/people", json={"name": name, "email": email})

    async def found(q: str) -> list[str]:
        answer = await administrator.get("/api/v1/people", params={"q": q})
        return [one["name"] for one in answer.json()["items"]]

    assert await found("asa") == ["Åsa Berg"]
    assert await found("ÅSA") == ["Åsa Berg"]
    assert await found("lee@") == ["Ann Lee"]
    assert await found("an") == ["Ann Lee"]
    assert await found("%") == []


@pytest.mark.parametrize("names", NAMES)
async def test_a_name_is_added_renamed_and_kept_in_the_log(world: World, names: str) -> None:
    administrator = await world.person(Role.ADMINISTRATOR)
    added = await administrator.post(f"/api/v1/{names}", json={"name": " Northwind "})
    assert (added.status_code, added.json()["name"]) == (201, "Northwind")
    path, match = added.headers["Location"], {"If-Match": added.headers["ETag"]}
    renamed = await administrator.patch(path, json={"name": "Northwind Traders"}, headers=match)
    assert renamed.json()["name"] == "Northwind Traders"
    assert (await administrator.get(path)).json() == renamed.json()
    assert (await administrator.patch(path, json={"name": "X"}, headers=match)).status_code == 412
    (first, second) = await world.events("name.added", "name.changed")
    assert {first.object.kind, second.object.kind} == {names[:-1]}
    (changed,) = await world.events("name.changed")
    assert (changed.details["before"], changed.details["name"]) == ("Northwind", "Northwind Traders")


@pytest.mark.parametrize("names", ["partners", "teams"])
async def test_a_taken_name_is_a_conflict(world: World, names: str) -> None:
    administrator = await world.person(Role.ADMINISTRATOR)
    await administrator.post(f"/api/v1/{names}", json={"name": "Northwind"})
    path = (await administrator.post(f"/api/v1/{names}", json={"name": "Contoso"})).headers["Location"]
    for answer in (
        await administrator.post(f"/api/v1/{names}", json={"name": "NORTHWIND"}),
        await administrator.patch(path, json={"name": "northwind"}),
    ):
        assert (answer.status_code, answer.json()["field"]) == (409, "name")


async def test_clients_may_be_namesakes_and_are_told_apart(world: World) -> None:
    administrator = await world.person(Role.ADMINISTRATOR)
    for external_id in ("C1", "C2"):
        body = {"name": "Ann", "external_id": external_id}
        assert (await administrator.post("/api/v1/clients", json=body)).status_code == 201
    listed = (await administrator.get("/api/v1/clients?limit=1")).json()
    more = (await administrator.get("/api/v1/clients", params={"cursor": listed["next"]})).json()
    assert [one["external_id"] for one in (*listed["items"], *more["items"])] == ["C1", "C2"]


async def test_names_are_told_within_the_scope_of_who_may_find(world: World) -> None:
    await world.call("Northwind")
    foreign = await world.call("Contoso")
    assert foreign.partner
    manager = await world.person(Role.PARTNER_MANAGER, "Northwind")
    listed = (await manager.get("/api/v1/partners")).json()["items"]
    assert [one["name"] for one in listed] == ["Northwind"]
    assert (await manager.get(f"/api/v1/partners/{listed[0]['id']}")).status_code == 200
    assert (await manager.get(f"/api/v1/partners/{foreign.partner.uid}")).status_code == 404
    assert (await manager.get("/api/v1/partners", params={"q": "con"})).json()["items"] == []
    assert (await manager.get("/api/v1/clients")).status_code == 403
    uploader = await world.integration(Action.UPLOAD)
    assert (await uploader.get("/api/v1/partners")).status_code == 403


async def test_calls_show_a_new_name_and_the_index_is_brought_up_to_date(world: World) -> None:
    call = await world.call("Northwind")
    assert call.partner
    administrator, compliance = await world.person(Role.ADMINISTRATOR), await world.person(Role.COMPLIANCE)
    await administrator.patch(f"/api/v1/partners/{call.partner.uid}", json={"name": "Zephyr"})
    assert (await compliance.get(f"/api/v1/calls/{call.uid}")).json()["partner"] == "Zephyr"
    async with world.parts.database.read() as work:
        assert call.id in await work.index_debts.calls(9)


@pytest.mark.parametrize("name", ["", "   ", "\u202e", "x" * 201])
async def test_a_name_that_shows_nothing_or_too_much_is_refused(world: World, name: str) -> None:
    administrator = await world.person(Role.ADMINISTRATOR)
    refused = await administrator.post("/api/v1/partners", json={"name": name})
    assert (refused.status_code, refused.json()["field"]) == (422, "name")
