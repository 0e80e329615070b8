"""Who may import whom: the contracts of pyproject.toml, and what the story may import at all."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.setup import ROOT

STORY = ("calls", "policy", "audit", "ports")
PLAIN = ("errors", "ids")
FILES = sorted(
    [*(path for part in STORY for path in (ROOT / "archive" / part).rglob("*.py"))]
    + [ROOT / "archive" / f"{module}.py" for module in PLAIN]
)
ALLOWED = ("msgspec", *(f"archive.{name}" for name in (*STORY, *PLAIN)))


def test_the_contracts_are_kept() -> None:
    """In a process of its own: import-linter's set-up of logging would silence every logger of this one."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def _allowed(module: str) -> bool:
    own = any(module == name or module.startswith(f"{name}.") for name in ALLOWED)
    return own or module.partition(".")[0] in sys.stdlib_module_names


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_story_imports_nothing_but_itself_and_msgspec(path: Path) -> None:
    assert [module for module in _imports(path) if not _allowed(module)] == []


@pytest.mark.parametrize("lock", sorted(ROOT.glob("requirements*.lock")), ids=lambda lock: lock.name)
def test_advanced_alchemy_is_not_there_for_litestar_to_import(lock: Path) -> None:
    """Litestar imports it wherever it is installed: 0.8 s more for each start, and warnings on SQLAlchemy 2.1."""
    assert "advanced-alchemy" not in lock.read_text()


def test_no_migration_makes_the_log_anew() -> None:
    """SQLite's triggers, which keep events as they are, would go with the old table without a word."""
    versions = (ROOT / "archive" / "adapters" / "db" / "migrations" / "versions").glob("*.py")
    remade = re.compile(r"""batch_alter_table\(\s*["'](events|event_texts)["']""")
    assert [path.name for path in versions if remade.search(path.read_text())] == []
