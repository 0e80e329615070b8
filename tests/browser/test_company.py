"""Signing in at a company's real provider, in a real browser, in both worlds."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
from msgspec import Struct
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.company import Account, Company
from tests.integration.archives import Archive, embedded
from tests.integration.servers import servers
from tests.parts import unique

pytestmark = pytest.mark.anyio

WORLDS = ["embedded", pytest.param("servers", marks=pytest.mark.meilisearch)]
ACCOUNTS = (
    Account("ann", "Ann Lee", "ann@acme.example", ["support-eu"]),
    Account("bob", "Bob Ray", "bob@acme.example"),
)


class Place(Struct, frozen=True):
    """An archive, the company whose people sign in there, and another company where one is invited first."""

    archive: Archive
    acme: Company
    other: Company


@pytest.fixture(scope="module", params=WORLDS)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    companies: list[Company] = []
    stack = ExitStack()

    def more(url: str) -> dict[str, str]:
        """Up before the archive: that one was away is remembered for a while."""
        for name in ("acme", "other"):
            company = Company(url, ACCOUNTS, name)
            stack.callback(company.stop)
            company.start()
            companies.append(company)
        acme, other = companies
        away = Company(url, ACCOUNTS, "away")  # which nobody starts
        known = [acme.settings(create="first_sign_in"), other.settings(), away.settings()]
        return {"public_url": url, "providers": json.dumps(known)}

    world = embedded if request.param == "embedded" else servers
    with stack:
        archive = stack.enter_context(world(tmp_path_factory.mktemp(request.param), more))
        archive.add_person("Ada", "administrator", "all")
        yield Place(archive, *companies)


@pytest.fixture
async def context(chromium: Browser) -> AsyncIterator[BrowserContext]:
    """A browser of its own, at the archive's first process."""
    context = await chromium.new_context()
    yield context
    await context.close()


async def sign_in(page: Page, place: Place, login: str, path: str = "/sign-in", name: str = "Acme") -> None:
    """By the button of the sign-in page (or of a link's), and the provider's own pages."""
    await page.goto(place.archive.url + path)
    await page.get_by_role("link", name=f"Continue with {name}").click()
    await page.get_by_placeholder("Enter any login").fill(login)
    await page.get_by_placeholder("and password").fill("anything")
    await page.get_by_role("button", name="Sign-in").click()
    await page.get_by_role("button", name="Continue").click()


async def test_sign_in_and_out_at_the_company(place: Place, context: BrowserContext) -> None:
    page = await context.new_page()
    await sign_in(page, place, "ann", "/sign-in?next=/account")
    await expect(page).to_have_url(f"{place.archive.url}/account")
    await page.locator("details.menu summary").click()
    await expect(page.locator(".menu-sheet")).to_contain_text("Ann Lee")

    await page.get_by_role("button", name="Sign out", exact=True).click()
    await page.get_by_role("button", name="Yes, sign me out").click()
    await expect(page).to_have_url(f"{place.archive.url}/sign-in")
    await page.goto(f"{place.archive.url}/account")
    await expect(page).to_have_url(f"{place.archive.url}/sign-in?next=/account")
    # There too: the way in asks who they are.
    await page.get_by_role("link", name="Continue with Acme").click()
    await expect(page.get_by_placeholder("Enter any login")).to_be_visible()


async def test_groups_there_are_roles_here(place: Place, context: BrowserContext) -> None:
    place.archive.console("groups", "add", "Support")
    place.archive.console("groups", "map", "Support", "acme", "support-eu")
    words = ("group:Support", "--role", "auditor", "--scope", "all", "--reason", "their work")
    place.archive.console("grants", "give", *words)
    page = await context.new_page()
    await sign_in(page, place, "ann")
    await expect(page.get_by_role("navigation").get_by_role("link", name="Audit")).to_be_visible()
    await context.clear_cookies()
    await sign_in(page, place, "bob")
    await expect(page.locator("details.menu")).to_be_visible()
    await expect(page.get_by_role("navigation").get_by_role("link", name="Audit")).to_have_count(0)


async def test_signing_out_there_ends_the_session_here(place: Place, context: BrowserContext) -> None:
    """Back-channel: the provider tells the archive, whose page in another window is out at its next step."""
    page = await context.new_page()
    await sign_in(page, place, "ann", "/sign-in?next=/account")
    await expect(page).to_have_url(f"{place.archive.url}/account")
    window = await context.new_page()
    await window.goto(f"{place.acme.issuer}/session/end")
    await window.get_by_role("button", name="Yes, sign me out").click()
    await expect(window.get_by_text("Sign-out Success")).to_be_visible()
    await page.reload()
    await expect(page).to_have_url(f"{place.archive.url}/sign-in?next=/account")


async def test_an_invitation_is_opened_at_the_company(place: Place, context: BrowserContext) -> None:
    """Where only those come in who were invited: the e-mail there may be quite another."""
    email = f"{unique('invited')}@example.com"
    words = ("--name", "Bob", "--role", "auditor", "--scope", "all")
    link = place.archive.console("people", "invite", email, *words)["link"]
    page = await context.new_page()
    await sign_in(page, place, "bob", name="Other")
    await expect(page.get_by_role("alert")).to_contain_text("Ask an administrator for an invitation")
    await sign_out_there(page, place.other)
    await sign_in(page, place, "bob", urlsplit(link).path, name="Other")
    await expect(page.locator("details.menu")).to_be_visible()
    await page.locator("details.menu summary").click()
    await expect(page.locator(".menu-sheet")).to_contain_text(email)


async def sign_out_there(page: Page, company: Company) -> None:
    await page.goto(f"{company.issuer}/session/end")
    await page.get_by_role("button", name="Yes, sign me out").click()
    await expect(page.get_by_text("Sign-out Success")).to_be_visible()


async def test_a_company_that_is_away_is_named(place: Place, context: BrowserContext) -> None:
    page = await context.new_page()
    await page.goto(f"{place.archive.url}/sign-in")
    await page.get_by_role("link", name="Continue with Away").click()
    await expect(page.get_by_role("heading", name="Away is down")).to_be_visible()
    await sign_in(page, place, "ann")
    await expect(page.locator("details.menu")).to_be_visible()
