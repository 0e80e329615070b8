"""Attacks on what a company's provider sends by itself: back-channel logout, and access tokens for its people."""

import re
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from msgspec import structs

from archive.adapters.oidc.documents import METADATA_SECONDS
from archive.audit.event import ObjectKind
from archive.identity import groups, manage
from archive.identity.manage import Giving
from archive.policy.actions import Action, Role
from tests.security.company import AUDIENCE, Companies, open_to
from tests.world import ORIGIN, PASSWORD

pytestmark = pytest.mark.anyio


# ---- signing out -----------------------------------------------------------------------------------------------


async def test_signing_out_leads_on_to_the_provider(companies: Companies) -> None:
    acme = companies.at["acme"]
    browser = await companies.signed_in()
    assert (await browser.post("/sign-out")).headers["location"] == "/sign-in"  # it has no such place
    acme.metadata["end_session_endpoint"] = f"{acme.issuer}/leave?now=1"
    companies.world.clock.forward(seconds=METADATA_SECONDS)
    browser = await companies.signed_in()
    answer = await browser.post("/sign-out")
    assert answer.status_code == 200
    assert not await open_to(browser)
    assert "Ann Lee" not in answer.text
    found = re.search(r'content="0; url=([^"]+)"', answer.text)
    assert found
    address = urlsplit(unescape(found[1]))
    assert f"{address.scheme}://{address.netloc}{address.path}" == f"{acme.issuer}/leave"
    assert dict(parse_qsl(address.query)) == {
        "now": "1",
        "client_id": "archive",
        "post_logout_redirect_uri": "http://localhost:8000/sign-in",
        "id_token_hint": list(acme.redeemed.values())[-1],
    }


async def test_signing_out_waits_for_no_provider(companies: Companies) -> None:
    browser = await companies.signed_in()
    companies.at["acme"].stop()
    companies.world.clock.forward(seconds=METADATA_SECONDS)
    assert (await browser.post("/sign-out")).headers["location"] == "/sign-in"
    assert not await open_to(browser)


# ---- back-channel logout ---------------------------------------------------------------------------------------


async def logout(companies: Companies, token: str, name: str = "acme") -> httpx.Response:
    """As the provider sends it: no cookie, no origin."""
    client = await companies.world.client()
    return await client.post(f"/sign-in/{name}/backchannel-logout", data={"logout_token": token})


async def test_a_session_that_is_over_there_is_over_here(companies: Companies) -> None:
    acme = companies.at["acme"]
    acme.person["sid"] = "one"
    first = await companies.signed_in()
    acme.person["sid"] = "two"
    second = await companies.signed_in()
    answer = await logout(companies, acme.sign(acme.logout_claims(sid="one", sub=None), typ="logout+jwt"))
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert not await open_to(first)
    assert await open_to(second)
    (ended,) = await companies.world.events("session.ended")
    assert ended.reason_code == "ended_by_provider"


async def test_without_a_session_all_of_the_person_there_are_over(companies: Companies) -> None:
    acme, other = companies.at["acme"], companies.at["other"]
    person = await companies.signed_in()
    again = await companies.signed_in()
    acme.person |= {"sub": "bob", "email": "bob@example.com"}
    bob = await companies.signed_in()
    assert (await logout(companies, acme.sign(acme.logout_claims(sub="ann")))).status_code == 200
    assert [await open_to(each) for each in (person, again, bob)] == [False, False, True]
    assert (await logout(companies, other.sign(other.logout_claims(sub="bob")), "other")).status_code == 200
    assert await open_to(bob)  # another provider's Bob


async def test_a_provider_ends_no_session_of_another(companies: Companies) -> None:
    acme, other = companies.at["acme"], companies.at["other"]
    acme.person["sid"] = "one"
    browser = await companies.signed_in()
    local = await companies.world.person(Role.AUDITOR)
    assert (await logout(companies, other.sign(other.logout_claims(sid="one")), "other")).status_code == 200
    assert (await logout(companies, other.sign(other.logout_claims(sid="one")), "acme")).status_code == 400
    assert (await logout(companies, acme.sign(acme.logout_claims(sid="one")), "other")).status_code == 400
    assert await open_to(browser)
    assert await open_to(local)


async def test_logout_token_replay(companies: Companies) -> None:
    acme = companies.at["acme"]
    await companies.signed_in()
    token = acme.sign(acme.logout_claims())
    assert (await logout(companies, token)).status_code == 200
    later = await companies.signed_in()
    assert (await logout(companies, token)).status_code == 400
    assert await open_to(later)
    companies.world.clock.forward(seconds=120 + 61)  # the token is over, and may be forgotten
    assert (await logout(companies, token)).status_code == 400


async def test_a_logout_nobody_signed(companies: Companies) -> None:
    browser = await companies.signed_in()
    for token in ("", "x", companies.at["acme"].sign(companies.at["acme"].claims(nonce="x"))):
        assert (await logout(companies, token)).status_code == 400
    assert (await logout(companies, "x", "nobody")).status_code == 404
    assert await open_to(browser)


# ---- access tokens of the company's provider -------------------------------------------------------------------


async def bearing(companies: Companies, token: str) -> int:
    client = await companies.world.client({"Authorization": f"Bearer {token}"})
    return (await client.get("/api/v1/calls")).status_code


async def given(companies: Companies, role: Role = Role.TEAM_LEAD) -> None:
    world = companies.world
    await manage.give(
        world.parts, world.at_console, "ann@example.com", Giving(scope="all", role=role, reason="test")
    )


async def test_id_token_as_bearer(companies: Companies) -> None:
    acme = companies.at["acme"]
    await companies.signed_in()
    await given(companies)
    (token,) = acme.redeemed.values()
    assert await bearing(companies, token) == 401
    assert await bearing(companies, acme.sign(acme.claims(aud=AUDIENCE))) == 401
    assert await bearing(companies, acme.sign(acme.access_claims(AUDIENCE), typ="at+jwt")) == 200


@pytest.mark.parametrize("audience", ["archive", "another", ["another"]])
async def test_foreign_audience(companies: Companies, audience: str) -> None:
    acme = companies.at["acme"]
    await companies.signed_in()
    assert (
        await bearing(companies, acme.sign(acme.access_claims(audience, azp="archive"), typ="at+jwt")) == 401
    )


async def test_a_provider_whose_access_tokens_are_not_accepted(companies: Companies) -> None:
    other = companies.at["other"]
    await companies.signed_in()
    assert await bearing(companies, other.sign(other.access_claims(AUDIENCE), typ="at+jwt")) == 401
    assert await bearing(companies, other.sign(other.access_claims(""), typ="at+jwt")) == 401


async def test_an_access_token_of_nobody_here(companies: Companies) -> None:
    acme = companies.at["acme"]
    assert await bearing(companies, acme.sign(acme.access_claims(AUDIENCE), typ="at+jwt")) == 401


async def test_an_access_token_of_a_disabled_person(companies: Companies) -> None:
    acme, world = companies.at["acme"], companies.world
    await companies.signed_in()
    token = acme.sign(acme.access_claims(AUDIENCE), typ="at+jwt")
    assert await bearing(companies, token) == 200
    await manage.disable_person(world.parts, world.at_console, "ann@example.com")
    assert await bearing(companies, token) == 401


async def test_an_access_tokens_scope_only_narrows(companies: Companies) -> None:
    acme, world = companies.at["acme"], companies.world
    await companies.signed_in()
    await given(companies, Role.TEAM_LEAD)
    call = await world.call()
    for scope, reads, hears in (
        ("read_call listen", 200, 201),
        ("read_call", 200, 403),
        ("openid profile", 404, 404),
        (None, 404, 404),
        ("read_call delete manage_people", 200, 403),
    ):
        token = acme.sign(acme.access_claims(AUDIENCE, scope=scope), typ="at+jwt")
        client = await world.client({"Authorization": f"Bearer {token}"})
        assert (await client.get(f"/api/v1/calls/{call.uid}")).status_code == reads
        assert (await client.post(f"/api/v1/calls/{call.uid}/listens")).status_code == hears
        assert (await client.delete(f"/api/v1/calls/{call.uid}")).status_code == (
            403 if reads == 200 else 404
        )
        assert (await client.get("/api/v1/people")).status_code == 403


async def test_an_access_token_rules_the_cookie_out(companies: Companies) -> None:
    browser = await companies.signed_in()
    answer = await browser.get("/api/v1/calls", headers={"Authorization": "Bearer a.b.c"})
    assert answer.status_code == 401


# ---- ways in that are closed -----------------------------------------------------------------------------------


async def test_a_provider_that_is_taken_out_ends_what_it_let_in(companies: Companies) -> None:
    browser = await companies.signed_in()
    world = companies.world
    only = {"other": companies.providers["other"]}
    state = world.app.state
    state.context = structs.replace(state.context, parts=structs.replace(world.parts, providers=only))
    assert not await open_to(browser)


async def test_without_local_accounts_one_alone_signs_in_by_password(companies: Companies) -> None:
    world = companies.world
    people = [await world.add_person(Role.AUDITOR) for _ in range(2)]
    before = [await world.signed_in(person) for person in people]
    company = await companies.signed_in()
    state = world.app.state
    closed = structs.replace(
        world.settings, local_accounts=False, break_glass_administrator=str(people[0].email)
    )
    state.context = structs.replace(state.context, settings=closed)
    assert [await open_to(browser) for browser in (*before, company)] == [True, False, True]
    for person, status in zip(people, (303, 401), strict=True):
        browser = await world.client(ORIGIN)
        answer = await browser.post("/sign-in", data={"email": str(person.email), "password": PASSWORD})
        assert answer.status_code == status
    page = (await (await world.client()).get("/sign-in")).text
    assert "<details" in page
    assert page.index("Continue with Acme") < page.index("<details") < page.index('name="password"')


# ---- groups ----------------------------------------------------------------------------------------------------


async def test_groups_of_the_claim_give_and_take(companies: Companies) -> None:
    acme, world = companies.at["acme"], companies.world
    group = await groups.add(world.parts, world.at_console, "Support")
    await groups.map_claim(world.parts, world.at_console, group.uid, "acme", "support-eu")
    giving = Giving(scope="all", actions=frozenset({Action.FIND, Action.READ_CALL}), reason="test")
    await manage.give(world.parts, world.at_console, "group:Support", giving)
    call = await world.call()
    acme.person["groups"] = ["support-eu", "else", 7, ""]
    browser = await companies.signed_in()
    assert (await browser.get(f"/api/v1/calls/{call.uid}")).status_code == 200
    for claim in (["else"], "support-us", None, {"support-eu": True}, []):
        acme.person["groups"] = ["support-eu"]
        await companies.come_in(browser)
        assert (await browser.get(f"/api/v1/calls/{call.uid}")).status_code == 200
        acme.person["groups"] = claim
        await companies.come_in(browser)
        assert (await browser.get(f"/api/v1/calls/{call.uid}")).status_code == 404
    acme.person["groups"] = "support-eu"
    await companies.come_in(browser)
    assert (await browser.get(f"/api/v1/calls/{call.uid}")).status_code == 200
    left = await world.events("group.left")
    assert {event.object.kind for event in left} == {ObjectKind.GROUP}
