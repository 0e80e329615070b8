"""Registrations of programs, what people let them do, and the codes and tokens of it."""

import asyncio
from datetime import timedelta

import pytest
from msgspec import structs

from archive.adapters.db.database import SqlDatabase
from archive.policy.actions import Action
from archive.ports import Authorization, Registration
from tests.contract.making import add_person
from tests.databases import Clock

pytestmark = pytest.mark.anyio
DAY = timedelta(days=1)
FIND = frozenset({Action.FIND})


async def add_program(database: SqlDatabase) -> Registration:
    async with database.write() as work:
        made = await work.principals.add_integration("CRM", "Shows calls")
        found = await work.registrations.get(made.uid)
    assert found is not None
    return found


async def authorize(database: SqlDatabase, email: str = "jo@example.com") -> Authorization:
    person = await add_person(database, email)
    async with database.write() as work:
        return await work.authorizations.add(person.id, "call-archive", FIND, 90 * DAY)


async def test_a_program_has_a_registration_from_the_start(database: SqlDatabase) -> None:
    program = await add_program(database)
    assert (program.name, program.purpose, program.revision) == ("CRM", "Shows calls", 0)
    assert (program.redirect_uris, program.actions, program.public) == ((), frozenset(), False)
    async with database.read() as work:
        assert await work.registrations.get("nobody") is None
        assert await work.registrations.of([program.principal_id, 0]) == {program.principal_id: program}
        assert await work.registrations.of([]) == {}


async def test_a_person_is_no_program(database: SqlDatabase) -> None:
    jo = await add_person(database)
    async with database.read() as work:
        assert await work.registrations.get(jo.uid) is None


async def test_a_registration_is_changed_by_whoever_read_its_last_revision(database: SqlDatabase) -> None:
    program = await add_program(database)
    changed = structs.replace(
        program,
        name="Other",
        purpose=None,
        redirect_uris=("https://crm.example.com/back",),
        actions=FIND,
        public=True,
        requests_a_minute=60,
    )

    async def change() -> bool:
        async with database.write() as work:
            return await work.registrations.change(changed)

    assert sorted(await asyncio.gather(change(), change())) == [False, True]
    async with database.write() as work:
        found = await work.registrations.get(program.client_id)
        assert found == structs.replace(changed, revision=1)
        assert found is not None
        assert not await work.registrations.change(structs.replace(found, name="Stale", revision=0))
        assert await work.registrations.change(found)
        principal = await work.principals.by_client_id(program.client_id)
        assert principal is not None
        assert (principal.name, principal.purpose) == ("Other", None)


async def test_a_programs_use_is_kept_and_changes_nothing_else(database: SqlDatabase, clock: Clock) -> None:
    program = await add_program(database)
    async with database.write() as work:
        await work.registrations.touch(program.principal_id)
        first = await work.registrations.get(program.client_id)
        assert first == structs.replace(program, used_at=clock())
        assert first is not None
        await work.registrations.change(structs.replace(first, requests_a_minute=5))
        later = clock.forward(minutes=5)
        await work.registrations.touch(program.principal_id)
        found = await work.registrations.get(program.client_id)
        assert found == structs.replace(first, requests_a_minute=5, used_at=later, revision=1)


async def test_a_code_is_used_by_one_of_many_at_once(database: SqlDatabase, clock: Clock) -> None:
    authorization = await authorize(database)
    async with database.write() as work:
        until = clock() + timedelta(seconds=60)
        await work.authorizations.add_code(b"c", authorization.id, "http://127.0.0.1/", "challenge", until)
        code = await work.authorizations.code(b"c")
        assert code is not None
        assert code.authorization == authorization
        assert (code.redirect_uri, code.challenge, code.expires_at) == (
            "http://127.0.0.1/",
            "challenge",
            until,
        )
        assert code.used_at is None
        assert await work.authorizations.code(b"none") is None

    async def use() -> bool:
        async with database.write() as work:
            return await work.authorizations.use_code(b"c")

    assert sorted(await asyncio.gather(*(use() for _ in range(5)))) == [False] * 4 + [True]
    async with database.read() as work:
        used = await work.authorizations.code(b"c")
        assert used is not None
        assert used.used_at == clock()


async def test_a_refresh_token_is_used_by_one_of_many_at_once(database: SqlDatabase, clock: Clock) -> None:
    authorization = await authorize(database)
    async with database.write() as work:
        await work.authorizations.add_refresh_token(b"r", authorization.id, clock() + 30 * DAY)

    async def use() -> bool:
        async with database.write() as work:
            return await work.authorizations.use_refresh_token(b"r")

    assert sorted(await asyncio.gather(*(use() for _ in range(5)))) == [False] * 4 + [True]
    async with database.read() as work:
        used = await work.authorizations.refresh_token(b"r")
        assert used is not None
        assert (used.authorization, used.used_at) == (authorization, clock())


async def test_used_refresh_tokens_are_known_as_long_as_they_would_have_lived(
    database: SqlDatabase, clock: Clock
) -> None:
    authorization = await authorize(database)
    async with database.write() as work:
        await work.authorizations.add_refresh_token(b"1", authorization.id, clock() + 30 * DAY)
        await work.authorizations.use_refresh_token(b"1")
        clock.forward(days=29)
        await work.authorizations.add_refresh_token(b"2", authorization.id, clock() + 30 * DAY)
        assert await work.authorizations.refresh_token(b"1") is not None
        clock.forward(days=1)
        await work.authorizations.add_refresh_token(b"3", authorization.id, clock() + 30 * DAY)
        assert await work.authorizations.refresh_token(b"1") is None
        assert await work.authorizations.refresh_token(b"2") is not None


async def test_what_ends_takes_its_tokens_along_those_given_out_meanwhile_included(
    database: SqlDatabase, clock: Clock
) -> None:
    authorization = await authorize(database)
    soon = clock() + timedelta(minutes=10)
    async with database.write() as work:
        add = work.credentials.add_token
        token = await add(b"a", authorization.principal_id, FIND, soon, authorization.uid)
        own = await add(b"b", authorization.principal_id, FIND, soon)
        assert await work.credentials.token(b"a") == token
        assert token.family == authorization.uid
        assert await work.authorizations.end(authorization.uid)
        assert not await work.authorizations.end(authorization.uid)
        late = await add(b"c", authorization.principal_id, FIND, soon, authorization.uid)
        assert [await work.credentials.token(one) for one in (b"a", b"c")] == [None, None]
        assert [await work.credentials.token_revoked(one.uid) for one in (token, late)] == [True, True]
        assert await work.credentials.token(b"b") == own
        assert not await work.credentials.token_revoked(own.uid)
        ended = await work.authorizations.get(authorization.uid)
        assert ended is not None
        assert (ended.ended_at, ended.in_force(clock())) == (clock(), False)


async def test_a_person_finds_the_programs_that_could_still_act_for_them(
    database: SqlDatabase, clock: Clock
) -> None:
    fresh = await authorize(database)
    other = await authorize(database, "x@example.com")
    async with database.write() as work:
        assert await work.authorizations.of(fresh.principal_id) == []  # its code was never used
        await work.authorizations.add_refresh_token(b"1", fresh.id, clock() + 30 * DAY)
        await work.authorizations.add_refresh_token(b"2", other.id, clock() + 30 * DAY)
        assert await work.authorizations.of(fresh.principal_id) == [fresh]
        await work.authorizations.touch(fresh.uid)
        (found,) = await work.authorizations.of(fresh.principal_id)
        assert found == structs.replace(fresh, used_at=clock())
        clock.forward(days=30)
        assert await work.authorizations.of(fresh.principal_id) == []
        await work.authorizations.add_refresh_token(b"3", fresh.id, clock() + 90 * DAY)
        assert await work.authorizations.of(fresh.principal_id) == [found]
        clock.forward(days=60)
        assert await work.authorizations.of(fresh.principal_id) == []


async def test_what_ended_is_forgotten_a_day_later_when_another_is_added(
    database: SqlDatabase, clock: Clock
) -> None:
    old = await authorize(database)
    async with database.write() as work:
        token = await work.credentials.add_token(
            b"a", old.principal_id, FIND, clock() + timedelta(minutes=10), old.uid
        )
        await work.authorizations.add_code(b"c", old.id, "", "", clock())
        await work.authorizations.add_refresh_token(b"r", old.id, clock() + 30 * DAY)
        await work.authorizations.end(old.uid)
        clock.forward(hours=23)
        await work.authorizations.add(old.principal_id, "call-archive", FIND, 90 * DAY)
        assert await work.authorizations.refresh_token(b"r") is not None
        clock.forward(hours=1)
        await work.authorizations.add(old.principal_id, "call-archive", FIND, 90 * DAY)
        assert await work.authorizations.refresh_token(b"r") is None
        assert await work.authorizations.code(b"c") is None
        assert await work.authorizations.get(old.uid) is None
        assert await work.credentials.token_revoked(token.uid)


async def test_a_disabled_person_lets_nobody_do_anything(database: SqlDatabase, clock: Clock) -> None:
    authorization = await authorize(database)
    async with database.write() as work:
        await work.authorizations.add_refresh_token(b"r", authorization.id, clock() + 30 * DAY)
        await work.principals.disable(authorization.principal_id)
        assert await work.authorizations.get(authorization.uid) is None
        assert await work.authorizations.refresh_token(b"r") is None


async def test_a_disabled_program_does_nothing_for_anybody(database: SqlDatabase, clock: Clock) -> None:
    program, jo = await add_program(database), await add_person(database)
    async with database.write() as work:
        made = [await work.authorizations.add(jo.id, name, FIND, DAY) for name in (program.client_id, "x")]
        await work.principals.disable(program.principal_id)
        found = [await work.authorizations.get(one.uid) for one in made]
    assert [one and one.ended_at for one in found] == [clock(), None]
