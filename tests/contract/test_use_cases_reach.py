"""What somebody can reach, and who can reach a call, on both databases."""

from datetime import timedelta

import pytest
from msgspec import structs

from archive.calls.call import Call, Consent
from archive.calls.caller import Caller
from archive.calls.placing import AgentGiven, ClientGiven
from archive.errors import Forbidden, NotFound
from archive.identity import reach
from archive.identity.reach import CallReach, Standing
from archive.policy.actions import Action, Role
from archive.policy.decide import may
from archive.policy.decide import reach as reach_of
from archive.policy.principal import Basis
from archive.policy.scope import (
    AllCalls,
    CallIds,
    Client,
    Intersection,
    OwnCalls,
    Partner,
    Scope,
    Union,
    Unsealed,
    contains,
)
from archive.ports import NewGrant
from tests.story import Story, only

pytestmark = pytest.mark.anyio

A = Action
HEARING = {A.FIND, A.READ_CALL, A.LISTEN}


async def give(story: Story, to: Caller, scope: Scope, **more: object) -> None:
    new = NewGrant(
        scope=scope,
        role=None,
        actions=frozenset(HEARING),
        since=story.clock(),
        until=None,
        reason="case 7",
        granted_by="console",
    )
    async with story.parts.database.write() as work:
        await work.principals.give(to.principal.id, structs.replace(new, **more))


async def in_group(story: Story, scope: Scope, *members: Caller) -> str:
    async with story.parts.database.write() as work:
        group = await work.groups.add("Hearers")
        holder = await work.principals.by_id(group.id)
        for one in members:
            await work.groups.add_member(group.id, one.principal.id)
    assert holder is not None
    await give(story, Caller(holder), scope)
    return group.uid


def told(found: CallReach) -> dict[str, tuple[str, ...]]:
    """Members by the public id of who holds the grant; without the story's uploaders, who write alone."""
    lines = [one for one in found.lines if one.line.actions != (A.UPLOAD,)]
    return {one.holder.uid: tuple(member.uid for member in one.members) for one in lines}


async def test_one_sees_what_one_reaches_and_why(story: Story) -> None:
    call = await story.ready("Northwind")
    await story.ready("Contoso", external_id="2")
    giver = await story.caller(Role.ADMINISTRATOR)
    jo = await story.caller(Role.PARTNER_MANAGER, "Northwind")
    now = story.clock()
    await give(story, jo, only(call), since=now + timedelta(days=1), granted_by=giver.principal.uid)
    await give(story, jo, AllCalls(), until=now + timedelta(hours=1))
    await in_group(story, AllCalls(), jo)
    story.clock.forward(hours=2)
    found = await reach.of_person(story.parts, await story.again(jo), jo.principal.uid)
    assert found.oneself
    shown = [(one.standing, one.scope, one.calls, one.group, one.by) for one in found.lines]
    assert shown == [
        (Standing.IN_FORCE, "all", 2, "Hearers", ""),
        (Standing.IN_FORCE, "partner:Northwind", 1, "", ""),
        (Standing.COMING, f"call:{call.uid}", 1, "", "Jo"),
        (Standing.ENDED, "all", None, "", ""),
    ]
    assert found.lines[2].grant.reason == "case 7"
    story.clock.forward(days=31)
    again = await reach.of_person(story.parts, await story.again(jo), jo.principal.uid)
    assert Standing.ENDED not in {one.standing for one in again.lines}


async def test_many_grants_cost_as_few_statements_as_one(story: Story, statements: list[str]) -> None:
    calls = [await story.ready(str(number), external_id=str(number)) for number in range(4)]
    jo, boss, asked = await story.caller({A.UPLOAD}), await story.caller(Role.COMPLIANCE), []
    for call in calls:
        await give(story, jo, Partner(frozenset({call.partner_id or 0})))
        await give(story, jo, only(call))
        statements.clear()
        found = await reach.of_person(story.parts, boss, jo.principal.uid)
        asked.append(len(statements))
        await reach.of_call(story.parts, boss, calls[0].uid)
    assert [one.calls for one in found.lines] == [1] * 8 + [4]
    assert {one.scope for one in found.lines if isinstance(one.grant.scope, Partner)} == {
        f"partner:{number}" for number in range(4)
    }
    assert len(set(asked)) == 1


async def test_sealed_calls_are_left_out_of_the_number_but_for_the_named(story: Story) -> None:
    sealed = await story.ready("Northwind", consent=Consent.REFUSED)
    await story.ready("Northwind", external_id="2")
    jo = await story.caller(HEARING, "Northwind")
    await give(story, jo, only(sealed))
    named, partner = (await reach.of_person(story.parts, await story.again(jo), jo.principal.uid)).lines
    assert (named.calls, named.sealed) == (1, True)
    assert (partner.calls, partner.sealed) == (1, False)


async def test_a_role_that_reaches_no_call_comes_to_none(story: Story) -> None:
    await story.ready("Northwind")
    for role in (Role.ADMINISTRATOR, Role.AUDITOR):
        jo = await story.caller(role)
        (line,) = (await reach.of_person(story.parts, jo, jo.principal.uid)).lines
        assert (line.calls, line.scope) == (None, "")


@pytest.mark.parametrize("role", Role)
async def test_who_sees_what_another_reaches(story: Story, role: Role) -> None:
    jo, other = await story.caller(HEARING), await story.caller(role)
    sees = {Role.ADMINISTRATOR, Role.COMPLIANCE, Role.AUDITOR}
    assert await reach.looks_after(story.parts, other) is (role in sees)
    if role in sees:
        assert (await reach.of_person(story.parts, other, jo.principal.uid)).who.uid == jo.principal.uid
        (found,) = await reach.people_like(story.parts, other, jo.principal.email or "", 9)
        assert found.uid == jo.principal.uid
        return
    with pytest.raises(NotFound):
        await reach.of_person(story.parts, other, jo.principal.uid)
    with pytest.raises(Forbidden):
        await reach.people_like(story.parts, other, "jo", 9)
    assert len(await story.events("archive.denied")) == 2


async def test_whoever_approves_over_one_partner_sees_nobody_elses_reach(story: Story) -> None:
    jo, boss = await story.caller(HEARING), await story.caller({A.APPROVE}, "Northwind")
    with pytest.raises(NotFound):
        await reach.of_person(story.parts, boss, jo.principal.uid)


async def test_everybody_who_reaches_a_call_is_told_with_their_grant(story: Story) -> None:
    agent = AgentGiven(name="Priya", email="priya@example.com")
    client = ClientGiven(name="Harbour Dental")
    call = await story.ready("Northwind", agent=agent, client=client)
    assert call.client_id
    boss = await story.caller(Role.COMPLIANCE)
    manager = await story.caller(Role.PARTNER_MANAGER, "Northwind")
    stranger = await story.caller(Role.PARTNER_MANAGER, "Contoso")
    of_client = await story.caller({A.FIND}, Client(frozenset({call.client_id})))
    async with story.parts.database.write() as work:
        priya = Caller(await work.principals.add_person("Priya@example.com", "Priya"))
        program = Caller(await work.principals.add_integration("CRM", None))
    await give(story, priya, OwnCalls(frozenset()))
    await give(story, stranger, OwnCalls(frozenset()))
    await give(story, program, Union((Unsealed(AllCalls()), Partner(frozenset({1})))))
    group = await in_group(story, OwnCalls(frozenset()), priya, stranger)
    await story.caller(Role.ADMINISTRATOR)
    found = await reach.of_call(story.parts, boss, call.uid)
    assert found.call is not None
    assert told(found) == {
        boss.principal.uid: (),
        manager.principal.uid: (),
        of_client.principal.uid: (),
        priya.principal.uid: (),
        program.principal.uid: (),
        group: (priya.principal.uid,),
    }


async def test_what_is_over_or_coming_or_of_the_disabled_reaches_nothing(story: Story) -> None:
    call, boss = await story.ready("Northwind"), await story.caller(Role.COMPLIANCE)
    now = story.clock()
    jo = await story.caller({A.UPLOAD}, "Contoso")
    await give(story, jo, only(call), until=now + timedelta(hours=1))
    await give(story, jo, only(call), since=now + timedelta(hours=3))
    gone = await story.caller(HEARING, "Northwind")
    async with story.parts.database.write() as work:
        await work.principals.disable(gone.principal.id)
    story.clock.forward(hours=2)
    assert set(told(await reach.of_call(story.parts, boss, call.uid))) == {boss.principal.uid}


async def test_a_sealed_call_is_reached_by_the_named_and_those_who_seal(story: Story) -> None:
    call, boss = await story.ready("Northwind", consent=Consent.REFUSED), await story.caller(Role.COMPLIANCE)
    named = await story.caller(HEARING, only(call))
    await story.caller(Role.PARTNER_MANAGER, "Northwind")
    taken = await story.caller({A.UPLOAD}, "Contoso")
    await give(story, taken, Unsealed(only(call)), basis=Basis.BREAK_GLASS)
    found = await reach.of_call(story.parts, boss, call.uid)
    assert found.sealed
    assert set(told(found)) == {boss.principal.uid, named.principal.uid}


async def test_broken_glass_comes_first(story: Story) -> None:
    call, boss = await story.ready("Northwind"), await story.caller(Role.COMPLIANCE)
    taken = await story.caller(Role.ADMINISTRATOR)
    await give(story, taken, Unsealed(AllCalls()), basis=Basis.BREAK_GLASS)
    found = await reach.of_call(story.parts, boss, call.uid)
    assert found.lines[0].holder.uid == taken.principal.uid


async def test_an_administrator_is_told_by_the_id_alone(story: Story) -> None:
    call = await story.ready("Northwind")
    found = await reach.of_call(story.parts, await story.caller(Role.ADMINISTRATOR), call.uid)
    assert (found.call, found.uid, found.gives) == (None, call.uid, False)


async def test_a_partner_manager_sees_the_grants_that_name_the_call(story: Story) -> None:
    call, jo = await story.ready("Northwind"), await story.caller({A.UPLOAD}, "Contoso")
    manager = await story.caller(Role.PARTNER_MANAGER, "Northwind")
    await story.caller(Role.COMPLIANCE)
    await give(story, jo, only(call), granted_by=manager.principal.uid)
    found = await reach.of_call(story.parts, manager, call.uid)
    assert set(told(found)) == {jo.principal.uid}
    assert (found.gives, found.lines[0].ends) == (True, True)
    other = await story.caller(Role.PARTNER_MANAGER, "Northwind")
    assert [one.ends for one in (await reach.of_call(story.parts, other, call.uid)).lines] == [False]


async def test_those_who_merely_hear_a_call_are_not_told_who_else_does(story: Story) -> None:
    call = await story.ready("Northwind")
    with pytest.raises(Forbidden):
        await reach.of_call(story.parts, await story.caller(HEARING, "Northwind"), call.uid)
    for other in (await story.caller(HEARING, "Contoso"), await story.caller(Role.AUDITOR)):
        with pytest.raises(NotFound):
            await reach.of_call(story.parts, other, call.uid)
    assert len(await story.events("call.denied")) == 3


async def test_who_reaches_a_call_is_whom_the_policy_lets(story: Story) -> None:
    """Each grant that the database picks is one that contains the call, and none is left out."""
    calls = [await story.ready(name, external_id=name) for name in ("Northwind", "Contoso", "Fabrikam")]
    ids = frozenset(range(1, 12))
    scopes: list[Scope] = [
        AllCalls(),
        Partner(ids),
        Partner(frozenset({1})),
        Partner(frozenset({11})),
        CallIds(frozenset({2, 3})),
        Unsealed(Partner(frozenset({2, 3}))),
        Intersection((Partner(ids), CallIds(frozenset({1, 21})))),
        Union((Partner(frozenset({12})), CallIds(frozenset({3})))),
    ]
    people = [await story.caller({A.LISTEN}, scope) for scope in scopes]
    boss = await story.caller(Role.COMPLIANCE)
    for call in calls:
        expected = {one.principal.uid for one in people if _reaches(one, call)}
        assert set(told(await reach.of_call(story.parts, boss, call.uid))) == expected | {boss.principal.uid}
        assert expected
    assert may(boss.principal, A.APPROVE, story.clock())


def _reaches(one: Caller, call: Call) -> bool:
    return any(contains(reach_of(grant), call) for grant in one.principal.grants)
