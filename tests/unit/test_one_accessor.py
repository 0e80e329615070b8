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
    names = {"get", "select", "by_uids", "page", "count", "by_metadata", "suggest"}
    assert {method.name for method in scoped} == names
    for method in scoped:
        called = {_called(node) for node in ast.walk(method) if isinstance(node, ast.Call)}
        assert "readable" in called, method.name
        assert "select" not in called, method.name


READ_OF_A_CALL = {
    "transcripts": ("transcripts.py", {"latest", "version", "latest_of"}),
    "analyses": ("calls.py", {"analysis"}),
}
"""Tables of what was said and how it sounds: the module that reads each, and the methods by which it is read."""


@pytest.mark.parametrize("table", READ_OF_A_CALL)
def test_one_module_reads_what_was_said(table: str) -> None:
    reading = {path.name for path in DATABASE.glob("*.py") if _reads_table(path, table)}
    assert reading == {READ_OF_A_CALL[table][0]}


def _reads_table(path: Path, table: str) -> bool:
    found = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return path.name not in OPEN and any(
        _called(node) in READERS
        and any(isinstance(part, ast.Name) and part.id == table for part in ast.walk(node))
        for node in found
    )


@pytest.mark.parametrize("table", READ_OF_A_CALL)
def test_what_was_said_is_read_for_a_call_that_was_reached(table: str) -> None:
    """A `Call` comes from a scope; the id of one would not. Whatever else selects there is no more than a number."""
    module, methods = READ_OF_A_CALL[table]
    functions = [
        node
        for node in ast.walk(ast.parse((DATABASE / module).read_text()))
        if isinstance(node, ast.AsyncFunctionDef)
    ]
    given = {
        one.name: [ast.unparse(arg.annotation) for arg in one.args.args[1:2] if arg.annotation]
        for one in functions
    }
    assert {name: given[name] for name in methods} == {
        name: ["Collection[Call]" if name == "latest_of" else "Call"] for name in methods
    }


SOUND = {
    "archive/calls/listen.py": {"read"},
    "archive/calls/download.py": {"read"},
    "archive/calls/waveform.py": {"read"},
    "archive/calls/normalise.py": {"fetch"},  # the worker, of the call that it holds
    "archive/calls/orphans.py": {"names"},  # names alone, of what no call has
}
"""The use cases that read bytes, or the names of them, from where recordings lie."""


def test_bytes_leave_by_the_use_cases_alone() -> None:
    found: dict[str, set[str]] = {}
    for part in ("archive", "workers"):
        for path in (ROOT / part).rglob("*.py"):
            if read := _asked_of(ast.parse(path.read_text()), "blobs") & {"read", "fetch", "names"}:
                found[str(path.relative_to(ROOT))] = read
    assert found == SOUND


def _asked_of(tree: ast.Module, name: str) -> set[str]:
    """What is called on anything of that name, such as `parts.blobs.read`."""
    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    return {node.attr for node in attributes if _last(node.value) == name}


def _last(node: ast.expr) -> str:
    match node:
        case ast.Name(name) | ast.Attribute(attr=name):
            return name
    return ""


WIDE = {
    "archive/calls/access.py": 1,  # refusing: the log is told which call it was
    "archive/calls/index.py": 3,  # the worker, which puts all calls into the index
    "archive/calls/listen.py": 1,  # of a listen that was opened, and is decided on anew
    "archive/calls/search.py": 1,  # hits that were dropped: whether they are gone, or foreign and alerted
    "archive/calls/upload.py": 1,  # of the call just made
    "archive/calls/words.py": 1,  # of the call just written to
    "archive/identity/granted.py": 1,  # where it stands, to say whom a grant concerns
    "archive/identity/places.py": 2,  # a call named by its id, in a grant
    "archive/identity/reach.py": 1,  # who reaches it, for those who may know
    "archive/identity/requests.py": 2,  # what was asked for; the asker is told nothing of it
    "archive/identity/sharing.py": 1,  # the same, of what is shared
}
"""How often each use case looks past what its caller may reach, and why."""


def test_whoever_looks_at_all_calls_is_named() -> None:
    found = {}
    for part in ("archive", "workers"):
        for path in (ROOT / part).rglob("*.py"):
            if count := _wide(ast.parse(path.read_text())):
                found[str(path.relative_to(ROOT))] = count
    assert found == WIDE


def _wide(tree: ast.Module) -> int:
    """Calls of `….calls.…(…, AllCalls())`."""
    asked = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    of_calls = [
        node for node in asked if isinstance(node.func, ast.Attribute) and _last(node.func.value) == "calls"
    ]
    return sum("AllCalls()" in map(ast.unparse, node.args) for node in of_calls)


def test_nobody_outside_the_database_knows_its_tables() -> None:
    others = [path for part in ("archive", "workers") for path in (ROOT / part).rglob("*.py")]
    found = [
        str(path.relative_to(ROOT))
        for path in others
        if DATABASE not in path.parents and "adapters.db.tables" in path.read_text()
    ]
    assert found == []


def test_the_tests_see_bytes_read_and_all_calls_looked_at() -> None:
    tree = ast.parse(
        "parts.blobs.read(name); self.blobs; work.calls.get(uid, AllCalls()); work.calls.get(uid, scope)"
    )
    assert _asked_of(tree, "blobs") == {"read"}
    assert _wide(tree) == 1
