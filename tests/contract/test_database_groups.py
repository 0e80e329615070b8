"""Groups on both databases: what they are granted, their members hold, for as long as both last."""

import asyncio
from datetime import timedelta

import pytest
from msgspec import structs

from archive.adapters.db.database import SqlDatabase
from archive.errors import Conflict
from archive.policy.actions import Action, Role
from archive.policy.decide import may
from archive.policy.principal import Grant, Principal
from archive.policy.scope import AllCalls, OwnCalls
from archive.ports import Claim, GrantFilter, Group
from tests.contract.making import add_person, new_grant
from tests.databases import Clock

pytestmark = pytest.mark.anyio

HEARERS = Claim("company", "hearers")


async def group_of(database: SqlDatabase, name: str = "Hearers", *members: Principal) -> Group:
    async with database.write() as work:
        group = await work.groups.add(name)
        for one in members:
            assert await work.groups.add_member(group.id, one.id)
        found = await work.groups.get(group.uid)
    assert found is not None
    return found


async def give(database: SqlDatabase, to: Group | Principal, *actions: Action, clock: Clock) -> Grant:
    async with database.write() as work:
        return await work.principals.give(to.id, new_grant(clock, AllCalls(), None, *actions))


async def held(database: SqlDatabase, person: Principal) -> list[tuple[str, str | None]]:
    """What somebody was granted, with the group by which they hold it."""
    async with database.read() as work:
        now = await work.principals.get(person.uid)
    assert now is not None
    return [(grant.uid, grant.group) for grant in now.grants]


async def test_members_hold_what_the_group_was_granted(database: SqlDatabase, clock: Clock) -> None:
    jo, other = await add_person(database), await add_person(database, "other@example.com")
    group = await group_of(database, "Hearers", jo)
    own = await give(database, jo, Action.FIND, clock=clock)
    shared = await give(database, group, Action.LISTEN, clock=clock)
    assert await held(database, jo) == [(own.uid, None), (shared.uid, group.uid)]
    assert await held(database, other) == []
    async with database.read() as work:
        found = await work.principals.grant(shared.uid)
        assert await work.groups.of(jo.id) == [await work.groups.get(group.uid)]
        assert await work.groups.of(other.id) == []
    assert found is not None
    assert (found[0].uid, found[1].group) == (group.uid, None)


async def test_a_member_twice_over_holds_a_grant_once(database: SqlDatabase, clock: Clock) -> None:
    jo = await add_person(database)
    group = await group_of(database, "Hearers", jo)
    shared = await give(database, group, Action.LISTEN, clock=clock)
    async with database.write() as work:
        await work.groups.map_claim(group.id, HEARERS)
        await work.groups.claimed(jo.id, "company", ["hearers"])
        counted = await work.groups.get(group.uid)
        members = await work.groups.members(group.id)
    assert await held(database, jo) == [(shared.uid, group.uid)]
    assert counted is not None
    assert counted.members == 1
    assert [(one.principal.uid, one.provider) for one in members] == [(jo.uid, ""), (jo.uid, "company")]


async def test_whoever_leaves_holds_nothing_of_it_and_may_enter_again(
    database: SqlDatabase, clock: Clock
) -> None:
    jo = await add_person(database)
    group = await group_of(database, "Hearers", jo)
    shared = await give(database, group, Action.LISTEN, clock=clock)
    async with database.write() as work:
        assert not await work.groups.add_member(group.id, jo.id)
        assert await work.groups.remove_member(group.id, jo.id)
        assert not await work.groups.remove_member(group.id, jo.id)
        assert await work.groups.members(group.id) == []
    assert await held(database, jo) == []
    entered = clock.forward(hours=1)
    async with database.write() as work:
        assert await work.groups.add_member(group.id, jo.id)
        (member,) = await work.groups.members(group.id)
    assert member.added_at == entered
    assert await held(database, jo) == [(shared.uid, group.uid)]


async def test_a_disabled_group_gives_nothing_and_frees_its_name(database: SqlDatabase, clock: Clock) -> None:
    jo = await add_person(database)
    group = await group_of(database, "Hearers", jo)
    await give(database, group, Action.APPROVE, clock=clock)
    async with database.write() as work:
        assert [one.uid for one in await work.principals.holding(Action.APPROVE)] == [jo.uid]
        await work.groups.disable(group.id)
        assert await work.principals.holding(Action.APPROVE) == []
        assert await work.groups.of(jo.id) == []
        assert await work.groups.all() == []
        assert await work.groups.by_name("Hearers") is None
        kept = await work.groups.get(group.uid)
        again = await work.groups.add("Hearers")
    assert kept is not None
    assert kept.disabled_at == clock()
    assert again.uid != group.uid
    assert await held(database, jo) == []


async def test_a_name_is_taken_once(database: SqlDatabase) -> None:
    async with database.write() as work:
        first, second = await work.groups.add("Hearers"), await work.groups.add("Readers")
        with pytest.raises(Conflict):
            await work.groups.add(" hEARERS ")
        with pytest.raises(Conflict):
            await work.groups.rename(second.id, "HEARERS")
        await work.groups.rename(first.id, "HEARERS")
        assert [one.name for one in await work.groups.all()] == ["HEARERS", "Readers"]
        assert [one.name for one in await work.groups.all(first.id, 1)] == ["Readers"]
        found = await work.groups.by_name("hearers")
    assert found is not None
    assert found.uid == first.uid


async def test_own_calls_of_a_groups_grant_are_the_members(database: SqlDatabase, clock: Clock) -> None:
    jo, other = await add_person(database, "jo@example.com"), await add_person(database, "x@example.com")
    group = await group_of(database, "Agents", jo, other)
    async with database.write() as work:
        await work.principals.give(group.id, new_grant(clock, OwnCalls(frozenset()), Role.AGENT))
        agent = await work.names.add_agent("Jo", "jo@example.com")
        people = {one.uid: one for one in await work.principals.people()}
    assert people[jo.uid].grants[0].scope == OwnCalls(frozenset({agent.id}))
    assert people[other.uid].grants[0].scope == OwnCalls(frozenset())


async def test_what_a_provider_says_replaces_what_it_said_before(database: SqlDatabase) -> None:
    jo = await add_person(database)
    hearers, readers = await group_of(database, "Hearers", jo), await group_of(database, "Readers")
    async with database.write() as work:
        groups = work.groups
        assert await groups.map_claim(hearers.id, HEARERS)
        assert not await groups.map_claim(hearers.id, HEARERS)
        assert await groups.map_claim(readers.id, Claim("company", "readers"))
        assert await groups.claimed(jo.id, "company", ["hearers", "others"]) == ({hearers.uid}, set())
        assert await groups.claimed(jo.id, "company", ["hearers", "readers"]) == ({readers.uid}, set())
        assert await groups.claimed(jo.id, "partner", ["hearers"]) == (set(), set())
        assert await groups.carries(jo.id, HEARERS)
        assert not await groups.carries(jo.id, Claim("company", "others"))
        assert await groups.unmap_claim(hearers.id, HEARERS)
        assert not await groups.unmap_claim(hearers.id, HEARERS)
        left = await groups.claimed(jo.id, "company", ["hearers", "readers"])
        assert left == (set(), {hearers.uid})
        assert [one.provider for one in await groups.members(hearers.id)] == [""]  # by hand: stays
        assert await groups.claimed(jo.id, "company", []) == (set(), {readers.uid})
        assert not await groups.carries(jo.id, HEARERS)


async def test_a_claim_of_a_disabled_group_makes_nobody_a_member(database: SqlDatabase) -> None:
    jo = await add_person(database)
    group = await group_of(database)
    async with database.write() as work:
        await work.groups.map_claim(group.id, HEARERS)
        await work.groups.disable(group.id)
        assert await work.groups.claimed(jo.id, "company", ["hearers"]) == (set(), set())


# ---- grants beside it ----


async def test_who_holds_an_action_and_who_once_did(database: SqlDatabase, clock: Clock) -> None:
    jo = await add_person(database)
    group = await group_of(database)
    later = new_grant(clock, AllCalls(), Role.COMPLIANCE)
    async with database.write() as work:
        principals = work.principals
        grant = await principals.give(group.id, later)
        assert await principals.ever_held(Action.APPROVE) == []
        assert await principals.holding(Action.APPROVE) == []
        await work.groups.add_member(group.id, jo.id)
        assert [one.uid for one in await principals.holding(Action.APPROVE)] == [jo.uid]
        await work.groups.remove_member(group.id, jo.id)
        assert await principals.holding(Action.APPROVE) == []
        assert await principals.ever_held(Action.APPROVE) == [AllCalls()]
        clock.forward(hours=1)
        await principals.revoke(grant.id)
        await work.groups.disable(group.id)
        assert await principals.ever_held(Action.APPROVE) == [AllCalls()]
        assert await principals.ever_held(Action.MANAGE_PEOPLE) == []


async def test_when_those_who_held_an_action_ceased_to(database: SqlDatabase, clock: Clock) -> None:
    jo, ann, bea = [await add_person(database, f"{name}@example.com") for name in ("jo", "ann", "bea")]
    group = await group_of(database, "Compliance", ann)
    giving = new_grant(clock, AllCalls(), Role.COMPLIANCE)
    async with database.write() as work:
        people, moments = work.principals, []
        grant = await people.give(jo.id, giving)
        await people.give(group.id, giving)
        await people.give(bea.id, structs.replace(giving, until=clock() + timedelta(days=1)))
        assert await people.held_until(Action.APPROVE) == []
        moments.append(clock.forward(days=1))
        moments.append(clock.forward(hours=1))
        await people.revoke(grant.id)
        moments.append(clock.forward(hours=1))
        await work.groups.remove_member(group.id, ann.id)
        await work.groups.add_member(group.id, bea.id)
        moments.append(clock.forward(hours=1))
        await people.disable(bea.id)
        clock.forward(hours=1)
        ended = await people.held_until(Action.APPROVE)
        assert sorted(end for _, end in ended) == moments
        assert {scope for scope, _ in ended} == {AllCalls()}
        assert await people.held_until(Action.MANAGE_PEOPLE) == []


async def test_grants_are_listed_by_holder_and_by_what_is_in_force(
    database: SqlDatabase, clock: Clock
) -> None:
    jo = await add_person(database)
    group = await group_of(database, "Hearers", jo)
    shared = await give(database, group, Action.LISTEN, clock=clock)
    own = await give(database, jo, Action.FIND, clock=clock)
    gone = await give(database, jo, Action.EDIT, clock=clock)
    async with database.write() as work:
        await work.principals.revoke(gone.id)

        async def listed(after: int = 0, limit: int = 9, **filter: object) -> list[tuple[str, str]]:
            found = await work.principals.grants(GrantFilter(**filter), after, limit)  # type: ignore[arg-type]
            return [(holder.uid, grant.uid) for holder, grant in found]

        everything = [(group.uid, shared.uid), (jo.uid, own.uid), (jo.uid, gone.uid)]
        assert await listed() == everything
        assert await listed(after=shared.id, limit=1) == everything[1:2]
        assert await listed(holder=jo.uid) == everything[1:]
        assert await listed(in_force=clock()) == everything[:2]


async def test_an_end_is_changed_once(database: SqlDatabase, clock: Clock) -> None:
    jo = await add_person(database)
    grant = await give(database, jo, Action.LISTEN, clock=clock)
    until = clock() + timedelta(days=2)
    async with database.write() as work:
        assert await work.principals.change_end(grant, until)
        assert not await work.principals.change_end(grant, None)
        found = await work.principals.grant(grant.uid)
        assert found is not None
        await work.principals.revoke(grant.id)
        assert not await work.principals.change_end(found[1], None)
    assert found[1].until == until
    assert may(await again(database, jo), Action.LISTEN, clock()) is False


async def test_two_enter_one_person_at_once(database: SqlDatabase) -> None:
    jo = await add_person(database)
    group = await group_of(database)

    async def enter() -> bool:
        async with database.write() as work:
            return await work.groups.add_member(group.id, jo.id)

    assert sorted(await asyncio.gather(enter(), enter())) == [False, True]


async def again(database: SqlDatabase, person: Principal) -> Principal:
    async with database.read() as work:
        found = await work.principals.get(person.uid)
    assert found is not None
    return found
