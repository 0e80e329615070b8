"""What the managing commands share: the archive on this machine, and who sits at it."""

import asyncio
import getpass
import os
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import click

from archive.bootstrap import SQLITE, connect
from archive.calls.caller import Caller
from archive.cli.queue import found
from archive.errors import WrongSetting
from archive.identity.managing import console
from archive.policy.actions import Action, Role
from archive.ports import Parts
from archive.settings import Settings, load

T = TypeVar("T")

ROLES = click.Choice([role.value for role in Role])

data_option = click.option("--data", type=click.Path(file_okay=False), help="Folder of the embedded archive.")
role_option = click.option("--role", type=ROLES, required=True)
scope_option = click.option(
    "--scope",
    required=True,
    help="all, partner:NAME[,NAME], team:NAME[,NAME], client:NAME[,NAME], call:ID[,ID] or own.",
)


class Actions(click.ParamType[frozenset[Action], str]):
    name = "A,B"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> frozenset[Action]:
        if isinstance(value, frozenset):
            return value
        try:
            return frozenset(Action(name.strip()) for name in value.split(",") if name.strip())
        except ValueError:
            self.fail(f"{value}: the actions are {', '.join(Action)}.", param, ctx)


def at_console(
    data: str | None, use: Callable[[Parts, Caller], Awaitable[T]], *, writing_index: bool = False
) -> T:
    """What `use` makes of the archive, as the operating-system user who typed the command."""

    async def connected() -> T:
        async with connect(settings_of(data), writing_index=writing_index) as parts:
            return await use(parts, console(getpass.getuser()))

    return asyncio.run(connected())


def settings_of(data: str | None) -> Settings:
    """Those of an archive that is there: a console that made a new one would manage nobody's."""
    settings = found(load(os.environ, data=data))
    if not settings.database and not (settings.folder / SQLITE).exists():
        raise WrongSetting(
            f"There is no archive in {settings.folder}. Name its folder with --data, or set ARCHIVE_DATABASE.",
            field="data",
        )
    return settings
