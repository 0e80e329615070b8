"""Sign-ins under way at a company's provider, on both databases: each counts once, whoever comes at that moment."""

import asyncio
from datetime import timedelta

import pytest

from archive.adapters.db.database import SqlDatabase
from archive.policy.principal import Principal
from archive.ports import Begun
from tests.databases import Clock

pytestmark = pytest.mark.anyio

BEGUN = Begun(provider="acme", browser=b"browser", nonce="nonce", verifier="verifier", onward="/calls?q=ü")
MINUTE = timedelta(minutes=1)


async def begun(database: SqlDatabase, clock: Clock, state: bytes = b"state") -> None:
    async with database.write() as work:
        await work.company.begin(state, BEGUN, clock.time + MINUTE)


async def take(database: SqlDatabase, state: bytes = b"state") -> Begun | None:
    async with database.write() as work:
        return await work.company.take(state)


async def test_a_sign_in_is_taken_once(database: SqlDatabase, clock: Clock) -> None:
    await begun(database, clock)
    assert await take(database, b"another") is None
    taken = await asyncio.gather(*(take(database) for _ in range(4)))
    assert sorted(taken, key=bool) == [None, None, None, BEGUN]


async def test_one_that_ran_out_is_gone(database: SqlDatabase, clock: Clock) -> None:
    await begun(database, clock)
    await begun(database, clock, b"later")
    clock.forward(minutes=1)
    assert await take(database) is None
    await begun(database, clock, b"newest")  # and the others went
    clock.forward(minutes=-1)
    assert await take(database, b"later") is None
    assert await take(database, b"newest") == BEGUN


async def seen(database: SqlDatabase, clock: Clock, message: bytes) -> bool:
    async with database.write() as work:
        return await work.company.first_time(message, clock.time + MINUTE)


async def test_a_message_counts_once(database: SqlDatabase, clock: Clock) -> None:
    found = await asyncio.gather(*(seen(database, clock, b"one") for _ in range(4)))
    assert sorted(found) == [False, False, False, True]
    assert await seen(database, clock, b"another")
    clock.forward(minutes=1)
    assert await seen(database, clock, b"one")  # which by now is over anyway


async def test_sessions_are_found_by_where_they_began(database: SqlDatabase, clock: Clock) -> None:
    async with database.write() as work:
        ann, bob = [await work.principals.add_person(f"{name}@example.com", name) for name in ("ann", "bob")]
    for secret, person, provider, session in (
        (b"1", ann, "acme", "one"),
        (b"2", ann, "acme", "two"),
        (b"3", bob, "acme", "three"),
        (b"4", ann, "other", "one"),
        (b"5", ann, None, None),
    ):
        await began(database, secret, person, provider, session)
    assert await held(database, "acme", session="one", principal_id=None) == ["one"]
    assert await held(database, "acme", session="one", principal_id=bob.id) == ["one"]
    assert await held(database, "acme", session=None, principal_id=ann.id) == ["one", "two"]
    assert await held(database, "acme", session=None, principal_id=None) == []
    assert await held(database, "acme", session="none", principal_id=None) == []


async def test_an_id_token_lives_with_its_session(database: SqlDatabase, clock: Clock) -> None:
    async with database.write() as work:
        person = await work.principals.add_person("ann@example.com", "Ann")
    await began(database, b"1", person, "acme", "one")
    async with database.write() as work:
        await work.company.keep_token(b"1", "a.b.c")
        assert await work.company.token(b"1") == "a.b.c"
        (session,) = await work.credentials.sessions(person.id)
        await work.credentials.end_session(session.uid)
        assert await work.company.token(b"1") is None


async def began(
    database: SqlDatabase, hash: bytes, person: Principal, provider: str | None, session: str | None
) -> None:
    async with database.write() as work:
        await work.credentials.add_session(
            hash, person.id, None, None, provider=provider, provider_session=session
        )


async def held(
    database: SqlDatabase, provider: str, *, session: str | None, principal_id: int | None
) -> list[str | None]:
    async with database.read() as work:
        found = await work.company.sessions(provider, session=session, principal_id=principal_id)
    return [each.provider_session for each in found]
