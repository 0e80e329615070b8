"""Whether the time of a refusal at sign-in tells who is known: refusals beside that of an unknown person.

    python -m tests.bench.timing [--quick]      200 rounds, or 10

Each round tries each kind of person in turn, in process, with the real password hash and a database on disk; every try
comes from an address of its own, so that no limit cuts it short. The ratios are of medians.
"""

import argparse
import asyncio
import time
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address
from itertools import count
from tempfile import TemporaryDirectory

from archive.audit.event import Origin
from archive.bootstrap import connect, migrate
from archive.errors import NotSignedIn
from archive.identity import manage, totp
from archive.identity.manage import Giving
from archive.identity.people import enrol
from archive.identity.sign_in import sign_in
from archive.policy.actions import Role
from archive.policy.principal import Principal
from archive.ports import Parts
from archive.settings import Settings, load
from tests.bench.rounds import middle, p95
from tests.bench.table import markdown

ROUNDS, QUICK_ROUNDS = 200, 10
UNKNOWN = "nobody of that e-mail"
PASSWORD = "a long sentence for tests"
COLUMNS = ("refused", "ratio p50", "p50 ms", "p95 ms")

Times = Mapping[str, list[float]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    rounds = QUICK_ROUNDS if parser.parse_args().quick else ROUNDS
    with TemporaryDirectory(prefix="bench-") as folder:
        settings = load({}, data=folder)
        migrate(settings)
        times = asyncio.run(_measured(settings, rounds))
    print(f"{rounds} rounds; the time of each refusal, and of its median beside that of an unknown person's.")
    print(markdown(COLUMNS, _rows(times)))


async def _measured(settings: Settings, rounds: int) -> Times:
    async with connect(settings) as parts:
        emails = await _people(parts)
        addresses = (str(IPv4Address("10.0.0.0") + number) for number in count())
        times: dict[str, list[float]] = {kind: [] for kind in emails}
        for _ in range(rounds):
            for kind, email in emails.items():
                times[kind].append(await _refusal(parts, email, next(addresses)))
        return times


async def _people(parts: Parts) -> dict[str, str]:
    """E-mails by the kind of person."""
    people = {
        kind: await _person(parts, f"p{n}@example.com") for n, kind in enumerate(("known", "coded", "out"))
    }
    async with parts.database.write() as work:
        await work.sign_ins.set_authenticator(people["coded"].id, totp.new_secret())
        await work.sign_ins.confirm_authenticator(people["coded"].id)
        console = manage.console("bench")
        company = await enrol(work, console, name="C", email="c@example.com", giving=None, encoded=None)
    await manage.disable_person(parts, manage.console("bench"), people["out"].uid)
    return {
        UNKNOWN: "nobody@example.com",
        "wrong password": str(people["known"].email),
        "wrong password, has one-time codes": str(people["coded"].email),
        "comes by the company's sign-in alone": str(company.email),
        "disabled": str(people["out"].email),
    }


async def _person(parts: Parts, email: str) -> Principal:
    giving = Giving(scope="all", role=Role.AUDITOR)
    return await manage.add_person(
        parts, manage.console("bench"), name="P", email=email, password=PASSWORD, giving=giving
    )


async def _refusal(parts: Parts, email: str, address: str) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    try:
        await sign_in(parts, email, "wrong", Origin(address=address))
    except NotSignedIn:
        return (time.perf_counter() - began) * 1000
    raise AssertionError("somebody was let in")


def _rows(times: Times) -> Iterator[tuple[str, ...]]:
    unknown = middle(times[UNKNOWN])
    for kind, taken in times.items():
        yield kind, f"{middle(taken) / unknown:.3f}", f"{middle(taken):.1f}", f"{p95(taken):.1f}"


if __name__ == "__main__":
    main()
