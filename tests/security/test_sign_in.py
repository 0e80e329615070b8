"""Attacks on signing in, sessions and the cookie."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta

import pytest

from archive.adapters.passwords import Argon2Hasher
from archive.audit.event import Origin
from archive.errors import ArchiveError, NotSignedIn, TooMany
from archive.identity import manage, sessions
from archive.identity.half_way import Entered
from archive.identity.limits import WINDOW
from archive.identity.secrets import Prefix, new_secret
from archive.identity.sessions import Lifetime
from archive.identity.sign_in import TRIES_OF_AN_ADDRESS, TRIES_OF_ONE, sign_in
from archive.ids import uuid7
from archive.policy.actions import Role
from archive.policy.principal import Principal
from tests.world import ORIGIN, PASSWORD, URL, PlainPasswords, World

pytestmark = pytest.mark.anyio

HERE = Origin(address="192.0.2.7", user_agent="test")
LONG = Lifetime(timedelta(hours=2), timedelta(hours=12))


@pytest.fixture
async def ann(world: World) -> Principal:
    return await world.add_person(Role.COMPLIANCE)


async def test_unknown_person_wrong_password_and_disabled_person_are_one(
    world: World, ann: Principal
) -> None:
    other = await world.add_person(Role.AUDITOR)
    await manage.disable_person(world.parts, world.at_console, str(other.email))
    hasher = world.parts.passwords
    assert isinstance(hasher, PlainPasswords)

    refusals = []
    for email in ("nobody@example.com", str(ann.email), str(other.email)):
        password = PASSWORD if email == other.email else "wrong"
        refusals.append(await _refused(sign_in(world.parts, email, password, HERE)))
    assert {(type(error), error.detail, error.code) for error in refusals} == {
        (NotSignedIn, "Wrong e-mail or password.", "not_signed_in")
    }
    assert len(hasher.verified) == 3  # a hash was computed for each
    denied = await world.events("session.denied")
    assert {event.reason_code for event in denied} == {"unknown_person", "wrong_password", "disabled"}
    assert {event.actor.id for event in denied} == {None}


async def test_a_person_without_a_password_costs_as_much(world: World) -> None:
    """With the real hasher: an unknown user's answer computes a hash, and is False whatever the password."""
    hasher = Argon2Hasher()
    assert await hasher.verify(None, "anything") is False
    encoded = await hasher.hash("right one")
    assert encoded.startswith("$argon2id$")
    assert await hasher.verify(encoded, "right one")
    assert not await hasher.verify(encoded, "wrong one")
    assert not await hasher.verify("not a hash", "x")


async def test_the_limit_counts_parallel_tries(world: World, ann: Principal) -> None:
    tries = [_refused(sign_in(world.parts, str(ann.email), "wrong", HERE)) for _ in range(TRIES_OF_ONE + 5)]
    refusals = await asyncio.gather(*tries)
    assert sum(isinstance(error, TooMany) for error in refusals) == 5
    with pytest.raises(TooMany) as limited:  # even with the right password
        await sign_in(world.parts, str(ann.email), PASSWORD, HERE)
    assert limited.value.retry_after == WINDOW.total_seconds()
    reasons = [event.reason_code for event in await world.events("session.denied")]
    assert reasons.count("too_many") == 1  # a flood doesn't fill the log

    world.clock.forward(seconds=WINDOW.total_seconds())
    await sign_in(world.parts, str(ann.email), PASSWORD, HERE)


async def test_whoever_signs_in_takes_everybodys_old_sessions_away(world: World, ann: Principal) -> None:
    """And with them the addresses they came from."""
    other = await world.add_person(Role.AUDITOR)
    await sign_in(world.parts, str(other.email), PASSWORD, HERE)
    world.clock.forward(seconds=sessions.KEPT.total_seconds())
    await sign_in(world.parts, str(ann.email), PASSWORD, HERE)
    assert await _opened(world, other) == 1
    world.clock.forward(seconds=1)
    await sign_in(world.parts, str(ann.email), PASSWORD, HERE)
    assert await _opened(world, other) == 0
    assert await _opened(world, ann) == 2


async def _opened(world: World, person: Principal) -> int:
    async with world.parts.database.read() as work:
        return len(await work.credentials.sessions(person.id))


async def test_the_limit_of_one_person_is_not_anothers(world: World, ann: Principal) -> None:
    for _ in range(TRIES_OF_ONE + 1):
        await _refused(sign_in(world.parts, "someone@example.com", "wrong", HERE))
    await sign_in(world.parts, str(ann.email), PASSWORD, HERE)


async def test_one_address_can_not_try_many_people(world: World, ann: Principal) -> None:
    for number in range(TRIES_OF_AN_ADDRESS):
        await _refused(sign_in(world.parts, f"p{number}@example.com", "wrong", HERE))
    with pytest.raises(TooMany):
        await sign_in(world.parts, str(ann.email), PASSWORD, HERE)
    await sign_in(world.parts, str(ann.email), PASSWORD, Origin(address="192.0.2.8"))


async def test_a_session_that_was_set_beforehand_is_not_taken_over(world: World, ann: Principal) -> None:
    planted = new_secret(Prefix.SESSION)
    first = (await sign_in(world.parts, str(ann.email), PASSWORD, HERE, replaces=planted)).secret
    assert first != planted
    assert await sessions.find(world.parts, planted, LONG) is None

    second = (await sign_in(world.parts, str(ann.email), PASSWORD, HERE, replaces=first)).secret
    assert await sessions.find(world.parts, first, LONG) is None
    assert await sessions.find(world.parts, second, LONG) is not None
    kinds = [event.type for event in await world.events("session.opened", "session.ended")]
    assert sorted(kinds) == ["session.ended", "session.opened", "session.opened"]


async def test_a_session_ends_when_idle_and_in_any_case(world: World, ann: Principal) -> None:
    idle = (await sign_in(world.parts, str(ann.email), PASSWORD, HERE)).secret
    world.clock.forward(hours=1, minutes=59)
    assert await sessions.find(world.parts, idle, LONG) is not None  # and is fresh again
    world.clock.forward(hours=1, minutes=59)
    assert await sessions.find(world.parts, idle, LONG) is not None
    world.clock.forward(hours=2, seconds=1)
    assert await sessions.find(world.parts, idle, LONG) is None

    busy = (await sign_in(world.parts, str(ann.email), PASSWORD, HERE)).secret
    for _ in range(12):
        world.clock.forward(minutes=59)
        assert await sessions.find(world.parts, busy, LONG) is not None
    world.clock.forward(minutes=13)
    assert await sessions.find(world.parts, busy, LONG) is None


async def test_a_disabled_person_is_out_at_the_next_request(world: World, ann: Principal) -> None:
    client = await world.signed_in(ann)
    assert (await client.get("/api/v1/calls")).status_code == 200
    await manage.disable_person(world.parts, world.at_console, str(ann.email))
    assert (await client.get("/api/v1/calls")).status_code == 401


async def test_another_persons_session_can_not_be_ended(world: World, ann: Principal) -> None:
    bob = await world.add_person(Role.AUDITOR)
    his = await world.signed_in(bob)
    hers = await world.signed_in(ann)
    (session,) = (await his.get("/api/v1/sessions")).json()["items"]
    answers = [await hers.delete(f"/api/v1/sessions/{uid}") for uid in (session["id"], uuid7())]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    assert (await hers.post(f"/account/sessions/{session['id']}/end")).status_code == 404
    assert (await his.get("/api/v1/calls")).status_code == 200

    assert (await his.delete(f"/api/v1/sessions/{session['id']}")).status_code == 204
    assert (await his.get("/api/v1/calls")).status_code == 401


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": URL}, True),
        ({}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": URL + ".evil.example"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": URL}, False),
    ],
)
async def test_a_change_by_cookie_comes_from_our_own_pages(
    world: World, headers: dict[str, str], allowed: bool
) -> None:
    call = await world.call()
    client = await world.person(Role.COMPLIANCE)
    for name in ORIGIN:
        del client.headers[name]
    why = {"reason": "case 4711"}
    answer = await client.post(f"/api/v1/calls/{call.uid}/listens", headers=headers, json=why)
    assert answer.status_code == (201 if allowed else 403)
    assert allowed or answer.json()["code"] == "cross_site"
    assert (await client.get(f"/api/v1/calls/{call.uid}", headers=headers)).status_code == 200


async def test_an_authorization_header_rules_the_cookie_out(world: World) -> None:
    client = await world.person(Role.COMPLIANCE)
    for value in ("Bearer nonsense", "Basic YTpi", "Bearer " + new_secret(Prefix.ACCESS_TOKEN), ""):
        answer = await client.get("/api/v1/calls", headers={"Authorization": value})
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


async def test_without_credentials_the_answer_says_where_to_get_some(world: World) -> None:
    answer = await (await world.client()).get("/api/v1/calls")
    assert answer.status_code == 401
    metadata = f'resource_metadata="{URL}/.well-known/oauth-protected-resource"'
    assert answer.headers["WWW-Authenticate"] == f"Bearer {metadata}"


async def _refused(signing_in: Awaitable[Entered]) -> ArchiveError:
    try:
        await signing_in
    except ArchiveError as error:
        return error
    raise AssertionError("somebody was let in")
