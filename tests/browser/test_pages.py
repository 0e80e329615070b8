"""Every page: nothing serious for axe in both themes, nothing against the policy, no sideways scrolling."""

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from playwright.async_api import Page

from infra.setup import ROOT
from tests.acting import AUTHORIZE, asked, pkce
from tests.browser.site import Site
from tests.browser.verbs import Visitor

pytestmark = pytest.mark.anyio

AXE = ROOT / "frontend" / "vendor" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.violatedDirective}`));
"""


def pages_of(who: str, site: Site) -> list[str]:
    call = site.calls["refund"]
    return {
        "": ["/sign-in", "/links/over"],
        "manager": [
            "/",
            "/?q=refund+promised",
            "/?q=zeppelin&partner=Northwind",
            f"/calls/{call}?t=6&q=refund",
            f"/calls/{site.calls['broken']}",
            f"/calls/{site.calls['voicemail']}",
            f"/calls/{site.calls['other']}",
            "/upload",
            "/account",
            "/account/listens",
            f"{AUTHORIZE}?{urlencode(asked(pkce(), scope='find download'))}",
            "/access",
            "/reach",
            f"/calls/{call}/access",
            "/calls/01a20274-039d-78c0-8ab4-9376a5f43946",
        ],
        "compliance": [
            f"/calls/{call}",
            "/audit",
            f"/audit/calls/{call}",
            "/audit?outcome=denied&actor=nobody",
            "/access",
            "/access/person?who=nobody",
            f"/calls/{call}/access",
        ],
        "admin": [
            "/people",
            "/people/add",
            "/groups",
            "/integrations",
            "/integrations/add",
            "/partners",
            "/clients",
            "/teams",
            "/access",
            "/access/reasons",
            f"/calls/{call}/access",
            "/system",
            "/welcome",
            "/audit",
        ],
    }[who]


WHO = ("", "manager", "compliance", "admin")
EXPECTED = ("404", "403")
"""Answers of pages that refuse; Chromium names them in its console."""


@pytest.mark.parametrize("who", WHO)
async def test_axe_finds_nothing_serious_in_either_theme(visitor: Visitor, who: str) -> None:
    found = []
    async for path in _walk(visitor, who):
        for scheme in ("light", "dark"):
            await visitor.page.emulate_media(color_scheme=scheme)
            found += [f"{path} {scheme}: {issue}" for issue in await axe(visitor.page)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("who", WHO)
async def test_nothing_breaks_the_policy_and_no_script_fails(visitor: Visitor, who: str) -> None:
    await visitor.page.add_init_script(VIOLATIONS)
    async for _ in _walk(visitor, who):
        pass
    assert not [error for error in visitor.errors if not any(code in error for code in EXPECTED)]
    assert all(request.url.startswith(visitor.site.url) for request in visitor.requests)


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("width", [360, 720, 1024, 1920])
async def test_no_page_scrolls_sideways(visitor: Visitor, who: str, width: int) -> None:
    await visitor.page.set_viewport_size({"width": width, "height": 800})
    wide = []
    async for path in _walk(visitor, who):
        over = await visitor.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        wide += [f"{path}: {over} px"] if over > 0 else []
    assert not wide, "\n".join(wide)


async def _walk(visitor: Visitor, who: str):  # type: ignore[no-untyped-def]
    if who:
        await visitor.sign_in(who)
    for path in pages_of(who, visitor.site):
        await visitor.visit(path)
        await visitor.page.wait_for_load_state("networkidle")
        yield path


async def axe(page: Page) -> list[str]:
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    result = await page.evaluate("tags => axe.run({ runOnly: tags })", TAGS)
    return list(_told(result["violations"]))


def _told(violations: list[dict[str, object]]) -> Iterator[str]:
    for issue in violations:
        if issue["impact"] in ("serious", "critical"):
            nodes = issue["nodes"]
            assert isinstance(nodes, list)
            yield f"{issue['id']}: {issue['help']} at {[node['target'] for node in nodes][:4]}"
