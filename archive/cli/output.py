"""What the commands print: a table for people, JSON for programs."""

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click
import msgspec

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")

server_option = click.option(
    "--server",
    envvar="CALL_ARCHIVE_URL",
    show_envvar=True,
    default="http://localhost:8000",
    show_default=True,
)

BAR = 36
"""Characters."""

Row = Mapping[str, Any]


def show(rows: Sequence[Row], as_json: bool, empty: str = "Nothing.") -> None:
    """Rows with the same keys, as a table whose columns fit their contents."""
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(rows), indent=2))
        return
    if not rows:
        click.echo(empty)
        return
    lines = [list(rows[0])] + [[_cell(value) for value in row.values()] for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def show_one(row: Row, as_json: bool) -> None:
    """One thing: a line for each of its facts."""
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(row), indent=2))
        return
    width = max(map(len, row))
    for name, value in row.items():
        click.echo(f"{name.ljust(width)}  {_cell(value)}")


def meter(label: str) -> Callable[[float], None]:
    """Progress from 0 to 1: a bar on a terminal, a plain line every tenth otherwise."""
    terminal = sys.stderr.isatty()
    shown = -1

    def show_share(share: float) -> None:
        nonlocal shown
        percent = int(share * 100)
        step = percent if terminal else percent // 10 * 10
        if step <= shown:
            return
        shown = step
        if terminal:
            bar = "#" * (percent * BAR // 100)
            click.echo(f"\r{label}  [{bar:<{BAR}}] {percent:3}%", nl=percent >= 100, err=True)
        else:
            click.echo(f"{label}: {step}%", err=True)

    return show_share


def minute(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return minute(value)
    if isinstance(value, list):
        return "; ".join(map(_cell, value))
    # What somebody named a call may hold escape sequences; a terminal must not obey them.
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in str(value)
    )
