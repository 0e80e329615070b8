"""What is registered of a program: who may change it, what is refused, its limit, its purpose, its last use."""

from typing import Any

import httpx
import pytest

from archive.identity.secrets import Prefix, new_secret
from archive.identity.tokens import actions_of
from archive.policy.actions import Action, Role
from tests.acting import allow, exchange, pkce
from tests.world import World

pytestmark = pytest.mark.anyio

INTEGRATIONS = "/api/v1/integrations"
GRANT = {"actions": ["upload"], "scope": "all"}
ACTING = {"for_people": ["find"], "redirect_uris": ["https://crm.example.com/back"]}


@pytest.fixture
async def ada(world: World) -> httpx.AsyncClient:
    return await world.person(Role.ADMINISTRATOR)


async def added(ada: httpx.AsyncClient, **given: Any) -> dict[str, Any]:
    answer = await ada.post(INTEGRATIONS, json={"name": "CRM", **given})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def entered(world: World, made: dict[str, Any]) -> httpx.AsyncClient:
    """The program with a token of its own."""
    client = await world.client()
    auth = (made["integration"]["client_id"], made["client_secret"])
    answer = await client.post("/oauth/token", auth=auth, data={"grant_type": "client_credentials"})
    client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return client


# ---- registering -----------------------------------------------------------------------------------------------


async def test_a_program_is_registered_changed_rotated_and_revoked(
    world: World, ada: httpx.AsyncClient
) -> None:
    made = await added(ada, purpose="Shows calls", grant=GRANT, requests_a_minute=5)
    shown = made["integration"]
    address = f"{INTEGRATIONS}/{shown['id']}"
    assert (shown["purpose"], shown["requests_a_minute"], made["pending_change"]) == ("Shows calls", 5, None)
    assert [grant["actions"] for grant in shown["grants"]] == [["upload"]]
    assert (await ada.get(address)).json() == shown
    changed = await ada.patch(
        address, json={"name": "New", "requests_a_minute": None}, headers={"If-Match": shown["etag"]}
    )
    assert (changed.status_code, changed.json()["name"], changed.json()["purpose"]) == (
        200,
        "New",
        "Shows calls",
    )
    assert changed.json()["requests_a_minute"] is None
    stale = await ada.patch(address, json={"name": "Old"}, headers={"If-Match": shown["etag"]})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    second = (await ada.post(f"{address}/secrets")).json()["client_secret"]
    assert (await (await entered(world, {**made, "client_secret": second})).get("/api/v1/calls")).is_success
    assert (await ada.delete(address)).status_code == 204
    assert (await ada.get(address)).json()["disabled_at"] is not None
    for again in (
        await ada.patch(address, json={"name": "x"}),
        await ada.post(f"{address}/secrets"),
        await ada.delete(address),
    ):
        assert again.status_code == 404
    types = [event.type for event in await world.events(object=shown["id"])]
    assert {f"integration.{done}" for done in ("created", "changed", "rotated", "revoked")} <= set(types)


async def test_two_who_change_one_registration_do_not_undo_each_other(ada: httpx.AsyncClient) -> None:
    made = (await added(ada, grant=GRANT))["integration"]
    address, first = f"{INTEGRATIONS}/{made['id']}", {"If-Match": made["etag"]}
    answers = [await ada.patch(address, json={"requests_a_minute": limit}, headers=first) for limit in (1, 2)]
    assert [answer.status_code for answer in answers] == [200, 412]
    assert (await ada.get(address)).json()["requests_a_minute"] == 1


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "actions"),
        ({"grant": {"actions": [], "scope": "all"}}, "actions"),
        ({"grant": GRANT, "name": ""}, "name"),
        ({"grant": GRANT, "requests_a_minute": 0}, "requests_a_minute"),
        ({"grant": GRANT, "purpose": "a\nb"}, "purpose"),
        ({"grant": GRANT, "public": True}, "public"),
        ({"grant": GRANT, "redirect_uris": ACTING["redirect_uris"]}, "redirect_uris"),
        ({"for_people": ["find"]}, "redirect_uris"),
        *(
            ({**ACTING, "for_people": [action]}, "for_people")
            for action in ("grant", "approve", "seal", "manage_people", "manage_system")
        ),
        *(
            ({**ACTING, "redirect_uris": [uri]}, "redirect_uris")
            for uri in (
                "http://crm.example.com/back",
                "http://localhost/back",
                "https://a@crm.example.com/back",
                "https://crm.example.com/back#x",
                "https:///back",
                "https://crm.example.com/a b",
                "https://crm.example.com/;script-src",
                "https://*.example/back",
                "https://crm.example.com'/back",
                "https://crm.example.com:*/back",
                "https://:443/back",
                "javascript:alert(1)",
                "*",
            )
        ),
    ],
)
async def test_what_can_not_be_registered_is_refused(
    world: World, ada: httpx.AsyncClient, given: dict[str, Any], field: str
) -> None:
    answer = await ada.post(INTEGRATIONS, json={"name": "CRM", **given})
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert await world.events("integration.created") == []


@pytest.mark.parametrize("host", ["crm-2.example.com:8443", "192.0.2.7", "[2001:db8::7]:8443"])
async def test_a_redirect_address_is_a_plain_host(ada: httpx.AsyncClient, host: str) -> None:
    uri = f"https://{host}/back?from=archive"
    made = await added(ada, for_people=["find"], redirect_uris=[uri])
    assert made["integration"]["redirect_uris"] == [uri]


async def test_a_public_program_has_no_secret_and_does_nothing_for_itself(
    world: World, ada: httpx.AsyncClient
) -> None:
    made = await added(ada, public=True, **ACTING)
    client_id = made["integration"]["client_id"]
    assert made["client_secret"] is None
    assert (await ada.post(f"{INTEGRATIONS}/{client_id}/secrets")).status_code == 422
    client = await world.client()
    form = {"grant_type": "client_credentials", "client_id": client_id}
    guessed = (client_id, new_secret(Prefix.CLIENT_SECRET))
    assert (await client.post("/oauth/token", data=form)).status_code == 401
    assert (await client.post("/oauth/token", data=form, auth=guessed)).status_code == 401


async def test_a_public_program_acts_for_people_without_a_secret(
    world: World, ada: httpx.AsyncClient
) -> None:
    client_id = (await added(ada, public=True, **ACTING))["integration"]["client_id"]
    browser, secret = await world.person(Role.PARTNER_MANAGER, "Northwind"), pkce()
    given = {"client_id": client_id, "redirect_uri": world.BACK}
    code = await allow(browser, secret, **given, scope="find")
    answer = await (await world.client()).post("/oauth/token", data=exchange(code, secret, **given))
    assert (answer.status_code, answer.json()["scope"]) == (200, "find")


async def test_what_a_program_may_do_can_wait_for_a_second_person(
    world: World, ada: httpx.AsyncClient
) -> None:
    await world.add_person(Role.COMPLIANCE)
    answer = await ada.post(
        INTEGRATIONS, json={"name": "CRM", "grant": {"actions": ["find", "listen"], "scope": "all"}}
    )
    assert answer.status_code == 201
    made = answer.json()
    assert (made["pending_change"] is not None, made["integration"]["grants"]) == (True, [])
    program = await entered(world, made)
    assert (await program.get("/api/v1/calls")).json()["items"] == []
    async with world.parts.database.read() as work:
        found = await work.principals.by_client_id(made["integration"]["id"])
        assert found is not None
        assert actions_of(found, await work.now()) == frozenset()


async def agreed(compliance: httpx.AsyncClient, uid: str) -> None:
    assert (await compliance.post(f"/api/v1/pending-changes/{uid}/agree")).status_code == 200


async def test_a_program_that_asks_people_for_speech_made_by_one_alone(
    world: World, ada: httpx.AsyncClient
) -> None:
    """It has no secret, and so gets nothing from anybody, before a second person looked at it; nor anew after."""
    compliance = await world.person(Role.COMPLIANCE)
    made = await added(ada, **{**ACTING, "for_people": ["find", "listen"]})
    address, waits = f"{INTEGRATIONS}/{made['integration']['id']}", made["pending_change"]
    assert (made["client_secret"], waits is None) == (None, False)
    assert (await ada.post(f"{address}/secrets")).status_code == 202
    await agreed(compliance, waits)
    assert [(await ada.post(f"{address}/secrets")).status_code for _ in range(2)] == [201, 202]


async def test_a_public_program_that_sends_speech_away(world: World, ada: httpx.AsyncClient) -> None:
    """It has no secret to wait for: what people let it hear comes to their own machine alone."""
    await world.add_person(Role.COMPLIANCE)
    public = {"name": "x", "public": True, "for_people": ["read_transcript"]}
    for uri, status in ((world.BACK, 409), ("http://127.0.0.1/back", 201)):
        answer = await ada.post(INTEGRATIONS, json={**public, "redirect_uris": [uri]})
        assert answer.status_code == status


@pytest.mark.parametrize(
    ("before", "edit"),
    [
        (["find", "listen"], {"redirect_uris": [*ACTING["redirect_uris"], "https://evil.example/back"]}),
        (["find", "listen"], {"for_people": ["find", "listen", "read_transcript"]}),
        (["find"], {"for_people": ["find", "listen"]}),
    ],
)
async def test_leading_elsewhere_what_people_let_a_program_hear(
    world: World, ada: httpx.AsyncClient, before: list[str], edit: dict[str, Any]
) -> None:
    made = (await added(ada, **{**ACTING, "for_people": before}))["integration"]
    await world.add_person(Role.COMPLIANCE)
    address = f"{INTEGRATIONS}/{made['id']}"
    refused = await ada.patch(address, json=edit)
    assert (refused.status_code, refused.json()["code"]) == (409, "register_anew")
    assert (await ada.get(address)).json() == made
    assert (await ada.patch(address, json={"for_people": ["find"]})).status_code == 200


async def test_sparing_a_program_that_hears_its_reasons(world: World, ada: httpx.AsyncClient) -> None:
    """A standing purpose would stand for each reason; ending one, or one for a program that hears nothing, is free."""
    made = (await added(ada, purpose="Answers", grant={"actions": ["listen"], "scope": "all"}))["integration"]
    harmless = (await added(ada, grant=GRANT))["integration"]
    await world.add_person(Role.COMPLIANCE)
    address, other = (f"{INTEGRATIONS}/{one['id']}" for one in (made, harmless))
    refused = await ada.patch(address, json={"purpose": "Quality"})
    assert (refused.status_code, refused.json()["code"]) == (409, "register_anew")
    for path, purpose in ((address, None), (other, "Quality")):
        assert (await ada.patch(path, json={"purpose": purpose})).status_code == 200
    assert (await ada.patch(address, json={"purpose": "Answers"})).status_code == 409


async def test_a_program_does_not_change_its_own_registration(world: World) -> None:
    client_id, secret = await world.add_integration(Action.MANAGE_PEOPLE)
    program = await entered(world, {"integration": {"client_id": client_id}, "client_secret": secret})
    answer = await program.patch(f"{INTEGRATIONS}/{client_id}", json={"requests_a_minute": None})
    assert answer.status_code == 403
    assert len(await world.events("archive.denied")) == 1


async def test_what_a_registration_lost_its_tokens_lose_with_the_next_request(
    world: World, ada: httpx.AsyncClient
) -> None:
    await world.call("Northwind")
    made = await added(ada, **ACTING)
    client_id, secret = made["integration"]["client_id"], pkce()
    browser = await world.person(Role.PARTNER_MANAGER, "Northwind")
    code = await allow(browser, secret, client_id=client_id, redirect_uri=world.BACK, scope="find")
    client = await world.client()
    form = exchange(code, secret, client_id=None, redirect_uri=world.BACK)
    tokens = (await client.post("/oauth/token", auth=(client_id, made["client_secret"]), data=form)).json()
    client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
    assert len((await client.get("/api/v1/calls")).json()["items"]) == 1
    narrowed = {"for_people": ["read_call"]}
    assert (await ada.patch(f"{INTEGRATIONS}/{client_id}", json=narrowed)).status_code == 200
    assert (await client.get("/api/v1/calls")).json()["items"] == []


# ---- limit, use, purpose ---------------------------------------------------------------------------------------


async def test_past_its_limit_a_program_waits(world: World, ada: httpx.AsyncClient) -> None:
    program = await entered(world, await added(ada, grant=GRANT, requests_a_minute=3))
    other = await entered(world, await added(ada, grant=GRANT, requests_a_minute=3))
    assert [(await program.get("/api/v1/calls")).status_code for _ in range(3)] == [200] * 3
    world.clock.forward(seconds=20)
    limited = await program.get("/api/v1/calls")
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "40")
    assert (await other.get("/api/v1/calls")).status_code == 200
    world.clock.forward(seconds=40)
    assert (await program.get("/api/v1/calls")).status_code == 200


async def test_one_persons_haste_leaves_others_their_part_of_a_programs_limit(
    world: World, ada: httpx.AsyncClient
) -> None:
    client_id = (await added(ada, public=True, requests_a_minute=2, **ACTING))["integration"]["client_id"]
    given = {"client_id": client_id, "redirect_uri": world.BACK}
    codes = []
    for partner in ("Northwind", "Contoso"):
        browser, secret = await world.person(Role.PARTNER_MANAGER, partner), pkce()
        code = await allow(browser, secret, **given, scope="find")
        client = await world.client()
        tokens = (await client.post("/oauth/token", data=exchange(code, secret, **given))).json()
        client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        codes.append([(await client.get("/api/v1/calls")).status_code for _ in range(3)])
    assert codes == [[200, 200, 429]] * 2


async def test_last_use_is_written_once_a_minute(world: World, ada: httpx.AsyncClient) -> None:
    made = await added(ada, grant=GRANT)
    address = f"{INTEGRATIONS}/{made['integration']['id']}"
    program, began = await entered(world, made), world.clock()

    async def used() -> str | None:
        await program.get("/api/v1/calls")
        found: str | None = (await ada.get(address)).json()["used_at"]
        return found

    assert made["integration"]["used_at"] is None
    first = await used()
    assert first is not None
    assert first[:19] == began.isoformat()[:19]
    world.clock.forward(seconds=59)
    assert await used() == first
    world.clock.forward(seconds=1)
    assert await used() != first


async def test_a_programs_purpose_stands_in_each_of_its_events(world: World, ada: httpx.AsyncClient) -> None:
    """Whatever it does, for itself or for a person; only what nobody is known by has none."""
    actions = ["find", "read_call", "read_transcript", "listen", "download", "edit", "manage_people"]
    made = await added(ada, purpose="Answers clients", grant={"actions": actions, "scope": "all"})
    program, call = await entered(world, made), await world.call("Northwind")
    listen = (await program.post(f"/api/v1/calls/{call.uid}/listens", json={})).json()
    for method, address, given in (
        ("GET", f"/api/v1/calls/{call.uid}", {}),
        ("PATCH", f"/api/v1/calls/{call.uid}", {"json": {"note": "n"}}),
        ("GET", f"/api/v1/calls/{call.uid}/transcript", {}),
        ("GET", f"/api/v1/calls/{call.uid}/recording", {"headers": {"Range": "bytes=0-9"}}),
        ("DELETE", f"/api/v1/listens/{listen['id']}", {}),
        ("DELETE", f"/api/v1/calls/{call.uid}", {}),
        ("GET", "/api/v1/search?q=lorry", {}),
        ("GET", "/api/v1/audit/events", {}),
        ("POST", INTEGRATIONS, {"json": {"name": "x", "grant": GRANT}}),
    ):
        await program.request(method, address, **given)
    events = await world.events(actor=made["integration"]["id"])
    assert len({event.type for event in events}) > 9
    assert {event.type for event in events if event.purpose != "Answers clients"} == set()


async def test_the_purpose_stands_in_what_a_program_does_for_a_person(
    world: World, ada: httpx.AsyncClient
) -> None:
    client_id = (await added(ada, public=True, purpose="Plug-in", **ACTING))["integration"]["client_id"]
    given = {"client_id": client_id, "redirect_uri": world.BACK}
    browser, secret = await world.person(Role.PARTNER_MANAGER, "Northwind"), pkce()
    code = await allow(browser, secret, **given, scope="find")
    client = await world.client()
    tokens = (await client.post("/oauth/token", data=exchange(code, secret, **given))).json()
    client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
    call = await world.call("Northwind")
    await client.get(f"/api/v1/calls/{call.uid}")
    (denied,) = await world.events("call.denied")
    assert (denied.purpose, denied.origin.client, denied.reason_code) == ("Plug-in", client_id, "token_scope")
