"""Access at the console: grants, groups, and changes that wait for a second person."""

from datetime import UTC, datetime

import click

from archive.calls.caller import Caller
from archive.cli.console import ROLES, Actions, at_console, data_option, scope_option
from archive.cli.output import json_option, show, show_one
from archive.cli.rows import change_line, change_row, given_row, gives, group_row, tell_waiting, waiting_row
from archive.identity import changes as pending
from archive.identity import granted
from archive.identity import grants as granting
from archive.identity import groups as grouping
from archive.identity.grants import Giving
from archive.identity.places import describe
from archive.policy.actions import Action, Role
from archive.policy.principal import Grant
from archive.ports import Group, Parts, PendingChange

PORTION = 500

DATE = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])


def utc(_context: click.Context, _parameter: click.Parameter, given: datetime | None) -> datetime | None:
    return given.replace(tzinfo=UTC) if given else None


until_option = click.option("--until", type=DATE, callback=utc, help="UTC.  [default: no end]")


# ---- grants ----------------------------------------------------------------------------------------------------


@click.group()
def grants() -> None:
    """Give, prolong, revoke and list access."""


@grants.command("give")
@click.argument("principal")
@click.option("--role", type=ROLES, help="For a person or a group.")
@click.option("--actions", type=Actions(), default="", help="Instead of a role, such as find,upload.")
@scope_option
@click.option("--from", "since", type=DATE, callback=utc, help="UTC.  [default: now]")
@until_option
@click.option("--reason", required=True)
@data_option
@json_option
def give(
    principal: str,
    role: str | None,
    actions: frozenset[Action],
    scope: str,
    since: datetime | None,
    until: datetime | None,
    reason: str,
    data: str | None,
    as_json: bool,
) -> None:
    """Give PRINCIPAL a role or actions on a scope. PRINCIPAL is a person's e-mail address, an integration's client id,
    or group:NAME. What opens what was said waits for a second person, once there is a compliance person."""
    giving = Giving(
        scope=scope,
        role=Role(role) if role else None,
        actions=actions,
        since=since,
        until=until,
        reason=reason,
    )

    async def run(parts: Parts, caller: Caller) -> None:
        await _tell_grant(parts, caller, await granting.give(parts, caller, principal, giving), as_json)

    at_console(data, run)


@grants.command("prolong")
@click.argument("id")
@until_option
@data_option
@json_option
def prolong(id: str, until: datetime | None, data: str | None, as_json: bool) -> None:
    """Give a grant another end, later or sooner."""

    async def run(parts: Parts, caller: Caller) -> None:
        await _tell_grant(parts, caller, await granting.prolong(parts, caller, id, until), as_json)

    at_console(data, run)


@grants.command("revoke")
@click.argument("id")
@data_option
def revoke(id: str, data: str | None) -> None:
    """End a grant at once."""

    async def run(parts: Parts, caller: Caller) -> None:
        await granting.revoke(parts, caller, id)
        click.echo(f"Grant {id} is revoked.")

    at_console(data, run)


@grants.command("list")
@click.option("--all", "ended", is_flag=True, help="Those too that ended or haven't begun.")
@data_option
@json_option
def list_grants(ended: bool, data: str | None, as_json: bool) -> None:
    """List grants with whom they were given to."""

    async def run(parts: Parts, caller: Caller) -> None:
        rows, after = [], 0
        while found := await granted.listed(parts, caller, in_force=not ended, after=after, limit=PORTION):
            rows += [await given_row(parts, *one) for one in found]
            after = found[-1][1].id
        show(rows, as_json, "None yet.")

    at_console(data, run)


async def _tell_grant(parts: Parts, caller: Caller, done: Grant | PendingChange, as_json: bool) -> None:
    if isinstance(done, PendingChange):
        await tell_waiting(parts, caller, done, waiting_row(done), as_json)
        return
    async with parts.database.read() as work:
        scope = await describe(work, done.scope)
    show_one({"id": done.uid, "gives": gives(done), "scope": scope, "until": done.until}, as_json)


# ---- groups ----------------------------------------------------------------------------------------------------


@click.group()
def groups() -> None:
    """Groups: what one is granted, its members hold. GROUP is a name or an id."""


@groups.command("add")
@click.argument("name")
@data_option
@json_option
def add_group(name: str, data: str | None, as_json: bool) -> None:
    """Add a group."""

    async def run(parts: Parts, caller: Caller) -> None:
        await _tell_group(parts, caller, await grouping.add(parts, caller, name), as_json)

    at_console(data, run)


@groups.command("end")
@click.argument("group")
@data_option
def end_group(group: str, data: str | None) -> None:
    """End a group: its members hold nothing by it any more."""

    async def run(parts: Parts, caller: Caller) -> None:
        await grouping.end(parts, caller, group)
        click.echo(f"Group {group} is ended.")

    at_console(data, run)


@groups.command("list")
@data_option
@json_option
def list_groups(data: str | None, as_json: bool) -> None:
    """List groups with their grants and claims."""

    async def run(parts: Parts, caller: Caller) -> None:
        found = await grouping.listed(parts, caller)
        show([await group_row(parts, one) for one in found], as_json, "None yet.")

    at_console(data, run)


@groups.command("enter")
@click.argument("group")
@click.argument("email")
@data_option
@json_option
def enter(group: str, email: str, data: str | None, as_json: bool) -> None:
    """Make a person a member of a group. Where it opens what was said, that waits for a second person."""

    async def run(parts: Parts, caller: Caller) -> None:
        await _tell_group(parts, caller, await grouping.enter(parts, caller, group, email), as_json)

    at_console(data, run)


@groups.command("leave")
@click.argument("group")
@click.argument("email")
@data_option
def leave(group: str, email: str, data: str | None) -> None:
    """Take a person out of a group."""

    async def run(parts: Parts, caller: Caller) -> None:
        await grouping.leave(parts, caller, group, email)
        click.echo(f"{email} is no member of {group}.")

    at_console(data, run)


@groups.command("map")
@click.argument("group")
@click.argument("provider")
@click.argument("value")
@data_option
@json_option
def map_claim(group: str, provider: str, value: str, data: str | None, as_json: bool) -> None:
    """Make members of all of whom the company's sign-in PROVIDER says VALUE, from their next sign-in on."""

    async def run(parts: Parts, caller: Caller) -> None:
        done = await grouping.map_claim(parts, caller, group, provider, value)
        await _tell_group(parts, caller, done, as_json)

    at_console(data, run)


@groups.command("unmap")
@click.argument("group")
@click.argument("provider")
@click.argument("value")
@data_option
def unmap_claim(group: str, provider: str, value: str, data: str | None) -> None:
    """End that."""

    async def run(parts: Parts, caller: Caller) -> None:
        await grouping.unmap_claim(parts, caller, group, provider, value)
        click.echo(f"{value} of {provider} is mapped to {group} no more.")

    at_console(data, run)


async def _tell_group(parts: Parts, caller: Caller, done: Group | PendingChange, as_json: bool) -> None:
    if isinstance(done, PendingChange):
        await tell_waiting(parts, caller, done, waiting_row(done), as_json)
    else:
        show_one(await group_row(parts, done), as_json)


# ---- changes that wait -----------------------------------------------------------------------------------------


@click.group()
def changes() -> None:
    """Changes that wait for a second person, who agrees on the archive's pages."""


@changes.command("list")
@data_option
@json_option
def list_changes(data: str | None, as_json: bool) -> None:
    """List what waits."""

    async def run(parts: Parts, caller: Caller) -> None:
        found = await pending.waiting(parts, caller)
        row = change_row if as_json else change_line
        show([await row(parts, caller, one) for one in found], as_json, "Nothing waits.")

    at_console(data, run)


@changes.command("withdraw")
@click.argument("id")
@data_option
def withdraw(id: str, data: str | None) -> None:
    """Withdraw a change that was asked for at the console."""

    async def run(parts: Parts, caller: Caller) -> None:
        await pending.withdraw(parts, caller, id)
        click.echo(f"Change {id} is withdrawn.")

    at_console(data, run)
