"""Asking for access, and deciding on it, on both databases."""

from datetime import timedelta

import pytest

from archive.calls.call import Call, Consent
from archive.calls.caller import Caller
from archive.calls.placing import ClientGiven
from archive.errors import Conflict, Decided, Forbidden, Invalid, NotFound
from archive.identity import approving, requests
from archive.identity.requests import Asking, TooManyWaiting
from archive.policy.actions import HEAR, Action, Role
from archive.policy.decide import decide
from archive.policy.principal import Basis
from archive.policy.scope import Client, Intersection, Partner
from archive.ports import About, AccessRequest, NameKind, RequestState
from tests.story import Story

pytestmark = pytest.mark.anyio

A = Action


async def person(story: Story, given: Role | set[Action], scope: str = "all") -> Caller:
    """Somebody signed in."""
    return await story.signed_in(await story.caller(given, scope))


async def nobody(story: Story) -> Caller:
    return await person(story, {A.UPLOAD})


async def ask(
    story: Story, by: Caller, what: Call | str, about: About = About.CALL, days: float = 60
) -> AccessRequest:
    named = what if isinstance(what, str) else what.uid
    until = story.clock() + timedelta(days=days)
    asking = Asking(about=about, what=named, until=until, reason="They rang me")
    return await requests.ask(story.parts, by, asking)


async def listed(story: Story, decider: Caller) -> list[str]:
    """The requests that wait for somebody's decision."""
    return [one.request.uid for one in await approving.waiting(story.parts, decider, 0, 50)]


async def counted(story: Story, decider: Caller) -> int:
    async with story.parts.database.read() as work:
        return await approving.count_waiting(work, decider.principal)


async def hears(story: Story, who: Caller, call: Call) -> bool:
    return decide((await story.again(who)).principal, A.LISTEN, call, story.clock()).allowed


async def test_a_call_is_asked_for_and_granted(story: Story) -> None:
    call, other = await story.ready("Northwind"), await story.ready("Northwind", external_id="2")
    asker, boss = await nobody(story), await person(story, Role.COMPLIANCE)
    request = await ask(story, asker, call)
    assert request.state is RequestState.WAITING
    assert await listed(story, boss) == [request.uid]
    decided = await approving.approve(story.parts, boss, request.uid, answer="Until then")
    assert (decided.state, decided.answer) == (RequestState.GRANTED, "Until then")
    assert decided.decided_by == boss.principal.uid
    grant = await story.grant(decided.grant or "")
    assert (grant.basis, grant.actions, grant.until) == (Basis.ASKED, HEAR, request.until)
    assert (grant.reason, grant.granted_by) == ("They rang me", boss.principal.uid)
    assert await hears(story, asker, call)
    assert not await hears(story, asker, other)
    assert await listed(story, boss) == []
    assert await requests.mine(story.parts, asker, None, 9) == [decided]
    assert (await approving.get(story.parts, boss, request.uid)).request == decided
    types = [event.type for event in await story.events() if event.object["id"] in (request.uid, grant.uid)]
    assert types == ["grant.asked", "grant.given", "grant.approved"]
    assert {event.call for event in await story.events("grant.asked", "grant.approved")} == {call.uid}


async def test_what_was_typed_stands_beside_the_events(story: Story) -> None:
    call, boss = await story.ready("Northwind"), await person(story, Role.COMPLIANCE)
    request = await ask(story, await nobody(story), call)
    await approving.refuse(story.parts, boss, request.uid, "No case")
    asked, refused = await story.events("grant.asked", "grant.refused")
    assert (asked.texts["details.asked"], asked.texts["details.reason"]) == (call.uid, "They rang me")
    assert asked.details["about"] == "call"
    assert (refused.texts["details.answer"], refused.details["to"]) == ("No case", request.by)


async def test_nothing_that_is_asked_for_tells_whether_it_is_there(story: Story) -> None:
    call = await story.ready("Northwind", client=ClientGiven(name="Harbour Dental"))
    asker, boss = await nobody(story), await person(story, Role.COMPLIANCE)
    pairs = [
        (About.CALL, call.uid, "019a0000-0000-7000-8000-000000000000"),
        (About.CLIENT, "Harbour Dental", "Harbour Dentists"),
        (About.PARTNER, "northwind", "southwind"),
    ]
    for about, there, nowhere in pairs:
        first, second = await ask(story, asker, there, about), await ask(story, asker, nowhere, about)
        assert (first.state, first.answer, first.decided_at) == (second.state, second.answer, None)
    assert len(await listed(story, boss)) == len(pairs)
    story.clock.forward(days=31)
    states = {one.state for one in await requests.mine(story.parts, asker, None, 9)}
    assert states == {RequestState.NOT_ANSWERED}


async def test_an_address_is_asked_for_as_the_call_that_it_leads_to(story: Story) -> None:
    call = await story.ready("Northwind")
    request = await ask(story, await nobody(story), f"https://calls.example.com/calls/{call.uid}?t=6")
    assert (request.asked, request.found_id) == (call.uid, call.id)


async def test_whoever_approves_over_a_partner_decides_on_that_partner_alone(story: Story) -> None:
    ours, theirs = await story.ready("Northwind"), await story.ready("Contoso", external_id="2")
    asker, boss = await nobody(story), await person(story, {A.APPROVE}, "Northwind")
    wanted = [await ask(story, asker, ours), await ask(story, asker, "Northwind", About.PARTNER)]
    foreign = [await ask(story, asker, theirs), await ask(story, asker, "Contoso", About.PARTNER)]
    assert await listed(story, boss) == [one.uid for one in wanted]
    for one in foreign:
        with pytest.raises(NotFound):
            await approving.approve(story.parts, boss, one.uid)
        with pytest.raises(NotFound):
            await approving.refuse(story.parts, boss, one.uid)
    assert len(await story.events("archive.denied")) == 4
    granted = await approving.approve(story.parts, boss, wanted[1].uid)
    assert (await story.grant(granted.grant or "")).scope == Partner(frozenset({ours.partner_id or 0}))


async def test_those_that_others_decide_on_hide_none(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many came before: calls elsewhere, clients and partners looked into one by one, and one's own."""
    monkeypatch.setattr(approving, "PORTION", 2)
    ours = await story.ready("Northwind", client=ClientGiven(name="Harbour Dental"))
    theirs = await story.ready("Contoso", external_id="2", client=ClientGiven(name="Hill"))
    boss = await person(story, {A.APPROVE}, "Northwind")
    manager = await person(story, Role.PARTNER_MANAGER, "Northwind")
    askers = [await nobody(story) for _ in range(3)]
    for asker in askers:
        await ask(story, asker, theirs)
        await ask(story, asker, "Hill", About.CLIENT)
        await ask(story, asker, "Contoso", About.PARTNER)
    await ask(story, boss, ours)
    calls = [(await ask(story, asker, ours)).uid for asker in askers]
    client = await ask(story, askers[0], "Harbour Dental", About.CLIENT)
    assert await listed(story, boss) == [*calls, client.uid]
    assert await counted(story, boss) == 4
    first, second = await approving.waiting(story.parts, boss, 0, 2)
    assert [first.request.uid, second.request.uid] == calls[:2]
    (third, _) = await approving.waiting(story.parts, boss, second.request.id, 2)
    assert third.request.uid == calls[2]
    assert (len(await listed(story, manager)), await counted(story, manager)) == (4, 4)


async def test_what_waits_is_counted_as_it_is_listed(story: Story) -> None:
    calls = [await story.ready(name, external_id=name) for name in ("Northwind", "Contoso")]
    asker = await nobody(story)
    for call in calls:
        await ask(story, asker, call)
    await ask(story, asker, "Contoso", About.PARTNER)
    await ask(story, asker, "nothing")
    boss = await person(story, Role.COMPLIANCE)
    await ask(story, boss, calls[0])
    deciders = [boss, await person(story, Role.PARTNER_MANAGER, "Contoso"), await nobody(story), asker]
    counts = [await counted(story, one) for one in deciders]
    assert counts == [len(await listed(story, one)) for one in deciders] == [3, 1, 0, 0]


async def test_of_a_client_an_approver_grants_the_calls_they_approve_over(story: Story) -> None:
    client = ClientGiven(name="Harbour Dental", external_id="c1")
    ours = await story.ready("Northwind", client=client)
    theirs = await story.ready("Contoso", client=client, external_id="2")
    asker, boss = await nobody(story), await person(story, {A.APPROVE}, "Northwind")
    stranger = await person(story, {A.APPROVE}, "Fabrikam")
    request = await ask(story, asker, "harbour dental", About.CLIENT)
    assert await listed(story, stranger) == []
    (asked,) = await approving.waiting(story.parts, boss, 0, 9)
    assert asked.calls == 1
    granted = await approving.approve(story.parts, boss, request.uid)
    assert isinstance((await story.grant(granted.grant or "")).scope, Intersection)
    assert (await hears(story, asker, ours), await hears(story, asker, theirs)) == (True, False)


async def test_compliance_grants_all_namesakes_of_a_client(story: Story) -> None:
    calls = [
        await story.ready("Northwind", client=ClientGiven(name="Hill", external_id=one), external_id=one)
        for one in ("a", "b")
    ]
    asker, boss = await nobody(story), await person(story, Role.COMPLIANCE)
    granted = await approving.approve(story.parts, boss, (await ask(story, asker, "Hill", About.CLIENT)).uid)
    ids = frozenset(one.client_id or 0 for one in calls)
    assert (await story.grant(granted.grant or "")).scope == Client(ids)
    assert len(ids) == 2


async def test_who_is_renamed_to_a_clients_name_while_a_request_waits_is_not_asked_for(story: Story) -> None:
    calls = [
        await story.ready("Northwind", client=ClientGiven(name=name, external_id=name), external_id=name)
        for name in ("Hill", "Harbour Dental", "Bank")
    ]
    asker, boss = await nobody(story), await person(story, Role.COMPLIANCE)
    request = await ask(story, asker, "Hill", About.CLIENT)
    async with story.parts.database.write() as work:
        for call in calls[1:]:
            await work.names.rename(NameKind.CLIENT, call.client_id or 0, "Hill")
    (asked,) = await approving.waiting(story.parts, boss, 0, 9)
    assert asked.calls == 1
    await approving.approve(story.parts, boss, request.uid)
    assert [await hears(story, asker, call) for call in calls] == [True, False, False]


async def test_a_partner_manager_decides_on_one_call_for_thirty_days(story: Story) -> None:
    call, boss = await story.ready("Northwind"), await person(story, Role.PARTNER_MANAGER, "Northwind")
    asker, now = await nobody(story), story.clock()
    request = await ask(story, asker, call, days=31)
    partner = await ask(story, asker, "Northwind", About.PARTNER)
    assert await listed(story, boss) == [request.uid]
    with pytest.raises(NotFound):
        await approving.approve(story.parts, boss, partner.uid)
    with pytest.raises(Invalid):
        await approving.approve(story.parts, boss, request.uid)
    granted = await approving.approve(story.parts, boss, request.uid, now + timedelta(days=30))
    grant = await story.grant(granted.grant or "")
    assert (grant.basis, grant.until, grant.actions) == (Basis.ASKED, now + timedelta(days=30), HEAR)


async def test_a_sealed_call_is_decided_on_by_those_who_seal(story: Story) -> None:
    call = await story.ready("Northwind", consent=Consent.REFUSED)
    asker, boss = await nobody(story), await person(story, Role.COMPLIANCE)
    manager = await person(story, Role.PARTNER_MANAGER, "Northwind")
    approver = await person(story, {A.APPROVE}, "Northwind")
    request = await ask(story, asker, call)
    assert (await listed(story, manager), await listed(story, approver)) == ([], [])
    await approving.approve(story.parts, boss, request.uid)
    assert await hears(story, asker, call)


@pytest.mark.parametrize("days", [-1, 0, 90.01])
async def test_it_is_asked_for_ninety_days_at_most(story: Story, days: float) -> None:
    with pytest.raises(Invalid) as refused:
        await ask(story, await nobody(story), "Northwind", About.PARTNER, days)
    assert refused.value.field == "until"


async def test_nobody_gets_longer_than_they_asked_for(story: Story) -> None:
    call, boss = await story.ready("Northwind"), await person(story, Role.COMPLIANCE)
    request = await ask(story, await nobody(story), call, days=5)
    with pytest.raises(Invalid) as refused:
        await approving.approve(story.parts, boss, request.uid, story.clock() + timedelta(days=6))
    assert refused.value.field == "until"
    await approving.approve(story.parts, boss, request.uid, story.clock() + timedelta(days=4))


async def test_twenty_wait_at_most_of_one_person(story: Story) -> None:
    asker = await nobody(story)
    made = [await ask(story, asker, f"Nobody {at}", About.CLIENT) for at in range(20)]
    with pytest.raises(TooManyWaiting):
        await ask(story, asker, "Nobody 21", About.CLIENT)
    await requests.withdraw(story.parts, asker, made[0].uid)
    await ask(story, asker, "Nobody 21", About.CLIENT)


async def test_what_was_decided_is_decided(story: Story) -> None:
    call, boss = await story.ready("Northwind"), await person(story, Role.COMPLIANCE)
    asker = await nobody(story)
    withdrawn, refused, late = [await ask(story, asker, call) for _ in range(3)]
    await requests.withdraw(story.parts, asker, withdrawn.uid)
    await approving.refuse(story.parts, boss, refused.uid)
    story.clock.forward(days=31)
    for one in (withdrawn, refused, late):
        with pytest.raises(Decided):
            await approving.approve(story.parts, boss, one.uid)
        with pytest.raises(Decided):
            await requests.withdraw(story.parts, asker, one.uid)
    assert not await hears(story, asker, call)


async def test_whoever_was_disabled_gets_nothing(story: Story) -> None:
    call, boss, asker = (
        await story.ready("Northwind"),
        await person(story, Role.COMPLIANCE),
        await nobody(story),
    )
    request = await ask(story, asker, call)
    async with story.parts.database.write() as work:
        await work.principals.disable(asker.principal.id)
    with pytest.raises(Conflict):
        await approving.approve(story.parts, boss, request.uid)


async def test_a_request_of_another_is_withdrawn_by_nobody_else(story: Story) -> None:
    request = await ask(story, await nobody(story), "Northwind", About.PARTNER)
    with pytest.raises(NotFound):
        await requests.withdraw(story.parts, await nobody(story), request.uid)
    with pytest.raises(NotFound):
        await approving.get(story.parts, await nobody(story), request.uid)


async def test_programs_neither_ask_nor_decide(story: Story) -> None:
    call, asker = await story.ready("Northwind"), await nobody(story)
    request = await ask(story, asker, call)
    program = await story.with_token(await story.caller(Role.COMPLIANCE), b"1", {A.APPROVE})
    with pytest.raises(Forbidden):
        await approving.approve(story.parts, program, request.uid)
    with pytest.raises(Forbidden):
        await ask(story, program, call)
