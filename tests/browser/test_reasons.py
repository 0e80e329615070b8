"""Saying why on the page of a call, and sealing it there."""

import pytest
from playwright.async_api import expect

from tests.browser.verbs import Visitor

pytestmark = pytest.mark.anyio


async def test_play_asks_compliance_why_and_remembers_it(visitor: Visitor) -> None:
    await visitor.sign_in("compliance")
    await visitor.open_call("refund", "?t=6")
    field = visitor.page.get_by_label("Why do you turn to this call?").first
    await expect(field).to_be_hidden()
    await visitor.player.get_by_role("button", name="Play", exact=True).click()
    await expect(field).to_be_focused()
    assert not visitor.asked("/listens"), "nothing is opened before a reason stands there"
    assert not visitor.asked("/audio")

    await field.fill("     ")
    await visitor.page.locator("call-player .why").get_by_role("button", name="Play").click()
    await expect(visitor.page.locator("call-player .why-problem")).to_contain_text("Say why first")
    await expect(field).to_have_attribute("aria-invalid", "true")
    await field.fill("complaint 4711")
    await field.press("Enter")
    await visitor.hear()
    await expect(visitor.page.locator("call-player .why")).to_have_count(0)

    await visitor.open_call("refund", "?t=6")
    await expect(visitor.page.locator("call-player .why")).to_have_count(0)
    await visitor.play()
    await visitor.visit(f"/audit?object={visitor.site.calls['refund']}&type=listen.opened")
    await expect(visitor.page.locator(".event").first).to_contain_text("complaint 4711")


async def test_without_script_the_reason_is_a_form(without_script: Visitor) -> None:
    visitor = without_script
    await visitor.sign_in("compliance")
    await visitor.open_call("refund")
    form = visitor.page.locator("call-player .why")
    await form.get_by_label("Why do you turn to this call?").fill("complaint 4711")
    await form.get_by_role("button", name="Play").click()
    await expect(visitor.page.locator(".why").filter(has_text="Play")).to_have_count(0)
    await expect(visitor.page.get_by_role("link", name="Download the original")).to_be_visible()


async def test_a_sealed_call_says_so_and_leaves_the_managers_search(
    visitor: Visitor, another: Visitor
) -> None:
    await visitor.sign_in("compliance")
    await visitor.open_call("voicemail")
    await visitor.page.get_by_text("Seal this call").first.click()
    await visitor.page.get_by_label("Reason").fill("the works council asked")
    await visitor.page.get_by_role("button", name="Seal this call").click()
    await expect(visitor.page.locator(".badge", has_text="sealed")).to_be_visible()
    await expect(visitor.page.get_by_text("This call is sealed:")).to_be_visible()

    await another.sign_in("manager")
    await another.open_call("voicemail")
    await expect(another.page.get_by_role("heading", level=1)).to_have_text(
        "Doesn't exist, or isn't yours to hear"
    )
    await visitor.page.get_by_text("Lift the seal").first.click()
    await visitor.page.get_by_label("Reason").fill("settled")
    await visitor.page.get_by_role("button", name="Lift the seal").click()
    await expect(visitor.page.locator(".badge", has_text="sealed")).to_have_count(0)


async def test_rules_stand_in_words(visitor: Visitor) -> None:
    await visitor.sign_in("admin")
    await visitor.visit("/access/reasons")
    await expect(visitor.page.locator(".rule")).to_contain_text(
        "Compliance must say why before listening or downloading"
    )
    await visitor.page.get_by_label("Agent", exact=True).check()
    await visitor.page.get_by_label("Only calls with one of the labels").fill("escalated")
    await visitor.page.get_by_role("button", name="Add a rule").click()
    rule = visitor.page.locator(".rule").last
    await expect(rule).to_contain_text("Agent must say why before listening or downloading")
    await expect(rule).to_contain_text("Only calls labelled escalated")
    await rule.get_by_role("button", name="End").click()
    await expect(visitor.page.get_by_role("status")).to_contain_text("until a second person agrees")
