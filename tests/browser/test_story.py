"""The main job in a real browser: sign in, search, open at the second, hear; and the listen is in the log."""

import json

import pytest
from playwright.async_api import Request, Route, expect

from tests.browser.verbs import Visitor

pytestmark = pytest.mark.anyio


async def test_a_remembered_phrase_leads_to_the_second_and_the_listen_to_the_log(
    visitor: Visitor, another: Visitor
) -> None:
    await visitor.sign_in("manager")
    await visitor.search("refund promised")
    await expect(visitor.rows.first).to_contain_text("Harbour Dental")
    await visitor.page.get_by_role("link", name="The refund you promised").click()

    await expect(visitor.page.get_by_role("heading", level=1)).to_have_text(
        "Harbour Dental called Northwind, with Priya Nair"
    )
    await expect(visitor.slider).to_have_attribute("aria-valuenow", "1")  # said at 0:04, opened 3 s early
    await expect(visitor.page.locator(".segment[aria-current]")).to_contain_text("The refund you promised")
    assert not visitor.asked("/listens"), "opening a page is not a listen"
    await expect(visitor.player.get_by_role("button", name="Play", exact=True)).to_be_focused()
    await visitor.page.keyboard.press("Enter")
    await visitor.hear(seconds=1.5)
    assert visitor.asked("/audio")

    await visitor.visit("/")  # leaving reports what was played
    await another.sign_in("compliance")
    await another.open_call("refund")
    listen = another.page.locator(".listens > li").first
    await expect(listen).to_contain_text("Maria Lund")
    await expect(listen.locator("dt")).to_have_text(["access granted", "delivered", "player reported"])
    await expect(listen.locator("dd").last).not_to_have_text("0:00")
    await another.visit(f"/audit?actor=Maria+Lund&object={visitor.site.calls['refund']}&type=listen.opened")
    await expect(another.page.locator(".event").first).to_contain_text(
        "Maria Lund was granted access and opened Harbour Dental - Northwind"
    )


def _settled(request: Request) -> bool:
    return "/?q=refund" in request.url and "x-typing" not in request.headers


async def test_a_query_that_somebody_rests_on_is_one_for_the_log_and_asked_once(visitor: Visitor) -> None:
    await visitor.sign_in("manager")
    async with visitor.page.expect_request(_settled):
        await visitor.search("refund promised")
    async with visitor.page.expect_navigation():
        await visitor.page.get_by_role("link", name="The refund you promised").click()
    assert len([request for request in visitor.requests if _settled(request)]) == 1


async def test_opening_a_result_settles_what_was_typed(visitor: Visitor) -> None:
    await visitor.sign_in("manager")
    await visitor.search("refund promised")
    async with visitor.page.expect_request(_settled):
        await visitor.page.get_by_role("link", name="The refund you promised").click()


async def test_a_search_that_fails_says_so_and_keeps_its_address(visitor: Visitor) -> None:
    await visitor.sign_in("manager")
    await visitor.search("refund promised")
    address = visitor.page.url
    await visitor.page.route("**/?q=*", lambda route: route.fulfill(status=503, body="away"))
    await visitor.box.fill("another query")
    await expect(visitor.page.locator("#count")).to_contain_text("The search did not answer")
    assert visitor.page.url == address
    await expect(visitor.page).to_have_title("refund promised - search - Call Archive")


async def test_the_sound_has_no_source_until_play(visitor: Visitor) -> None:
    await visitor.sign_in("manager")
    await visitor.open_call("refund", "?t=12")
    await expect(visitor.slider).to_have_attribute("aria-valuetext", "0:12 of 0:32")
    await visitor.page.wait_for_load_state("networkidle")
    assert await visitor.page.evaluate("document.querySelector('audio').hasAttribute('src')") is False
    assert not visitor.asked("/listens")
    await visitor.play()
    assert await visitor.second() > 12


async def test_pausing_reports_what_was_played_and_the_end_closes_the_listen(visitor: Visitor) -> None:
    await visitor.sign_in("manager")
    await visitor.open_call("refund", "?t=29")
    await visitor.play()
    async with visitor.page.expect_request("**/progress") as report:
        await visitor.player.get_by_role("button", name="Pause").click()
    played = json.loads((await report.value).post_data or "")["played"]
    assert played[0]["start"] == pytest.approx(29, abs=0.3)
    for one in played:  # several where the sound stalled meanwhile
        assert one["end"] - one["start"] == pytest.approx(one["wall"], abs=0.5)
    async with visitor.page.expect_request(lambda request: request.method == "DELETE"):
        await visitor.player.get_by_role("button", name="Play", exact=True).click()


async def test_a_listen_that_is_over_is_continued_by_another(visitor: Visitor) -> None:
    await visitor.sign_in("manager")
    await visitor.open_call("refund")
    ended: list[str] = []

    async def end_the_first(route: Route) -> None:
        listen = route.request.url.removesuffix("/audio")
        if not ended:
            ended.append(listen.rsplit("/", 1)[1])
            await visitor.page.request.delete(listen, headers={"Origin": visitor.site.url})
        await route.continue_()

    await visitor.page.route("**/audio", end_the_first)
    await visitor.player.get_by_role("button", name="Play", exact=True).click()
    await visitor.hear()
    opened = [
        request.post_data_json for request in visitor.asked("/listens") if request.url.endswith("/listens")
    ]
    assert opened == [{}, {"continues": ended[0]}]


async def test_a_foreign_call_and_none_at_all_are_the_same_page(visitor: Visitor) -> None:
    await visitor.sign_in("manager")
    shown = []
    for uid in (visitor.site.calls["other"], "01a20274-039d-78c0-8ab4-000000000000", "nonsense"):
        await visitor.visit(f"/calls/{uid}")
        shown.append((await visitor.page.locator("main").inner_html()).replace(uid, "what was asked for"))
    assert shown[0] == shown[1] == shown[2]
    assert "Doesn't exist, or isn't yours to hear" in shown[0].replace("&#39;", "'")


async def test_the_auditor_reads_the_log_and_has_nothing_to_play(visitor: Visitor) -> None:
    await visitor.sign_in("auditor")
    await expect(visitor.page.get_by_role("heading", level=1)).to_have_text("Audit")
    await expect(visitor.box).to_have_count(0)
    await visitor.open_call("refund")
    await expect(visitor.page.get_by_role("heading", level=1)).to_have_text(
        "Doesn't exist, or isn't yours to hear"
    )


async def test_a_wrong_password_and_an_unknown_person_get_one_answer(visitor: Visitor) -> None:
    said = []
    for who in ("manager", "nobody"):
        await visitor.sign_in(who, "wrong password")
        said.append(await visitor.page.get_by_role("alert").inner_text())
    assert said == ["Wrong e-mail or password."] * 2
