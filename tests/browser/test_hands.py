"""Hands on the pages: keys alone, following words, files dropped, and no script at all."""

import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.site import recording
from tests.browser.verbs import Visitor

pytestmark = pytest.mark.anyio

VTT = """WEBVTT

00:01.000 --> 00:03.000
<v Client>Where is the zeppelin?

00:03.500 --> 00:06.000
<v Agent>It lands tomorrow.
"""

PLACE_OF_WORD = """([line, word]) => {
  const lines = [...document.querySelectorAll(".segment p")];
  const text = lines.find((one) => one.textContent.startsWith(line)).firstChild;
  const range = document.createRange();
  range.setStart(text, text.data.indexOf(word) + 2);
  range.setEnd(text, text.data.indexOf(word) + 3);
  const { x, y, height } = range.getBoundingClientRect();
  return { x: x + 1, y: y + height / 2 };
}"""


async def test_the_whole_way_by_keyboard(visitor: Visitor) -> None:
    await visitor.sign_in("manager")
    press = visitor.page.keyboard.press
    await press("/")
    await visitor.page.keyboard.type("refund promised")
    await expect(visitor.page).to_have_title("refund promised - search - Call Archive")
    await expect(visitor.page.get_by_role("status").first).to_have_text("1 call")
    await press("ArrowDown")
    await expect(visitor.page.locator(".moment-link").first).to_be_focused()
    async with visitor.page.expect_response("**/audio"):
        await press("Space")
    await expect(visitor.page.locator(".preview").first).to_have_attribute("aria-pressed", "true")
    await press("Space")
    await expect(visitor.page.locator(".preview").first).not_to_have_attribute("aria-pressed", "true")
    await press("Enter")
    await expect(visitor.player.get_by_role("button", name="Play", exact=True)).to_be_focused()
    await expect(visitor.slider).to_have_attribute("aria-valuenow", "1")
    await press("l")
    await expect(visitor.slider).to_have_attribute("aria-valuenow", "11")
    await press("j")
    await press("ArrowRight")
    await expect(visitor.slider).to_have_attribute("aria-valuenow", "6")
    await press("k")
    await visitor.hear()
    await press("f")
    await expect(visitor.page.get_by_role("searchbox", name="Search in this call")).to_be_focused()


async def test_single_keys_can_be_switched_off(visitor: Visitor) -> None:
    await visitor.sign_in("manager")
    await visitor.open_call("refund", "?t=6")
    await visitor.page.locator(".menu > summary").click()
    await visitor.page.get_by_label("Shortcuts by single keys").uncheck()
    await visitor.page.locator("h1").click()
    await visitor.page.keyboard.press("l")
    await expect(visitor.slider).to_have_attribute("aria-valuenow", "6")


async def test_typing_follows_and_the_address_keeps_up(visitor: Visitor) -> None:
    await visitor.sign_in("manager")
    await (
        visitor.page.get_by_role("link", name="voicemail 1")
        .or_(visitor.page.get_by_role("link", name="voicemail", exact=True))
        .first.click()
    )
    await expect(visitor.rows).to_have_count(1)
    await visitor.box.fill("marchetti")
    await expect(visitor.page).to_have_url(re.compile(r"q=marchetti&kind=voicemail"))
    await expect(visitor.rows.first).to_contain_text("Ines Marchetti")
    await visitor.box.fill("zeppelin airship")
    await expect(visitor.page.get_by_role("heading", name="No call matches")).to_be_visible()
    await visitor.page.get_by_role("link", name="Search without Kind voicemail").click()
    await expect(visitor.page).to_have_url(re.compile(r"/\?q=zeppelin\+airship$"))
    await visitor.page.go_back()
    await expect(visitor.page.locator(".chip").first).to_contain_text("voicemail")


async def test_a_word_leads_to_its_second_and_words_follow_the_sound(visitor: Visitor) -> None:
    await visitor.page.set_viewport_size({"width": 1280, "height": 480})
    await visitor.sign_in("manager")
    await visitor.open_call("refund")
    word = await visitor.page.evaluate(PLACE_OF_WORD, ["The refund", "promised"])
    await visitor.page.mouse.click(word["x"], word["y"])
    await expect(visitor.slider).to_have_attribute("aria-valuenow", "5")  # 5.2 s: the fourth word
    await visitor.play()
    await expect(visitor.page.locator(".segment[aria-current=true]")).to_contain_text("The refund")
    await visitor.page.mouse.move(word["x"], word["y"])
    await visitor.page.mouse.wheel(0, 20)
    follow = visitor.page.get_by_role("button", name="Resume following")
    await expect(follow).to_be_visible()
    assert await visitor.page.evaluate("scrollY") == 0, "following scrolls the pane, never the page"
    await follow.press("Enter")
    await expect(follow).to_be_hidden()


async def test_search_inside_a_call(visitor: Visitor) -> None:
    await visitor.sign_in("manager")
    await visitor.open_call("refund", "?q=refund")
    hits = visitor.page.locator(".hits-count")
    await expect(hits).to_have_text("2 hits")
    await visitor.page.locator("h1").click()
    await visitor.page.keyboard.press("n")
    await expect(hits).to_have_text("1 of 2")
    await visitor.page.keyboard.press("Shift+N")
    await expect(hits).to_have_text("2 of 2")
    await visitor.page.get_by_role("searchbox", name="Search in this call").fill("zeppelin")
    await expect(hits).to_have_text("no hits")


async def test_a_recording_and_its_transcript_go_in_together(visitor: Visitor, tmp_path: Path) -> None:
    (tmp_path / "talk.wav").write_bytes(recording(7))
    (tmp_path / "talk.vtt").write_text(VTT, encoding="utf-8")
    (tmp_path / "empty.wav").write_bytes(b"")
    await visitor.sign_in("manager")
    await visitor.visit("/upload")
    await visitor.page.set_input_files(
        "#files", [tmp_path / name for name in ("talk.vtt", "talk.wav", "empty.wav")]
    )
    rows = visitor.page.locator(".file")
    await expect(rows.nth(0)).to_contain_text("with talk.vtt")
    await expect(rows.nth(1)).to_contain_text("The file is empty.")
    await visitor.page.get_by_label("Partner").fill("Northwind")
    await visitor.page.get_by_label("Client", exact=True).fill("Zeppelin Works")
    await visitor.page.get_by_role("button", name="Upload").click()
    await expect(rows.nth(0).get_by_role("status")).to_have_text("ready", timeout=30_000)
    await rows.nth(0).get_by_role("link", name="Open the call").click()
    await expect(visitor.page.get_by_role("heading", level=1)).to_contain_text("Zeppelin Works")
    await expect(visitor.page.get_by_text("It lands tomorrow.")).to_be_visible()


async def test_a_refused_upload_says_why_in_its_row(visitor: Visitor, tmp_path: Path) -> None:
    (tmp_path / "talk.wav").write_bytes(recording(5))
    await visitor.sign_in("manager")
    await visitor.visit("/upload")
    await visitor.page.set_input_files("#files", tmp_path / "talk.wav")
    await visitor.page.get_by_label("Partner").fill("Nobody's partner")
    await visitor.page.get_by_role("button", name="Upload").click()
    row = visitor.page.locator(".file")
    await expect(row).to_contain_text("partner", ignore_case=True)
    await expect(row.get_by_role("button", name="Retry")).to_be_visible()


async def test_without_script_search_read_and_upload_work(without_script: Visitor, tmp_path: Path) -> None:
    (tmp_path / "plain.wav").write_bytes(recording(6))
    page = without_script.page
    await without_script.sign_in("manager")
    await without_script.box.fill("refund promised")
    await page.keyboard.press("Enter")
    await without_script.rows.first.get_by_role("link").first.click()
    await expect(page.get_by_text("The refund you promised")).to_be_visible()
    await expect(page.locator("noscript p")).to_be_visible()  # playing needs a script, and says so
    await without_script.visit("/upload")
    await page.set_input_files("#files", tmp_path / "plain.wav")
    await page.locator("[name=started_at]").fill("2026-11-03T10:00:00")
    await page.get_by_label("Partner").fill("Northwind")
    await page.get_by_role("button", name="Upload").click()
    await page.get_by_role("link", name="Open the call").click()
    await expect(page.locator("h1")).to_contain_text("Northwind")


async def test_times_are_the_readers_and_the_theme_stays(visitor: Visitor) -> None:
    await visitor.sign_in("manager")
    await visitor.page.context.add_cookies([{"name": "zone", "value": "Asia/Tokyo", "url": visitor.site.url}])
    await visitor.page.locator(".menu > summary").click()
    await visitor.page.get_by_role("button", name="Dark").click()
    assert await visitor.page.evaluate("document.documentElement.dataset.theme") == "dark"
    first = await visitor.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert first == "rgb(20, 23, 26)"
