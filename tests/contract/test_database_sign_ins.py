"""Identities, one-time codes, recovery codes; and what of a person ends with them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from archive.adapters.db.database import SqlDatabase
from archive.errors import Conflict
from archive.ports import Identity, Known, Work
from tests.contract.making import add_person
from tests.databases import Clock

pytestmark = pytest.mark.anyio


async def at_once(database: SqlDatabase, use: Callable[[Work], Awaitable[bool]]) -> list[bool]:
    async def once() -> bool:
        async with database.write() as work:
            return await use(work)

    return sorted(await asyncio.gather(*(once() for _ in range(8))))


ONE = [False] * 7 + [True]


async def test_an_identity_is_one_persons(database: SqlDatabase, clock: Clock) -> None:
    jo, other = await add_person(database), await add_person(database, "x@example.com")
    async with database.write() as work:
        assert await work.sign_ins.linked("https://a.example", "1") is None
        assert await work.sign_ins.link(jo.id, "https://a.example", "1")
        assert not await work.sign_ins.link(other.id, "https://a.example", "1")
        assert await work.sign_ins.link(
            other.id, "https://b.example", "1"
        )  # a subject means nothing by itself
        assert await work.sign_ins.linked("https://a.example", "1") == jo.id
        assert await work.sign_ins.identities(jo.id) == [Identity("https://a.example", "1", clock())]


async def test_an_authenticator_counts_once_it_is_confirmed(database: SqlDatabase, clock: Clock) -> None:
    jo = await add_person(database)
    async with database.write() as work:
        assert await work.sign_ins.authenticator(jo.id) is None
        await work.sign_ins.set_authenticator(jo.id, "FIRST")
        await work.sign_ins.set_authenticator(jo.id, "SECOND")
        found = await work.sign_ins.authenticator(jo.id)
        assert found is not None
        assert (found.secret, found.confirmed_at, found.step) == ("SECOND", None, 0)
        await work.sign_ins.confirm_authenticator(jo.id)
        await work.sign_ins.set_recovery_codes(jo.id, [b"a"])
        found = await work.sign_ins.authenticator(jo.id)
        assert found is not None
        assert found.confirmed_at == clock()
        await work.sign_ins.drop_authenticator(jo.id)
        assert await work.sign_ins.authenticator(jo.id) is None
        assert await work.sign_ins.recovery_codes(jo.id) == 0


async def test_a_step_is_used_once_however_many_try_at_once(database: SqlDatabase) -> None:
    jo = await add_person(database)
    async with database.write() as work:
        await work.sign_ins.set_authenticator(jo.id, "SECRET")
    assert await at_once(database, lambda work: work.sign_ins.use_step(jo.id, 100)) == ONE
    async with database.write() as work:
        assert not await work.sign_ins.use_step(jo.id, 99)  # nor an earlier one after it
        assert await work.sign_ins.use_step(jo.id, 101)


async def test_a_recovery_code_is_used_once_however_many_try_at_once(database: SqlDatabase) -> None:
    jo, other = await add_person(database), await add_person(database, "x@example.com")
    async with database.write() as work:
        await work.sign_ins.set_recovery_codes(jo.id, [b"a", b"b"])
        await work.sign_ins.set_recovery_codes(other.id, [b"c"])
        assert not await work.sign_ins.use_recovery_code(jo.id, b"c")
    assert await at_once(database, lambda work: work.sign_ins.use_recovery_code(jo.id, b"a")) == ONE
    async with database.write() as work:
        assert await work.sign_ins.recovery_codes(jo.id) == 1
        await work.sign_ins.set_recovery_codes(jo.id, [b"d", b"e"])
        assert not await work.sign_ins.use_recovery_code(jo.id, b"b")
        assert await work.sign_ins.recovery_codes(jo.id) == 2
        assert await work.sign_ins.recovery_codes(other.id) == 1


async def test_a_session_gets_another_secret_and_stays_the_same(database: SqlDatabase) -> None:
    jo = await add_person(database)
    async with database.write() as work:
        made = await work.credentials.add_session(
            b"old", jo.id, "10.0.0.1", "browser", provider="acme", provider_session="there"
        )
        assert (made.provider, made.provider_session) == ("acme", "there")
        assert await work.credentials.rotate_session(made.uid, b"new")
        assert await work.credentials.session(b"old") is None
        assert await work.credentials.session(b"new") == made
        assert not await work.credentials.rotate_session("nobodys", b"x")


async def test_a_persons_links_end_together(database: SqlDatabase, clock: Clock) -> None:
    jo, other = await add_person(database), await add_person(database, "x@example.com")
    async with database.write() as work:
        keys, until = work.credentials, clock() + timedelta(hours=1)
        for kept, person in ((b"a", jo), (b"b", jo), (b"c", other)):
            await keys.add_link(kept, "reset", person.id, until)
        await keys.end_links(jo.id)
        assert [await keys.link(kept, "reset") for kept in (b"a", b"b", b"c")] == [None, None, (other.id,)]
        clock.forward(hours=1)
        await keys.add_link(b"c", "reset", other.id, until + timedelta(hours=1))  # its place is free again


async def test_disabling_takes_every_way_in_and_enabling_gives_none_back(database: SqlDatabase) -> None:
    jo = await add_person(database)
    async with database.write() as work:
        await work.credentials.set_password(jo.id, "encoded")
        await work.sign_ins.set_authenticator(jo.id, "SECRET")
        await work.sign_ins.set_recovery_codes(jo.id, [b"a"])
        await work.credentials.add_session(b"s", jo.id, None, None)
        await work.credentials.add_link(b"l", "reset", jo.id, await work.now() + timedelta(hours=1))
        await work.sign_ins.link(jo.id, "https://a.example", "1")
        assert not await work.principals.enable(jo.id)

        await work.principals.disable(jo.id)
        assert await work.principals.enable(jo.id)
        again = await work.principals.by_id(jo.id)
        assert again is not None
        assert again.disabled_at is None
        assert await work.credentials.password(jo.id) is None
        assert await work.sign_ins.authenticator(jo.id) is None
        assert await work.sign_ins.recovery_codes(jo.id) == 0
        assert await work.credentials.sessions(jo.id) == []
        assert await work.credentials.link(b"l", "reset") is None
        assert (
            await work.sign_ins.linked("https://a.example", "1") == jo.id
        )  # who they are there didn't change


async def test_an_email_is_known_in_any_case_and_after_its_person_was_disabled(
    database: SqlDatabase, clock: Clock
) -> None:
    jo = await add_person(database)
    async with database.write() as work:
        assert await work.principals.known("nobody@example.com") is None
        assert await work.principals.known("JO@example.com") == Known(jo.id, jo.uid, None)
        await work.principals.disable(jo.id)
        assert await work.principals.known("jo@example.com") == Known(jo.id, jo.uid, clock())


async def test_a_person_gets_another_name_and_a_free_email(database: SqlDatabase) -> None:
    jo, other = await add_person(database), await add_person(database, "x@example.com")
    async with database.write() as work:
        await work.principals.rename_person(jo.id, "Joanna", "Joanna@example.com")
        found = await work.principals.by_email("joanna@EXAMPLE.com")
        assert found is not None
        assert (found.id, found.name, found.email) == (jo.id, "Joanna", "Joanna@example.com")
        await work.principals.rename_person(jo.id, "Jo", "joanna@example.com")  # one's own e-mail is free
    with pytest.raises(Conflict):
        async with database.write() as work:
            await work.principals.rename_person(other.id, "Other", "JOANNA@example.com")
