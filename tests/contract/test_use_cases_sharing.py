"""Letting somebody hear one call: within one's own reach, for a time, on both databases."""

from datetime import timedelta

import pytest

from archive.calls.call import Call, Consent
from archive.calls.caller import Caller
from archive.errors import Forbidden, Invalid, NotFound
from archive.identity import grants
from archive.identity.sharing import give_call
from archive.policy.actions import Action, Role
from archive.policy.decide import decide
from archive.policy.principal import Grant
from archive.policy.scope import CallIds
from tests.story import Story, only

pytestmark = pytest.mark.anyio

A = Action
SOUND = {A.FIND, A.READ_CALL, A.LISTEN}


async def share(story: Story, giver: Caller, call: Call, to: Caller, days: float = 30) -> Grant:
    email = to.principal.email or ""
    until = story.clock() + timedelta(days=days)
    return await give_call(story.parts, giver, call.uid, email, until=until, reason="They asked")


async def test_a_partner_manager_lets_a_colleague_hear_one_call(story: Story) -> None:
    call, other = await story.ready("Northwind"), await story.ready("Northwind", external_id="2")
    giver, to = await story.caller(Role.PARTNER_MANAGER, "Northwind"), await story.caller({A.UPLOAD})
    await story.caller(Role.COMPLIANCE)  # no second person is needed here
    grant = await share(story, giver, call, to)
    assert grant.scope == CallIds(frozenset({call.id}))
    assert grant.actions == SOUND | {A.READ_TRANSCRIPT}
    assert grant.granted_by == giver.principal.uid
    reader = (await story.again(to)).principal
    now = story.clock()
    assert decide(reader, A.LISTEN, call, now).allowed
    assert not decide(reader, A.LISTEN, other, now).allowed
    assert not decide(reader, A.DOWNLOAD, call, now).allowed
    assert not decide(reader, A.LISTEN, call, now + timedelta(days=30)).allowed


async def test_what_the_giver_does_not_hold_is_not_given(story: Story) -> None:
    call, to = await story.ready("Northwind"), await story.caller({A.UPLOAD})
    hears = await story.caller(SOUND | {A.GRANT}, "Northwind")
    assert (await share(story, hears, call, to)).actions == SOUND
    reads = await story.caller({A.FIND, A.READ_CALL, A.READ_TRANSCRIPT, A.GRANT}, "Northwind")
    with pytest.raises(Forbidden):
        await share(story, reads, call, to)


async def test_an_administrator_hears_nothing_and_so_lets_nobody_hear(story: Story) -> None:
    """Nor do they learn whether there is such a call."""
    call, admin = await story.ready("Northwind"), await story.caller(Role.ADMINISTRATOR)
    with pytest.raises(NotFound):
        await share(story, admin, call, await story.caller({A.UPLOAD}))


@pytest.mark.parametrize("days", [-1, 0, 30.01])
async def test_it_lasts_thirty_days_at_most(story: Story, days: float) -> None:
    call, to = await story.ready("Northwind"), await story.caller({A.UPLOAD})
    giver = await story.caller(Role.PARTNER_MANAGER, "Northwind")
    with pytest.raises(Invalid) as refused:
        await share(story, giver, call, to, days)
    assert refused.value.field == "until"


async def test_nobody_gives_for_longer_than_they_hold(story: Story) -> None:
    call, to = await story.ready("Northwind"), await story.caller({A.UPLOAD})
    giver = await story.caller(Role.PARTNER_MANAGER, "Northwind")
    (grant,) = giver.principal.grants
    async with story.parts.database.write() as work:
        await work.principals.change_end(grant, story.clock() + timedelta(days=5))
    giver = await story.again(giver)
    with pytest.raises(Forbidden):
        await share(story, giver, call, to, 6)
    await share(story, giver, call, to, 5)


async def test_a_foreign_call_does_not_exist_for_the_giver(story: Story) -> None:
    call, to = await story.ready("Contoso"), await story.caller({A.UPLOAD})
    giver = await story.caller(Role.PARTNER_MANAGER, "Northwind")
    with pytest.raises(NotFound):
        await share(story, giver, call, to)
    assert len(await story.events("call.denied")) == 1


async def test_whoever_was_let_hear_a_call_does_not_pass_it_on(story: Story) -> None:
    call, to = await story.ready("Northwind"), await story.caller({A.UPLOAD})
    giver = await story.caller(Role.PARTNER_MANAGER, "Northwind")
    await share(story, giver, call, to)
    with pytest.raises(Forbidden):
        await share(story, await story.again(to), call, await story.caller({A.UPLOAD}))


async def test_nobody_lets_themselves_hear_a_call_for_longer(story: Story) -> None:
    call, giver = await story.ready("Northwind"), await story.caller(Role.PARTNER_MANAGER, "Northwind")
    with pytest.raises(Forbidden):
        await share(story, giver, call, giver)
    (event,) = await story.events("archive.denied")
    assert (event.object["kind"], event.reason_code) == ("call", "oneself")


async def test_nobody_of_that_address_is_said_so(story: Story) -> None:
    call, to = await story.ready("Northwind"), await story.caller({A.UPLOAD})
    giver = await story.caller(Role.PARTNER_MANAGER, "Northwind")
    async with story.parts.database.write() as work:
        await work.principals.disable(to.principal.id)
    with pytest.raises(Invalid) as refused:
        await share(story, giver, call, to)
    assert refused.value.field == "to"


async def test_the_giver_an_administrator_and_an_approver_end_it_and_nobody_else(story: Story) -> None:
    call, to = await story.ready("Northwind"), await story.caller({A.UPLOAD})
    giver = await story.caller(Role.PARTNER_MANAGER, "Northwind")
    colleague = await story.caller(Role.PARTNER_MANAGER, "Northwind")
    enders = giver, await story.caller(Role.ADMINISTRATOR), await story.caller(Role.COMPLIANCE)
    for ender in enders:
        grant = await share(story, giver, call, to)
        with pytest.raises(NotFound):
            await grants.revoke(story.parts, colleague, grant.uid)
        await grants.revoke(story.parts, ender, grant.uid)
        assert (await story.grant(grant.uid)).revoked_at is not None


async def test_a_sealed_call_is_shared_by_those_alone_who_reach_it(story: Story) -> None:
    call, to = await story.ready("Northwind", consent=Consent.REFUSED), await story.caller({A.UPLOAD})
    assert call.sealed
    with pytest.raises(NotFound):
        await share(story, await story.caller(Role.PARTNER_MANAGER, "Northwind"), call, to)
    named = await story.caller(SOUND | {A.GRANT}, only(call))
    await share(story, named, call, to)
