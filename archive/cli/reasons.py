"""Reason rules, at the console: who must say why before they hear, take away or read which calls."""

from typing import Any

import click

from archive.calls.call import Kind
from archive.calls.caller import Caller
from archive.calls.reasons import GUARDED, ReasonRule
from archive.cli.console import ROLES, at_console, data_option
from archive.cli.output import json_option, show, show_one
from archive.identity import rules
from archive.policy.actions import Action, Role
from archive.ports import Parts, StoredRule

BEFORE = click.Choice([action.value for action in GUARDED])
KINDS = click.Choice([kind.value for kind in Kind])


@click.group()
def reasons() -> None:
    """Say who must give a reason before they hear, download or read calls."""


@reasons.command("list")
@data_option
@json_option
def list_rules(data: str | None, as_json: bool) -> None:
    """List the rules in force. What a rule leaves out, it asks of everybody."""

    async def run(parts: Parts, caller: Caller) -> None:
        found = await rules.listed(parts, caller)
        show([await _row(parts, stored) for stored in found], as_json, "No rules.")

    at_console(data, run)


@reasons.command("add")
@click.option("--before", type=BEFORE, multiple=True, required=True)
@click.option("--role", type=ROLES, multiple=True, help="Only of those who are let by it.")
@click.option("--partner", multiple=True, metavar="NAME", help="Only for calls of these.")
@click.option("--label", multiple=True, help="Only for calls with one of these.")
@click.option("--kind", type=KINDS, multiple=True, help="Only for calls of these.")
@click.option("--mask", multiple=True, help="Take only a case number of this form: # is a digit, @ a letter.")
@click.option("--explanation", default="", help="Shown where the reason is asked for.")
@data_option
@json_option
def add(
    before: tuple[str, ...],
    role: tuple[str, ...],
    partner: tuple[str, ...],
    label: tuple[str, ...],
    kind: tuple[str, ...],
    mask: tuple[str, ...],
    explanation: str,
    data: str | None,
    as_json: bool,
) -> None:
    """Ask for a reason from now on. Options may stand several times."""

    async def run(parts: Parts, caller: Caller) -> None:
        rule = ReasonRule(
            actions=frozenset(map(Action, before)),
            roles=frozenset(map(Role, role)),
            partners=await rules.partner_ids(parts, partner),
            labels=frozenset(label),
            kinds=frozenset(map(Kind, kind)),
            masks=mask,
            explanation=explanation,
        )
        show_one(await _row(parts, await rules.add(parts, caller, rule)), as_json)

    at_console(data, run)


@reasons.command("end")
@click.argument("id")
@data_option
def end(id: str, data: str | None) -> None:
    """Ask for no reason by this rule any more; it may wait for a second person."""

    async def run(parts: Parts, caller: Caller) -> None:
        waiting = await rules.end(parts, caller, id)
        click.echo(f"This waits for a second person: {waiting.uid}." if waiting else f"Rule {id} is ended.")

    at_console(data, run)


async def _row(parts: Parts, stored: StoredRule) -> dict[str, Any]:
    rule = stored.rule
    return {
        "id": stored.uid,
        "before": sorted(rule.actions),
        "roles": sorted(rule.roles),
        "partners": await rules.partner_names(parts, rule.partners),
        "labels": sorted(rule.labels),
        "kinds": sorted(rule.kinds),
        "masks": list(rule.masks),
        "explanation": rule.explanation,
    }
