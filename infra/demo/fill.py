"""Fill a running demo through its front door, and say who can sign in: what `call-archive demo` starts.

    python -m infra.demo.fill

Settings come from the environment. Calls are spoken and uploaded over HTTP as an integration, people are added at the
console, and then visit over HTTP. A fill that was ended anywhere goes on from there: see `kept`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

import click
import httpx

from archive.bootstrap import connect
from archive.calls.call import State
from archive.cli.output import meter, show
from archive.errors import ArchiveError, Conflict
from archive.identity import manage
from archive.identity.manage import Giving
from archive.policy.actions import ROLE_ACTIONS, Action
from archive.ports import Parts
from archive.settings import Settings, load
from infra.demo.calls import DemoContentError
from infra.demo.kept import Keeper
from infra.demo.load import load_calls
from infra.demo.people import DemoPeople, load_people
from infra.demo.sending import CONSOLE, FillError, credentials, send_calls
from infra.demo.speak import SynthesisError
from infra.demo.visits import Visitors
from infra.setup.system import ESPEAK, FFMPEG

STARTS_WITHIN = 60.0
LOOK_EVERY = 0.3
FAILURES = (FillError, SynthesisError, DemoContentError, ArchiveError, httpx.HTTPError, TimeoutError)
SETTLED = (State.READY, State.FAILED)


class Filling:
    """One start of the fill: what it was given, and what earlier starts left."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
        self.url = settings.public_url
        self.parts = parts
        self.calls = load_calls()
        self.people = load_people()
        self.keeper = Keeper(settings.folder / "demo.json")
        self.kept = self.keeper.kept

    @property
    def done(self) -> bool:
        return len(self.kept.uploaded) == len(self.calls) and self.kept.visits == len(self.people.visit)


async def fill(settings: Settings) -> None:
    """Raises FillError, SynthesisError, DemoContentError, and what the console's use cases raise."""
    async with connect(settings) as parts:
        filling = Filling(settings, parts)
        await _wait_for_archive(filling.url)
        if not filling.done:
            await _fill(filling)
        _tell(filling)


async def _fill(filling: Filling) -> None:
    _check_programs()
    if left := len(filling.calls) - len(filling.kept.uploaded):
        click.echo(f"Speaking {left} sample calls, once; this takes a minute or two.", err=True)
    await _register(filling)
    shown = asyncio.create_task(_show_calls(filling))
    try:
        await send_calls(filling.url, filling.calls, filling.keeper)
        await shown
    finally:
        shown.cancel()
    await _tell_failures(filling.parts)
    await _add_people(filling.parts, filling.people)
    await _make_visits(filling)


def _check_programs() -> None:
    missing = [name for program in (ESPEAK, FFMPEG) if not program.found() for name in program.packages]
    if missing:
        names = " and ".join(missing)
        install = f"apt-get install {' '.join(missing)}"
        raise FillError(f"The sample calls need {names}. Install: {install}. Then start the demo again.")


async def _wait_for_archive(url: str) -> None:
    async with asyncio.timeout(STARTS_WITHIN), httpx.AsyncClient(base_url=url, trust_env=False) as api:
        while True:
            with suppress(httpx.TransportError):
                if (await api.get("/healthz")).is_success:
                    return
            await asyncio.sleep(0.1)


async def _register(filling: Filling) -> None:
    kept = filling.kept
    if not kept.client_id:
        kept.client_id, kept.client_secret = await credentials(filling.parts, filling.people.integration)
        filling.keeper.save()


async def _show_calls(filling: Filling) -> None:
    """Shows how many calls are uploaded and through the worker; returns when all are."""
    show_share = meter("Sample calls")
    settled, total = 0, len(filling.calls)
    while settled < total:
        async with filling.parts.database.read() as work:
            states = await work.calls.by_state()
        settled = sum(states.get(state, 0) for state in SETTLED)
        show_share((len(filling.kept.uploaded) + settled) / (2 * total))
        await asyncio.sleep(LOOK_EVERY)


async def _tell_failures(parts: Parts) -> None:
    async with parts.database.read() as work:
        failed = await work.calls.failed(len(State) * 100)
    for call in failed:
        reason = call.failure.detail if call.failure else ""
        click.echo(f"Sample call {call.external_id or call.uid} failed: {reason}", err=True)


async def _add_people(parts: Parts, people: DemoPeople) -> None:
    """After the calls: a scope names partners and teams that must exist. Compliance comes last: from then on, what
    opens speech takes a second person."""
    for person in sorted(people.person, key=lambda one: Action.APPROVE in ROLE_ACTIONS[one.role]):
        giving = Giving(scope=person.scope, role=person.role, reason="The demo's own")
        with suppress(Conflict):  # an earlier start added them
            await manage.add_person(
                parts, CONSOLE, name=person.name, email=person.email, password=people.password, giving=giving
            )


async def _make_visits(filling: Filling) -> None:
    visits = filling.people.visit
    show_share = meter("Visits")
    async with Visitors(filling.url, filling.people, filling.kept.uploaded) as visitors:
        for visit in visits[filling.kept.visits :]:
            await visitors.make(visit)
            filling.kept.visits += 1
            filling.keeper.save()
            show_share(filling.kept.visits / len(visits))


def _tell(filling: Filling) -> None:
    kept, people = filling.kept, filling.people
    click.echo(f"\nThe demo is at {filling.url}\n")
    show(
        [
            {
                "role": person.role.value,
                "name": person.name,
                "e-mail": person.email,
                "password": people.password,
            }
            for person in people.person
        ],
        as_json=False,
    )
    click.echo(f"\nAn integration, {people.integration.name}:")
    click.echo(f"  client_id      {kept.client_id}\n  client_secret  {kept.client_secret}")
    click.echo("\nCtrl-C ends everything; call-archive demo starts it again.")


async def _until_told() -> None:
    """Fill; SIGTERM cancels, so that what was begun is ended in order."""
    task = asyncio.ensure_future(fill(load(os.environ)))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with suppress(asyncio.CancelledError):
        await task


def main() -> None:
    failures: Sequence[BaseException] = ()
    try:
        asyncio.run(_until_told())
    except* FAILURES as failed:
        failures = failed.exceptions
    if failures:
        sys.exit(f"The demo could not be filled: {failures[0]}")


if __name__ == "__main__":
    main()
