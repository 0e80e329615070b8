"""The commands that outside programs rely on, and their page in the docs."""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from archive.cli import FAMILIES, cli

DOCS = Path(__file__).parents[2] / "docs" / "cli.md"
PROMISED = {
    "up",
    "demo",
    "serve",
    "work",
    "migrate",
    "people add",
    "people disable",
    "people list",
    "grants give",
    "grants revoke",
    "integrations add",
    "integrations rotate",
    "integrations revoke",
    "reindex",
    "doctor",
    "login",
    "logout",
    "upload",
    "search",
}


def commands(group: click.Group, before: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{name} ")
        else:
            yield before + name


def test_every_promised_command_is_there() -> None:
    assert set(commands(cli)) >= PROMISED


@pytest.mark.parametrize("command", sorted(commands(cli)))
def test_every_command_is_documented(command: str) -> None:
    assert f"`call-archive {command}" in DOCS.read_text()


def test_help_tells_the_families_apart() -> None:
    shown = CliRunner().invoke(cli, ["--help"]).output
    places = [shown.index(f"{title}:") for title, _ in FAMILIES]
    assert places == sorted(places)
    assert shown.index("  people") > places[1]
    assert shown.index("  upload") > places[2]


def test_wrong_usage_exits_with_2() -> None:
    assert CliRunner().invoke(cli, ["up", "--port", "many"]).exit_code == 2
    assert CliRunner().invoke(cli, ["nothing"]).exit_code == 2
