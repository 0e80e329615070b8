"""Saying why before hearing, taking away or reading, on both databases."""

from typing import Any, NamedTuple

import pytest
from msgspec import structs

from archive.calls import catalogue, download, grounds, listen, words
from archive.calls.call import Call, Kind
from archive.calls.caller import Caller
from archive.calls.catalogue import CallEdit
from archive.calls.download import What
from archive.calls.reasons import KEPT, ReasonRequired, ReasonRule
from archive.calls.transcript import Segment, Transcript
from archive.errors import Forbidden, Invalid, NotFound
from archive.identity import rules
from archive.identity.managing import console
from archive.ids import uuid7
from archive.policy.actions import HEAR, Action, Role
from archive.policy.principal import Principal, PrincipalKind
from archive.policy.scope import AllCalls
from archive.ports import Withheld
from tests.story import Story

pytestmark = pytest.mark.anyio

CONSOLE = console("root")
WHY = "the client complained"
SAID = Transcript((Segment(0.0, 1.0, "hello"),), "en")


async def ruled(story: Story, **given: Any) -> None:
    named = {"actions": frozenset({Action.LISTEN, Action.DOWNLOAD, Action.READ_TRANSCRIPT}), **given}
    await rules.add(story.parts, CONSOLE, ReasonRule(**named))


async def download_all(story: Story, caller: Caller, call: Call) -> bytes:
    file = await download.look(story.parts, caller, call.uid, What.ORIGINAL)
    return b"".join([chunk async for chunk in await download.begin(story.parts, caller, file, 0, file.bytes)])


async def spoken(story: Story) -> Call:
    call = await story.ready()
    await words.put(story.parts, await story.caller({Action.EDIT}), call.uid, SAID)
    return call


async def test_compliance_says_why_before_listening_and_downloading(story: Story) -> None:
    call, officer = await spoken(story), await story.caller(Role.COMPLIANCE)
    with pytest.raises(ReasonRequired):
        await listen.begin(story.parts, officer, call.uid)
    with pytest.raises(ReasonRequired):
        await download_all(story, officer, call)
    assert await story.events("listen.opened", "recording.downloaded", "recording.delivered") == []
    await words.read(story.parts, officer, call.uid)

    begun = await listen.begin(story.parts, officer, call.uid, WHY)
    assert begun.listen.reason == WHY
    assert await download_all(story, officer, call)
    (grant,) = officer.principal.grants
    for what in ("listen.opened", "recording.downloaded"):
        (event,) = await story.events(what)
        assert event.texts["purpose"] == WHY
        assert (event.details["grant"], event.details["basis"]) == (grant.uid, "given")
    assert [event.texts["purpose"] for event in await story.events("reason.stated")] == [WHY]


async def test_others_need_none(story: Story) -> None:
    call, lead = await spoken(story), await story.caller(Role.TEAM_LEAD)
    assert (await listen.begin(story.parts, lead, call.uid)).listen.reason is None
    await words.read(story.parts, lead, call.uid)
    assert "purpose" not in (await story.events("transcript.read"))[0].texts


@pytest.mark.parametrize("beside", [Role.TEAM_LEAD, HEAR])
async def test_no_other_grant_spares_anybody_the_reason_of_their_role(
    story: Story, beside: Role | frozenset[Action]
) -> None:
    call, officer = await story.ready(), await story.caller(Role.COMPLIANCE)
    await story.give(officer.principal, beside, "all")
    both = await story.again(officer)
    for caller in (both, structs.replace(both, principal=backwards(both.principal))):
        with pytest.raises(ReasonRequired):
            await listen.begin(story.parts, caller, call.uid)
    await listen.begin(story.parts, both, call.uid, WHY)


def backwards(principal: Principal) -> Principal:
    return structs.replace(principal, grants=principal.grants[::-1])


@pytest.mark.parametrize("reason", ["", "  ", "no", "\x07\x07\x07\x07"])
async def test_a_reason_says_something(story: Story, reason: str) -> None:
    call, officer = await story.ready(), await story.caller(Role.COMPLIANCE)
    with pytest.raises(ReasonRequired):
        await listen.begin(story.parts, officer, call.uid, reason)
    with pytest.raises(Invalid):
        await grounds.state(story.parts, officer, call.uid, reason)
    assert await story.events("reason.stated") == []


async def test_a_case_number_has_one_of_the_forms(story: Story) -> None:
    call, reader = await spoken(story), await story.caller({Action.READ_TRANSCRIPT})
    await ruled(story, masks=("CASE-###", "@@-#"), explanation="For the regulator.")
    with pytest.raises(ReasonRequired) as asked:
        await grounds.state(story.parts, reader, call.uid, WHY)
    assert asked.value.facts == {"explanation": "For the regulator.", "masks": ("CASE-###", "@@-#")}
    await grounds.state(story.parts, reader, call.uid, " case-471 ")
    await words.read(story.parts, reader, call.uid)
    assert (await story.events("transcript.read"))[0].texts["purpose"] == "case-471"


async def test_a_stated_reason_counts_for_its_person_seat_and_call_alone(story: Story) -> None:
    call, other_call = await spoken(story), await spoken(story)
    officer, other = await story.caller(Role.COMPLIANCE), await story.caller(Role.COMPLIANCE)
    await grounds.state(story.parts, officer, call.uid, WHY)
    await listen.begin(story.parts, officer, call.uid)
    elsewhere = structs.replace(officer, seat=uuid7())
    for caller, uid in ((other, call.uid), (elsewhere, call.uid), (officer, other_call.uid)):
        with pytest.raises(ReasonRequired):
            await listen.begin(story.parts, caller, uid)


async def test_a_stated_reason_lasts_twelve_hours(story: Story) -> None:
    call, officer = await story.ready(), await story.caller(Role.COMPLIANCE)
    await grounds.state(story.parts, officer, call.uid, WHY)
    story.clock.forward(seconds=KEPT.total_seconds() - 1)
    await listen.begin(story.parts, officer, call.uid)
    story.clock.forward(seconds=1)
    with pytest.raises(ReasonRequired):
        await listen.begin(story.parts, officer, call.uid)


async def test_words_are_searched_on_calls_of_which_enough_was_said_lately(story: Story) -> None:
    call, untold = await spoken(story), await spoken(story)
    reader = await story.caller({Action.READ_TRANSCRIPT})
    await ruled(story, partners=await rules.partner_ids(story.parts, ["Northwind"]))
    await grounds.state(story.parts, reader, call.uid, WHY)
    await grounds.state(story.parts, reader, call.uid, "another reason")
    assert (await held_back(story, reader)).told == {call.id}
    assert (await held_back(story, structs.replace(reader, seat=uuid7()))).told == set()
    await ruled(story, masks=("CASE-#",))
    assert (await held_back(story, reader)).told == set()
    await grounds.state(story.parts, reader, untold.uid, "CASE-7")
    assert (await held_back(story, reader)).told == {untold.id}
    story.clock.forward(seconds=KEPT.total_seconds())
    both = await held_back(story, reader)
    assert both.told == set()
    assert both.withheld == (Withheld(partners=frozenset({call.partner_id or 0})), Withheld())


class HeldBack(NamedTuple):
    withheld: tuple[Withheld, ...]
    told: frozenset[int]


async def held_back(story: Story, caller: Caller) -> HeldBack:
    async with story.parts.database.read() as work:
        return HeldBack(await grounds.withheld(work, caller), await grounds.told(work, caller, AllCalls()))


@pytest.mark.parametrize(
    ("names", "edit"),
    [
        ({"labels": frozenset({"sensitive"})}, CallEdit(labels=("open",))),
        ({"kinds": frozenset({Kind.MEETING})}, CallEdit(kind=Kind.PHONE)),
    ],
)
async def test_nobody_edits_a_call_out_of_a_rule_without_its_reason(
    story: Story, names: dict[str, Any], edit: CallEdit
) -> None:
    call = await story.ready(labels=("sensitive",), kind=Kind.MEETING)
    lead, free = await story.caller(Role.TEAM_LEAD), await story.caller({Action.EDIT})
    await ruled(story, roles=frozenset({Role.TEAM_LEAD}), **names)
    with pytest.raises(ReasonRequired):
        await catalogue.edit(story.parts, lead, call.uid, None, edit)
    assert (await story.call(call)).labels == ("sensitive",)
    await catalogue.edit(story.parts, lead, call.uid, None, CallEdit(note="as it was"))

    await grounds.state(story.parts, lead, call.uid, WHY)
    await catalogue.edit(story.parts, lead, call.uid, None, edit)
    (_, event) = await story.events("call.edited")
    assert event.texts["purpose"] == WHY
    assert (event.details["from"]["kind"], event.details["to"]["kind"]) == (
        "meeting",
        (await story.call(call)).kind,
    )
    await catalogue.edit(story.parts, free, call.uid, None, CallEdit(labels=()))


async def test_the_log_tells_labels_before_and_after(story: Story) -> None:
    call, lead = await story.ready(labels=("sensitive", "q3")), await story.caller(Role.TEAM_LEAD)
    await catalogue.edit(story.parts, lead, call.uid, None, CallEdit(labels=("open",)))
    (event,) = await story.events("call.edited")
    told = event.texts["details.labels_before"], event.texts["details.labels_after"]
    assert told == ("sensitive\nq3", "open")


async def test_a_listen_that_continues_another_keeps_its_reason(story: Story) -> None:
    call, officer = await story.ready(), await story.caller(Role.COMPLIANCE)
    first = (await listen.begin(story.parts, officer, call.uid, WHY)).listen
    again = structs.replace(officer, seat=uuid7())
    second = (await listen.begin(story.parts, again, call.uid, continues=first.uid)).listen
    assert second.reason == WHY
    assert {event.texts["purpose"] for event in await story.events("listen.opened")} == {WHY}
    story.clock.forward(hours=12)
    with pytest.raises(ReasonRequired):
        await listen.begin(story.parts, again, call.uid, continues=second.uid)


async def test_a_programs_standing_purpose_counts_where_no_case_number_is_asked(story: Story) -> None:
    call = await story.ready()
    await ruled(story)
    person = await story.caller({Action.LISTEN})
    purposeful = structs.replace(person.principal, purpose="billing")
    with pytest.raises(ReasonRequired):
        await listen.begin(story.parts, structs.replace(person, principal=purposeful), call.uid)
    program = structs.replace(person, principal=structs.replace(purposeful, kind=PrincipalKind.INTEGRATION))
    await listen.begin(story.parts, program, call.uid)
    assert (await story.events("listen.opened"))[0].texts["purpose"] == "billing"
    await ruled(story, masks=("#######",))
    with pytest.raises(ReasonRequired):
        await listen.begin(story.parts, program, call.uid)


async def test_nobody_states_a_reason_for_what_they_may_not_do(story: Story) -> None:
    call = await story.ready()
    seer, stranger = await story.caller({Action.FIND}), await story.caller(Role.COMPLIANCE, "Contoso")
    with pytest.raises(Forbidden):
        await grounds.state(story.parts, seer, call.uid, WHY)
    with pytest.raises(NotFound):
        await grounds.state(story.parts, stranger, call.uid, WHY)
    assert await story.events("reason.stated") == []
    assert len(await story.events("call.denied")) == 2
