"""Those who write calls that they may not read: a write tells them nothing of what others wrote."""

import pytest

from archive.calls.access import as_read
from archive.calls.catalogue import CallEdit, edit
from archive.calls.placing import AgentGiven, ClientGiven
from archive.policy.actions import Action, Role
from archive.policy.decide import resolve_scope
from archive.policy.scope import OwnCalls, contains
from tests.story import Story

pytestmark = pytest.mark.anyio

UPLOAD = frozenset({Action.UPLOAD})
BEA = ClientGiven("Bea Foreign", "+49 170 99999", "BX-1")
BOB = AgentGiven("Bob", "bob@example.com")


# ---- clients and agents ----


@pytest.mark.parametrize(
    "given",
    [ClientGiven(phone="+49 170 99999"), ClientGiven("Mine", external_id="BX-1"), ClientGiven("bea foreign")],
)
async def test_no_client_of_a_foreign_partner_is_met_by_number_id_or_name(
    story: Story, given: ClientGiven
) -> None:
    foreign = await story.received("Contoso", client=BEA)
    uploader = await story.caller(UPLOAD, "Northwind")
    made = (await story.upload(uploader, partner="Northwind", client=given)).call.client
    again = (await story.upload(uploader, b"two", partner="Northwind", client=given)).call.client
    assert foreign.client
    assert made
    assert made.id != foreign.client.id
    assert (made.name, made.external_id) == (given.name or given.phone, given.external_id)
    assert again == made  # one's own are met


async def test_no_agent_of_a_foreign_partner_is_met_and_both_are_the_persons_own(story: Story) -> None:
    foreign = await story.received("Contoso", agent=BOB)
    uploader = await story.caller(UPLOAD, "Northwind")
    given = AgentGiven(email="BOB@example.com")
    made = (await story.upload(uploader, partner="Northwind", agent=given)).call
    again = (await story.upload(uploader, b"two", partner="Northwind", agent=given)).call
    assert foreign.agent
    assert made.agent
    assert (made.agent.name, again.agent) == ("BOB@example.com", made.agent)
    assert made.agent.id != foreign.agent.id
    async with story.parts.database.write() as work:
        bob = await work.principals.add_person("bob@example.com", "Bob")
    await story.give(bob, Role.AGENT, OwnCalls(frozenset()))
    async with story.parts.database.read() as work:
        held = await work.principals.get(bob.uid)
        assert held is not None
        own = resolve_scope(held, Action.LISTEN, await work.now())
    assert contains(own, foreign)
    assert contains(own, made)


# ---- what a writer may read ----


async def test_a_writer_reads_what_they_may_read_or_find_and_no_other_call(story: Story) -> None:
    call = await story.received("Northwind")
    readers = [await story.caller({action}, "Northwind") for action in (Action.READ_CALL, Action.FIND)]
    others = [await story.caller({Action.FIND}, "Contoso"), await story.caller(UPLOAD | {Action.EDIT})]
    assert [await as_read(story.parts, reader, call) for reader in readers] == [call, call]
    assert [await as_read(story.parts, other, call) for other in others] == [None, None]
    await story.revoke(readers[0])
    assert await as_read(story.parts, readers[0], call) is None


async def test_a_writer_learns_of_no_foreign_call_with_the_same_bytes(story: Story) -> None:
    foreign = await story.received("Contoso")
    caller = await story.caller(UPLOAD | {Action.READ_CALL}, "Northwind")
    everywhere = await story.caller({Action.READ_CALL})
    call = (await story.upload(caller, partner="Northwind")).call
    ours, whole = await as_read(story.parts, caller, call), await as_read(story.parts, everywhere, call)
    assert ours is not None
    assert whole is not None
    assert (ours.duplicate_of, whole.duplicate_of) == (None, foreign.uid)


async def test_who_asks_for_a_call_of_theirs_that_was_moved_away_is_logged(story: Story) -> None:
    uploader = await story.caller(UPLOAD, "Northwind")
    await story.received("Contoso")
    first = (await story.upload(uploader, partner="Northwind", external_id="7")).call
    assert not (await story.upload(uploader, partner="Northwind", external_id="7")).created
    assert await story.events("call.denied") == []
    await edit(story.parts, await story.caller({Action.EDIT}), first.uid, None, CallEdit(partner="Contoso"))
    again = await story.upload(uploader, partner="Northwind", external_id="7")
    assert (again.created, again.call.uid) == (False, first.uid)
    (denied,) = await story.events("call.denied")
    assert (denied.call, denied.reason_code) == (first.uid, "out_of_scope")
    assert denied.details == {"action": "upload"}
