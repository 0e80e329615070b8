"""Sealing a call, on both databases: who still reaches it, and what that takes."""

import pytest
from msgspec import structs

from archive.calls import catalogue, listen, search
from archive.calls.access import reading
from archive.calls.call import Call, Consent
from archive.calls.caller import Caller
from archive.calls.catalogue import CallEdit
from archive.calls.filters import CallFilter
from archive.calls.placing import ClientGiven
from archive.errors import Conflict, Forbidden, Invalid, NotFound
from archive.identity import sealing
from archive.policy.actions import HEAR, Action, Role
from archive.policy.scope import CallIds
from tests.story import Story

pytestmark = pytest.mark.anyio

WHY = "the works council asked"


async def sealed(story: Story, officer: Caller, *named: Caller) -> Call:
    call = await story.ready(client=ClientGiven(name="Sealed Ltd"))
    emails = [one.principal.email or "" for one in named]
    await sealing.seal(story.parts, officer, call.uid, reason=WHY, named=emails)
    return await story.call(call)


async def reaches(story: Story, who: Caller, call: Call) -> bool:
    try:
        await reading(story.parts.database, await story.again(who), Action.READ_CALL, call.uid)
    except NotFound:
        return False
    return True


async def listed(story: Story, who: Caller) -> list[str]:
    found = await catalogue.find_all(story.parts, await story.again(who), CallFilter(), None, 10)
    return [call.uid for call in found]


async def test_a_sealed_call_is_the_nameds_and_who_may_seal_alone(story: Story) -> None:
    officer, lead = await story.caller(Role.COMPLIANCE), await story.caller(Role.TEAM_LEAD)
    named = await story.caller({Action.UPLOAD})
    call = await sealed(story, officer, named)
    assert await listed(story, lead) == []
    assert not await reaches(story, lead, call)
    for who in (officer, named):
        assert await listed(story, who) == [call.uid]
        assert await reaches(story, who, call)
    begun = await listen.begin(story.parts, await story.again(named), call.uid)
    assert begun.call.uid == call.uid


async def test_sealing_and_unsealing_stand_in_the_log(story: Story) -> None:
    officer, named = await story.caller(Role.COMPLIANCE), await story.caller(HEAR)
    call = await sealed(story, officer, named)
    await sealing.unseal(story.parts, officer, call.uid, reason="it is settled")
    (closed,), (opened,) = await story.events("call.sealed"), await story.events("call.unsealed")
    assert (closed.actor["id"], closed.call) == (officer.principal.uid, call.uid)
    assert (closed.texts["details.reason"], opened.texts["details.reason"]) == (WHY, "it is settled")
    assert closed.details["named"] == [named.principal.uid]
    assert await reaches(story, await story.caller(Role.TEAM_LEAD), call)


async def test_what_is_named_is_sealed_to_others_who_were_given_it_by_name(story: Story) -> None:
    call, other = await story.ready(), await story.ready()
    officer, before = await story.caller(Role.COMPLIANCE), await story.caller({Action.UPLOAD})
    await story.give(before.principal, HEAR, CallIds(frozenset({call.id, other.id})))
    assert await reaches(story, before, call)
    await sealing.seal(story.parts, officer, call.uid, reason=WHY)
    assert not await reaches(story, before, call)
    assert await reaches(story, before, other)


async def test_a_grant_of_several_calls_goes_on_without_the_sealed_one_and_the_log_says_so(
    story: Story,
) -> None:
    call, other = await story.ready(), await story.ready()
    officer, before = await story.caller(Role.COMPLIANCE), await story.caller({Action.UPLOAD})
    await story.give(before.principal, HEAR, CallIds(frozenset({call.id, other.id})))
    held = (await story.again(before)).principal.grants
    await sealing.seal(story.parts, officer, call.uid, reason=WHY)
    narrowed = (await story.again(before)).principal.grants
    assert [grant.uid for grant in narrowed] == [grant.uid for grant in held]
    assert narrowed[-1] == structs.replace(held[-1], scope=CallIds(frozenset({other.id})))
    (event,) = await story.events("grant.changed")
    assert (event.object["id"], event.call) == (narrowed[-1].uid, call.uid)
    assert event.details == {"to": before.principal.uid, "without": call.uid}


async def test_who_held_a_call_by_name_loses_it_with_its_consent(story: Story) -> None:
    call, holder = await story.ready(), await story.caller({Action.UPLOAD})
    await story.give(holder.principal, HEAR, CallIds(frozenset({call.id})))
    opened = await listen.begin(story.parts, await story.again(holder), call.uid)
    lead = await story.caller(Role.TEAM_LEAD)
    await catalogue.edit(story.parts, lead, call.uid, None, CallEdit(consent=Consent.REFUSED))
    assert not await reaches(story, holder, call)
    with pytest.raises(NotFound):
        await listen.facts(story.parts, await story.again(holder), opened.listen.uid)
    (sealed_,), (ended,) = await story.events("call.sealed"), await story.events("grant.revoked")
    assert (sealed_.call, sealed_.details) == (call.uid, {"named": [], "grants": [], "consent": "refused"})
    assert (ended.actor["id"], ended.details["to"]) == (lead.principal.uid, holder.principal.uid)
    officer = await story.caller(Role.COMPLIANCE)
    await catalogue.edit(
        story.parts, await story.caller({Action.EDIT, Action.SEAL}), call.uid, None, CallEdit(note="x")
    )
    assert len(await story.events("call.sealed")) == 1
    assert await reaches(story, officer, call)


async def test_a_call_that_comes_in_refused_is_sealed_with_an_event(story: Story) -> None:
    call = await story.received(consent=Consent.REFUSED)
    (event,) = await story.events("call.sealed")
    assert (event.call, event.details["consent"]) == (call.uid, "refused")


async def test_names_of_sealed_calls_are_not_suggested(story: Story) -> None:
    officer, lead = await story.caller(Role.COMPLIANCE), await story.caller(Role.TEAM_LEAD)
    call = await story.ready("Hushed", client=ClientGiven(name="Hushed Client"), labels=("hushed label",))
    assert await search.suggest(story.parts, lead, "hush")
    await sealing.seal(story.parts, officer, call.uid, reason=WHY)
    assert await search.suggest(story.parts, lead, "hush") == []
    assert await search.suggest(story.parts, officer, "hush")


async def test_an_open_listen_of_a_sealed_call_is_cut(story: Story) -> None:
    officer, lead = await story.caller(Role.COMPLIANCE), await story.caller(Role.TEAM_LEAD)
    call = await story.ready()
    begun = (await listen.begin(story.parts, lead, call.uid)).listen
    await listen.facts(story.parts, lead, begun.uid)
    await sealing.seal(story.parts, officer, call.uid, reason=WHY)
    with pytest.raises(NotFound):
        await listen.facts(story.parts, lead, begun.uid)


async def test_nobody_names_themselves(story: Story) -> None:
    call, officer = await story.ready(), await story.caller(Role.COMPLIANCE)
    with pytest.raises(Forbidden):
        await sealing.seal(story.parts, officer, call.uid, reason=WHY, named=[officer.principal.email or ""])
    assert not (await story.call(call)).sealed
    (denied,) = await story.events("archive.denied")
    assert denied.reason_code == "oneself"


async def test_naming_takes_the_right_to_approve(story: Story) -> None:
    call, sealer = await story.ready(), await story.caller({Action.SEAL, Action.READ_CALL})
    named = await story.caller({Action.UPLOAD})
    with pytest.raises(Forbidden):
        await sealing.seal(story.parts, sealer, call.uid, reason=WHY, named=[named.principal.email or ""])
    assert not (await story.call(call)).sealed
    await sealing.seal(story.parts, sealer, call.uid, reason=WHY)


async def test_who_may_not_seal_is_refused_as_for_any_call(story: Story) -> None:
    call, lead = await story.ready(), await story.caller(Role.TEAM_LEAD)
    stranger = await story.caller(Role.COMPLIANCE, "Contoso")
    with pytest.raises(Forbidden):
        await sealing.seal(story.parts, lead, call.uid, reason=WHY)
    with pytest.raises(NotFound):
        await sealing.seal(story.parts, stranger, call.uid, reason=WHY)
    with pytest.raises(Forbidden):
        await sealing.unseal(story.parts, lead, call.uid, reason=WHY)


async def test_a_seal_is_set_once_lifted_once_and_says_why(story: Story) -> None:
    officer = await story.caller(Role.COMPLIANCE)
    call = await sealed(story, officer)
    with pytest.raises(Conflict):
        await sealing.seal(story.parts, officer, call.uid, reason=WHY)
    with pytest.raises(Invalid):
        await sealing.unseal(story.parts, officer, call.uid, reason=" x ")
    await sealing.unseal(story.parts, officer, call.uid, reason=WHY)
    with pytest.raises(Conflict):
        await sealing.unseal(story.parts, officer, call.uid, reason=WHY)
    with pytest.raises(Invalid):
        await sealing.seal(story.parts, officer, call.uid, reason=WHY, named=["nobody@example.com"])
