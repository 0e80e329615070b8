"""Manage the archive from its own machine. Every change is an event whose actor is the console."""

import asyncio
import getpass
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from archive import health
from archive.bootstrap import SQLITE, connect
from archive.calls.caller import Caller
from archive.calls.index import reindex as rebuild
from archive.cli.output import json_option, meter, show, show_one
from archive.cli.queue import found
from archive.cli.rows import component_row, gives, integration_row, person_row
from archive.errors import WrongSetting
from archive.identity import manage
from archive.identity.manage import Giving
from archive.policy.actions import Action, Role
from archive.ports import Parts
from archive.settings import Settings, load

T = TypeVar("T")

data_option = click.option("--data", type=click.Path(file_okay=False), help="Folder of the embedded archive.")
ROLES = click.Choice([role.value for role in Role])
role_option = click.option("--role", type=ROLES, required=True)
scope_option = click.option(
    "--scope", required=True, help="all, partner:NAME[,NAME], team:NAME[,NAME] or own."
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


@click.group()
def people() -> None:
    """Add, disable and list the people who may sign in."""


@people.command("add")
@click.argument("email")
@click.option("--name", required=True)
@role_option
@scope_option
@click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input instead of asking."
)
@data_option
@json_option
def add_person(
    email: str, name: str, role: str, scope: str, password_stdin: bool, data: str | None, as_json: bool
) -> None:
    """Add a person with a first role on a scope."""
    password = sys.stdin.readline().rstrip("\n") if password_stdin else _ask_password()
    giving = Giving(scope=scope, role=Role(role), reason="Given when added at the console")

    async def run(parts: Parts, caller: Caller) -> None:
        person = await manage.add_person(
            parts, caller, name=name, email=email, password=password, giving=giving
        )
        (grant,) = person.grants
        show_one(
            {"id": person.uid, "email": person.email, "role": role, "scope": scope, "grant": grant.uid},
            as_json,
        )

    _run(data, run)


@people.command("disable")
@click.argument("email")
@data_option
def disable_person(email: str, data: str | None) -> None:
    """End a person's access at once: sessions, tokens and sign-in."""

    async def run(parts: Parts, caller: Caller) -> None:
        await manage.disable_person(parts, caller, email)
        click.echo(f"{email} is disabled.")

    _run(data, run)


@people.command("list")
@data_option
@json_option
def list_people(data: str | None, as_json: bool) -> None:
    """List people with their grants."""

    async def run(parts: Parts, caller: Caller) -> None:
        found = await manage.people(parts, caller)
        show([await person_row(parts, person) for person in found], as_json, "Nobody yet.")

    _run(data, run)


@click.group()
def grants() -> None:
    """Give and revoke access."""


@grants.command("give")
@click.argument("principal")
@click.option("--role", type=ROLES, help="For a person.")
@click.option("--actions", type=Actions(), default="", help="For an integration, such as find,upload.")
@scope_option
@click.option(
    "--until", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]), help="UTC.  [default: no end]"
)
@click.option("--reason", required=True)
@data_option
@json_option
def give(
    principal: str,
    role: str | None,
    actions: frozenset[Action],
    scope: str,
    until: datetime | None,
    reason: str,
    data: str | None,
    as_json: bool,
) -> None:
    """Give PRINCIPAL a role (a person, by e-mail address) or actions (an integration, by client id) on a scope."""
    ends = until.replace(tzinfo=UTC) if until else None
    giving = Giving(
        scope=scope, role=Role(role) if role else None, actions=actions, until=ends, reason=reason
    )

    async def run(parts: Parts, caller: Caller) -> None:
        grant = await manage.give(parts, caller, principal, giving)
        show_one({"id": grant.uid, "gives": gives(grant), "scope": scope, "until": ends}, as_json)

    _run(data, run)


@grants.command("revoke")
@click.argument("id")
@data_option
def revoke(id: str, data: str | None) -> None:
    """End a grant at once."""

    async def run(parts: Parts, caller: Caller) -> None:
        await manage.revoke(parts, caller, id)
        click.echo(f"Grant {id} is revoked.")

    _run(data, run)


@click.group()
def integrations() -> None:
    """Add, rotate and revoke the credentials of programs."""


@integrations.command("add")
@click.argument("name")
@click.option("--actions", type=Actions(), required=True, help="Such as find,read_call,upload.")
@scope_option
@click.option("--purpose", help="Stands in each of its events.")
@data_option
@json_option
def add_integration(
    name: str, actions: frozenset[Action], scope: str, purpose: str | None, data: str | None, as_json: bool
) -> None:
    """Register a program; prints its client id and, this once, its secret."""
    giving = Giving(scope=scope, actions=actions, reason="Given when added at the console")

    async def run(parts: Parts, caller: Caller) -> None:
        made, secret = await manage.add_integration(parts, caller, name=name, giving=giving, purpose=purpose)
        show_one({"client_id": made.uid, "client_secret": secret}, as_json)

    _run(data, run)


@integrations.command("rotate")
@click.argument("client_id")
@data_option
@json_option
def rotate(client_id: str, data: str | None, as_json: bool) -> None:
    """Make a new secret; the one before works until the next rotation."""

    async def run(parts: Parts, caller: Caller) -> None:
        secret = await manage.rotate(parts, caller, client_id)
        show_one({"client_id": client_id, "client_secret": secret}, as_json)

    _run(data, run)


@integrations.command("revoke")
@click.argument("client_id")
@data_option
def revoke_integration(client_id: str, data: str | None) -> None:
    """End a program's access at once."""

    async def run(parts: Parts, caller: Caller) -> None:
        await manage.revoke_integration(parts, caller, client_id)
        click.echo(f"Integration {client_id} is revoked.")

    _run(data, run)


@integrations.command("list")
@data_option
@json_option
def list_integrations(data: str | None, as_json: bool) -> None:
    """List programs with their grants."""

    async def run(parts: Parts, caller: Caller) -> None:
        found = await manage.integrations(parts, caller)
        show([await integration_row(parts, program) for program in found], as_json, "None yet.")

    _run(data, run)


@click.command()
@data_option
def reindex(data: str | None) -> None:
    """Rebuild the search index beside the live one, then switch."""

    async def run(parts: Parts, caller: Caller) -> None:
        count = await rebuild(parts, caller, meter("Indexing"))
        click.echo(f"{count} calls indexed.")

    _run(data, run, writing_index=True)


@click.command()
@data_option
@json_option
def doctor(data: str | None, as_json: bool) -> None:
    """Check every component and say what to do."""

    async def run(parts: Parts, _: Caller) -> bool:
        found = await health.health(parts)
        show([component_row(component) for component in found.components], as_json)
        return all(component.state is health.ComponentState.OK for component in found.components)

    if not _run(data, run):
        raise click.exceptions.Exit(1)


MANAGE: Sequence[click.Command] = (people, grants, integrations, reindex, doctor)


def _run(data: str | None, use: Callable[[Parts, Caller], Awaitable[T]], *, writing_index: bool = False) -> T:
    async def connected() -> T:
        async with connect(_settings(data), writing_index=writing_index) as parts:
            return await use(parts, manage.console(getpass.getuser()))

    return asyncio.run(connected())


def _settings(data: str | None) -> Settings:
    """Those of an archive that is there: a console that made a new one would manage nobody's."""
    settings = found(load(os.environ, data=data))
    if not settings.database and not (settings.folder / SQLITE).exists():
        raise WrongSetting(
            f"There is no archive in {settings.folder}. Name its folder with --data, or set ARCHIVE_DATABASE.",
            field="data",
        )
    return settings


def _ask_password() -> str:
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
