"""`call-archive`: run it, manage it from its own machine, use it over its API.

Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import os
import sys
from collections.abc import Sequence

import click

from archive.cli.manage import MANAGE
from archive.cli.run import RUN
from archive.cli.use import USE
from archive.errors import ArchiveError, Invalid, WrongSetting

FAMILIES: tuple[tuple[str, Sequence[click.Command]], ...] = (
    ("Run", RUN),
    ("Manage, on the server's own machine", MANAGE),
    ("Use, over the API", USE),
)


class Families(click.Group):
    """A group that lists its commands by family."""

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        for title, commands in FAMILIES:
            with formatter.section(title):
                formatter.write_dl(
                    [(command.name or "", command.get_short_help_str()) for command in commands]
                )


@click.command(
    cls=Families, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="call-archive")
def cli() -> None:
    """A self-hosted archive of recorded calls."""


for _, commands in FAMILIES:
    for command in commands:
        cli.add_command(command)


def main() -> None:
    os.umask(0o077)  # database, recordings and index are this account's alone, whatever command makes them
    try:
        sys.exit(cli(standalone_mode=False))  # None, or the code of a command that asked for it
    except click.Abort:
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (WrongSetting, Invalid) as error:
        _fail(error.detail, 2)
    except ArchiveError as error:
        _fail(error.detail, 1)


def _fail(detail: str, status: int) -> None:
    click.echo(f"call-archive: {detail}", err=True)
    sys.exit(status)
