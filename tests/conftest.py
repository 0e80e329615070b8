"""What all tests share: the parts, the browser, and saying which tests had no Meilisearch to run on."""

import pytest

pytest_plugins = [
    "tests.parts",
    "tests.databases",
    "tests.story",
    "tests.world",
    "tests.chromium",
    "tests.not_run",
    "tests.decisions",
]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """One event loop of asyncio's for the session, so that a browser can outlive a test."""
    return "asyncio"
