"""Breaking the glass, on both databases."""

import asyncio
from datetime import timedelta

import pytest

from archive.calls.call import Consent
from archive.calls.caller import Caller
from archive.errors import Conflict, Forbidden, Invalid, NotFound, TooMany
from archive.http.pages.office import grant_rows
from archive.identity import approving, ending, glass, reach, requests
from archive.identity.glass import Breaking, Taken
from archive.identity.half_way import EVERYBODY
from archive.identity.managing import console
from archive.identity.requests import Asking
from archive.identity.sharing import give_call
from archive.policy.actions import HEAR, Action, Role
from archive.policy.decide import decide
from archive.policy.principal import Basis
from archive.ports import About
from tests.story import Story

pytestmark = pytest.mark.anyio

A = Action
WHY = "A child is missing, the police ask"


async def admin(story: Story) -> Caller:
    return await story.signed_in(await story.caller(Role.ADMINISTRATOR))


async def take(story: Story, who: Caller, scope: str = "all", reason: str = WHY, minutes: int = 60) -> Taken:
    breaking = Breaking(scope=scope, reason=reason)
    return await glass.break_glass(story.parts, await story.again(who), EVERYBODY, minutes, breaking)


async def unseen(story: Story, who: Caller) -> int:
    async with story.parts.database.read() as work:
        return await glass.unseen(work, who.principal)


async def test_an_administrator_hears_for_an_hour_what_is_not_sealed(story: Story) -> None:
    call = await story.ready("Northwind")
    sealed = await story.ready("Northwind", external_id="2", consent=Consent.REFUSED)
    who = await admin(story)
    taken = await take(story, who)
    assert (taken.grant.basis, taken.grant.actions) == (Basis.BREAK_GLASS, HEAR)
    assert taken.grant.until == story.clock() + timedelta(minutes=60)
    who, now = await story.again(who), story.clock()
    assert decide(who.principal, A.LISTEN, call, now).allowed
    assert not decide(who.principal, A.DOWNLOAD, call, now).allowed
    assert not decide(who.principal, A.LISTEN, sealed, now).allowed
    assert not decide(who.principal, A.LISTEN, call, now + timedelta(minutes=60)).allowed
    (event,) = await story.events("glass.broken")
    assert event.object == {"kind": "grant", "id": taken.grant.uid}
    assert event.details["until"] == taken.grant.until.isoformat()
    assert event.details["scope"] == {"kind": "Unsealed", "scope": {"kind": "AllCalls"}}
    assert event.texts["details.where"] == "all"
    assert event.texts["details.reason"] == WHY


async def test_a_sealed_call_is_not_opened_by_its_id_either(story: Story) -> None:
    sealed = await story.ready("Northwind", consent=Consent.REFUSED)
    who = await admin(story)
    await take(story, who, f"call:{sealed.uid}")
    (event,) = await story.events("glass.broken", call=sealed.uid)
    inner = {"kind": "CallIds", "ids": [sealed.uid], "count": 1}
    assert event.details["scope"] == {"kind": "Unsealed", "scope": inner}
    assert not decide((await story.again(who)).principal, A.LISTEN, sealed, story.clock()).allowed


async def test_it_opens_one_partner_alone(story: Story) -> None:
    ours, theirs = await story.ready("Northwind"), await story.ready("Contoso", external_id="2")
    who = await admin(story)
    await take(story, who, "partner:Northwind")
    who = await story.again(who)
    assert decide(who.principal, A.LISTEN, ours, story.clock()).allowed
    assert not decide(who.principal, A.LISTEN, theirs, story.clock()).allowed


async def test_compliance_is_told_until_one_has_seen_it(story: Story) -> None:
    who, boss = await admin(story), await story.caller(Role.COMPLIANCE)
    taken = await take(story, who)
    assert (await unseen(story, boss), await unseen(story, who)) == (1, 0)
    assert [one.grant for one in await glass.lately(story.parts, boss)] == [taken.grant]
    with pytest.raises(NotFound):
        await glass.see(story.parts, await story.again(who), taken.grant.uid)
    await glass.see(story.parts, boss, taken.grant.uid)
    await glass.see(story.parts, boss, taken.grant.uid)
    assert await unseen(story, boss) == 0
    (event,) = await story.events("glass.seen")
    assert event.actor["id"] == boss.principal.uid
    assert event.details["to"] == who.principal.uid


async def test_nobody_sees_to_their_own(story: Story) -> None:
    who = await admin(story)
    await story.give(who.principal, Role.COMPLIANCE, "all")
    taken = await take(story, who)
    with pytest.raises(NotFound):
        await glass.see(story.parts, await story.again(who), taken.grant.uid)


async def test_only_broken_glass_is_seen(story: Story) -> None:
    boss, jo = await story.caller(Role.COMPLIANCE), await story.caller({A.LISTEN})
    with pytest.raises(NotFound):
        await glass.see(story.parts, boss, jo.principal.grants[0].uid)
    with pytest.raises(NotFound):
        await glass.see(story.parts, boss, "nothing")


async def test_it_is_given_back(story: Story) -> None:
    call, who = await story.ready("Northwind"), await admin(story)
    taken = await take(story, who, f"call:{call.uid}")
    story.clock.forward(minutes=5)
    await glass.mend(story.parts, await story.again(who))
    assert not decide((await story.again(who)).principal, A.LISTEN, call, story.clock()).allowed
    (event,) = await story.events("glass.mended", call=call.uid)
    assert event.object["id"] == taken.grant.uid
    with pytest.raises(NotFound):
        await glass.mend(story.parts, await story.again(who))


async def test_the_page_says_when_what_was_given_back_ended(story: Story) -> None:
    who = await admin(story)
    taken = await take(story, who)
    story.clock.forward(minutes=5)
    await glass.mend(story.parts, await story.again(who))
    shown = await reach.of_person(story.parts, await story.again(who), who.principal.uid)
    async with story.parts.database.read() as work:
        rows = {row.id: row for row in await grant_rows(work, shown)}
    row = rows[taken.grant.uid]
    assert (row.ended, row.until) == (True, story.clock())


async def test_compliance_ends_it_at_once(story: Story) -> None:
    call, who, boss = await story.ready("Northwind"), await admin(story), await story.caller(Role.COMPLIANCE)
    taken = await take(story, who)
    await ending.revoke(story.parts, boss, taken.grant.uid)
    assert not decide((await story.again(who)).principal, A.LISTEN, call, story.clock()).allowed


async def test_it_is_neither_doubled_nor_prolonged(story: Story) -> None:
    who, other = await admin(story), await story.caller(Role.ADMINISTRATOR)
    taken = await take(story, who)
    with pytest.raises(Conflict):
        await take(story, who)
    with pytest.raises(Invalid):
        await ending.prolong(story.parts, other, taken.grant.uid, story.clock() + timedelta(days=1))


async def test_three_times_a_day_and_no_more(story: Story) -> None:
    who = await admin(story)
    for _ in range(3):
        await take(story, who)
        await glass.mend(story.parts, await story.again(who))
        story.clock.forward(hours=7)
    with pytest.raises(TooMany) as refused:
        await take(story, who)
    assert refused.value.retry_after == 3 * 3600 + 1
    story.clock.forward(hours=3, seconds=1)
    await take(story, who)


async def test_two_at_once_open_one(story: Story) -> None:
    who = await admin(story)
    told = await asyncio.gather(take(story, who), take(story, who), return_exceptions=True)
    assert sorted(type(one).__name__ for one in told) == ["Conflict", "Taken"]


@pytest.mark.parametrize("reason", ["", "urgent", " " * 20, "x" * 501])
async def test_it_takes_a_reason(story: Story, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        await take(story, await admin(story), reason=reason)
    assert refused.value.field == "reason"


@pytest.mark.parametrize("scope", ["own", "team:Alpha", "partner:Nobody", "call:x", "everything"])
async def test_it_opens_what_there_is(story: Story, scope: str) -> None:
    with pytest.raises(Invalid) as refused:
        await take(story, await admin(story), scope)
    assert refused.value.field == "scope"


async def test_nobody_else_breaks_it_and_their_try_is_logged(story: Story) -> None:
    at_console, breaking = console("root"), Breaking(scope="all", reason=WHY)
    with pytest.raises(Forbidden):
        await glass.break_glass(story.parts, at_console, EVERYBODY, 60, breaking)
    with pytest.raises(Forbidden):
        await take(story, await story.signed_in(await story.caller(Role.PARTNER_MANAGER, "Northwind")))
    with pytest.raises(Forbidden):
        await take(story, await story.caller(Role.ADMINISTRATOR))  # a program acts for them
    with pytest.raises(Forbidden):
        await take(story, await admin(story), minutes=0)
    codes = [event.reason_code for event in await story.events("archive.denied")]
    assert codes == ["not_in_person", "no_grant", "not_in_person", "glass_off"]
    assert await story.events("glass.broken") == []


async def test_what_was_taken_is_not_passed_on(story: Story) -> None:
    call, who = await story.ready("Northwind"), await admin(story)
    asker = await story.signed_in(await story.caller({A.UPLOAD}, "Contoso"))
    asking = Asking(
        about=About.CALL, what=call.uid, until=story.clock() + timedelta(minutes=30), reason="They rang me"
    )
    request = await requests.ask(story.parts, asker, asking)
    await take(story, who)
    who = await story.again(who)
    with pytest.raises(Forbidden):
        await give_call(
            story.parts, who, call.uid, asker.principal.email or "", until=asking.until, reason="They asked"
        )
    with pytest.raises(NotFound):
        await approving.approve(story.parts, who, request.uid)
    assert not (await reach.of_call(story.parts, who, call.uid)).gives
