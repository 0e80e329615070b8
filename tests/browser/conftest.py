"""The running archive that the browser visits, and its visitors."""

from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser, Page

from tests.browser.site import Archive, Site
from tests.browser.verbs import Visitor


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    archive = Archive()
    try:
        yield archive.start()
    finally:
        archive.stop()


@pytest.fixture
async def visitor(page: Page, site: Site) -> Visitor:
    """Somebody at a desktop, not signed in yet. Asynchronous, since Playwright wants a running loop to listen in."""
    return Visitor(page, site)


@pytest.fixture
async def another(chromium: Browser, site: Site) -> AsyncIterator[Visitor]:
    """Somebody else, in a browser of their own."""
    context = await chromium.new_context()
    yield Visitor(await context.new_page(), site)
    await context.close()


@pytest.fixture
async def without_script(chromium: Browser, site: Site) -> AsyncIterator[Visitor]:
    context = await chromium.new_context(java_script_enabled=False)
    yield Visitor(await context.new_page(), site)
    await context.close()
