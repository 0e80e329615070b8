"""The set-up's own promises, on folders of the test's own."""

import sys
from pathlib import Path

import pytest

from infra.setup import environment, frontend, system
from infra.setup.__main__ import main, profiles
from infra.setup.steps import SetupError, Stamp, Step, run, run_steps


def _nothing() -> None:
    """Work that leaves no trace."""


def test_a_step_that_is_done_is_not_done_again(capsys: pytest.CaptureFixture[str]) -> None:
    worked: list[str] = []
    run_steps(
        [
            Step("one", done=lambda: True, work=lambda: worked.append("one")),
            Step("two", done=lambda: False, work=lambda: worked.append("two")),
        ]
    )
    assert worked == ["two"]
    assert capsys.readouterr().out.splitlines()[0] == "[1/2] one: there"


def test_a_step_names_itself_before_and_after(capsys: pytest.CaptureFixture[str]) -> None:
    run_steps([Step("packages", done=lambda: False, work=_nothing)])
    assert capsys.readouterr().out.startswith("[1/1] packages ...\n[1/1] packages: done in ")


def test_a_failing_command_shows_what_it_said() -> None:
    with pytest.raises(SetupError, match="no room left"):
        run([sys.executable, "-c", "print('no room left'); raise SystemExit(3)"])


def test_a_stamp_is_fresh_until_its_files_change(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.write_text("package==1")
    stamp = Stamp("packages", (lock,), tmp_path / "stamps")
    assert not stamp.fresh()
    stamp.write()
    assert stamp.fresh()
    lock.write_text("package==2")
    assert not stamp.fresh()


def _program(found: bool) -> system.Program:
    return system.Program(("ffmpeg",), lambda: found)


def test_programs_that_are_there_need_no_installing() -> None:
    assert system.system_packages((_program(True),)).done()
    assert not system.system_packages((_program(True), _program(False))).done()


def test_without_root_the_exact_command_is_asked_for() -> None:
    with pytest.raises(
        SetupError, match="sudo apt-get install --yes --no-install-recommends ffmpeg\n"
    ) as asked:
        system.system_packages((_program(False),), prefix=lambda: None).work()
    assert asked.value.exit_code == 2


def test_a_vendored_file_that_no_package_holds_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"vendor\.json names "):
        frontend.copy_vendored(tmp_path / "node_modules", tmp_path / "vendor")


def test_only_the_named_files_are_vendored(tmp_path: Path) -> None:
    for source in [*frontend.vendored_files(), "swagger-ui-dist/index.html"]:
        file = tmp_path / "node_modules" / source
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source)
    frontend.copy_vendored(tmp_path / "node_modules", tmp_path / "vendor")
    copied = {
        str(file.relative_to(tmp_path / "vendor"))
        for file in (tmp_path / "vendor").rglob("*")
        if file.is_file()
    }
    assert copied == set(frontend.vendored_files().values())


@pytest.mark.parametrize("arguments", [[], ["demo", "test"], ["everything"]])
def test_wrong_usage_exits_2(arguments: list[str]) -> None:
    assert main(arguments) == 2


def test_the_demo_builds_nothing_that_only_tests_need() -> None:
    names = [step.name for step in profiles()["demo"]]
    assert not any("MinIO" in name or "test" in name for name in names)


@pytest.mark.parametrize(
    "lock",
    [environment.PRODUCT_LOCK, environment.FRONTEND_LOCK, environment.DEVELOPMENT_LOCK],
    ids=lambda lock: lock.name,
)
def test_python_locks_have_hashes_and_no_addresses(lock: Path) -> None:
    text = lock.read_text()
    requirements = [line for line in text.splitlines() if line and line[0] not in " #"]
    assert all("==" in line and line.endswith("\\") for line in requirements)
    assert "://" not in text


def test_the_node_lock_has_hashes_and_no_addresses() -> None:
    text = (frontend.FRONTEND / "package-lock.json").read_text()
    assert '"integrity": "sha512-' in text
    assert '"resolved"' not in text
    assert "://" not in text


def _versions(lock: Path) -> set[str]:
    return {line.split(" ")[0] for line in lock.read_text().splitlines() if line and line[0] not in " #"}


@pytest.mark.parametrize(
    "lock", [environment.PRODUCT_LOCK, environment.FRONTEND_LOCK], ids=lambda lock: lock.name
)
def test_what_is_tested_is_what_runs(lock: Path) -> None:
    """Every version of the smaller lock stands in the one that the tests install."""
    assert _versions(lock) <= _versions(environment.DEVELOPMENT_LOCK)
