"""An administrator lets somebody in, a second person agrees, and the person finds the call; in real browsers."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from tests.browser.site import Site
from tests.browser.test_pages import axe
from tests.browser.verbs import Visitor

pytestmark = pytest.mark.anyio

NEW_PASSWORD = "a sentence of her own"


@pytest.fixture
async def third(chromium: Browser, site: Site) -> AsyncIterator[Visitor]:
    context = await chromium.new_context()
    yield Visitor(await context.new_page(), site)
    await context.close()


async def test_somebody_is_invited_given_access_by_two_people_and_finds_the_call(
    visitor: Visitor, another: Visitor, third: Visitor
) -> None:
    page = visitor.page
    await visitor.sign_in("admin")
    await visitor.visit("/people")
    await page.get_by_role("link", name="Add a person").click()
    await page.get_by_label("Name", exact=True).fill("Nora Weiss")
    await page.get_by_label("E-mail").fill("nora@example.com")
    await page.get_by_role("button", name="Add a person").click()
    link = await page.locator("code.secret").inner_text()
    assert link.startswith(visitor.site.url)

    await another.page.goto(link)
    await another.page.get_by_label("New password").fill(NEW_PASSWORD)
    async with another.page.expect_navigation():
        await another.page.get_by_role("button", name="Set the password and sign in").click()
    await another.visit("/?q=refund+promised")
    await expect(another.rows).to_have_count(0)  # in, and sees nothing yet

    await visitor.visit("/people?q=nora")
    await page.get_by_role("link", name="Nora Weiss").click()
    await page.get_by_label("What they may").select_option("hear")
    await page.get_by_label("On which calls").select_option("partner")
    await page.locator("input[name=name][list]").fill("Northwind")
    await expect(page.locator(".count")).to_have_text(re.compile(r"That comes to \d+ calls now\."))
    await page.get_by_label("Why").fill("looks after Northwind")
    await page.get_by_role("button", name="Give access").click()
    await expect(page.get_by_role("status").first).to_contain_text("waits for a second person")
    await expect(page.locator(".note.warn")).to_contain_text("Nora Weiss gets")

    await third.sign_in("compliance")
    await third.visit("/access/changes")
    row = third.page.get_by_role("row").filter(has_text="Nora Weiss")
    await row.get_by_role("button", name="Agree").click()
    await expect(row).to_have_count(0)

    await page.reload()
    await expect(page.locator(".grants")).to_contain_text("calls of Northwind")
    await another.visit("/?q=refund+promised")
    await expect(another.rows.first).to_contain_text("Harbour Dental")


async def test_the_form_gives_without_a_script_after_it_told_the_number(without_script: Visitor) -> None:
    page = without_script.page
    await without_script.sign_in("admin")
    await without_script.visit("/people?q=otto")
    await page.get_by_role("link", name="Otto Audit").click()
    await page.get_by_label("What they may").select_option("see")
    await page.locator("input[name=name][list]").fill("Contoso")
    await page.get_by_label("Why").fill("asked for the numbers")
    await page.get_by_role("button", name="Give access").click()
    await expect(page.locator(".count")).to_contain_text("That comes to 1 call now.")
    await page.get_by_role("button", name="Give access").click()
    await expect(page.get_by_role("status").first).to_have_text("Access is given.")
    row = page.locator(".grants").get_by_role("row").filter(has_text="calls of Contoso")
    await row.get_by_role("button", name="End").click()
    await expect(row.get_by_role("button")).to_have_count(0)


async def test_the_pages_are_walked_by_keyboard(visitor: Visitor) -> None:
    await visitor.sign_in("admin")
    await visitor.visit("/people")
    await visitor.page.get_by_role("link", name="People", exact=True).last.focus()
    for name in ("Groups", "Integrations", "Partners", "Clients", "Teams"):
        await visitor.page.keyboard.press("Tab")
        await expect(visitor.page.get_by_role("link", name=name, exact=True)).to_be_focused()
    await visitor.page.keyboard.press("Enter")
    await expect(visitor.page.get_by_role("heading", level=1)).to_have_text("Teams")


async def test_a_persons_a_groups_and_a_programs_page_are_clean_for_axe_and_narrow_enough(
    visitor: Visitor,
) -> None:
    page, found = visitor.page, []
    await visitor.sign_in("admin")
    await visitor.visit("/groups")
    await page.get_by_label("Name").fill("Contoso desk")
    await page.get_by_role("button", name="Add a group").click()
    for path, link in (
        ("/people", "Maria Lund"),
        ("/groups", "Contoso desk"),
        ("/integrations", "Phone system"),
    ):
        await visitor.visit(path)
        await page.get_by_role("link", name=link).click()
        for width, scheme in ((360, "dark"), (1280, "light")):
            await page.set_viewport_size({"width": width, "height": 800})
            await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
            found += [f"{link} {width}: {issue}" for issue in await axe(page)] + (
                [f"{link}: wide"] if wide else []
            )
    assert not found, "\n".join(found)
