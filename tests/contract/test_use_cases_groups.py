"""Groups on both databases: who enters, who leaves, and what of it takes a second person."""

import pytest

from archive.calls.caller import Caller
from archive.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from archive.identity import changes, grants, groups
from archive.identity.grants import Giving
from archive.identity.groups import etag
from archive.identity.managing import console
from archive.policy.actions import Action, Role
from archive.ports import ChangeState, Claim, Group, PendingChange
from tests.story import Story

pytestmark = pytest.mark.anyio

CONSOLE = console("root")
HEAR = Giving(scope="all", actions=frozenset({Action.LISTEN}))


async def nobody(story: Story) -> Caller:
    return await story.caller({Action.UPLOAD})


async def hearers(story: Story) -> Group:
    """A group that opens speech."""
    group = await groups.add(story.parts, CONSOLE, "Hearers")
    await grants.give(story.parts, CONSOLE, "group:Hearers", HEAR)
    return await groups.get(story.parts, CONSOLE, group.uid)


async def sign_in(story: Story, who: Caller, *values: str) -> None:
    async with story.parts.database.write() as work:
        await groups.sync(work, who.principal, "company", values)


async def may_listen(story: Story, who: Caller) -> bool:
    return any(grant.gives(Action.LISTEN) for grant in (await story.again(who)).principal.grants)


async def test_members_come_and_go_with_an_event_each(story: Story) -> None:
    person, group = await nobody(story), await hearers(story)
    entered = await groups.enter(story.parts, CONSOLE, "hearers", person.principal.email or "")
    assert isinstance(entered, Group)
    assert entered.members == 1
    assert await may_listen(story, person)
    (member,) = await groups.members(story.parts, CONSOLE, group.uid)
    assert (member.principal.uid, member.provider) == (person.principal.uid, "")
    with pytest.raises(Conflict):
        await groups.enter(story.parts, CONSOLE, group.uid, person.principal.uid)
    await groups.leave(story.parts, CONSOLE, group.uid, person.principal.uid)
    assert not await may_listen(story, person)
    with pytest.raises(NotFound):
        await groups.leave(story.parts, CONSOLE, group.uid, person.principal.uid)
    for what in ("group.entered", "group.left"):
        (event,) = await story.events(what)
        assert (event.object["id"], event.details["member"]) == (group.uid, person.principal.uid)


async def test_a_disabled_member_can_be_taken_out_but_not_in(story: Story) -> None:
    person, group = await nobody(story), await hearers(story)
    await groups.enter(story.parts, CONSOLE, group.uid, person.principal.uid)
    async with story.parts.database.write() as work:
        await work.principals.disable(person.principal.id)
    await groups.leave(story.parts, CONSOLE, group.uid, person.principal.uid)
    with pytest.raises(NotFound):
        await groups.enter(story.parts, CONSOLE, group.uid, person.principal.uid)


async def test_only_people_are_members(story: Story) -> None:
    group, other = await hearers(story), await groups.add(story.parts, CONSOLE, "Others")
    async with story.parts.database.write() as work:
        crm = await work.principals.add_integration("CRM", None)
    for uid in (crm.uid, other.uid, "nobody@example.com"):
        with pytest.raises(NotFound):
            await groups.enter(story.parts, CONSOLE, group.uid, uid)


async def test_sign_in_replaces_what_that_provider_said_before(story: Story) -> None:
    person, group = await nobody(story), await hearers(story)
    await sign_in(story, person, "staff")
    assert isinstance(await groups.map_claim(story.parts, CONSOLE, group.uid, "company", "staff"), Group)
    assert not await may_listen(story, person)
    await sign_in(story, person, "staff", "others")
    assert await may_listen(story, person)
    await sign_in(story, person, "staff")  # nothing new: no event
    await sign_in(story, person, "others")
    assert not await may_listen(story, person)
    for what in ("group.entered", "group.left"):
        (event,) = await story.events(what)
        assert event.actor["id"] == event.details["member"] == person.principal.uid
        assert (event.object["id"], event.details["provider"]) == (group.uid, "company")
    await groups.unmap_claim(story.parts, CONSOLE, group.uid, "company", "staff")
    with pytest.raises(NotFound):
        await groups.unmap_claim(story.parts, CONSOLE, group.uid, "company", "staff")


async def test_a_sign_in_that_says_too_much_is_bounded(story: Story) -> None:
    person = await nobody(story)
    await sign_in(story, person, "x" * 501, "", *(f"group {number:05}" for number in range(2_100)))
    async with story.parts.database.read() as work:
        kept = await work.groups.carries(person.principal.id, Claim("company", "group 01999"))
        cut = await work.groups.carries(person.principal.id, Claim("company", "group 02000"))
    assert (kept, cut) == (True, False)


@pytest.mark.parametrize(("provider", "value"), [("", "x"), ("company", " "), ("company", "x" * 501)])
async def test_a_claim_has_a_provider_and_a_value(story: Story, provider: str, value: str) -> None:
    group = await hearers(story)
    with pytest.raises(Invalid):
        await groups.map_claim(story.parts, CONSOLE, group.uid, provider, value)


async def test_a_group_is_renamed_if_it_is_still_what_was_read(story: Story) -> None:
    group = await hearers(story)
    renamed = await groups.rename(story.parts, CONSOLE, group.uid, "Listeners", match=etag(group))
    assert renamed.name == "Listeners"
    with pytest.raises(Stale):
        await groups.rename(story.parts, CONSOLE, group.uid, "Others", match=etag(group))


async def test_groups_take_the_right_to_manage_people(story: Story) -> None:
    group, person = await hearers(story), await nobody(story)
    admin = await story.caller(Role.ADMINISTRATOR)
    assert [one.uid for one in await groups.listed(story.parts, admin)] == [group.uid]
    for attempt in (
        groups.add(story.parts, person, "Mine"),
        groups.end(story.parts, person, group.uid),
        groups.listed(story.parts, person),
        groups.members(story.parts, person, group.uid),
        groups.enter(story.parts, person, group.uid, admin.principal.uid),
        groups.map_claim(story.parts, person, group.uid, "company", "staff"),
    ):
        with pytest.raises(Forbidden):
            await attempt
    await groups.end(story.parts, admin, group.uid)
    for gone in (group.uid, "Hearers"):
        with pytest.raises(NotFound):
            await groups.get(story.parts, admin, gone)


# ---- the second person ----


async def test_entering_and_mapping_wait_where_the_group_opens_speech(story: Story) -> None:
    group, person = await hearers(story), await nobody(story)
    compliance, admin = await story.caller(Role.COMPLIANCE), await story.caller(Role.ADMINISTRATOR)
    entering = await groups.enter(story.parts, admin, group.uid, person.principal.uid)
    mapping = await groups.map_claim(story.parts, admin, group.uid, "company", "staff")
    assert isinstance(entering, PendingChange)
    assert isinstance(mapping, PendingChange)
    assert not await may_listen(story, person)
    for pending in (entering, mapping):
        await changes.agree(story.parts, compliance, pending.uid)
    assert await may_listen(story, person)
    (now,) = await groups.listed(story.parts, admin)
    assert [claim.value for claim in now.claims] == ["staff"]
    (event,) = await story.events("group.entered")
    assert (event.details["asked_by"], event.details["agreed_by"]) == (
        admin.principal.uid,
        compliance.principal.uid,
    )


async def test_a_group_that_opens_nothing_is_entered_at_once(story: Story) -> None:
    await story.caller(Role.COMPLIANCE)
    admin, person = await story.caller(Role.ADMINISTRATOR), await nobody(story)
    group = await groups.add(story.parts, admin, "Finders")
    assert isinstance(await groups.enter(story.parts, admin, group.uid, person.principal.uid), Group)
    assert isinstance(await groups.map_claim(story.parts, admin, group.uid, "company", "staff"), Group)


async def test_nobody_slips_into_a_group_while_its_grant_waits(story: Story) -> None:
    """Who agrees to the grant has seen who belongs to the group."""
    compliance, admin = await story.caller(Role.COMPLIANCE), await story.caller(Role.ADMINISTRATOR)
    person = await nobody(story)
    group = await groups.add(story.parts, admin, "Finders")
    asked = await grants.give(story.parts, admin, "group:Finders", HEAR)
    assert isinstance(asked, PendingChange)
    slipping = await groups.enter(story.parts, admin, group.uid, person.principal.uid)
    assert isinstance(slipping, PendingChange)
    await changes.agree(story.parts, compliance, asked.uid)
    assert not await may_listen(story, person)


async def test_what_waits_for_a_group_that_ended_is_refused(story: Story) -> None:
    group, person = await hearers(story), await nobody(story)
    compliance, admin = await story.caller(Role.COMPLIANCE), await story.caller(Role.ADMINISTRATOR)
    pending = await groups.enter(story.parts, admin, group.uid, person.principal.uid)
    assert isinstance(pending, PendingChange)
    await groups.end(story.parts, admin, group.uid)
    with pytest.raises(changes.NoLongerFits):
        await changes.agree(story.parts, compliance, pending.uid)
    decided = await changes.get(story.parts, compliance, pending.uid)
    assert decided.state is ChangeState.REFUSED
