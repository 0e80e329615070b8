"""Reason rules on both databases: added at once, weakened by two."""

from typing import Any

import pytest

from archive.calls import grounds, listen
from archive.calls.caller import Caller
from archive.calls.reasons import ReasonRequired, ReasonRule
from archive.errors import Forbidden, Invalid, NotFound, Stale
from archive.identity import changes, rules
from archive.identity.managing import console
from archive.policy.actions import Action, Role
from archive.ports import PendingChange, StoredRule
from tests.story import Story

pytestmark = pytest.mark.anyio

CONSOLE = console("root")
ALL = frozenset({Action.LISTEN, Action.DOWNLOAD, Action.READ_TRANSCRIPT})


def rule(**given: Any) -> ReasonRule:
    return ReasonRule(**{"actions": frozenset({Action.LISTEN}), **given})


async def seeded(story: Story) -> StoredRule:
    """The rule that every archive begins with."""
    (first,) = await rules.listed(story.parts, CONSOLE)
    return first


async def in_person(story: Story) -> Caller:
    return await story.signed_in(await story.caller(Role.COMPLIANCE))


async def test_an_archive_begins_with_compliance_saying_why(story: Story) -> None:
    first = await seeded(story)
    assert first.rule == ReasonRule(
        actions=frozenset({Action.LISTEN, Action.DOWNLOAD}), roles=frozenset({Role.COMPLIANCE})
    )


async def test_a_rule_binds_at_once_with_an_event(story: Story) -> None:
    call, lead, admin = (
        await story.ready(),
        await story.caller(Role.TEAM_LEAD),
        await story.caller(Role.ADMINISTRATOR),
    )
    await story.caller(Role.COMPLIANCE)
    await listen.begin(story.parts, lead, call.uid)
    added = await rules.add(story.parts, admin, rule(labels=frozenset({"x"}), explanation="Because."))
    await rules.add(story.parts, admin, rule())
    with pytest.raises(ReasonRequired):
        await listen.begin(story.parts, lead, call.uid)
    event = (await story.events("rule.set", object=added.uid))[0]
    assert (event.actor["id"], event.details["actions"]) == (admin.principal.uid, ["listen"])
    assert event.texts == {**event.texts, "details.labels": "x", "details.explanation": "Because."}


async def test_what_weakens_a_rule_waits_for_a_second_person(story: Story) -> None:
    officer, first = await in_person(story), await seeded(story)
    weaker = rule(roles=first.rule.roles)
    waits = [
        await rules.end(story.parts, CONSOLE, first.uid),
        await rules.replace(story.parts, CONSOLE, first.uid, weaker),
    ]
    assert all(isinstance(one, PendingChange) for one in waits)
    assert (await seeded(story)).rule == first.rule
    assert isinstance(waits[1], PendingChange)
    await changes.agree(story.parts, officer, waits[1].uid)
    replaced = await seeded(story)
    assert (replaced.uid, replaced.rule) == (first.uid, weaker)
    ending = await rules.end(story.parts, CONSOLE, first.uid)
    assert isinstance(ending, PendingChange)
    await changes.agree(story.parts, officer, ending.uid)
    assert list(await rules.listed(story.parts, CONSOLE)) == []
    for what in ("rule.set", "rule.ended"):
        (event,) = await story.events(what)
        assert (event.details["asked_by"], event.details["agreed_by"]) == ("console", officer.principal.uid)


@pytest.mark.parametrize("ends", [True, False])
async def test_what_was_asked_of_a_rule_no_longer_fits_another_in_its_place(story: Story, ends: bool) -> None:
    officer, first = await in_person(story), await seeded(story)
    asked = await (
        rules.end(story.parts, CONSOLE, first.uid)
        if ends
        else rules.replace(story.parts, CONSOLE, first.uid, rule(roles=first.rule.roles))
    )
    stronger = ReasonRule(actions=ALL, masks=("CASE-#",))
    await rules.replace(story.parts, CONSOLE, first.uid, stronger)
    assert isinstance(asked, PendingChange)
    with pytest.raises(changes.NoLongerFits):
        await changes.agree(story.parts, officer, asked.uid)
    assert (await seeded(story)).rule == stronger
    (refused,) = await story.events("change.refused")
    assert refused.reason_code == "no_longer_fits"


async def test_what_strengthens_one_needs_nobody(story: Story) -> None:
    await in_person(story)
    first = await seeded(story)
    stronger = ReasonRule(actions=ALL)
    replaced = await rules.replace(story.parts, CONSOLE, first.uid, stronger, match=rules.etag(first))
    assert isinstance(replaced, StoredRule)
    assert (await seeded(story)).rule == stronger
    with pytest.raises(Stale):
        await rules.replace(story.parts, CONSOLE, first.uid, stronger, match=rules.etag(first))


async def test_before_there_is_a_compliance_person_the_console_decides(story: Story) -> None:
    first = await seeded(story)
    assert await rules.end(story.parts, CONSOLE, first.uid) is None
    with pytest.raises(NotFound):
        await rules.end(story.parts, CONSOLE, first.uid)
    with pytest.raises(NotFound):
        await rules.replace(story.parts, CONSOLE, first.uid, rule())


async def test_only_those_who_manage_people_set_rules_and_approvers_read_them(story: Story) -> None:
    officer, lead = await story.caller(Role.COMPLIANCE), await story.caller(Role.TEAM_LEAD)
    first = await seeded(story)
    assert await rules.listed(story.parts, officer)
    for who in (officer, lead):
        with pytest.raises(Forbidden):
            await rules.add(story.parts, who, rule())
        with pytest.raises(Forbidden):
            await rules.end(story.parts, who, first.uid)
    with pytest.raises(Forbidden):
        await rules.listed(story.parts, lead)
    assert len(await story.events("archive.denied")) == 5


@pytest.mark.parametrize(
    "wrong",
    [
        {"actions": frozenset()},
        {"actions": frozenset({Action.UPLOAD})},
        {"partners": frozenset({"Northwind"})},
        {"explanation": "x" * 501},
        {"masks": ("#",) * 101},
    ],
)
async def test_a_rule_that_makes_no_sense_is_refused(story: Story, wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        await rules.add(story.parts, CONSOLE, rule(**wrong))


async def test_a_rule_of_one_partner_asks_for_its_calls_alone(story: Story) -> None:
    call, other, lead = await story.ready(), await story.ready("Contoso"), await story.caller(Role.TEAM_LEAD)
    assert call.partner is not None
    await rules.add(story.parts, CONSOLE, rule(partners=frozenset({call.partner.uid})))
    await listen.begin(story.parts, lead, other.uid)
    with pytest.raises(ReasonRequired):
        await listen.begin(story.parts, lead, call.uid)
    await grounds.state(story.parts, lead, call.uid, "a complaint")
    await listen.begin(story.parts, lead, call.uid)
