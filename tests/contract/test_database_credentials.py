"""Passwords, secrets, sessions, tokens, links and tries."""

import asyncio
from datetime import timedelta

import pytest

from archive.adapters.db.database import SqlDatabase
from archive.policy.actions import Action
from tests.contract.making import add_person
from tests.databases import Clock

pytestmark = pytest.mark.anyio
WINDOW = timedelta(minutes=15)


async def test_a_password_is_replaced_and_dropped(database: SqlDatabase) -> None:
    jo, other = await add_person(database), await add_person(database, "x@example.com")
    async with database.write() as work:
        assert await work.credentials.password(jo.id) is None
        await work.credentials.set_password(jo.id, "one")
        await work.credentials.set_password(jo.id, "two")
        await work.credentials.set_password(other.id, "theirs")
        assert await work.credentials.password(jo.id) == "two"
        assert await work.credentials.password(0) is None
        await work.credentials.drop_password(jo.id)
        assert await work.credentials.password(jo.id) is None
        assert await work.credentials.password(other.id) == "theirs"


async def test_client_secrets_overlap_while_they_are_rotated(database: SqlDatabase) -> None:
    jo, other = await add_person(database), await add_person(database, "x@example.com")
    async with database.write() as work:
        for encoded in ("one", "two", "three"):
            await work.credentials.add_client_secret(jo.id, encoded)
        await work.credentials.add_client_secret(other.id, "theirs")
        assert await work.credentials.client_secrets(jo.id) == ["three", "two", "one"]
        await work.credentials.drop_client_secrets(jo.id, keep=1)
        assert await work.credentials.client_secrets(jo.id) == ["three"]
        await work.credentials.drop_client_secrets(jo.id)
        assert await work.credentials.client_secrets(jo.id) == []
        assert await work.credentials.client_secrets(other.id) == ["theirs"]


async def test_a_session_is_found_touched_and_ended(database: SqlDatabase, clock: Clock) -> None:
    jo = await add_person(database)
    async with database.write() as work:
        session = await work.credentials.add_session(b"hash", jo.id, "10.0.0.1", "browser")
        later = await work.credentials.add_session(b"other", jo.id, None, None)
        assert await work.credentials.session(b"hash") == session
        assert await work.credentials.session(b"none") is None
        seen = clock.forward(minutes=5)
        await work.credentials.touch_session(session.uid)
        touched = await work.credentials.session(b"hash")
        assert touched is not None
        assert (touched.created_at, touched.seen_at) == (session.created_at, seen)
        assert await work.credentials.sessions(jo.id) == [later, touched]
        assert not await work.credentials.session_ended(session.uid)
        await work.credentials.end_session(session.uid)
        assert await work.credentials.session_ended(session.uid)
        assert not await work.credentials.session_ended(later.uid)
        assert await work.credentials.sessions(jo.id) == [later]


async def test_old_sessions_of_everybody_go(database: SqlDatabase, clock: Clock) -> None:
    jo, other = await add_person(database), await add_person(database, "x@example.com")
    async with database.write() as work:
        await work.credentials.add_session(b"old", other.id, "10.0.0.1", "browser")
        later = clock.forward(minutes=5)
        young = await work.credentials.add_session(b"young", jo.id, None, None)
        await work.credentials.drop_sessions(later)
        assert await work.credentials.sessions(other.id) == []
        assert await work.credentials.sessions(jo.id) == [young]


async def test_a_token_is_found_until_it_is_revoked(database: SqlDatabase, clock: Clock) -> None:
    jo = await add_person(database)
    actions = frozenset({Action.FIND, Action.LISTEN})
    async with database.write() as work:
        token = await work.credentials.add_token(b"hash", jo.id, actions, clock() + timedelta(minutes=10))
        assert (token.actions, token.expires_at) == (actions, clock() + timedelta(minutes=10))
        other = await work.credentials.add_token(b"other", jo.id, actions, clock() + timedelta(minutes=10))
        assert await work.credentials.token(b"hash") == token
        assert not await work.credentials.token_revoked(token.uid)
        await work.credentials.revoke_token(b"hash")
        assert await work.credentials.token(b"hash") is None
        assert await work.credentials.token_revoked(token.uid)
        assert not await work.credentials.token_revoked(other.uid)


async def test_an_expired_token_is_not_a_revoked_one_but_can_be(database: SqlDatabase, clock: Clock) -> None:
    """A download that began with it runs on, and its revocation still ends that."""
    jo = await add_person(database)
    async with database.write() as work:
        token = await work.credentials.add_token(b"old", jo.id, frozenset(), clock() + timedelta(minutes=10))
        clock.forward(minutes=69)
        await work.credentials.add_token(b"new", jo.id, frozenset(), clock() + timedelta(minutes=10))
        assert await work.credentials.token(b"old") == token
        assert not await work.credentials.token_revoked(token.uid)
        await work.credentials.revoke_token(b"old")
        clock.forward(minutes=59)
        await work.credentials.add_token(b"newer", jo.id, frozenset(), clock() + timedelta(minutes=10))
        assert await work.credentials.token_revoked(token.uid)


async def test_a_token_that_ended_long_ago_is_forgotten_when_another_is_added(
    database: SqlDatabase, clock: Clock
) -> None:
    jo = await add_person(database)
    async with database.write() as work:
        token = await work.credentials.add_token(b"old", jo.id, frozenset(), clock() + timedelta(minutes=10))
        clock.forward(minutes=70)
        await work.credentials.add_token(b"new", jo.id, frozenset(), clock() + timedelta(minutes=10))
        assert await work.credentials.token(b"old") is None
        assert not await work.credentials.token_revoked(token.uid)


async def test_a_link_opens_for_one_of_many_at_once(database: SqlDatabase, clock: Clock) -> None:
    async with database.write() as work:
        await work.credentials.add_link(b"l", "first-run", None, clock() + timedelta(hours=1))
        assert await work.credentials.link(b"l", "first-run") == (None,)
        assert await work.credentials.link(b"l", "invite") is None

    async def use() -> bool:
        async with database.write() as work:
            return await work.credentials.use_link(b"l", "first-run")

    assert sorted(await asyncio.gather(*(use() for _ in range(8)))) == [False] * 7 + [True]
    async with database.read() as work:
        assert await work.credentials.link(b"l", "first-run") is None


async def test_a_link_ends_with_its_time_or_its_purpose(database: SqlDatabase, clock: Clock) -> None:
    jo = await add_person(database)
    async with database.write() as work:
        keys = work.credentials
        await keys.add_link(b"a", "invite", jo.id, clock() + timedelta(hours=1))
        await keys.add_link(b"b", "invite", jo.id, clock() + timedelta(hours=3))
        await keys.add_link(b"c", "first-run", None, clock() + timedelta(hours=3))
        clock.forward(hours=1)
        assert await keys.link(b"a", "invite") is None
        assert not await keys.use_link(b"a", "invite")
        assert not await keys.use_link(b"b", "first-run")
        assert await keys.link(b"b", "invite") == (jo.id,)
        await keys.drop_links("invite")
        assert await keys.link(b"b", "invite") is None
        assert await keys.link(b"c", "first-run") == (None,)


async def test_tries_are_counted_one_by_one_however_many_come_at_once(database: SqlDatabase) -> None:
    async def attempt() -> int:
        async with database.write() as work:
            return await work.credentials.count_try("sign-in:a", WINDOW)

    assert sorted(await asyncio.gather(*(attempt() for _ in range(8)))) == list(range(1, 9))


async def test_a_window_begins_with_its_first_try_and_does_not_stretch(
    database: SqlDatabase, clock: Clock
) -> None:
    async with database.write() as work:
        count = work.credentials.count_try
        assert await count("a", WINDOW) == 1
        clock.forward(minutes=14)
        assert await count("a", WINDOW) == 2
        assert await count("b", WINDOW) == 1
        clock.forward(minutes=1)
        assert await count("b", WINDOW) == 2
        assert await count("a", WINDOW) == 1
        await work.credentials.forget_tries("a")
        assert await count("a", WINDOW) == 1
