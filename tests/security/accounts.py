"""What the tests of one's own account do: people with one-time codes, and browsers half-way in."""

import re

import httpx

from archive.identity import totp
from archive.policy.actions import Role
from archive.policy.principal import Principal
from tests.world import ORIGIN, PASSWORD, World


async def browser(world: World) -> httpx.AsyncClient:
    """Nobody's yet."""
    return await world.client(ORIGIN)


async def show_password(
    client: httpx.AsyncClient, person: Principal, password: str = PASSWORD
) -> httpx.Response:
    return await client.post("/sign-in", data={"email": str(person.email), "password": password, "next": "/"})


async def show_code(client: httpx.AsyncClient, code: str) -> httpx.Response:
    return await client.post("/one-time-code", data={"code": code, "next": "/"})


async def signed_in(client: httpx.AsyncClient) -> bool:
    return (await client.get("/api/v1/sessions")).status_code == httpx.codes.OK


async def with_codes(world: World, role: Role = Role.AUDITOR) -> tuple[Principal, str, list[str]]:
    """A person who set up one-time codes on their account's page; the secret, and the recovery codes."""
    person = await world.add_person(role)
    client = await world.signed_in(person)
    assert (await client.post("/account/codes", data={"password": PASSWORD})).status_code == 303
    secret = shown_secret(await client.get("/account/codes"))
    answer = await client.post("/account/codes/first", data={"code": code_now(world, secret)})
    assert answer.status_code == httpx.codes.OK
    world.clock.forward(seconds=2 * totp.STEP)
    return person, secret, shown_codes(answer)


def shown_secret(answer: httpx.Response) -> str:
    found = re.search(r'id="secret">([A-Z2-7 ]+)<', answer.text)
    assert found, answer.text
    return found[1].replace(" ", "")


def shown_codes(answer: httpx.Response) -> list[str]:
    return re.findall(r"<li><code>([A-Z2-7-]+)</code>", answer.text)


def code_now(world: World, secret: str) -> str:
    return totp.code_of(secret, int(world.clock().timestamp()) // totp.STEP)


def wrong(code: str) -> str:
    """Six digits that are no neighbour's code by chance are worth a try of the test anew."""
    return f"{(int(code) + 500_000) % 1_000_000:06d}"
