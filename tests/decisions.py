"""Counts decisions of the scope's properties, a call held against a scope, and says how many there were."""

import os
from collections.abc import Iterator

import pytest

SIZE = "ARCHIVE_TEST_DECISIONS"
DECISIONS = int(os.environ.get(SIZE, "100_000"))
"""So many in all are made at least."""

RUNS = 6
"""That share them: the property of SQL on two databases, and the two of searching on two engines."""

COUNTED = "decisions"


def examples(calls: int) -> int:
    """So many scopes, over a world of so many calls, make a run's share."""
    return DECISIONS // (RUNS * calls) + 1


class Tally:
    def __init__(self) -> None:
        self.made = 0


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Iterator[Tally]:
    kept = Tally()
    yield kept
    request.node.user_properties.append((COUNTED, kept.made))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What each test counted comes along with the report of its end, from other processes too."""
    reports = [one for kind in terminalreporter.stats.values() for one in kind]
    ended = [one for one in reports if getattr(one, "when", None) == "teardown"]
    made = sum(count for one in ended for name, count in one.user_properties if name == COUNTED)
    if made:
        terminalreporter.line(
            f"{made:,} decisions of scopes, each made by the policy and by a database or an engine."
        )
