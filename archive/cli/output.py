"""What the commands print: a table for people, JSON for programs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click
import msgspec

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")

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


def meter(label: str, total: int) -> Callable[[int], None]:
    """Progress of `total` units: a bar on a terminal, a plain line every tenth otherwise. Call it with units done."""
    done = shown = 0

    def advance(units: int) -> None:
        nonlocal done, shown
        done += units
        share = 100 if not total else min(100, 100 * done // total)
        if share >= shown + 10 or (share == 100 and shown < 100):
            shown = share - share % 10
            click.echo(f"{label}: {share}%", err=True)

    if not click.get_text_stream("stderr").isatty():
        return advance
    bar = click.progressbar(length=total, label=label, file=click.get_text_stream("stderr"))
    bar.__enter__()

    def advance_bar(units: int) -> None:
        bar.update(units)
        if bar.finished:
            bar.render_finish()

    return advance_bar


def _cell(value: object) -> str:
    if value is None:
        return "-"
    # What somebody named a call may hold escape sequences; a terminal must not obey them.
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in str(value)
    )
