"""People, at the console: added, invited, let back in, changed, disabled, listed."""

import sys

import click

from archive.calls.caller import Caller
from archive.cli.console import at_console, data_option, role_option, scope_option, settings_of
from archive.cli.output import json_option, show, show_one
from archive.cli.rows import person_row, tell_waiting, waits
from archive.identity import invitations, links, manage
from archive.identity.manage import Giving
from archive.policy.actions import Role
from archive.policy.principal import Principal
from archive.ports import Parts, PendingChange

REASON = "Given when added at the console"


@click.group()
def people() -> None:
    """Add, invite, disable and list the people who may sign in."""


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
def add(
    email: str, name: str, role: str, scope: str, password_stdin: bool, data: str | None, as_json: bool
) -> None:
    """Add a person with a first role on a scope."""
    password = sys.stdin.readline().rstrip("\n") if password_stdin else _ask_password()
    giving = Giving(scope=scope, role=Role(role), reason=REASON)

    async def run(parts: Parts, caller: Caller) -> None:
        person = await manage.add_person(
            parts, caller, name=name, email=email, password=password, giving=giving
        )
        show_one(_added(person, role, scope), as_json)
        if not (person.grants or as_json):
            click.echo(waits(f"{name} gets {role} on {scope}"))

    at_console(data, run)


@people.command("invite")
@click.argument("email")
@click.option("--name", required=True)
@role_option
@scope_option
@data_option
@json_option
def invite(email: str, name: str, role: str, scope: str, data: str | None, as_json: bool) -> None:
    """Add a person who sets their own password; prints a link for them, which works once, for 72 hours."""
    giving = Giving(scope=scope, role=Role(role), reason=REASON)

    async def run(parts: Parts, caller: Caller) -> None:
        invited = await invitations.invite(parts, caller, name=name, email=email, giving=giving)
        shown = {**_added(invited.person, role, scope), "link": _link(data, invited.secret or "")}
        if invited.waiting:
            row = {**shown, "pending_change": invited.waiting.uid}
            await tell_waiting(parts, caller, invited.waiting, row, as_json)
        else:
            show_one(shown, as_json)

    at_console(data, run)


@people.command("reset")
@click.argument("email")
@click.option("--codes", is_flag=True, help="End their one-time codes too.")
@data_option
@json_option
def reset(email: str, codes: bool, data: str | None, as_json: bool) -> None:
    """Print a link for somebody who can't get in any more; it works once, for 24 hours. An invitation that wasn't used
    is made anew. For whoever approves, a second person agrees first: then run it again."""

    async def run(parts: Parts, caller: Caller) -> None:
        made = await links.make(parts, caller, email, codes=codes)
        if isinstance(made, PendingChange):
            row = {"email": email, "pending_change": made.uid}
            await tell_waiting(parts, caller, made, row, as_json)
        else:
            show_one({"email": email, "link": _link(data, made)}, as_json)

    at_console(data, run)


@people.command("change")
@click.argument("email")
@click.option("--name", help="Another name.")
@click.option("--email", "new_email", help="Another e-mail: whose calls are their own follows it.")
@data_option
@json_option
def change(email: str, name: str | None, new_email: str | None, data: str | None, as_json: bool) -> None:
    """Change somebody's name or e-mail."""

    async def run(parts: Parts, caller: Caller) -> None:
        person = await manage.change_person(parts, caller, email, name=name, email=new_email)
        show_one({"id": person.uid, "name": person.name, "email": person.email}, as_json)

    at_console(data, run)


@people.command("disable")
@click.argument("email")
@data_option
def disable(email: str, data: str | None) -> None:
    """End a person's access at once: sessions, tokens, links and sign-in."""

    async def run(parts: Parts, caller: Caller) -> None:
        await manage.disable_person(parts, caller, email)
        click.echo(f"{email} is disabled.")

    at_console(data, run)


@people.command("enable")
@click.argument("email")
@data_option
def enable(email: str, data: str | None) -> None:
    """Let a disabled person in again, with the grants they have; their password is gone, so make them a link."""

    async def run(parts: Parts, caller: Caller) -> None:
        await manage.enable_person(parts, caller, email)
        click.echo(f"{email} is enabled. `people reset` makes the link by which they set a password.")

    at_console(data, run)


@people.command("list")
@data_option
@json_option
def list_people(data: str | None, as_json: bool) -> None:
    """List people with their grants."""

    async def run(parts: Parts, caller: Caller) -> None:
        found = await manage.people(parts, caller)
        show([await person_row(parts, person) for person in found], as_json, "Nobody yet.")

    at_console(data, run)


def _added(person: Principal, role: str, scope: str) -> dict[str, str | None]:
    """Without a grant where that waits for a second person."""
    grant = person.grants[0].uid if person.grants else None
    return {"id": person.uid, "email": person.email, "role": role, "scope": scope, "grant": grant}


def _link(data: str | None, secret: str) -> str:
    return f"{settings_of(data).public_url.rstrip('/')}/links/{secret}"


def _ask_password() -> str:
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
