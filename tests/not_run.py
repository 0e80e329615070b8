"""Names the tests that had no Meilisearch to run on; it is the one part that may be absent."""

from typing import Any

import pytest

from tests.parts import Meilisearch

NOT_RUN = pytest.StashKey[set[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[NOT_RUN] = set()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Takes out what needs Meilisearch where there is none. Any other part that is missing fails its tests."""
    if Meilisearch.available():
        return
    absent = [item for item in items if _needs_meilisearch(item)]
    not_run = config.stash[NOT_RUN]
    not_run.update(item.nodeid for item in absent)
    config.hook.pytest_deselected(items=absent)
    items[:] = [item for item in items if item not in absent]


def _needs_meilisearch(item: pytest.Item) -> bool:
    fixtures: list[str] = getattr(item, "fixturenames", [])
    return item.get_closest_marker("meilisearch") is not None or "search_server" in fixtures


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Under pytest-xdist a worker hands its names to the process that writes the summary."""
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        not_run = session.config.stash[NOT_RUN]
        output["not_run"] = list(not_run)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    output: dict[str, Any] = getattr(node, "workeroutput", {})
    node.config.stash[NOT_RUN].update(output.get("not_run", []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    not_run = config.stash[NOT_RUN]
    if not not_run:
        return
    reason = f"there is no meilisearch on the PATH, and {Meilisearch.URL} is not set"
    terminalreporter.section(f"{len(not_run)} tests not run")
    terminalreporter.line(f"{reason[0].upper()}{reason[1:]}:")
    for name in sorted(not_run):
        terminalreporter.line(f"  {name}")
