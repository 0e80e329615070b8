"""A person lets a program act for them, and ends it, in their browser; the way back leads out of the archive."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.async_api import expect

from archive.cli.loopback import Attempt, Listener, listening
from tests.acting import AUTHORIZE
from tests.browser.verbs import Visitor

pytestmark = pytest.mark.anyio


@pytest.fixture
def program() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


async def _decide(visitor: Visitor, program: Listener, button: str) -> tuple[Attempt, dict[str, str]]:
    """Signed in on the way."""
    attempt = Attempt(visitor.site.url, program.redirect_uri)
    await visitor.page.goto(attempt.address(visitor.site.url + AUTHORIZE))
    await visitor.page.get_by_label("E-mail").fill(visitor.site.email("manager"))
    await visitor.page.get_by_label("Password").fill("a long sentence for tests")
    await visitor.page.get_by_role("button", name="Sign in").click()
    await expect(visitor.page).to_have_title("May Call Archive command line act for you? - Call Archive")
    await visitor.page.get_by_role("button", name=button, exact=True).click()
    await visitor.page.wait_for_url(f"{program.redirect_uri}**")
    return attempt, program.wait(attempt)


async def test_a_person_lets_a_program_act_for_them_and_ends_it(visitor: Visitor, program: Listener) -> None:
    attempt, brought = await _decide(visitor, program, "Allow")
    async with httpx.AsyncClient(base_url=visitor.site.url) as api:
        answer = await api.post("/oauth/token", data=attempt.exchange(brought))
        api.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        assert (await api.get("/api/v1/calls")).status_code == httpx.codes.OK
        await _end(visitor)
        assert (await api.get("/api/v1/calls")).status_code == httpx.codes.UNAUTHORIZED
    assert visitor.errors == []


async def _end(visitor: Visitor) -> None:
    await visitor.visit("/account")
    row = visitor.page.get_by_role("row").filter(has_text="Call Archive command line")
    await row.get_by_role("button", name="End").click()
    await expect(visitor.page.get_by_text("No program acts for you.")).to_be_visible()


async def test_a_person_who_says_no_goes_back_too(visitor: Visitor, program: Listener) -> None:
    _, brought = await _decide(visitor, program, "Don't allow")
    assert brought["error"] == "access_denied"
    assert visitor.errors == []
