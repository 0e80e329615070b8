"""One function leads to calls, and nothing outside the database's package knows its tables."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DATABASE = ROOT / "archive/adapters/db"
TEXT = {"text", "exec_driver_sql", "literal_column"}
READERS = {"select", "select_from", "join", "outerjoin", "alias", "subquery", "exists"}
"""Calls by which a table could be read; `insert`, `update` and `delete` only write."""
OPEN = {
    "engines.py",
    "migrate.py",
    "database.py",
}  # they run text of their own: no table of the archive is in it


def reads_calls(source: str) -> list[int]:
    """Lines that may read the table `calls`: with a reader of it or on it, or in SQL as text."""
    found = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [node.lineno for node in found if _called(node) in TEXT or _reads(node)]


def _reads(node: ast.Call) -> bool:
    on = [node.func.value] if isinstance(node.func, ast.Attribute) else []
    within = [part for given in node.args for part in ast.walk(given)]
    return _called(node) in READERS and any(map(_is_calls, [*on, *within]))


def _called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(name) | ast.Attribute(attr=name):
            return name
    return ""


def _is_calls(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "calls"


def modules() -> list[Path]:
    return sorted(path for path in DATABASE.glob("*.py") if path.name not in OPEN | {"calls.py"})


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.name)
def test_only_the_accessors_module_reads_calls(path: Path) -> None:
    assert reads_calls(path.read_text()) == []


@pytest.mark.parametrize(
    "source",
    [
        "select(calls)",
        "select(calls.c.note).where(x)",
        "select(listens, calls.c.uid)",
        "select(listens).join(calls, x)",
        "select(func.count()).select_from(calls)",
        "calls.select()",
        "c = calls.alias()",
        "text('SELECT * FROM calls')",
    ],
)
def test_the_test_sees_a_read(source: str) -> None:
    assert reads_calls(source) == [1]


@pytest.mark.parametrize(
    "source", ["update(calls).returning(calls.c.id)", "readable.with_only_columns(calls.c.id)"]
)
def test_the_test_lets_writes_and_narrowing_through(source: str) -> None:
    assert reads_calls(source) == []


def test_every_question_about_calls_is_asked_within_a_scope() -> None:
    """In `calls.py`, a method that is given a scope asks through `readable`, and selects nothing itself."""
    tree = ast.parse((DATABASE / "calls.py").read_text())
    methods = [node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)]
    scoped = [m for m in methods if "scope" in {given.arg for given in m.args.args}]
    assert {method.name for method in scoped} == {"get", "select", "page", "count", "by_metadata", "suggest"}
    for method in scoped:
        called = {_called(node) for node in ast.walk(method) if isinstance(node, ast.Call)}
        assert "readable" in called, method.name
        assert "select" not in called, method.name


def test_nobody_outside_the_database_knows_its_tables() -> None:
    others = [path for part in ("archive", "workers") for path in (ROOT / part).rglob("*.py")]
    found = [
        str(path.relative_to(ROOT))
        for path in others
        if DATABASE not in path.parents and "adapters.db.tables" in path.read_text()
    ]
    assert found == []
