"""The pages of administration, without script: what they show, what their forms do, and what those refuse."""

import html
import re
from urllib.parse import urlencode

import httpx
import pytest

from archive.policy.actions import Action, Role
from tests.world import PASSWORD, World

pytestmark = pytest.mark.anyio

MARIA = {"name_of": "Maria Lund", "email": "maria@example.com"}
HEAR = {"what": "hear", "where": "partner", "name": "Northwind", "reason": "their account"}
COUNTED = {"counted": "partner:Northwind"}


async def shown(client: httpx.AsyncClient, path: str) -> str:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


async def sent(client: httpx.AsyncClient, path: str, status: int = 303, /, **form: str) -> str:
    """The page that a form leads to, or the one that it answers with."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await client.post(path, content=urlencode(form), headers=headers)
    assert answer.status_code == status, answer.text
    return await shown(client, answer.headers["Location"]) if status == 303 else html.unescape(answer.text)


def link_in(page: str) -> str:
    found = re.search(r'<code class="secret"[^>]*>([^<]+)</code>', page)
    assert found
    return found[1]


async def test_a_person_is_added_with_a_link_that_is_shown_once(world: World) -> None:
    administrator = await world.person(Role.ADMINISTRATOR)
    page = await sent(administrator, "/people", 200, **MARIA, invite="on", what="nothing")
    link = link_in(page)
    assert "Nothing yet. They may come in, and find nothing." in page
    maria = await world.client({"Origin": "http://localhost:8000"})
    assert (await maria.post(link, data={"password": PASSWORD})).status_code == 303
    event = (await world.events("person.added"))[0]
    again = await shown(administrator, f"/people/{event.object.id}")
    assert link not in again
    assert "By a password, without one-time codes." in again
    assert "Signed in at 1 place now." in again


async def test_a_form_keeps_what_was_typed_and_says_what_was_wrong(world: World) -> None:
    administrator = await world.person(Role.ADMINISTRATOR)
    await sent(administrator, "/people", 200, **MARIA, invite="on", what="nothing")
    page = await sent(administrator, "/people", 409, **MARIA, what="nothing")
    assert "Somebody has this e-mail already." in page
    assert 'value="Maria Lund"' in page
    no_reason = await sent(administrator, "/people", 422, **MARIA, **{**HEAR, "reason": ""})
    assert "Say why." in no_reason
    unknown = await sent(administrator, "/people", 422, **MARIA, **{**HEAR, "name": "Nowhere"})
    assert "There is no partner Nowhere." in unknown
    assert "Name the partner" in await sent(administrator, "/people", 422, **MARIA, **{**HEAR, "name": ""})


async def test_without_a_script_the_number_is_shown_before_anything_is_given(world: World) -> None:
    await world.call("Northwind")
    await world.call("Contoso")
    administrator, person = await world.person(Role.ADMINISTRATOR), await world.add_person(Role.AUDITOR)
    path = f"/people/{person.uid}/grants"
    page = await sent(administrator, path, 409, **HEAR)
    assert "That comes to 1 call now." in page
    assert 'name="counted" value="partner:Northwind"' in page
    assert await world.events("grant.given") == await world.events("grant.given", actor="console")
    other = await sent(administrator, path, 409, **{**HEAR, "where": "all"}, **COUNTED)
    assert "That comes to 2 calls now." in other  # the number shown was another's
    assert "Access is given." in await sent(administrator, path, **HEAR, **COUNTED)
    assert "calls of Northwind" in await shown(administrator, f"/people/{person.uid}")


async def test_the_script_is_told_the_number_and_what_is_wrong(world: World) -> None:
    await world.call("Northwind")
    administrator = await world.person(Role.ADMINISTRATOR)
    counted = await administrator.get("/people/count", params={k: HEAR[k] for k in ("what", "where", "name")})
    assert counted.json() == {"counted": "partner:Northwind", "count": "That comes to 1 call now."}
    wrong = await administrator.get("/people/count?what=hear&where=partner&name=Nowhere")
    assert (wrong.status_code, wrong.json()["detail"]) == (422, "There is no partner Nowhere.")
    compliance = await world.person(Role.COMPLIANCE)
    assert (await compliance.get("/people/count?what=hear&where=all")).status_code == 403


async def test_what_waits_for_a_second_person_says_so_with_the_way_there(world: World) -> None:
    await world.call("Northwind")
    administrator, second = await world.person(Role.ADMINISTRATOR), await world.person(Role.COMPLIANCE)
    person = await world.add_person(Role.AUDITOR)
    page = await sent(administrator, f"/people/{person.uid}/grants", **HEAR, **COUNTED)
    assert "This waits for a second person. Nothing has changed yet." in page
    assert 'href="/access/changes"' in page
    assert "calls of Northwind" not in page
    waiting = (await second.get("/api/v1/pending-changes")).json()["items"]
    await second.post(f"/api/v1/pending-changes/{waiting[0]['id']}/agree")
    page = await shown(administrator, f"/people/{person.uid}")
    assert "calls of Northwind" in page
    assert "waits for a second person" not in page


async def test_a_grant_is_ended_where_it_is_shown(world: World) -> None:
    administrator, person = await world.person(Role.ADMINISTRATOR), await world.add_person(Role.AUDITOR)
    page = await shown(administrator, f"/people/{person.uid}")
    (path,) = re.findall(r'action="(/grants/[^"]+)"', page)
    after = await sent(administrator, path, back=f"/people/{person.uid}")
    assert "over" in after
    assert not re.findall(r'action="(/grants/[^"]+)"', after)
    elsewhere = await administrator.post(path, data={"back": "https://example.com/"})
    assert elsewhere.status_code == 404  # over already


async def test_a_person_is_changed_disabled_and_let_in_again(world: World) -> None:
    administrator, person = await world.person(Role.ADMINISTRATOR), await world.add_person(Role.AUDITOR)
    client, path = await world.signed_in(person), f"/people/{person.uid}"
    page = await sent(administrator, path, name="Otto Berg", email="otto@example.com")
    assert "Saved." in page
    assert "otto@example.com" in page
    assert "That is not an e-mail address." in await sent(administrator, path, 422, name="O", email="x")
    assert "All their sessions are ended." in await sent(administrator, f"{path}/sessions/end")
    assert (await client.get("/api/v1/sessions")).status_code == 401
    ended = await world.events("session.ended")
    assert ended[0].reason_code == "ended_by_administrator"
    page = await sent(administrator, f"{path}/disable")
    assert "Disabled since" in page
    assert "Give access" not in page
    page = await sent(administrator, f"{path}/enable")
    assert "They may come in again" in page
    assert link_in(await sent(administrator, f"{path}/link", 200))


async def test_ones_own_page_says_why_it_has_no_forms(world: World) -> None:
    person = await world.add_person(Role.ADMINISTRATOR)
    client = await world.signed_in(person)
    page = await shown(client, f"/people/{person.uid}")
    assert "This is you. Nobody gives themselves access" in page
    assert "<form" not in page.split('<main id="main"')[1]
    refused = await sent(
        client, f"/people/{person.uid}/grants", 403, **{**HEAR, "where": "all"}, counted="all"
    )
    assert "Nobody gives anything to themselves" in refused


async def test_people_are_found_and_come_by_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from archive.http.pages import people

    monkeypatch.setattr(people, "SHOWN", 1)
    administrator = await world.person(Role.ADMINISTRATOR)
    await world.add_person(Role.AUDITOR)
    first = await shown(administrator, "/people")
    assert "2 people" in first
    (more,) = re.findall(r'href="(/people\?[^"]+)"', first)
    assert "auditor" in await shown(administrator, more)
    assert "auditor" in await shown(administrator, "/people?q=aud")
    assert "Nobody's name or e-mail begins with zzz." in await shown(administrator, "/people?q=zzz")


async def test_a_group_is_added_given_access_and_members(world: World) -> None:
    await world.call("Northwind")
    administrator, person = await world.person(Role.ADMINISTRATOR), await world.add_person(Role.AUDITOR)
    assert "No group yet." in await shown(administrator, "/groups")
    page = await sent(administrator, "/groups", name="Northwind desk")
    (group,) = set(re.findall(r'action="(/groups/[^"/]+)"', page))
    assert "Conflict" not in page
    assert await sent(administrator, "/groups", 409, name="northwind DESK")
    assert "Access is given." in await sent(administrator, f"{group}/grants", **HEAR, **COUNTED)
    page = await sent(administrator, f"{group}/members", person=person.email or "")
    assert "They are a member now." in page
    held = await shown(administrator, f"/people/{person.uid}")
    assert "as a member of" in held
    assert "calls of Northwind" in held
    nobody = await sent(administrator, f"{group}/members", 404, person="nobody@example.com")
    assert "There is no person nobody@example.com." in nobody
    page = await sent(administrator, f"{group}/members/{person.uid}/end")
    assert "They are no member any more." in page
    page = await sent(administrator, f"{group}/claims", provider="corp", value="desk")
    assert "The claim is mapped." in page
    page = await sent(administrator, f"{group}/claims/end", provider="corp", value="desk")
    assert "The claim is not mapped any more." in page
    assert "North desk" in await sent(administrator, group, name="North desk")
    assert "The group is ended." in await sent(administrator, f"{group}/end")


async def test_a_program_is_registered_changed_renewed_and_revoked(world: World) -> None:
    await world.call("Northwind")
    administrator = await world.person(Role.ADMINISTRATOR)
    form = {
        "name_of": "CRM",
        "purpose": "customer care",
        "requests": "60",
        "may_find": "on",
        "may_upload": "on",
    }
    scope = {"where": "partner", "name": "Northwind", "reason": "contract 7", **COUNTED}
    page = await sent(administrator, "/integrations", 200, **form, **scope)
    first = link_in(page)
    assert "find calls, upload calls" in page
    assert "60 a minute" in page
    (path,) = set(re.findall(r'action="(/integrations/[^"/]+)"', page))
    assert first not in await shown(administrator, path)
    second = link_in(await sent(administrator, f"{path}/secrets", 200))
    assert second != first
    changed = await sent(administrator, path, name_of="CRM 2", purpose="", requests="")
    assert "CRM 2" in changed
    wrong = await sent(administrator, path, 422, name_of="CRM 2", requests="many")
    assert "A limit is a whole number." in wrong
    nothing = await sent(administrator, "/integrations", 422, name_of="Idle")
    assert "Name at least one action" in nothing
    page = await sent(administrator, f"{path}/revoke")
    assert "Revoked." in page
    assert "Make a new secret" not in page
    assert "revoked" in await shown(administrator, "/integrations")


async def test_a_registration_that_somebody_changed_meanwhile_is_not_overwritten(world: World) -> None:
    administrator = await world.person(Role.ADMINISTRATOR)
    client_id, _ = await world.add_integration(Action.UPLOAD)
    stale = await sent(administrator, f"/integrations/{client_id}", 412, name_of="X", etag='"0"')
    assert "Somebody changed this meanwhile." in stale


@pytest.mark.parametrize("names", ["partners", "clients", "teams"])
async def test_names_are_added_found_and_renamed(world: World, names: str) -> None:
    administrator = await world.person(Role.ADMINISTRATOR)
    assert "yet. An upload that names one adds it, too." in await shown(administrator, f"/{names}")
    page = await sent(administrator, f"/{names}", name="Northwind")
    assert "Added." in page
    (path,) = re.findall(rf'action="(/{names}/[^"]+)"', page)
    page = await sent(administrator, path, name="Zephyr")
    assert "Renamed." in page
    assert "Zephyr" in await shown(administrator, f"/{names}?q=zep")
    assert "No name begins with north." in await shown(administrator, f"/{names}?q=north")
    assert "A name has 1 to 200 characters." in await sent(administrator, path, 422, name=" ")
    assert (await administrator.post(f"/{names}/nonsense", data={"name": "X"})).status_code == 404


async def test_a_taken_name_is_refused_beside_the_form(world: World) -> None:
    administrator = await world.person(Role.ADMINISTRATOR)
    await sent(administrator, "/partners", name="Northwind")
    page = await sent(administrator, "/partners", name="Contoso")
    path = re.findall(r'action="(/partners/[^"]+)"', page)[0]  # of Contoso: by name
    refused = await sent(administrator, path, 409, name="northwind")
    assert "There is a partner of this name already." in refused
    assert "There is a partner of this name already." in await sent(
        administrator, "/partners", 409, name="Contoso"
    )


@pytest.mark.parametrize(
    "path", ["/people", "/people/add", "/groups", "/integrations", "/integrations/add", "/partners"]
)
async def test_pages_of_administration_are_for_those_who_manage_people(world: World, path: str) -> None:
    compliance = await world.person(Role.COMPLIANCE)
    assert (await compliance.get(path)).status_code == 403
    nobody = await world.client()
    assert (await nobody.get(path)).headers["Location"].startswith("/sign-in?next=")
