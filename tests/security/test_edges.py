"""Small attacks at the edges: addresses, headers and numbers that are almost right."""

import pytest

from archive.policy.actions import Role
from tests.world import PASSWORD, URL, World

pytestmark = pytest.mark.anyio

ODD_NEXT = ["//[", "/[", "/\u65e5\u672c", "/%0d%0aSet-Cookie:x=1", "https://evil.example/", "/\\evil.example"]


async def test_a_header_without_a_good_token_does_not_replace_the_origin(world: World) -> None:
    browser = await world.person(Role.AUDITOR)
    foreign = {"Origin": "https://evil.example", "Authorization": "Basic eA=="}
    for path in ("/sign-out", "/theme"):
        answer = await browser.post(path, headers=foreign, data={"theme": "dark"})
        assert answer.status_code == 403, path
    assert (await browser.get("/audit")).status_code == 200


@pytest.mark.parametrize("address", ODD_NEXT)
async def test_sign_in_leads_to_a_page_of_ours_whatever_it_is_told(world: World, address: str) -> None:
    person = await world.add_person(Role.AUDITOR)
    browser = await world.client({"Origin": URL})
    assert (await browser.get("/sign-in", params={"next": address})).status_code == 200
    form = {"email": str(person.email), "password": PASSWORD, "next": address}
    answer = await browser.post("/sign-in", data=form)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/")
    assert not answer.headers["location"].startswith("//")


@pytest.mark.parametrize("seconds", ["inf", "nan", "1e308", "-1"])
async def test_a_length_that_is_none_is_named_not_tripped_over(world: World, seconds: str) -> None:
    browser = await world.person(Role.COMPLIANCE)
    assert (await browser.get("/", params={"min_seconds": seconds})).status_code == 200
    answer = await browser.get("/api/v1/search", params={"min_seconds": seconds})
    assert answer.status_code == 400
    assert answer.json()["field"] == "min_seconds"


async def test_a_page_names_its_charset_once(world: World) -> None:
    browser = await world.client()
    assert (await browser.get("/sign-in")).headers["content-type"] == "text/html; charset=utf-8"


async def test_a_typed_e_mail_of_any_length_fits_its_event(world: World) -> None:
    browser = await world.client({"Origin": URL})
    form = {"email": "a" * 100_000 + "@example.com", "password": "wrong", "next": "/"}
    answer = await browser.post("/sign-in", data=form)
    assert answer.status_code in (401, 422)
    assert [event for event in await world.events("session.denied") if len(str(event.details)) > 2_000] == []
