"""Where calls stand: nobody puts one outside their scope, or learns from a refusal what else there is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec import structs

from archive.calls.call import Call
from archive.calls.catalogue import CallEdit, edit
from archive.calls.placing import AgentGiven, ClientGiven
from archive.errors import Forbidden, Invalid, NotFound, Stale
from archive.policy.actions import Action, Role
from archive.policy.scope import Team
from archive.ports import CallChanges, Database, Job, Work
from tests.story import Story, only

pytestmark = pytest.mark.anyio

UPLOAD = frozenset({Action.UPLOAD})
EDIT = frozenset({Action.EDIT, Action.READ_CALL})


async def refusal(story: Story, **metadata: Any) -> tuple[str | None, str]:
    """What an uploader for Northwind alone is told."""
    with pytest.raises(Invalid) as refused:
        await story.upload(await story.caller(UPLOAD, "Northwind"), **metadata)
    return refused.value.field, refused.value.detail


async def test_a_foreign_partner_and_an_unknown_one_get_the_same_answer(story: Story) -> None:
    await story.received("Contoso")
    foreign, unknown = [await refusal(story, partner=name) for name in ("Contoso", "Nobody")]
    assert foreign[0] == unknown[0] == "partner"
    assert foreign[1].replace("Contoso", "Nobody") == unknown[1]
    async with story.parts.database.read() as work:
        assert await work.names.partner("Nobody") is None


async def test_no_other_name_tells_whether_a_foreign_partner_exists(story: Story) -> None:
    """An unknown team must not fail first for a partner that exists, last for one that doesn't."""
    await story.received("Contoso")
    foreign, unknown = [
        await refusal(story, partner=name, team="No such team") for name in (" contoso ", " nobody ")
    ]
    assert foreign[0] == unknown[0] == "partner"
    assert foreign[1].replace("contoso", "nobody") == unknown[1]


async def test_an_unknown_team_beside_ones_own_partner_is_named_and_any_other_like_it(story: Story) -> None:
    await story.received("Contoso", team="Blue")
    foreign, unknown = [await refusal(story, partner="Northwind", team=name) for name in ("Blue", "Nobody")]
    assert foreign[0] == unknown[0] == "team"
    assert foreign[1].replace("Blue", "Nobody") == unknown[1]


@pytest.mark.parametrize("name", ["Contoso", "Nobody"])
async def test_whoever_reaches_a_team_names_no_partner(story: Story, name: str) -> None:
    blue = (await story.received("Contoso", team="Blue")).team_id or 0
    uploader = await story.caller(UPLOAD, Team(frozenset({blue})))
    with pytest.raises(Invalid) as refused:
        await story.upload(uploader, team="Blue", partner=name)
    assert refused.value.detail == f"There is no partner {name} that you may name."
    assert (await story.upload(uploader, team="Blue")).call.team_id == blue


async def test_a_grant_on_one_partner_beside_one_on_all_takes_nothing_away(story: Story) -> None:
    caller = await story.caller(UPLOAD)
    await story.give(caller.principal, UPLOAD, "Northwind")
    call = (await story.upload(await story.again(caller), partner="Brand new", team="Blue")).call
    assert call.partner is not None
    assert call.partner.name == "Brand new"


async def test_no_name_is_empty_to_the_eye_or_disguises_another(story: Story) -> None:
    caller = await story.caller(UPLOAD)
    for given in (
        {"partner": "\u202e "},
        {"team": "\x00"},
        {"client": ClientGiven("\u2066")},
        {"agent": AgentGiven(" ")},
    ):
        with pytest.raises(Invalid):
            await story.upload(caller, **given)
    call = (await story.upload(caller, partner="North\u202ewind", client=ClientGiven(" A\tda "))).call
    assert [named and named.name for named in (call.partner, call.client)] == ["Northwind", "A da"]


async def test_whoever_uploads_for_one_partner_must_name_it(story: Story) -> None:
    assert (await refusal(story))[0] == "partner"


async def test_whoever_reaches_everything_makes_what_is_new(story: Story) -> None:
    caller = await story.caller(UPLOAD)
    call = (
        await story.upload(
            caller,
            partner="Northwind",
            team="Blue",
            client=ClientGiven("Ada", "+44 20 7946 0000"),
            agent=AgentGiven("Sam", "sam@example.com"),
        )
    ).call
    assert [named and named.name for named in (call.partner, call.team, call.client, call.agent)] == [
        "Northwind",
        "Blue",
        "Ada",
        "Sam",
    ]
    again = (await story.upload(caller, b"two", partner=" NORTHWIND ", team="blue")).call
    assert (again.partner_id, again.team_id) == (call.partner_id, call.team_id)


# ---- edits ----


async def test_a_call_that_moves_is_at_once_its_old_partners_no_more(story: Story) -> None:
    call = await story.ready("Northwind")
    old, new = [await story.caller(EDIT, partner) for partner in ("Northwind", "Contoso")]
    moved = await edit(story.parts, await story.caller(EDIT), call.uid, None, CallEdit(partner="Contoso"))
    assert moved.partner is not None
    assert moved.partner.name == "Contoso"
    with pytest.raises(NotFound):
        await edit(story.parts, old, call.uid, None, CallEdit(note="mine"))
    await edit(story.parts, new, call.uid, None, CallEdit(note="mine"))
    event = (await story.events("call.edited"))[0]
    assert event.details["from"]["partner"] != event.details["to"]["partner"] == moved.partner.uid
    assert event.details["fields"] == ["partner"]


@pytest.mark.parametrize("partner", ["Contoso", "Nobody", None])
async def test_nobody_moves_a_call_out_of_their_scope(story: Story, partner: str | None) -> None:
    await story.received("Contoso")
    call = await story.ready("Northwind")
    caller = await story.caller(EDIT, "Northwind")
    with pytest.raises(Invalid) as refused:
        await edit(story.parts, caller, call.uid, None, CallEdit(partner=partner))
    assert refused.value.field == "partner"
    assert (await story.call(call)).revision == call.revision
    assert await story.events("call.edited") == []


async def test_a_team_lead_names_the_calls_own_partner_and_no_other(story: Story) -> None:
    await story.received("Contoso")
    call = await story.ready("Northwind", team="Blue")
    lead = await story.caller(Role.TEAM_LEAD, Team(frozenset({call.team_id or 0})))
    assert (await edit(story.parts, lead, call.uid, None, CallEdit(partner="Northwind"))).partner
    refused = []
    for change in (
        CallEdit(team=None),
        CallEdit(team="No such team"),
        CallEdit(partner="Nobody"),
        CallEdit(partner="Contoso"),
    ):
        with pytest.raises(Invalid) as told:
            await edit(story.parts, lead, call.uid, None, change)
        refused.append(told.value.detail)
    assert refused[2].replace("Nobody", "Contoso") == refused[3]
    async with story.parts.database.read() as work:
        assert await work.names.partner("Nobody") is None


@pytest.mark.parametrize("late", [0, -1])
async def test_an_edit_of_an_older_revision_changes_nothing(story: Story, late: int) -> None:
    """Revision 0 is none that a call ever had: it must not pass for "whatever it is now"."""
    call, caller = await story.ready(), await story.caller(EDIT)
    revision = 0 if late == 0 else call.revision
    await edit(story.parts, caller, call.uid, call.revision, CallEdit(note="first"))
    with pytest.raises(Stale):
        await edit(story.parts, caller, call.uid, revision, CallEdit(note="second"))
    assert (await story.call(call)).note == "first"
    assert len(await story.events("call.edited")) == 1


async def test_an_edit_that_names_no_revision_is_never_stale(story: Story) -> None:
    """Somebody else's edit gets through between its look and its change."""
    call, caller = await story.ready(), await story.caller(EDIT)
    overtaken = structs.replace(story.parts, database=Overtaken(story.parts.database))
    edited = await edit(overtaken, caller, call.uid, None, CallEdit(language="en"))
    assert (edited.note, edited.language, edited.revision) == ("theirs", "en", call.revision + 2)


class Overtaken:
    """A database where each edit finds that another one came first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Work]:
        async with self._database.write() as work:
            own = work.calls.edit

            async def late(id: int, revision: int | None, changes: CallChanges) -> Call | None:
                await own(id, None, CallChanges(note="theirs"))
                return await own(id, revision, changes)

            work.calls.edit = late  # type: ignore[method-assign]
            yield work


async def test_an_edit_is_owed_to_the_index(story: Story) -> None:
    call, caller = await story.ready(), await story.caller(EDIT)
    edited = await edit(story.parts, caller, call.uid, None, CallEdit(note="first"))
    assert edited.state == "indexing"
    assert story.doorbell.rung == [(Job.INDEX, call.id)]


async def test_null_clears_and_what_is_left_out_stays(story: Story) -> None:
    call = await story.ready("Northwind", note="kept", language="en", client=ClientGiven("Ada", "12345"))
    edited = await edit(
        story.parts, await story.caller(EDIT), call.uid, None, CallEdit(client=None, language=None)
    )
    assert (edited.client, edited.language, edited.note) == (None, None, "kept")
    assert edited.partner == call.partner


async def test_seeing_a_call_is_not_editing_it(story: Story) -> None:
    call = await story.ready()
    reader = await story.caller({Action.READ_CALL}, only(call))
    with pytest.raises(Forbidden):
        await edit(story.parts, reader, call.uid, None, CallEdit(note="mine"))
