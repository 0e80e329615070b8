"""A real Chromium, Debian's own; a picture of the page is kept when its test fails."""

import re
from collections.abc import AsyncIterator, Generator

import pytest
from playwright.async_api import Browser, Page, async_playwright

from infra.setup import ROOT
from tests.processes import installed

SCREENSHOTS = ROOT / ".state" / "screenshots"
FLAGS = [
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]
FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Lets the page's fixture know, when it ends, whether its test failed."""
    report = yield
    item.stash[FAILED] = report.failed or item.stash.get(FAILED, False)
    return report


@pytest.fixture(scope="session")
async def chromium(anyio_backend: str) -> AsyncIterator[Browser]:
    """The browser of the session.

    Without its sandbox, which neither root nor a container has to give it: it opens the archive's own pages alone.
    """
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=installed("chromium"), args=FLAGS, chromium_sandbox=False
        )
        yield browser
        await browser.close()


@pytest.fixture
async def page(chromium: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Page]:
    """A page with cookies and storage of its own. For tests marked `anyio`."""
    context = await chromium.new_context(viewport={"width": 1280, "height": 800})
    page = await context.new_page()
    yield page
    if request.node.stash.get(FAILED, False):
        await page.screenshot(path=SCREENSHOTS / f"{_file_name(request.node.nodeid)}.png", full_page=True)
    await context.close()


def _file_name(nodeid: str) -> str:
    return re.sub(r"[^\w.-]+", "-", nodeid)
