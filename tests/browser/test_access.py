"""Asking for access, deciding on it, emergency access, and both questions of an administrator, in a browser."""

import pytest
from playwright.async_api import expect

from archive.ids import uuid7
from tests.browser.site import PASSWORD
from tests.browser.verbs import Visitor

pytestmark = pytest.mark.anyio


async def open_access(visitor: Visitor) -> None:
    await visitor.page.get_by_role("navigation", name="Pages").get_by_role("link", name="Access").click()
    await expect(visitor.page).to_have_title("Access - Call Archive")


async def test_an_administrator_answers_both_questions_in_two_clicks(visitor: Visitor) -> None:
    page, call = visitor.page, visitor.site.calls["refund"]
    await visitor.sign_in("admin")
    await open_access(visitor)
    await page.get_by_role("textbox", name="What can this person reach, and why?").fill("maria")
    await page.get_by_role("search", name="What can this person").get_by_role("button").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("What Maria Lund can reach, and why")
    row = page.get_by_role("row").filter(has_text="Partner manager")
    await expect(row).to_contain_text("calls of Northwind")
    await expect(row.get_by_role("button", name="End")).to_be_visible()

    await open_access(visitor)
    await page.get_by_role("textbox", name="Who can reach this call, and why?").fill(
        f"{visitor.site.url}/calls/{call}"
    )
    await page.get_by_role("search", name="Who can reach this call").get_by_role("button").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Who can reach this call, and why")
    for name in ("Maria Lund", "Carla Comp", "Phone system"):
        await expect(page.get_by_role("row").filter(has_text=name)).to_be_visible()
    await expect(page.locator("main")).not_to_contain_text("Harbour Dental")


async def test_a_call_that_is_not_there_is_asked_for_from_its_page(visitor: Visitor) -> None:
    page, call = visitor.page, uuid7()
    await visitor.sign_in("manager")
    await visitor.visit(f"/calls/{call}")
    await page.get_by_label("Why").fill("The client rang me")
    await page.get_by_role("button", name="Ask for access").click()
    await expect(page.get_by_role("status")).to_contain_text("Your request waits")
    row = page.get_by_role("row").filter(has_text=call)
    await expect(row).to_contain_text("waiting")
    await row.get_by_role("button", name="Withdraw").click()
    await expect(page.get_by_role("row").filter(has_text=call)).to_contain_text("withdrawn")


async def test_a_request_is_granted_and_both_see_it(visitor: Visitor, another: Visitor) -> None:
    call = visitor.site.calls["refund"]
    await visitor.sign_in("auditor")
    await open_access(visitor)
    ask = visitor.page.get_by_role("region", name="Ask for access")
    await ask.get_by_label("Which").fill(call)
    await ask.get_by_label("Why").fill("A report on complaints")
    await ask.get_by_role("button", name="Ask for access").click()

    await another.sign_in("compliance")
    entry = another.page.get_by_role("navigation", name="Pages").get_by_role("link", name="Access")
    await expect(entry).to_contain_text("1")
    await entry.click()
    waiting = another.page.get_by_role("article").filter(has_text="A report on complaints")
    await expect(waiting).to_contain_text("Harbour Dental")
    await waiting.get_by_label("What you tell").fill("Until your report is done")
    await waiting.get_by_role("button", name="Grant").click()
    await expect(another.page.get_by_role("status")).to_have_text("Granted.")

    await open_access(visitor)
    row = visitor.page.get_by_role("row").filter(has_text="A report on complaints")
    await expect(row).to_contain_text("granted")
    await expect(row).to_contain_text("Until your report is done")
    await visitor.visit("/reach")
    await expect(visitor.page.get_by_role("row").filter(has_text="1 call")).to_contain_text(
        "granted by Carla Comp"
    )


async def test_broken_glass_stands_on_every_page_until_it_was_seen(
    visitor: Visitor, another: Visitor
) -> None:
    page = visitor.page
    await visitor.sign_in("admin")
    await open_access(visitor)
    await page.get_by_text("Break the glass").first.click()
    form = page.get_by_role("region", name="Emergency access", exact=True)
    await form.get_by_label("What you need to hear").select_option("All calls")
    await form.get_by_label("Why").fill("A child is missing, the police ask")
    await form.get_by_label("password").fill(PASSWORD)
    await form.get_by_role("button", name="Break the glass").click()
    await expect(page.get_by_text("You hear by emergency access until")).to_be_visible()
    await visitor.open_call("refund")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Harbour Dental")

    await another.sign_in("compliance")
    told = another.page.get_by_text("Somebody took emergency access to calls.")
    await expect(told).to_be_visible()
    await another.page.get_by_role("link", name="See who, and why").click()
    await another.page.get_by_role("button", name="I have seen it").click()
    await expect(told).to_have_count(0)

    await page.get_by_role("button", name="Give it back").click()
    await expect(page.get_by_text("You hear by emergency access until")).to_have_count(0)
    await visitor.open_call("refund")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Doesn't exist, or isn't yours to hear")
