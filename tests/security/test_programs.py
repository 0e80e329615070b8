"""Attacks on programs that act for a person: authorization codes, PKCE, refresh tokens, consent."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from archive.identity import manage
from archive.identity.secrets import Prefix, is_secret, new_secret
from archive.policy.actions import Action, Role
from archive.policy.principal import Principal
from tests.acting import AUTHORIZE, COMMAND_LINE, allow, asked, exchange, pkce, renewal, told
from tests.world import URL, World

pytestmark = pytest.mark.anyio

Tokens = Mapping[str, Any]


@pytest.fixture
async def maria(world: World) -> Principal:
    return await world.add_person(Role.PARTNER_MANAGER, "Northwind")


@pytest.fixture
async def browser(world: World, maria: Principal) -> httpx.AsyncClient:
    return await world.signed_in(maria)


@pytest.fixture
async def program(world: World) -> httpx.AsyncClient:
    """Sends no cookies and no credentials of its own."""
    return await world.client()


async def tokens_of(program: httpx.AsyncClient, browser: httpx.AsyncClient, **given: Any) -> dict[str, Any]:
    secret = pkce()
    code = await allow(browser, secret, **given)
    answer = await program.post("/oauth/token", data=exchange(code, secret))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def calls(world: World, tokens: Tokens) -> int:
    client = await world.client({"Authorization": f"Bearer {tokens['access_token']}"})
    return (await client.get("/api/v1/calls")).status_code


def refused(answer: httpx.Response, error: str = "invalid_grant") -> bool:
    return (answer.status_code, answer.json()["error"]) == (400, error)


# ---- what works, so that a refusal proves something ------------------------------------------------------------


async def test_a_program_acts_for_a_person_and_renews_its_token(
    world: World, browser: httpx.AsyncClient, program: httpx.AsyncClient, maria: Principal
) -> None:
    mine, foreign = await world.call("Northwind"), await world.call("Contoso")
    tokens = await tokens_of(program, browser)
    assert is_secret(Prefix.ACCESS_TOKEN, tokens["access_token"])
    assert is_secret(Prefix.REFRESH_TOKEN, tokens["refresh_token"])
    assert (tokens["scope"], tokens["expires_in"]) == ("find read_call", 600)
    world.clock.forward(minutes=10)
    assert await calls(world, tokens) == 401
    renewed = (await program.post("/oauth/token", data=renewal(tokens))).json()
    client = await world.client({"Authorization": f"Bearer {renewed['access_token']}"})
    assert [one["id"] for one in (await client.get("/api/v1/calls")).json()["items"]] == [mine.uid]
    assert (await client.get(f"/api/v1/calls/{foreign.uid}")).status_code == 404
    assert (await client.get(f"/api/v1/calls/{mine.uid}/transcript")).status_code == 403
    assert (await client.get(f"/api/v1/calls/{mine.uid}")).status_code == 200
    (viewed,) = await world.events("call.viewed")
    assert (viewed.actor.id, viewed.origin.client) == (maria.uid, COMMAND_LINE)


async def test_the_answer_names_who_gives_it_and_hands_back_the_state(browser: httpx.AsyncClient) -> None:
    secret = pkce()
    for decision in ("allow", "refuse"):
        given = {**asked(secret, state='a b&c="'), "decision": decision}
        answer = told(await browser.post(AUTHORIZE, data=given))
        assert (answer["iss"], answer["state"]) == (URL, 'a b&c="')
    assert answer["error"] == "access_denied"


# ---- codes -----------------------------------------------------------------------------------------------------


async def test_code_replay_is_refused_and_its_tokens_are_revoked(
    world: World, browser: httpx.AsyncClient, program: httpx.AsyncClient, maria: Principal
) -> None:
    secret = pkce()
    form = exchange(await allow(browser, secret), secret)
    tokens = (await program.post("/oauth/token", data=form)).json()
    assert await calls(world, tokens) == 200
    assert refused(await program.post("/oauth/token", data=form))
    assert await calls(world, tokens) == 401
    assert refused(await program.post("/oauth/token", data=renewal(tokens)))
    (reused,) = await world.events("token.reused")
    assert (reused.actor.id, reused.on_behalf_of and reused.on_behalf_of.id) == (None, maria.uid)


async def test_of_two_who_race_for_one_code_one_wins(
    world: World, browser: httpx.AsyncClient, program: httpx.AsyncClient
) -> None:
    secret = pkce()
    form = exchange(await allow(browser, secret), secret)
    answers = await asyncio.gather(*(program.post("/oauth/token", data=form) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
    assert len(await world.events("token.issued")) == 1


async def test_an_expired_code_is_refused(
    world: World, browser: httpx.AsyncClient, program: httpx.AsyncClient
) -> None:
    secret = pkce()
    codes = [await allow(browser, secret) for _ in range(2)]
    world.clock.forward(seconds=59)
    assert (await program.post("/oauth/token", data=exchange(codes[0], secret))).status_code == 200
    world.clock.forward(seconds=1)
    assert refused(await program.post("/oauth/token", data=exchange(codes[1], secret)))


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"code_verifier": "a" * 43}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_request"),
        ({"code_verifier": "short"}, "invalid_request"),
        ({"redirect_uri": "http://127.0.0.1:49153/callback"}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_grant"),
        ({"code": "ca_co_none"}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
    ],
)
async def test_a_code_with_anothers_verifier_or_address_is_refused(
    browser: httpx.AsyncClient, program: httpx.AsyncClient, given: dict[str, Any], error: str
) -> None:
    secret = pkce()
    code = await allow(browser, secret)
    assert refused(await program.post("/oauth/token", data=exchange(code, secret, **given)), error)
    assert (await program.post("/oauth/token", data=exchange(code, secret))).status_code == 200


async def test_a_code_is_worth_nothing_to_another_client(
    world: World, browser: httpx.AsyncClient, program: httpx.AsyncClient
) -> None:
    crm = await world.add_program()
    secret = pkce()
    code = await allow(browser, secret)
    answer = await program.post("/oauth/token", auth=crm, data=exchange(code, secret, client_id=None))
    assert refused(answer)
    theirs = await allow(browser, secret, client_id=crm[0], redirect_uri=world.BACK)
    stolen = exchange(theirs, secret, redirect_uri=world.BACK)
    assert refused(await program.post("/oauth/token", data=stolen))


async def test_a_confidential_program_needs_its_secret(
    world: World, browser: httpx.AsyncClient, program: httpx.AsyncClient
) -> None:
    crm = await world.add_program()
    secret = pkce()
    code = await allow(browser, secret, client_id=crm[0], redirect_uri=world.BACK)
    form = exchange(code, secret, client_id=crm[0], redirect_uri=world.BACK)
    wrong = (crm[0], new_secret(Prefix.CLIENT_SECRET))
    for answer in (
        await program.post("/oauth/token", data=form),
        await program.post("/oauth/token", data=form, auth=wrong),
    ):
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert (await program.post("/oauth/token", auth=crm, data=form)).status_code == 200


# ---- what may be asked -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"code_challenge": None},
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge": "short"},
        {"code_challenge": "a" * 44},
    ],
)
async def test_pkce_plain_or_a_missing_challenge_is_refused(
    world: World, browser: httpx.AsyncClient, given: dict[str, Any]
) -> None:
    form = asked(pkce(), **given)
    answers = [
        await browser.get(AUTHORIZE, params=form),
        await browser.post(AUTHORIZE, data={**form, "decision": "allow"}),
    ]
    assert {told(answer)["error"] for answer in answers} == {"invalid_request"}
    assert await world.events("program.allowed") == []


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example.com/",
        "http://127.0.0.1:49152/other",
        "http://127.0.0.1:49152/callback/",
        "http://127.0.0.1:49152/callback?x=1",
        "http://127.0.0.1:49152/callback#x",
        "http://127.0.0.1:49152@evil.example.com/callback",
        "http://127.0.0.1.evil.example.com/callback",
        "http://localhost:49152/callback",
        "http://[::1]:49152/callback",
        "https://127.0.0.1:49152/callback",
        "HTTP://127.0.0.1:49152/callback",
        "//127.0.0.1/callback",
        'http://127.0.0.1:1/callback"',
        "javascript:alert(1)",
        "",
        None,
    ],
)
async def test_another_redirect_uri_is_refused_and_nobody_is_sent_there(
    browser: httpx.AsyncClient, uri: str | None
) -> None:
    for wrong in ({}, {"response_type": "token"}, {"scope": "everything"}):
        form = asked(pkce(), **{"redirect_uri": uri, **wrong})
        for answer in (
            await browser.get(AUTHORIZE, params=form),
            await browser.post(AUTHORIZE, data={**form, "decision": "allow"}),
        ):
            assert (answer.status_code, "Location" in answer.headers) == (400, False)


@pytest.mark.parametrize(
    "given",
    [
        {"client_id": "nobody"},
        {"client_id": None},
        {"client_id": '"'},
    ],
)
async def test_an_unknown_program_is_refused_and_nobody_is_sent_anywhere(
    browser: httpx.AsyncClient, given: dict[str, Any]
) -> None:
    answer = await browser.get(AUTHORIZE, params=asked(pkce(), **given))
    assert (answer.status_code, "Location" in answer.headers) == (400, False)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": 'code"'}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"scope": "manage_people"}, "invalid_scope"),
        ({"scope": "find everything"}, "invalid_scope"),
        ({"scope": "*"}, "invalid_scope"),
    ],
)
async def test_what_a_program_can_not_have_is_told_to_it(
    browser: httpx.AsyncClient, given: dict[str, Any], error: str
) -> None:
    answer = told(await browser.get(AUTHORIZE, params=asked(pkce(), **given)))
    assert (answer["error"], answer["state"], answer["iss"]) == (error, "state-1", URL)


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "scope", "state", "code_challenge"])
async def test_a_parameter_that_stands_twice_is_refused(browser: httpx.AsyncClient, name: str) -> None:
    form = asked(pkce())
    answer = await browser.get(AUTHORIZE, params=[*form.items(), (name, form[name])])
    assert (answer.status_code, "Location" in answer.headers) == (400, False)


async def test_a_person_lets_a_program_do_no_more_than_they_may(
    world: World, program: httpx.AsyncClient
) -> None:
    lead = await world.person(Role.TEAM_LEAD)
    tokens = await tokens_of(program, lead, scope="find download edit")
    assert tokens["scope"] == "edit find"
    auditor = await world.person(Role.AUDITOR)
    answer = await auditor.post(AUTHORIZE, data={**asked(pkce()), "decision": "allow"})
    assert told(answer)["error"] == "access_denied"


async def test_without_a_scope_a_program_gets_what_it_may_ask_for(
    program: httpx.AsyncClient, browser: httpx.AsyncClient
) -> None:
    tokens = await tokens_of(program, browser, scope=None)
    assert tokens["scope"] == "find read_call read_transcript upload"


@pytest.mark.parametrize("scope", ["listen", "find listen", "manage_people", "everything"])
async def test_scope_widening_is_refused(
    program: httpx.AsyncClient, browser: httpx.AsyncClient, scope: str
) -> None:
    tokens = await tokens_of(program, browser)
    assert refused(await program.post("/oauth/token", data=renewal(tokens, scope=scope)), "invalid_scope")


async def test_a_narrower_token_leaves_the_next_one_as_wide_as_it_was(
    program: httpx.AsyncClient, browser: httpx.AsyncClient
) -> None:
    tokens = await tokens_of(program, browser)
    narrow = (await program.post("/oauth/token", data=renewal(tokens, scope="find"))).json()
    assert narrow["scope"] == "find"
    assert (await program.post("/oauth/token", data=renewal(narrow))).json()["scope"] == "find read_call"


async def test_rights_that_a_person_lost_leave_their_programs_with_nothing_and_never_all(
    world: World, program: httpx.AsyncClient, browser: httpx.AsyncClient, maria: Principal
) -> None:
    await world.call("Northwind")
    tokens = await tokens_of(program, browser)
    await manage.revoke(world.parts, world.at_console, maria.grants[0].uid)
    client = await world.client({"Authorization": f"Bearer {tokens['access_token']}"})
    assert (await client.get("/api/v1/calls")).json()["items"] == []
    assert (await program.post("/oauth/token", data=renewal(tokens))).json()["scope"] == ""


# ---- refresh tokens --------------------------------------------------------------------------------------------


async def test_refresh_reuse_ends_the_family(
    world: World, browser: httpx.AsyncClient, program: httpx.AsyncClient
) -> None:
    first = await tokens_of(program, browser)
    second = (await program.post("/oauth/token", data=renewal(first))).json()
    assert [await calls(world, one) for one in (first, second)] == [200, 200]
    assert refused(await program.post("/oauth/token", data=renewal(first)))
    assert [await calls(world, one) for one in (first, second)] == [401, 401]
    assert refused(await program.post("/oauth/token", data=renewal(second)))
    (reused,) = await world.events("token.reused")
    assert reused.details["kind"] == "refresh_token"


async def test_of_two_who_race_for_one_refresh_token_one_wins(
    world: World, browser: httpx.AsyncClient, program: httpx.AsyncClient
) -> None:
    tokens = await tokens_of(program, browser)
    racing = (program.post("/oauth/token", data=renewal(tokens)) for _ in range(4))
    answers = await asyncio.gather(*racing)
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
    (won,) = [answer.json() for answer in answers if answer.status_code == 200]
    assert await calls(world, won) == 401  # nobody can tell which of them was the thief


async def test_a_refresh_token_is_worth_nothing_to_another_client(
    world: World, browser: httpx.AsyncClient, program: httpx.AsyncClient
) -> None:
    crm = await world.add_program()
    tokens = await tokens_of(program, browser)
    form = {name: value for name, value in renewal(tokens).items() if name != "client_id"}
    assert refused(await program.post("/oauth/token", auth=crm, data=form))
    assert (await program.post("/oauth/token", data=renewal(tokens))).status_code == 200


async def test_a_program_that_is_not_used_is_out_after_a_month_and_in_any_case_after_three(
    world: World, browser: httpx.AsyncClient, program: httpx.AsyncClient
) -> None:
    idle, busy = await tokens_of(program, browser), await tokens_of(program, browser)
    for _ in range(4):
        world.clock.forward(days=22)
        busy = (await program.post("/oauth/token", data=renewal(busy))).json()
    assert refused(await program.post("/oauth/token", data=renewal(idle)))
    world.clock.forward(days=2)
    assert refused(await program.post("/oauth/token", data=renewal(busy)))
    assert await world.events("token.reused") == []


# ---- the end ---------------------------------------------------------------------------------------------------


async def test_a_program_hands_back_any_token_and_all_of_them_end(
    world: World, browser: httpx.AsyncClient, program: httpx.AsyncClient
) -> None:
    for kind in ("access_token", "refresh_token"):
        tokens = await tokens_of(program, browser)
        form = {"client_id": COMMAND_LINE, "token": tokens[kind], "token_type_hint": kind}
        assert (await program.post("/oauth/revoke", data=form)).status_code == 200
        assert await calls(world, tokens) == 401
        assert refused(await program.post("/oauth/token", data=renewal(tokens)))
    assert len(await world.events("token.revoked")) == 2


async def test_anothers_token_in_a_revoke_lives_on(
    world: World, browser: httpx.AsyncClient, program: httpx.AsyncClient
) -> None:
    crm = await world.add_program()
    tokens = await tokens_of(program, browser)
    for kind in ("access_token", "refresh_token"):
        answer = await program.post("/oauth/revoke", auth=crm, data={"token": tokens[kind]})
        assert (answer.status_code, answer.content) == (200, b"{}")
    assert await calls(world, tokens) == 200
    assert (await program.post("/oauth/token", data=renewal(tokens))).status_code == 200


async def test_a_person_sees_and_ends_their_programs_and_nobody_elses(
    world: World, browser: httpx.AsyncClient, program: httpx.AsyncClient
) -> None:
    tokens = await tokens_of(program, browser)
    (mine,) = (await browser.get("/api/v1/authorizations")).json()["items"]
    assert (mine["client_id"], mine["actions"]) == (COMMAND_LINE, ["find", "read_call"])
    other = await world.person(Role.PARTNER_MANAGER, "Contoso")
    assert (await other.get("/api/v1/authorizations")).json()["items"] == []
    address = f"/api/v1/authorizations/{mine['id']}"
    assert (await other.delete(address)).status_code == 404
    assert await calls(world, tokens) == 200
    assert (await browser.delete(address)).status_code == 204
    assert await calls(world, tokens) == 401
    assert (await browser.delete(address)).status_code == 404


async def test_a_program_neither_lets_others_in_nor_out(
    world: World, browser: httpx.AsyncClient, program: httpx.AsyncClient
) -> None:
    tokens = await tokens_of(program, browser)
    client = await world.client({"Authorization": f"Bearer {tokens['access_token']}"})
    form = asked(pkce())
    assert (await client.get(AUTHORIZE, params=form)).status_code == 403
    assert (await client.post(AUTHORIZE, data={**form, "decision": "allow"})).status_code == 403
    assert (await client.get("/api/v1/authorizations")).status_code == 403
    crm = await world.integration(Action.FIND)
    assert (await crm.get(AUTHORIZE, params=form)).status_code == 403


async def test_the_token_of_a_disabled_person_is_out_with_the_next_request(
    world: World, browser: httpx.AsyncClient, program: httpx.AsyncClient, maria: Principal
) -> None:
    secret = pkce()
    tokens, code = await tokens_of(program, browser), await allow(browser, secret)
    await manage.disable_person(world.parts, world.at_console, maria.email or "")
    assert await calls(world, tokens) == 401
    assert refused(await program.post("/oauth/token", data=renewal(tokens)))
    assert refused(await program.post("/oauth/token", data=exchange(code, secret)))


async def test_a_revoked_program_is_out_with_the_next_request(
    world: World, browser: httpx.AsyncClient, program: httpx.AsyncClient
) -> None:
    crm = await world.add_program()
    secret = pkce()
    given = {"client_id": crm[0], "redirect_uri": world.BACK}
    form = exchange(await allow(browser, secret, **given), secret, redirect_uri=world.BACK, client_id=None)
    tokens = (await program.post("/oauth/token", auth=crm, data=form)).json()
    assert await calls(world, tokens) == 200
    await manage.revoke_integration(world.parts, world.at_console, crm[0])
    assert await calls(world, tokens) == 401
    assert (await program.post("/oauth/token", auth=crm, data=renewal(tokens))).status_code == 401
    assert (await browser.get(AUTHORIZE, params=asked(secret, **given))).status_code == 400
    assert (await browser.get("/api/v1/authorizations")).json()["items"] == []


# ---- the page --------------------------------------------------------------------------------------------------


async def test_the_consent_page_can_not_be_framed_or_kept(browser: httpx.AsyncClient) -> None:
    answer = await browser.get(AUTHORIZE, params=asked(pkce()))
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "form-action 'self' http://127.0.0.1:49152;" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "DENY"


async def test_the_consent_page_names_program_person_and_actions(
    browser: httpx.AsyncClient, maria: Principal
) -> None:
    shown = (await browser.get(AUTHORIZE, params=asked(pkce(), scope="find download"))).text
    for words in ("Call Archive command line", maria.name, maria.email or "", "find calls", "30 days"):
        assert words in shown
    assert "doesn&#39;t get it: download recordings" in shown


async def test_a_cross_site_consent_is_refused(world: World, maria: Principal) -> None:
    form = {**asked(pkce()), "decision": "allow"}
    for headers in (
        {"Origin": "https://evil.example.com"},
        {"Sec-Fetch-Site": "cross-site", "Origin": URL},
        {"Origin": "null"},
        {"Origin": ""},
    ):
        browser = await world.signed_in(maria)
        browser.headers.update(headers)
        assert (await browser.post(AUTHORIZE, data=form)).status_code == 403
    assert await world.events("program.allowed") == []


async def test_whoever_is_not_signed_in_signs_in_first_and_comes_back(world: World) -> None:
    client = await world.client()
    answer = await client.get(AUTHORIZE, params=asked(pkce()))
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/sign-in?next=/oauth/authorize%3Fresponse_type")


async def test_nothing_is_allowed_by_looking(world: World, browser: httpx.AsyncClient) -> None:
    form = asked(pkce())
    await browser.get(AUTHORIZE, params={**form, "decision": "allow"})
    assert (await browser.post(AUTHORIZE, data=form)).status_code == 400
    assert await world.events("program.allowed") == []


async def test_bearer_routes_ignore_cookies(
    world: World, browser: httpx.AsyncClient, program: httpx.AsyncClient
) -> None:
    stranger = await world.person(Role.AUDITOR)
    tokens = await tokens_of(program, browser)
    stranger.headers["Authorization"] = f"Bearer {tokens['access_token']}"
    assert (await stranger.get("/api/v1/audit/events")).status_code == 403
    stranger.headers["Authorization"] = f"Bearer {new_secret(Prefix.ACCESS_TOKEN)}"
    assert (await stranger.get("/api/v1/audit/events")).status_code == 401
    for wrong in (tokens["refresh_token"], new_secret(Prefix.CODE)):
        stranger.headers["Authorization"] = f"Bearer {wrong}"
        assert (await stranger.get("/api/v1/calls")).status_code == 401


async def test_discovery_tells_all_of_it(world: World) -> None:
    client = await world.client()
    server = (await client.get("/.well-known/oauth-authorization-server")).json()
    assert server["authorization_endpoint"] == f"{URL}{AUTHORIZE}"
    assert server["code_challenge_methods_supported"] == ["S256"]
    assert server["response_types_supported"] == ["code"]
    assert server["authorization_response_iss_parameter_supported"] is True
    assert set(server["grant_types_supported"]) == {
        "authorization_code",
        "refresh_token",
        "client_credentials",
    }
    assert set(server["token_endpoint_auth_methods_supported"]) == {"client_secret_basic", "none"}


async def test_consent_is_recorded(world: World, browser: httpx.AsyncClient, maria: Principal) -> None:
    await allow(browser, pkce())
    (allowed,) = await world.events("program.allowed")
    assert (allowed.actor.id, allowed.object.id) == (maria.uid, COMMAND_LINE)
    assert allowed.details["actions"] == ["find", "read_call"]
