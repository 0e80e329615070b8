"""Attacks on signing in at a company's provider: on the way there, on the way back, and with what the provider says."""

import json
from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from archive.adapters.oidc.documents import KEYS_SECONDS, UNKNOWN_KEY_SECONDS
from archive.audit.event import Origin
from archive.identity import links, manage
from archive.identity.company import LIFE
from archive.identity.secrets import Prefix, new_secret
from archive.policy.actions import Role
from tests.misbehaving import Claims, Misbehaving, new_key
from tests.security.company import Companies, open_to, refused

pytestmark = pytest.mark.anyio

HERE = Origin(address="192.0.2.7")


async def reasons(companies: Companies) -> list[str | None]:
    """Newest first."""
    return [event.reason_code for event in await companies.world.events("session.denied")]


# ---- the honest way --------------------------------------------------------------------------------------------


async def test_whoever_signs_in_there_is_a_person_here(companies: Companies) -> None:
    browser = await companies.signed_in(next="/calls?q=refund")
    assert await open_to(browser)
    person = await companies.person()
    assert person
    assert (person.name, person.email, person.grants) == ("Ann Lee", "ann@example.com", ())
    types = [event.type for event in await companies.world.events()]
    assert {"person.added", "identity.linked", "session.opened"} <= set(types)
    again = await companies.come_in(browser, next="/upload")
    assert again.headers["location"] == "/upload"
    assert await companies.linked() == person.id


async def test_a_sign_in_leads_back_to_our_own_pages_alone(companies: Companies) -> None:
    for address in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        assert (await companies.come_in(next=address)).headers["location"] == "/"


async def test_who_is_missing_in_a_token_is_asked_of_the_provider(companies: Companies) -> None:
    acme = companies.at["acme"]
    whole, acme.person = acme.person, {"sub": "ann"}
    acme.metadata["userinfo_endpoint"] = f"{acme.issuer}/me"
    acme.says["/me"] = lambda: (200, json.dumps(whole).encode())
    await companies.signed_in()
    assert await companies.person()


async def test_another_subject_from_the_userinfo_endpoint(companies: Companies) -> None:
    acme = companies.at["acme"]
    acme.person = {"sub": "ann"}
    acme.metadata["userinfo_endpoint"] = f"{acme.issuer}/me"
    acme.says["/me"] = lambda: (200, b'{"sub": "bob", "name": "Bob", "email": "bob@example.com"}')
    assert refused(await companies.come_in())
    assert await companies.person("bob@example.com") is None


# ---- state, nonce, browser, provider ---------------------------------------------------------------------------


async def test_state_reuse(companies: Companies) -> None:
    browser = await companies.world.client()
    brought = await companies.go(browser)
    cookie = browser.cookies["company"]
    assert (await companies.back(browser, brought)).status_code == 303
    browser.cookies.set("company", cookie)
    assert refused(await companies.back(browser, brought))
    assert await reasons(companies) == ["unknown_state"]


async def test_an_invented_state(companies: Companies) -> None:
    browser = await companies.world.client()
    brought = await companies.go(browser)
    for state in ("", "x", brought["state"].swapcase()):
        assert refused(await companies.back(browser, {**brought, "state": state}))


async def test_a_state_that_took_too_long(companies: Companies) -> None:
    browser = await companies.world.client()
    brought = await companies.go(browser)
    companies.world.clock.forward(seconds=LIFE.total_seconds())
    assert refused(await companies.back(browser, brought))


async def test_other_browser(companies: Companies) -> None:
    """An attacker's own sign-in, finished in the victim's browser, would sign the victim in as the attacker."""
    attacker, victim = await companies.world.client(), await companies.world.client()
    brought = await companies.go(attacker)
    await companies.go(victim)  # the victim was on the way too, and has a cookie of their own
    assert refused(await companies.back(victim, brought))
    assert await reasons(companies) == ["other_browser"]
    assert refused(await companies.back(attacker, brought))  # whose state is used up by now


async def test_no_cookie_at_all(companies: Companies) -> None:
    browser = await companies.world.client()
    brought = await companies.go(browser)
    browser.cookies.clear()
    assert refused(await companies.back(browser, brought))


async def test_nonce_reuse(companies: Companies) -> None:
    """A token of an earlier sign-in answers a later one."""
    acme = companies.at["acme"]
    await companies.signed_in()
    (old,) = acme.redeemed.values()
    acme.makes_id_token = lambda _: old
    assert refused(await companies.come_in())
    assert await reasons(companies) == ["wrong_token"]


async def test_code_replay(companies: Companies) -> None:
    """Somebody's used code in one's own sign-in."""
    browser = await companies.world.client()
    theirs = await companies.go(browser)
    await companies.back(browser, theirs)
    thief = await companies.world.client()
    own = await companies.go(thief)
    assert refused(await companies.back(thief, {**own, "code": theirs["code"]}))
    assert (await reasons(companies))[0] == "refused_by_provider"


async def test_a_stolen_code_without_its_verifier(companies: Companies) -> None:
    """Unused, in one's own sign-in: PKCE."""
    theirs = await companies.go(await companies.world.client())
    thief = await companies.world.client()
    own = await companies.go(thief)
    assert refused(await companies.back(thief, {**own, "code": theirs["code"]}))
    assert companies.at["acme"].redeemed == {}


async def test_wrong_iss_in_the_address(companies: Companies) -> None:
    browser = await companies.world.client()
    brought = await companies.go(browser)
    assert refused(await companies.back(browser, {**brought, "iss": companies.at["other"].issuer}))
    assert await reasons(companies) == ["wrong_issuer"]


@pytest.mark.parametrize("comes", [True, False])
async def test_an_announced_iss_is_demanded(companies: Companies, comes: bool) -> None:
    acme = companies.at["acme"]
    acme.metadata["authorization_response_iss_parameter_supported"] = True
    browser = await companies.world.client()
    brought = await companies.go(browser)
    answer = await companies.back(browser, {**brought, **({"iss": acme.issuer} if comes else {})})
    assert answer.status_code == (303 if comes else 401)


async def test_mix_up_of_two_providers(companies: Companies) -> None:
    """What was begun at one provider is finished at the address of the other, which would get the code."""
    browser = await companies.world.client()
    brought = await companies.go(browser, "acme")
    assert refused(await companies.back(browser, brought, "other"))
    assert await reasons(companies) == ["other_provider"]
    assert "/token" not in companies.at["other"].asked


async def test_a_provider_speaks_for_its_own_people_alone(companies: Companies) -> None:
    """A token of `other`, with the issuer of acme in it, signed by other's key."""
    acme, other = companies.at["acme"], companies.at["other"]
    await companies.signed_in()
    other.makes_id_token = lambda claims: other.sign({**claims, "iss": acme.issuer})
    assert refused(await companies.come_in(name="other"))
    acme.makes_id_token = other.sign
    assert refused(await companies.come_in())


async def test_the_same_name_twice_in_the_address(companies: Companies) -> None:
    browser = await companies.world.client()
    brought = await companies.go(browser)
    query = urlencode([*brought.items(), ("code", "another")])
    assert (await browser.get(f"/sign-in/acme/callback?{query}")).status_code == 400


async def test_the_provider_lets_nobody_in(companies: Companies) -> None:
    browser = await companies.world.client()
    state = (await companies.go(browser))["state"]
    assert refused(await companies.back(browser, {"state": state, "error": "access_denied"}))
    assert await reasons(companies) == ["refused_by_provider"]


async def test_pre_set_session_cookie_is_rotated(companies: Companies) -> None:
    browser = await companies.world.client()
    planted = new_secret(Prefix.SESSION)
    browser.cookies.set("session", planted)
    answer = await companies.come_in(browser)
    assert answer.cookies["session"] != planted
    first = answer.cookies["session"]
    second = (await companies.come_in(browser)).cookies["session"]
    old = await companies.world.client(cookies={"session": first})
    assert not await open_to(old)
    assert second != first


async def test_a_flood_of_inventions_is_stopped_and_logged_once(companies: Companies) -> None:
    browser = await companies.world.client()
    answers = [await browser.get("/sign-in/acme/callback?state=x") for _ in range(605)]
    assert [answer.status_code for answer in answers].count(429) == 5
    assert (await reasons(companies)).count("too_many") == 1


# ---- keys ------------------------------------------------------------------------------------------------------


async def test_a_new_key_is_fetched(companies: Companies) -> None:
    acme = companies.at["acme"]
    await companies.signed_in()
    acme.key = new_key("second")
    acme.keys = [acme.key]
    companies.world.clock.forward(seconds=UNKNOWN_KEY_SECONDS)
    await companies.signed_in()


async def test_withdrawn_key_is_refused_within_its_lifetime(companies: Companies) -> None:
    acme = companies.at["acme"]
    await companies.signed_in()
    acme.keys = [new_key("second")]
    companies.world.clock.forward(seconds=KEYS_SECONDS - 1)
    assert (await companies.come_in()).status_code == 303
    companies.world.clock.forward(seconds=1)
    assert refused(await companies.come_in())


async def test_unknown_kid_flood_refetches_once_a_minute(companies: Companies) -> None:
    acme = companies.at["acme"]
    acme.makes_id_token = lambda claims: acme.sign(claims, new_key("unknown"))
    await companies.come_in()
    acme.asked.clear()
    for _ in range(5):
        assert refused(await companies.come_in())
    assert acme.asked.count("/keys") == 0
    companies.world.clock.forward(seconds=UNKNOWN_KEY_SECONDS)
    for _ in range(5):
        assert refused(await companies.come_in())
    assert acme.asked.count("/keys") == 1


# ---- a provider that is away, or isn't itself ------------------------------------------------------------------

AWAY: dict[str, Callable[[Misbehaving], None]] = {
    "another issuer in its metadata": lambda acme: acme.metadata.update(issuer="https://id.example.com"),
    "plain text": lambda acme: acme.says.update({"/.well-known/openid-configuration": lambda: (200, b"hi")}),
    "an error": lambda acme: acme.says.update({"/.well-known/openid-configuration": lambda: (500, b"")}),
    "a redirect": lambda acme: acme.says.update(
        {"/.well-known/openid-configuration": lambda: (302, b"", {"Location": "/elsewhere"})}
    ),
    "more than anybody needs": lambda acme: acme.says.update(
        {"/.well-known/openid-configuration": lambda: (200, b" " * 300_000)}
    ),
    "an address that is none": lambda acme: acme.metadata.update(token_endpoint="file:///etc/passwd"),
    "an address missing": lambda acme: acme.metadata.pop("jwks_uri"),
    "silence": lambda acme: acme.stop(),
}


@pytest.mark.parametrize("fault", AWAY)
async def test_a_provider_that_is_away_takes_nobody_else_with_it(companies: Companies, fault: str) -> None:
    AWAY[fault](companies.at["acme"])
    browser = await companies.world.client()
    answer = await browser.get("/sign-in/acme")
    assert answer.status_code == 503
    assert "Acme is down" in answer.text
    page = await browser.get("/sign-in")
    assert page.status_code == 200
    assert "Continue with Acme" in page.text
    assert (await browser.get("/sign-in/other")).status_code == 303
    ready = (await browser.get("/readyz")).json()["components"]
    (component,) = [each for each in ready if each["name"] == "company"]
    assert component["state"] == "degraded"
    assert component["detail"].startswith("Acme: ")


async def test_a_provider_that_goes_away_meanwhile(companies: Companies) -> None:
    acme = companies.at["acme"]
    for path, status in (("/token", 503), ("/keys", 404)):
        browser = await companies.world.client()
        brought = await companies.go(browser)
        acme.says = {path: lambda status=status: (status, b"")}  # type: ignore[misc]
        answer = await companies.back(browser, brought)
        assert answer.status_code == 503
        assert "Acme is down" in answer.text
        acme.says.clear()


async def test_a_provider_that_does_not_know_us(companies: Companies) -> None:
    acme = companies.at["acme"]
    acme.says["/token"] = lambda: (401, b'{"error": "invalid_client"}')
    answer = await companies.come_in()
    assert answer.status_code == 503
    assert "client_id" in answer.text


async def test_whoever_is_away_is_not_asked_at_each_knock(companies: Companies) -> None:
    acme = companies.at["acme"]
    acme.says["/.well-known/openid-configuration"] = lambda: (500, b"")
    browser = await companies.world.client()
    for _ in range(5):
        assert (await browser.get("/sign-in/acme")).status_code == 503
    assert len(acme.asked) == 1
    acme.says.clear()
    companies.world.clock.forward(seconds=10)
    assert (await browser.get("/sign-in/acme")).status_code == 303


async def test_an_unknown_provider(companies: Companies) -> None:
    browser = await companies.world.client()
    for path in ("/sign-in/nobody", "/sign-in/nobody/callback?state=x"):
        assert (await browser.get(path)).status_code == 404


# ---- who they are here -----------------------------------------------------------------------------------------


async def test_same_e_mail_other_issuer_is_not_linked(companies: Companies) -> None:
    local = await companies.world.add_person(Role.AUDITOR)
    companies.at["acme"].person["email"] = str(local.email).upper()
    assert refused(await companies.come_in())
    assert await companies.linked() is None
    assert await reasons(companies) == ["email_taken"]


async def test_same_subject_other_issuer_is_somebody_else(companies: Companies) -> None:
    await companies.signed_in()
    assert refused(await companies.come_in(name="other"))
    assert await reasons(companies) == ["not_invited"]
    assert await companies.linked("other") is None


@pytest.mark.parametrize("said", [{"email": None}, {"email": "ann"}, {"email_verified": False}, {"email": 7}])
async def test_without_a_verified_e_mail_nobody_is_added(companies: Companies, said: Claims) -> None:
    companies.at["acme"].person.update(said)
    assert refused(await companies.come_in())
    assert await reasons(companies) == ["no_email"]


@pytest.mark.parametrize("companies", ["without anybody"], indirect=True)
async def test_nobody_comes_before_the_first_administrator(companies: Companies) -> None:
    """Whose link holds only while there is nobody: whoever came first would lock the archive."""
    assert refused(await companies.come_in())
    assert await reasons(companies) == ["not_set_up"]


async def test_a_name_is_tidied(companies: Companies) -> None:
    companies.at["acme"].person["name"] = "\u202e Ann\n\tLee " + "x" * 400
    await companies.signed_in()
    person = await companies.person()
    assert person
    assert person.name.startswith("AnnLee xxx")
    assert len(person.name) <= 200


async def test_a_disabled_person_is_out_at_the_next_request_and_does_not_come_back(
    companies: Companies,
) -> None:
    browser = await companies.signed_in()
    assert await open_to(browser)
    world = companies.world
    await manage.disable_person(world.parts, world.at_console, "ann@example.com")
    assert (await browser.get("/api/v1/calls")).status_code == 401
    assert refused(await companies.come_in(browser))
    assert await reasons(companies) == ["disabled"]


# ---- links -----------------------------------------------------------------------------------------------------


async def link_of(companies: Companies, email: str, *, codes: bool = False) -> str:
    world = companies.world
    async with world.parts.database.read() as work:
        person = await work.principals.by_email(email)
    assert person
    made = await links.make(world.parts, world.at_console, person.uid, codes=codes)
    assert isinstance(made, str)
    return made


async def test_an_invitation_links_who_signs_in_with_it(companies: Companies) -> None:
    local = await companies.world.add_person(Role.AUDITOR)
    link = await link_of(companies, str(local.email))
    companies.at["other"].person["email"] = "quite.another@example.com"
    browser = await companies.signed_in("other", link=link)
    assert await open_to(browser)
    assert await companies.linked("other") == local.id
    await companies.signed_in("other")  # and from now on without
    assert refused(await companies.come_in(name="other", link=link))
    assert await reasons(companies) == ["link_over"]


async def test_an_invitation_is_not_spent_on_a_refusal(companies: Companies) -> None:
    local = await companies.world.add_person(Role.AUDITOR)
    link = await link_of(companies, str(local.email))
    await companies.signed_in()
    assert refused(await companies.come_in(link=link))  # Ann is somebody else
    assert await reasons(companies) == ["linked_to_another"]
    companies.at["acme"].person["sub"] = "carla"
    await companies.signed_in(link=link)


async def test_an_invented_link(companies: Companies) -> None:
    browser = await companies.world.client()
    assert (await browser.get("/sign-in/other?link=x")).status_code == 400
    assert refused(await companies.come_in(name="other", link=new_secret(Prefix.LINK)))
    assert await companies.linked("other") is None


async def test_a_link_in_another_browsers_hands(companies: Companies) -> None:
    """The link travels in the cookie of the browser that opened it: who has the state alone has nothing."""
    local = await companies.world.add_person(Role.AUDITOR)
    link = await link_of(companies, str(local.email))
    browser, thief = await companies.world.client(), await companies.world.client()
    brought = await companies.go(browser, "other", link=link)
    await companies.go(thief, "other")
    thief.cookies.set("company", f"{thief.cookies['company']}.{link}")  # of a link that they saw
    assert refused(await companies.back(thief, brought, "other"))


async def test_a_reset_without_one_time_codes_does_not_replace_them(companies: Companies) -> None:
    """Else whoever got hold of a reset link would link their own account, and be asked for no code any more."""
    local = await companies.world.add_person(Role.AUDITOR)
    async with companies.world.parts.database.write() as work:
        await work.sign_ins.set_authenticator(local.id, "A" * 32)
        await work.sign_ins.confirm_authenticator(local.id)
    link = await link_of(companies, str(local.email))
    assert refused(await companies.come_in(name="other", link=link))
    assert await reasons(companies) == ["needs_second_factor"]
    await companies.signed_in("other", link=await link_of(companies, str(local.email), codes=True))
