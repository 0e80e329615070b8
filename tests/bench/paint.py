"""How soon a page shows its first words in Chromium, and what its script and style weigh.

    python -m tests.bench.paint [--quick]      40 first and 40 later visits of each page, or 5

The archive and the browser share the machine. A first visit has nothing kept, so that it fetches scripts and styles;
a later one has them in the browser's cache, as everybody has from the second page on. First Contentful Paint is the
browser's own figure (W3C, Paint Timing), counted from when the address is entered; the archive's part of it is
the time until its answer begins (W3C, Navigation Timing).
"""

import argparse
import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from msgspec import Struct
from playwright.sync_api import Browser, Page, StorageState, sync_playwright

from archive.http.pages.assets import assets
from tests import samples
from tests.bench.rounds import in_turn, middle, p95
from tests.bench.serving import Api, serving
from tests.bench.table import markdown
from tests.chromium import FLAGS
from tests.integration.archives import COMMAND, PASSWORD, call_archive
from tests.integration.deeds import settled, upload
from tests.processes import Program, installed

VISITS, QUICK_VISITS = 40, 5
CALLS, SEGMENTS = 30, 120
EMAIL = "reader@example.com"
BEGIN = datetime(2026, 11, 2, 9, 14, tzinfo=UTC)

COLUMNS = (
    "page",
    "first visit p50 ms",
    "first visit p95 ms",
    "later visit p50 ms",
    "later visit p95 ms",
    "archive answers p50 ms",
    "script and style kB",
    "page kB",
)

MEASURED = """() => new Promise((resolve) => {
  const painted = (list) => list.getEntries().find(({ name }) => name === "first-contentful-paint");
  new PerformanceObserver((list) => {
    const paint = painted(list);
    if (paint) resolve([paint.startTime, performance.getEntriesByType("navigation")[0].responseStart]);
  }).observe({ type: "paint", buffered: true });
})"""

FETCHED = """() => {
  const assets = performance.getEntriesByType("resource").filter(({ name }) => name.includes("/assets/"));
  return assets.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);
}"""


class Paint(Struct, frozen=True):
    """Milliseconds since the address was entered."""

    first: float
    answered: float


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    visits = QUICK_VISITS if parser.parse_args().quick else VISITS
    with serving({}) as api, _chromium() as browser:
        call = _filled(api)
        reader = _signed_in(browser, api)
        pages = {"search": "/?q=refund", "call": f"/calls/{call}?t=21&q=refund", "audit": "/audit"}
        rows = [
            _row(name, Visitor(browser, reader, _base(api) + path), visits) for name, path in pages.items()
        ]
    whole = _kilobytes(sum(len(asset.gzipped) for asset in assets().files.values()))
    print(
        f"{CALLS} calls of {SEGMENTS} lines; {visits} visits of each kind. All pages' script and style: {whole} kB."
    )
    print(markdown(COLUMNS, rows))


class Visitor:
    """Opens one address, signed in."""

    def __init__(self, browser: Browser, session: StorageState, url: str) -> None:
        self._browser = browser
        self._session = session
        self._url = url

    def first(self) -> Paint:
        with self.page() as page:
            return self.open(page)

    def open(self, page: Page) -> Paint:
        page.goto(self._url)
        return Paint(*page.evaluate(MEASURED))

    def weight(self) -> tuple[int, int]:
        """Bytes of script and style that the page fetches, and of its HTML, both compressed."""
        with self.page() as page:
            answer = page.goto(self._url, wait_until="networkidle")
            assert answer is not None
            return page.evaluate(FETCHED), len(gzip.compress(answer.body()))

    @contextmanager
    def page(self) -> Iterator[Page]:
        """In a browser that has kept nothing but the session."""
        context = self._browser.new_context(storage_state=self._session)
        try:
            yield context.new_page()
        finally:
            context.close()


def _row(name: str, visitor: Visitor, visits: int) -> tuple[str, ...]:
    with visitor.page() as page:
        visitor.open(page)
        first, later = in_turn(visits, visitor.first, lambda: visitor.open(page))
    paints = ([paint.first for paint in first], [paint.first for paint in later])
    answered = middle([paint.answered for paint in (*first, *later)])
    figures = (*(part(paint) for paint in paints for part in (middle, p95)), answered)
    return (name, *(f"{figure:.0f}" for figure in figures), *(_kilobytes(size) for size in visitor.weight()))


def _kilobytes(size: int) -> str:
    return f"{size / 1000:.1f}"


# ---- the archive -----------------------------------------------------------------------------------------------


def _base(api: Api) -> str:
    return f"http://localhost:{api.port}"


def _filled(api: Api) -> str:
    """Uploads the calls and waits until all are ready; the id of one."""
    with api.client(api.integration("upload,read_call")) as client:
        uids = []
        for at in range(CALLS):
            about = {
                "partner": "Northwind",
                "client": {"name": f"Client {at}"},
                "channels": ["agent", "client"],
            }
            started = (BEGIN - timedelta(hours=at)).isoformat()
            answer = upload(client, samples.call(), ("text/vtt", _vtt()), **about, started_at=started)
            uids.append(str(answer.raise_for_status().json()["id"]))
        worker = Program("worker")
        worker.start([COMMAND, "work"], lambda: True, env=api.environ)
        try:
            assert all(settled(client, uid)["state"] == "ready" for uid in uids)
        finally:
            worker.stop()
    return uids[0]


def _vtt() -> bytes:
    lines = ("<v Agent>What can I do for you today?", "<v Client>The refund you promised never arrived.")
    cues = (
        f"{at // 60:02}:{at % 60:02}.000 --> {at // 60:02}:{at % 60:02}.900\n{lines[at % 2]}\n"
        for at in range(SEGMENTS)
    )
    return "\n".join(("WEBVTT\n", *cues)).encode()


# ---- the browser -----------------------------------------------------------------------------------------------


@contextmanager
def _chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=installed("chromium"), args=FLAGS, chromium_sandbox=False
        )
        yield browser
        browser.close()


def _signed_in(browser: Browser, api: Api) -> StorageState:
    words = ("people", "add", EMAIL, "--name", "Reader", "--role", "compliance", "--scope", "all")
    added = call_archive(*words, "--password-stdin", typed=f"{PASSWORD}\n", env=api.environ)
    assert added.returncode == 0, added.stderr
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{_base(api)}/sign-in")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    with page.expect_navigation():
        page.get_by_role("button", name="Sign in").click()
    state = context.storage_state()
    context.close()
    return state


if __name__ == "__main__":
    main()
