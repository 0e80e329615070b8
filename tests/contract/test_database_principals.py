"""People and integrations with their grants; whose calls are one's own is looked up each time."""

from datetime import timedelta

import pytest
from msgspec import structs

from archive.adapters.db.database import SqlDatabase
from archive.errors import Conflict
from archive.policy.actions import Action
from archive.policy.principal import PrincipalKind
from archive.policy.scope import (
    AllCalls,
    CallIds,
    Intersection,
    OwnCalls,
    Partner,
    Team,
    Union,
    Unsealed,
)
from tests.contract.making import add_person, new_grant
from tests.databases import Clock

pytestmark = pytest.mark.anyio


async def test_people_and_integrations_are_found_by_what_they_are(
    database: SqlDatabase, clock: Clock
) -> None:
    async with database.write() as work:
        assert not await work.principals.anyone()
        crm = await work.principals.add_integration("CRM", "to show calls beside customers")
        assert not await work.principals.anyone()
        jo = await work.principals.add_person(" Jo@Example.com ", "Jo")
        assert await work.principals.anyone()
        assert (jo.kind, jo.email, jo.created_at) == (PrincipalKind.PERSON, "Jo@Example.com", clock())
        assert (crm.kind, crm.email, crm.purpose) == (
            PrincipalKind.INTEGRATION,
            None,
            "to show calls beside customers",
        )
        found = work.principals
        assert (
            await found.get(jo.uid)
            == await found.by_id(jo.id)
            == await found.by_email("JO@example.com")
            == jo
        )
        assert await found.by_client_id(crm.uid) == crm
        assert await found.by_client_id(jo.uid) is None
        assert await found.people() == [jo]
        assert await found.integrations() == [crm]
        assert await found.named([jo.uid, crm.uid, "?"]) == {jo.uid: "Jo", crm.uid: "CRM"}
        await work.groups.add("Hearers")
        await work.principals.disable(crm.id)
        assert await found.names() == {jo.uid: "Jo", crm.uid: "CRM"}


async def test_people_and_integrations_come_page_by_page_in_the_order_of_their_coming(
    database: SqlDatabase,
) -> None:
    people, programs = [], []
    async with database.write() as work:
        for name in ("c", "a", "b"):
            people.append(await work.principals.add_person(f"{name}@example.com", name))
            programs.append(await work.principals.add_integration(name, None))
        assert await work.principals.people(limit=2) == people[:2]
        assert await work.principals.people(people[1].id, 2) == people[2:]
        assert await work.principals.integrations(limit=1) == programs[:1]
        assert await work.principals.integrations(programs[0].id, 9) == programs[1:]
        assert await work.principals.people(programs[2].id, 2) == []
        assert await work.principals.count_people() == 3


async def test_an_email_is_taken_once(database: SqlDatabase) -> None:
    jo = await add_person(database, "jo@example.com")
    async with database.write() as work:
        with pytest.raises(Conflict):
            await work.principals.add_person("JO@EXAMPLE.COM", "Another")
        assert await work.principals.people() == [jo]


async def test_a_grant_comes_back_as_it_was_given(database: SqlDatabase, clock: Clock) -> None:
    jo = await add_person(database)
    scope = Unsealed(Union((Partner(frozenset({3, 1})), Intersection((Team(frozenset({2})), AllCalls())))))
    given = new_grant(clock, scope, None, Action.LISTEN, Action.FIND)
    async with database.write() as work:
        grant = await work.principals.give(jo.id, given)
        found = await work.principals.grant(grant.uid)
        assert await work.principals.grant("?") is None
    assert {name: getattr(grant, name) for name in given.__struct_fields__} == {
        name: getattr(given, name) for name in given.__struct_fields__
    }
    assert found is not None
    principal, same = found
    assert same == grant
    assert principal.grants == (grant,)


async def test_a_revoked_grant_stays_and_says_when(database: SqlDatabase, clock: Clock) -> None:
    jo = await add_person(database)
    async with database.write() as work:
        first = await work.principals.give(jo.id, new_grant(clock, AllCalls()))
        second = await work.principals.give(jo.id, new_grant(clock, CallIds(frozenset({7}))))
        revoked = clock.forward(hours=1)
        await work.principals.revoke(first.id)
        clock.forward(hours=1)
        await work.principals.revoke(first.id)  # again: the first time counts
        now = await work.principals.get(jo.uid)
    assert now is not None
    assert [grant.revoked_at for grant in now.grants] == [revoked, None]
    assert now.grants[1] == second


async def test_whoever_acts_comes_without_what_is_over(database: SqlDatabase, clock: Clock) -> None:
    jo, now = await add_person(database), clock()
    async with database.write() as work:
        group = await work.groups.add("Hearers")
        await work.groups.add_member(group.id, jo.id)
        for holder in (jo.id, group.id):
            lasting, ended, revoked, coming = [
                new_grant(clock, CallIds(frozenset({one})), None, Action.APPROVE) for one in (1, 2, 3, 4)
            ]
            await work.principals.give(holder, lasting)
            await work.principals.give(holder, structs.replace(ended, until=now + timedelta(hours=1)))
            await work.principals.revoke((await work.principals.give(holder, revoked)).id)
            await work.principals.give(holder, structs.replace(coming, since=now + timedelta(days=1)))
    now = clock.forward(hours=1)
    async with database.read() as work:
        acting, known = await work.principals.acting(jo.id, now), await work.principals.by_id(jo.id)
        (approver,) = await work.principals.holding(Action.APPROVE)
        assert await work.principals.acting(0, now) is None
    assert acting is not None
    assert known is not None
    assert [one.scope for one in acting.grants] == [CallIds(frozenset({one})) for one in (1, 4, 1, 4)]
    assert [one.group for one in acting.grants] == [None, None, group.uid, group.uid]
    assert acting == structs.replace(known, grants=acting.grants) == approver
    assert (len(known.grants), set(acting.grants) < set(known.grants)) == (8, True)


async def test_own_calls_follow_the_agents_email(database: SqlDatabase, clock: Clock) -> None:
    jo, other = await add_person(database, "Jo@example.com"), await add_person(database, "x@example.com")
    foreign = Union((OwnCalls(frozenset({999})), Partner(frozenset({1}))))
    async with database.write() as work:
        before = await work.principals.give(jo.id, new_grant(clock, foreign))
        await work.principals.give(other.id, new_grant(clock, foreign))
        agent = await work.names.add_agent("J", "JO@example.com")
        await work.names.add_agent("Jo", None)
        people = {person.id: person for person in await work.principals.people()}
    assert before.scope == Union((OwnCalls(frozenset()), Partner(frozenset({1}))))
    assert people[jo.id].grants[0].scope == Union((OwnCalls(frozenset({agent.id})), Partner(frozenset({1}))))
    assert people[other.id].grants[0].scope == before.scope


async def test_an_integration_owns_no_calls(database: SqlDatabase, clock: Clock) -> None:
    async with database.write() as work:
        await work.names.add_agent("nobody", None)
        crm = await work.principals.add_integration("CRM", None)
        grant = await work.principals.give(crm.id, new_grant(clock, OwnCalls(frozenset())))
    assert grant.scope == OwnCalls(frozenset())


async def test_disabling_ends_everything_at_once(database: SqlDatabase, clock: Clock) -> None:
    jo = await add_person(database)
    async with database.write() as work:
        keys = work.credentials
        await keys.set_password(jo.id, "encoded")
        await keys.add_client_secret(jo.id, "encoded")
        await keys.add_session(b"s", jo.id, None, None)
        await keys.add_token(b"t", jo.id, frozenset({Action.FIND}), clock() + timedelta(minutes=10))
        await keys.add_link(b"l", "invite", jo.id, clock() + timedelta(minutes=10))
        await work.principals.disable(jo.id)
        disabled = await work.principals.get(jo.uid)
        assert await keys.password(jo.id) is None
        assert await keys.client_secrets(jo.id) == []
        assert await keys.session(b"s") is None
        assert await keys.token(b"t") is None
        assert await keys.link(b"l", "invite") is None
    assert disabled is not None
    assert disabled.disabled_at == clock()
