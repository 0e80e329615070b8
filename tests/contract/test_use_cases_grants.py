"""Giving, prolonging and ending access on both databases, and what of it takes a second person."""

import asyncio
from datetime import timedelta

import pytest
from msgspec import structs

from archive.calls.caller import Caller
from archive.cli import rows
from archive.cli.output import show
from archive.errors import Decided, Forbidden, Invalid, NotFound, Stale
from archive.identity import changes, grants, groups
from archive.identity.ending import etag
from archive.identity.grants import Giving
from archive.identity.managing import console
from archive.identity.second import needs_second
from archive.policy.actions import Action, Role
from archive.policy.principal import Grant
from archive.ports import ChangeState, Group, PendingChange
from tests.story import Story

pytestmark = pytest.mark.anyio

CONSOLE = console("root")
HEAR = Giving(scope="all", actions=frozenset({Action.FIND, Action.LISTEN}), reason="Cover")
FIND = Giving(scope="all", actions=frozenset({Action.FIND}))


async def give(story: Story, by: Caller, to: Caller | Group, giving: Giving = HEAR) -> Grant | PendingChange:
    whom = f"group:{to.name}" if isinstance(to, Group) else to.principal.email or to.principal.uid
    return await grants.give(story.parts, by, whom, giving)


async def given(story: Story, by: Caller, to: Caller | Group, giving: Giving = HEAR) -> Grant:
    done = await give(story, by, to, giving)
    assert isinstance(done, Grant)
    return done


async def waits(story: Story, by: Caller, to: Caller | Group, giving: Giving = HEAR) -> PendingChange:
    asked = await give(story, by, to, giving)
    assert isinstance(asked, PendingChange)
    return asked


async def nobody(story: Story) -> Caller:
    return await story.caller({Action.UPLOAD})


async def held(story: Story, who: Caller) -> set[str]:
    return {grant.uid for grant in (await story.again(who)).principal.grants if grant.revoked_at is None}


async def denied(story: Story) -> list[tuple[str, str | None]]:
    return [(one.object["kind"], one.reason_code) for one in await story.events("archive.denied")]


# ---- before and after the first compliance person ----


async def test_before_there_is_a_compliance_person_one_gives_alone(story: Story) -> None:
    person = await nobody(story)
    grant = await given(story, CONSOLE, person)
    assert grant.uid in await held(story, person)
    (event,) = await story.events("grant.given")
    assert (event.actor["kind"], event.details["to"]) == ("console", person.principal.uid)
    assert "asked_by" not in event.details
    await given(story, CONSOLE, person, Giving(scope="all", role=Role.COMPLIANCE))
    await waits(story, CONSOLE, await nobody(story))


async def test_what_opens_no_speech_never_waits(story: Story) -> None:
    await story.caller(Role.COMPLIANCE)
    admin, person = await story.caller(Role.ADMINISTRATOR), await nobody(story)
    await given(story, admin, person, FIND)
    for role in (Role.ADMINISTRATOR, Role.AUDITOR):
        await given(story, admin, person, Giving(scope="all", role=role))


@pytest.mark.parametrize(
    "giving",
    [
        *(Giving(scope="all", role=role) for role in (Role.COMPLIANCE, Role.TEAM_LEAD)),
        Giving(scope="own", role=Role.AGENT),
        *(
            Giving(scope="all", actions=frozenset({action}))
            for action in (
                Action.READ_TRANSCRIPT,
                Action.LISTEN,
                Action.DOWNLOAD,
                Action.EXPORT,
                Action.APPROVE,
                Action.SEAL,
            )
        ),
    ],
)
async def test_what_opens_speech_waits_and_nothing_changes_until_then(story: Story, giving: Giving) -> None:
    compliance, admin, person = (
        await story.caller(Role.COMPLIANCE),
        await story.caller(Role.ADMINISTRATOR),
        await nobody(story),
    )
    before = await held(story, person)
    pending = await waits(story, admin, person, giving)
    assert await held(story, person) == before
    assert await changes.waiting(story.parts, compliance) == [pending]
    (event,) = await story.events("change.asked")
    assert event.actor["id"] == admin.principal.uid
    assert event.details["to"] == person.principal.uid
    decided = await changes.agree(story.parts, compliance, pending.uid)
    assert (decided.state, decided.decided_by) == (ChangeState.AGREED, compliance.principal.uid)
    assert await changes.waiting(story.parts, compliance) == []
    (uid,) = await held(story, person) - before
    (event,) = await story.events("grant.given")
    assert event.object["id"] == uid
    assert (event.details["asked_by"], event.details["agreed_by"]) == (
        admin.principal.uid,
        compliance.principal.uid,
    )
    found = await story.grant(uid)
    assert (found.role, found.actions, found.granted_by) == (
        giving.role,
        giving.actions,
        admin.principal.uid,
    )


async def test_the_rule_does_not_end_with_the_last_compliance_person(story: Story) -> None:
    """Otherwise whoever may end grants could first end theirs, and then open anything alone."""
    compliance, person = await story.caller(Role.COMPLIANCE), await nobody(story)
    admin, other = await story.caller(Role.ADMINISTRATOR), await story.caller(Role.ADMINISTRATOR)
    story.clock.forward(days=7)
    await grants.revoke(story.parts, admin, compliance.principal.grants[0].uid)
    async with story.parts.database.read() as work:
        assert await needs_second(work)
    pending = await waits(story, admin, person)
    await changes.agree(story.parts, other, pending.uid)  # nobody approves any more: another administrator
    assert len(await held(story, person)) == 2


async def test_a_compliance_person_by_a_group_counts_and_goes_on_counting(story: Story) -> None:
    admin, member, person = (
        await story.caller(Role.ADMINISTRATOR),
        await nobody(story),
        await nobody(story),
    )
    group = await groups.add(story.parts, admin, "Compliance")
    await given(story, admin, group, Giving(scope="all", role=Role.COMPLIANCE))
    entered = await groups.enter(story.parts, admin, group.uid, member.principal.uid)
    assert isinstance(entered, Group)  # the first compliance person is made alone
    pending = await waits(story, admin, person)
    await changes.agree(story.parts, await story.again(member), pending.uid)
    await groups.leave(story.parts, admin, group.uid, member.principal.uid)
    await groups.end(story.parts, admin, group.uid)
    await waits(story, admin, await nobody(story))


# ---- ends ----


async def test_prolonging_what_opens_speech_waits_and_shortening_does_not(story: Story) -> None:
    admin, person = await story.caller(Role.ADMINISTRATOR), await nobody(story)
    end = story.clock() + timedelta(days=9)
    grant = await given(story, admin, person, Giving(scope="all", role=Role.TEAM_LEAD, until=end))
    compliance = await story.caller(Role.COMPLIANCE)
    sooner = await grants.prolong(story.parts, admin, grant.uid, end - timedelta(days=1))
    assert isinstance(sooner, Grant)
    assert sooner.until == end - timedelta(days=1)
    for until in (end, None):
        pending = await grants.prolong(story.parts, admin, grant.uid, until)
        assert isinstance(pending, PendingChange)
        assert (await story.grant(grant.uid)).until == sooner.until
    await changes.agree(story.parts, compliance, pending.uid)
    assert (await story.grant(grant.uid)).until is None
    event = (await story.events("grant.changed"))[-1]
    assert (event.details["asked_by"], event.details["agreed_by"]) == (
        admin.principal.uid,
        compliance.principal.uid,
    )
    assert (event.details["until"], event.details["from"]) == (
        None,
        (end - timedelta(days=1)).isoformat(),
    )


async def test_an_end_in_the_past_or_of_what_has_changed_is_refused(story: Story) -> None:
    admin, person = await story.caller(Role.ADMINISTRATOR), await nobody(story)
    grant = await given(story, admin, person, FIND)
    with pytest.raises(Invalid):
        await grants.prolong(story.parts, admin, grant.uid, story.clock())
    until = story.clock() + timedelta(days=1)
    changed = await grants.prolong(story.parts, admin, grant.uid, until, match=etag(grant))
    assert isinstance(changed, Grant)
    with pytest.raises(Stale):
        await grants.prolong(story.parts, admin, grant.uid, None, match=etag(grant))
    await grants.revoke(story.parts, admin, grant.uid)
    for gone in (grant.uid, "?"):
        with pytest.raises(NotFound):
            await grants.prolong(story.parts, admin, gone, None)
        with pytest.raises(NotFound):
            await grants.revoke(story.parts, admin, gone)


async def test_ending_never_waits_and_takes_a_right(story: Story) -> None:
    admin, person, other = (
        await story.caller(Role.ADMINISTRATOR),
        await nobody(story),
        await nobody(story),
    )
    first, second, third = [await given(story, admin, person) for _ in range(3)]
    compliance = await story.caller(Role.COMPLIANCE)
    with pytest.raises(NotFound):
        await grants.revoke(story.parts, other, first.uid)
    with pytest.raises(Forbidden):
        await grants.revoke(story.parts, await story.again(person), first.uid)
    assert await denied(story) == [("grant", "no_grant")] * 2
    for by, grant in ((admin, first), (compliance, second), (CONSOLE, third)):
        await grants.revoke(story.parts, by, grant.uid)
    assert len(await held(story, person)) == 1


async def test_a_grant_may_begin_later(story: Story) -> None:
    person = await nobody(story)
    since = story.clock() + timedelta(days=1)
    giving = Giving(scope="all", role=Role.TEAM_LEAD, since=since, until=since + timedelta(days=1))
    grant = await given(story, CONSOLE, person, giving)
    assert [grant.in_force(since + timedelta(days=days)) for days in (-1, 0, 1)] == [False, True, False]
    with pytest.raises(Invalid):
        await give(story, CONSOLE, person, Giving(scope="all", role=Role.TEAM_LEAD, since=since, until=since))


# ---- whom, and on what ----


async def test_groups_and_integrations_are_given_to_by_name_and_id(story: Story) -> None:
    group = await groups.add(story.parts, CONSOLE, "Hearers")
    await given(story, CONSOLE, group)
    async with story.parts.database.write() as work:
        crm = await work.principals.add_integration("CRM", None)
    assert isinstance(await grants.give(story.parts, CONSOLE, crm.uid, HEAR), Grant)
    for whom in ("group:Nobody", "nobody@example.com", "01890000-0000-7000-8000-000000000000"):
        with pytest.raises(NotFound):
            await grants.give(story.parts, CONSOLE, whom, HEAR)
    with pytest.raises(Invalid):
        await grants.give(story.parts, CONSOLE, crm.uid, Giving(scope="all", role=Role.AGENT))


# ---- deciding ----


async def test_of_two_who_agree_at_once_one_does(story: Story) -> None:
    first, second = await story.caller(Role.COMPLIANCE), await story.caller(Role.COMPLIANCE)
    person = await nobody(story)
    pending = await waits(story, CONSOLE, person)

    async def agree(who: Caller) -> str:
        try:
            await changes.agree(story.parts, who, pending.uid)
        except Decided:
            return "late"
        return "done"

    assert sorted(await asyncio.gather(agree(first), agree(second))) == ["done", "late"]
    assert len(await held(story, person)) == 2
    assert len(await story.events("grant.given")) == 1


async def disable(story: Story, who: Caller) -> None:
    async with story.parts.database.write() as work:
        await work.principals.disable(who.principal.id)


async def test_what_no_longer_fits_is_refused_with_a_reason(story: Story) -> None:
    compliance, admin = await story.caller(Role.COMPLIANCE), await story.caller(Role.ADMINISTRATOR)
    gone, soon, kept = [await nobody(story) for _ in range(3)]
    until = story.clock() + timedelta(days=1)
    of_gone = await waits(story, CONSOLE, gone)
    past = await waits(story, CONSOLE, soon, Giving(scope="all", role=Role.TEAM_LEAD, until=until))
    by_gone = await waits(story, admin, kept)
    await disable(story, gone)
    await disable(story, admin)
    story.clock.forward(days=2)
    for pending in (of_gone, past, by_gone):
        with pytest.raises(changes.NoLongerFits):
            await changes.agree(story.parts, compliance, pending.uid)
        decided = await changes.get(story.parts, compliance, pending.uid)
        assert (decided.state, decided.decided_by) == (ChangeState.REFUSED, compliance.principal.uid)
    events = await story.events("change.refused")
    assert [one.reason_code for one in events] == ["no_longer_fits"] * 3
    assert await story.events("grant.given") == []


async def test_a_change_waits_fourteen_days(story: Story) -> None:
    compliance, person = await story.caller(Role.COMPLIANCE), await nobody(story)
    pending = await waits(story, CONSOLE, person)
    story.clock.forward(days=14, seconds=1)
    assert await changes.waiting(story.parts, compliance) == []
    with pytest.raises(Decided):
        await changes.agree(story.parts, compliance, pending.uid)


async def test_whoever_asked_withdraws_and_nobody_else(story: Story) -> None:
    compliance, admin = await story.caller(Role.COMPLIANCE), await story.caller(Role.ADMINISTRATOR)
    pending = await waits(story, admin, await nobody(story))
    for other in (compliance, CONSOLE):
        with pytest.raises(Forbidden):
            await changes.withdraw(story.parts, other, pending.uid)
    done = await changes.withdraw(story.parts, admin, pending.uid)
    assert done.state is ChangeState.WITHDRAWN
    with pytest.raises(Decided):
        await changes.agree(story.parts, compliance, pending.uid)
    assert len(await story.events("change.withdrawn")) == 1


async def test_refusing_changes_nothing(story: Story) -> None:
    compliance, person = await story.caller(Role.COMPLIANCE), await nobody(story)
    pending = await waits(story, CONSOLE, person)
    await changes.refuse(story.parts, compliance, pending.uid)
    assert len(await held(story, person)) == 1
    with pytest.raises(Decided):
        await changes.agree(story.parts, compliance, pending.uid)


async def test_changes_show_to_approvers_and_administrators_alone(story: Story) -> None:
    await story.caller(Role.COMPLIANCE)
    person = await nobody(story)
    pending = await waits(story, CONSOLE, person)
    for looker in (await story.caller(Role.ADMINISTRATOR), CONSOLE, await story.caller({Action.APPROVE})):
        assert await changes.waiting(story.parts, looker) == [pending]
    partly = await story.caller({Action.APPROVE}, "Northwind")
    for stranger in (person, partly):
        with pytest.raises(Forbidden):
            await changes.waiting(story.parts, stranger)
        with pytest.raises(NotFound):
            await changes.agree(story.parts, stranger, pending.uid)
    assert ("change", "no_grant") in await denied(story)


# ---- what the log says of where ----


async def test_the_log_tells_where_by_public_ids_and_keeps_the_names_apart(story: Story) -> None:
    call = await story.ready("Northwind")
    person = await nobody(story)
    grant = await given(story, CONSOLE, person, structs.replace(FIND, scope="partner:Northwind"))
    await grants.prolong(story.parts, CONSOLE, grant.uid, story.clock() + timedelta(days=1))
    await grants.revoke(story.parts, CONSOLE, grant.uid)
    assert call.partner
    told = await story.events("grant.given", "grant.changed", "grant.revoked")
    assert len(told) == 3
    for event in told:
        assert event.details["scope"] == {"kind": "Partner", "ids": [call.partner.uid], "count": 1}
        assert event.texts["details.where"] == "partner:Northwind"
        assert "sha256" in event.details["where"]
        assert event.call is None


async def test_what_was_given_on_one_call_stands_in_its_history(story: Story) -> None:
    call, other = await story.ready("Northwind"), await story.ready("Northwind", external_id="2")
    await story.caller(Role.COMPLIANCE)
    asked, person = await story.caller(Role.ADMINISTRATOR), await nobody(story)
    pending = await waits(story, asked, person, structs.replace(HEAR, scope=f"call:{call.uid}"))
    await changes.withdraw(story.parts, asked, pending.uid)
    grant = await given(story, asked, person, structs.replace(FIND, scope=f"call:{call.uid}"))
    await grants.revoke(story.parts, asked, grant.uid)
    await given(story, asked, person, structs.replace(FIND, scope=f"call:{call.uid},{other.uid}"))
    types = ["change.asked", "change.withdrawn", "grant.given", "grant.revoked"]
    assert [one.type for one in await story.events(*types, call=call.uid)] == types
    (*_, both) = await story.events("grant.given")
    assert both.details["scope"]["ids"] == sorted([call.uid, other.uid])


async def test_the_console_says_in_a_sentence_what_waits(
    story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    await story.caller(Role.COMPLIANCE)
    until = story.clock() + timedelta(days=1)
    pending = await waits(story, CONSOLE, await nobody(story), structs.replace(HEAR, until=until))
    words = f"Jo gets find, listen on all until {until:%Y-%m-%d %H:%M} UTC"
    line = await rows.change_line(story.parts, CONSOLE, pending)
    show([line], as_json=False)
    out = capsys.readouterr().out
    assert words in out
    assert f"  {story.clock():%Y-%m-%d %H:%M} UTC  " in out
    shown = rows.waiting_row(pending)
    await rows.tell_waiting(story.parts, CONSOLE, pending, shown, as_json=False)
    assert f"Waits for a second person: {words}. " in capsys.readouterr().out
    await rows.tell_waiting(story.parts, CONSOLE, pending, shown, as_json=True)
    assert "Waits" not in capsys.readouterr().out
