"""The catalogue holds every text that is shown and none that isn't; templates hold nothing that the policy refuses."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from archive.audit.event import EventType, Outcome
from archive.calls.call import Consent, Direction, Kind, State
from archive.calls.filters import Sort
from archive.http.authenticate import Access
from archive.http.pages.asking import MANY, ONE
from archive.http.pages.assets import FRONTEND, assets
from archive.http.pages.files import asset_file
from archive.http.pages.rendering import texts
from archive.http.pages.texts import Texts
from archive.policy.actions import Action, Role

CATALOGUE = json.loads((FRONTEND / "text" / "en.json").read_text(encoding="utf-8"))
TEMPLATES = sorted((FRONTEND / "templates").glob("*.html"))
SCRIPTS = sorted((FRONTEND / "components").glob("*.js"))
PAGES = sorted((FRONTEND.parent / "archive" / "http" / "pages").glob("*.py"))
KEY = re.compile(r"""["']([a-z_]+(?:\.[a-z_]+)+)["']""")
BEGINNING = re.compile(r"""["']([a-z_]+(?:\.[a-z_]+)*\.)(?:["'] ~|\{)""")
SCRIPT_KEY = re.compile(r"""\bt\(["'`]([a-z_.]+)""")

WHOLE_FAMILIES: dict[str, Iterable[str]] = {
    "event": EventType,
    "type": EventType,
    "state": [*State, "sealed", "no_words"],
    "kind": Kind,
    "direction": [*Direction, "none"],
    "consent": Consent,
    "outcome": Outcome,
    "role": Role,
    "action": Action,
    "search": Sort,
    "facet": [*MANY, *ONE],
}


def used() -> set[str]:
    found = set()
    for path in (*TEMPLATES, *PAGES):
        found |= set(KEY.findall(path.read_text(encoding="utf-8")))
    for path in SCRIPTS:
        found |= {f"script.{key}" for key in SCRIPT_KEY.findall(path.read_text(encoding="utf-8"))}
    return found


def beginnings() -> set[str]:
    found = {"script.state."}
    for path in (*TEMPLATES, *PAGES):
        found |= set(BEGINNING.findall(path.read_text(encoding="utf-8")))
    return found


def called() -> Iterator[tuple[str, str]]:
    for path in TEMPLATES:
        for key in re.findall(r"""\bt\(["']([a-z_.]+)["'][,)]""", path.read_text(encoding="utf-8")):
            yield path.name, key
    for path in SCRIPTS:
        for key in re.findall(r"""\bt\(["']([a-z_.]+)["'][,)]""", path.read_text(encoding="utf-8")):
            yield path.name, f"script.{key}"
    for path in PAGES:
        for key in re.findall(
            r"""(?:\bt|texts\(\))\(["']([a-z_.]+)["'][,)]""", path.read_text(encoding="utf-8")
        ):
            yield path.name, key


def test_every_text_that_is_asked_for_is_there() -> None:
    assert not [(where, key) for where, key in called() if key not in CATALOGUE]


@pytest.mark.parametrize("family", WHOLE_FAMILIES)
def test_every_value_that_can_be_shown_has_a_text(family: str) -> None:
    assert not [one for one in WHOLE_FAMILIES[family] if f"{family}.{one}" not in CATALOGUE]


def test_every_text_is_shown_somewhere() -> None:
    shown, starts = used(), tuple(beginnings())
    unused = [key for key in CATALOGUE if key not in shown and not key.startswith(starts) and "." in key]
    assert not unused


def test_a_counted_text_picks_its_form_and_a_missing_value_is_an_error() -> None:
    t = texts()
    assert t("search.count", count=1) == "1 call"
    assert t("search.count", count=48_211) == "48,211 calls"
    with pytest.raises(KeyError):
        t("search.preview")


def test_no_text_ends_the_element_that_carries_it() -> None:
    carried = Texts({"script.x": "</script><script>alert(1)</script>"}).for_script()
    assert "<" not in carried
    assert json.loads(carried) == {"script.x": "</script><script>alert(1)</script>"}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_hold_nothing_that_the_policy_refuses(path: Path) -> None:
    html = path.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle=", html)
    assert not re.search(r"\son[a-z]+=", html)
    assert not re.search(r"<style|javascript:|https?://", html)
    for tag in re.findall(r"<script[^>]*>", html):
        assert "src=" in tag or 'type="application/json"' in tag


def test_scripts_and_styles_weigh_less_than_60_kb_compressed() -> None:
    weight = sum(len(asset.gzipped) for asset in assets().files.values())
    assert weight < 60_000


def test_the_fingerprint_names_the_content() -> None:
    address = assets().address("components/frame.js")
    assert address == f"/assets/{assets().fingerprint}/components/frame.js"
    with pytest.raises(KeyError):
        assets().address("components/absent.js")


def test_nobody_is_asked_who_they_are_for_a_script_or_a_style() -> None:
    """Each would look a session up in the database, ten times a page."""
    assert asset_file.opt["access"] is Access.NOBODY
