"""Reason rules and seals over HTTP: shapes, etags, what waits, and what the page shows of them."""

import pytest

from archive.policy.actions import Role
from tests.world import World

pytestmark = pytest.mark.anyio

RULES = "/api/v1/reason-rules"


async def test_a_rule_is_added_replaced_and_ended(world: World) -> None:
    call, admin = await world.call(), await world.person(Role.ADMINISTRATOR)
    assert call.partner is not None
    body = {"actions": ["listen"], "partners": [call.partner.uid], "masks": ["CASE-#"]}
    added = await admin.post(RULES, json=body)
    assert added.status_code == 201
    rule = added.json()
    assert {name: rule[name] for name in body} == body
    assert (added.headers["location"], added.headers["etag"]) == (f"{RULES}/{rule['id']}", rule["etag"])
    assert rule in (await admin.get(RULES)).json()["items"]

    path, stronger = f"{RULES}/{rule['id']}", {**body, "actions": ["listen", "download"]}
    stale = await admin.put(path, json=stronger, headers={"If-Match": '"other"'})
    assert stale.status_code == 412
    replaced = await admin.put(path, json=stronger, headers={"If-Match": rule["etag"]})
    assert (replaced.status_code, replaced.json()["actions"]) == (200, ["download", "listen"])
    assert replaced.json()["etag"] != rule["etag"]
    assert (await admin.delete(path)).status_code == 204
    assert (await admin.delete(path)).status_code == 404


async def test_what_weakens_a_rule_is_answered_with_what_waits(world: World) -> None:
    admin, officer = await world.person(Role.ADMINISTRATOR), await world.person(Role.COMPLIANCE)
    (first,) = (await admin.get(RULES)).json()["items"]
    path = f"{RULES}/{first['id']}"
    weaker = await admin.put(path, json={"actions": ["listen"], "roles": ["compliance"]})
    ended = await admin.delete(path)
    assert (weaker.status_code, ended.status_code) == (202, 202)
    for answer in (weaker, ended):
        assert (answer.json()["change"], answer.json()["state"]) == ("SetRule", "waiting")
        assert answer.headers["Location"] == f"/api/v1/pending-changes/{answer.json()['id']}"
    assert (await admin.get(RULES)).json()["items"] == [first]
    agree = f"{ended.headers['Location']}/agree"
    assert (await officer.post(agree)).status_code == 200
    assert (await admin.get(RULES)).json()["items"] == []
    assert (await admin.post("/access/reasons/nonsense/end")).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"actions": []}, "actions"),
        ({"actions": ["upload"]}, "actions"),
        ({"actions": ["listen"], "partners": ["Northwind"]}, "partners"),
        ({"actions": ["listen"], "masks": [""]}, "masks"),
        ({"actions": ["listen"], "who": "all"}, "who"),
    ],
)
async def test_a_rule_that_makes_no_sense_is_named(world: World, body: dict[str, object], field: str) -> None:
    admin = await world.person(Role.ADMINISTRATOR)
    answer = await admin.post(RULES, json=body)
    assert answer.status_code == 422
    assert answer.json()["field"].startswith(field)


async def test_the_page_of_rules_reads_as_sentences_and_keeps_what_was_typed(world: World) -> None:
    await world.call("Northwind")
    admin, officer = await world.person(Role.ADMINISTRATOR), await world.person(Role.COMPLIANCE)
    page = "/access/reasons"
    form = {"action": ["listen", "read_transcript"], "partners": "Northwind", "masks": "A-#, B-#"}
    assert (await admin.post(page, data=form)).headers["location"] == f"{page}?done=added"
    text = (await admin.get(page)).text
    for sentence in (
        "Compliance must say why before listening or downloading",
        "Everybody must say why before listening or reading the words",
        "Only calls of Northwind",
        "By the number of a case: A-# or B-#",
    ):
        assert sentence in text
    refused = await admin.post(page, data={"action": "listen", "partners": "Nobody & Co"})
    assert refused.status_code == 422
    assert "Nobody &amp; Co" in refused.text
    assert (await admin.post(page, data={"action": "fly"})).status_code == 400
    seen = await officer.get(page)
    assert seen.status_code == 200
    assert "Add a rule" not in seen.text


async def test_a_seal_is_set_and_lifted_and_shows(world: World) -> None:
    call, officer = await world.call(), await world.person(Role.COMPLIANCE)
    path, why = f"/api/v1/calls/{call.uid}/seal", {"reason": "the council asked"}
    assert (await officer.post(path, json={"reason": "x"})).status_code == 422
    assert (await officer.post(path, json=why)).json()["sealed"] is True
    assert (await officer.post(path, json=why)).status_code == 409
    assert "Lift the seal" in (await officer.get(f"/calls/{call.uid}")).text
    again = await officer.post(f"/calls/{call.uid}/seal", data=why)
    assert (again.status_code, "This call is sealed already." in again.text) == (422, True)
    assert (await officer.request("DELETE", path, json=why)).json()["sealed"] is False
    assert "Seal this call" in (await officer.get(f"/calls/{call.uid}")).text
