"""Manage the archive from its own machine. Every change is an event whose actor is the console."""

from collections.abc import Sequence

import click

from archive import health
from archive.calls.caller import Caller
from archive.calls.index import reindex as rebuild
from archive.cli.access import changes, grants, groups
from archive.cli.console import Actions, at_console, data_option
from archive.cli.output import json_option, meter, show, show_one
from archive.cli.people import people
from archive.cli.reasons import reasons
from archive.cli.rows import component_row, integration_row, tell_waiting, waiting_row
from archive.identity import manage
from archive.identity.manage import Giving
from archive.policy.actions import Action
from archive.ports import Parts, PendingChange


@click.group()
def integrations() -> None:
    """Add, rotate and revoke the credentials of programs."""


@integrations.command("add")
@click.argument("name")
@click.option("--actions", type=Actions(), default="", help="For itself, such as find,read_call,upload.")
@click.option("--scope", help="Of its actions: all, partner:NAME[,NAME] or team:NAME[,NAME].")
@click.option("--for-people", type=Actions(), default="", help="What people may let it do for them.")
@click.option("--redirect-uri", multiple=True, help="Where it waits for people who let it act for them.")
@click.option("--public", is_flag=True, help="It can't keep a secret, and so gets none.")
@click.option("--requests-a-minute", type=int, help="For itself, and for each person.  [default: no limit]")
@click.option("--purpose", help="Stands in each of its events.")
@data_option
@json_option
def add_integration(
    name: str,
    actions: frozenset[Action],
    scope: str | None,
    for_people: frozenset[Action],
    redirect_uri: tuple[str, ...],
    public: bool,
    requests_a_minute: int | None,
    purpose: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    """Register a program; prints its client id and, this once, its secret."""
    if bool(actions) != bool(scope):
        raise click.UsageError("--actions and --scope go together.")
    giving = Giving(scope=scope, actions=actions, reason="Given when added at the console") if scope else None
    registering = manage.Registering(
        name=name,
        purpose=purpose,
        redirect_uris=redirect_uri,
        for_people=for_people,
        public=public,
        requests_a_minute=requests_a_minute,
    )

    async def run(parts: Parts, caller: Caller) -> None:
        made = await manage.register(parts, caller, registering, giving)
        shown = {"client_id": made.integration.uid, "client_secret": made.secret}
        if made.waiting:
            row = {**shown, "pending_change": made.waiting.uid}
            await tell_waiting(parts, caller, made.waiting, row, as_json)
        else:
            show_one(shown, as_json)

    at_console(data, run)


@integrations.command("rotate")
@click.argument("client_id")
@data_option
@json_option
def rotate(client_id: str, data: str | None, as_json: bool) -> None:
    """Make a new secret; the one before works until the next rotation."""

    async def run(parts: Parts, caller: Caller) -> None:
        secret = await manage.rotate(parts, caller, client_id)
        if isinstance(secret, PendingChange):
            await tell_waiting(parts, caller, secret, waiting_row(secret), as_json)
        else:
            show_one({"client_id": client_id, "client_secret": secret}, as_json)

    at_console(data, run)


@integrations.command("revoke")
@click.argument("client_id")
@data_option
def revoke_integration(client_id: str, data: str | None) -> None:
    """End a program's access at once."""

    async def run(parts: Parts, caller: Caller) -> None:
        await manage.revoke_integration(parts, caller, client_id)
        click.echo(f"Integration {client_id} is revoked.")

    at_console(data, run)


@integrations.command("list")
@data_option
@json_option
def list_integrations(data: str | None, as_json: bool) -> None:
    """List programs with their grants."""

    async def run(parts: Parts, caller: Caller) -> None:
        found = await manage.integrations(parts, caller)
        show([await integration_row(parts, program) for program in found], as_json, "None yet.")

    at_console(data, run)


@click.command()
@data_option
def reindex(data: str | None) -> None:
    """Rebuild the search index beside the live one, then switch."""

    async def run(parts: Parts, caller: Caller) -> None:
        count = await rebuild(parts, caller, meter("Indexing"))
        click.echo(f"{count} calls indexed.")

    at_console(data, run, writing_index=True)


@click.command()
@data_option
@json_option
def doctor(data: str | None, as_json: bool) -> None:
    """Check every component and say what to do."""

    async def run(parts: Parts, _: Caller) -> bool:
        found = await health.health(parts)
        show([component_row(component) for component in found.components], as_json)
        return all(component.state is health.ComponentState.OK for component in found.components)

    if not at_console(data, run):
        raise click.exceptions.Exit(1)


MANAGE: Sequence[click.Command] = (people, grants, groups, changes, reasons, integrations, reindex, doctor)
