"""Searching through the database: rechecks, events before words, and an index that follows what changes."""

from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from msgspec import convert, structs

from archive.calls import grounds
from archive.calls.asked import Ask
from archive.calls.call import Call, Kind, State
from archive.calls.caller import Caller
from archive.calls.catalogue import owe_index
from archive.calls.facets import Facets
from archive.calls.filters import CallFilter, Sort
from archive.calls.history import ShownEvent
from archive.calls.index import index_call, refresh
from archive.calls.placing import ClientGiven
from archive.calls.reasons import ReasonRule
from archive.calls.search import MOST_OWED, search, suggest
from archive.errors import Invalid, Unavailable
from archive.identity import rules
from archive.ids import uuid7
from archive.policy.actions import Action, Role
from archive.policy.scope import AllCalls, Unsealed
from archive.ports import CallChanges, Parts, Work
from tests.integration.searched import READ, Away, add, caller, move, partner_of, uids
from tests.world import World

pytestmark = pytest.mark.anyio


async def performed(world: World) -> ShownEvent:
    return (await world.events("search.performed"))[0]


async def test_a_call_is_found_at_the_second_it_was_said(world: World, parts: Parts) -> None:
    call = await add(world, parts, "hello and welcome", "the pallet arrived broken")
    await add(world, parts, "something else entirely")
    found = await search(parts, await caller(parts, (AllCalls(), READ)), Ask(q="broken pallet"))
    assert (uids(found), found.total, found.degraded) == ([call.uid], 1, None)
    (moment,) = found.items[0].moments
    assert (moment.start, moment.end, moment.speaker) == (10.5, 19.5, "Caller")
    assert moment.text == "the pallet arrived broken"
    assert [moment.text[start:end] for start, end in moment.matches] == ["pallet", "broken"]
    assert call.state is State.READY


async def test_the_event_names_the_calls_whose_words_were_shown(world: World, parts: Parts) -> None:
    call = await add(world, parts, "the pallet arrived broken")
    ask = Ask(q="pallet", filter=CallFilter(partners=frozenset({call.partner_id or 0}), min_seconds=1.5))
    await search(parts, await caller(parts, (AllCalls(), READ)), ask)
    event = await performed(world)
    assert event.details["query"] == "pallet"
    assert event.details["shown"] == [call.uid]
    assert event.details["settled"] is True
    assert event.details["filter"] == {"partners": [call.partner and call.partner.uid], "min_seconds": "1.5"}
    assert event.purpose == "settling complaints"


async def test_keystrokes_on_the_way_are_told_apart(world: World, parts: Parts) -> None:
    await add(world, parts, "the pallet arrived broken")
    await search(parts, await caller(parts, (AllCalls(), READ)), Ask(q="pal", settled=False))
    assert (await performed(world)).details["settled"] is False


async def test_without_an_event_no_result_leaves(
    world: World, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(world, parts, "the pallet arrived broken")
    asking = await caller(parts, (AllCalls(), READ))

    class ReadOnly:
        """The database with a full disk."""

        read = staticmethod(parts.database.read)

        def write(self) -> AbstractAsyncContextManager[Work]:
            raise Unavailable("database", "The disk is full.", "Free some space.")

        async def check(self) -> None: ...
        async def close(self) -> None: ...

    with pytest.raises(Unavailable, match="database"):
        await search(structs.replace(parts, database=ReadOnly()), asking, Ask(q="pallet"))


async def test_find_alone_finds_by_metadata_and_shows_no_word(world: World, parts: Parts) -> None:
    call = await add(world, parts, "the pallet arrived broken", client=ClientGiven(name="Harald Olsson"))
    finder = await caller(parts, (AllCalls(), [Action.FIND]))
    silent = await search(parts, finder, Ask(q="pallet"))
    assert (silent.items, silent.total, silent.corrected, silent.facets.partners) == ((), 0, None, ())
    found = await search(parts, finder, Ask(q="olsson"))
    assert uids(found) == [call.uid]
    assert found.items[0].moments == ()
    assert (await performed(world)).details["shown"] == []


async def test_who_may_find_nothing_finds_nothing(world: World, parts: Parts) -> None:
    await add(world, parts, "the pallet arrived broken")
    found = await search(parts, await caller(parts, (AllCalls(), [Action.READ_AUDIT])), Ask())
    assert (found.items, found.total, found.indexing) == ((), 0, 0)


async def test_a_call_that_moved_away_is_lost_at_once(world: World, parts: Parts) -> None:
    call = await add(world, parts, "the pallet arrived broken")
    old = await caller(parts, (partner_of(call), READ))
    assert uids(await search(parts, old, Ask(q="pallet"))) == [call.uid]
    async with parts.database.write() as work:
        await move(work, call, "Southwind")  # and the index doesn't know yet
    found = await search(parts, old, Ask(q="pallet"))
    assert (found.items, found.total) == ((), 0)
    (event,) = await world.events("search.mismatch")
    assert (event.details["calls"], event.outcome) == ([call.uid], "denied")


async def test_a_call_that_moved_away_is_not_found_by_its_metadata_either(world: World, parts: Parts) -> None:
    call = await add(world, parts, "the pallet", client=ClientGiven(name="Harald Olsson"))
    old = await caller(parts, (partner_of(call), READ))
    async with parts.database.write() as work:
        await move(work, call, "Southwind")
    for typed in ("olsson", ""):
        found = await search(parts, old, Ask(q=typed))
        assert (found.items, found.total) == ((), 0)
    assert len(await world.events("search.mismatch")) == 2


async def test_words_that_left_the_scope_find_nothing_any_more(world: World, parts: Parts) -> None:
    call = await add(world, parts, "the pallet arrived broken")
    reader = await caller(parts, (AllCalls(), [Action.FIND]), (partner_of(call), READ))
    assert uids(await search(parts, reader, Ask(q="pallet"))) == [call.uid]
    async with parts.database.write() as work:
        await move(work, call, "Southwind")
    found = await search(parts, reader, Ask(q="pallet"))
    assert (found.items, found.total) == ((), 0)
    assert await world.events("search.mismatch")


async def test_a_deleted_call_is_dropped_and_then_forgotten(world: World, parts: Parts) -> None:
    call = await add(world, parts, "the pallet arrived broken")
    everywhere = await caller(parts, (AllCalls(), READ))
    async with parts.database.write() as work:
        await work.calls.delete(call.id)
    assert (await search(parts, everywhere, Ask(q="pallet"))).items == ()
    assert (await world.events("search.mismatch"))[0].details["deleted"] == 1
    await refresh(parts, call.id)
    await refresh(parts, call.id)
    assert await parts.index.count() == 0


async def seal(parts: Parts, call: Call) -> None:
    """As an edit does, while no worker runs: the index is owed it."""
    async with parts.database.write() as work:
        assert await work.calls.edit(call.id, call.revision, CallChanges(sealed=True))
        await owe_index(work, call)


@pytest.mark.parametrize("typed", ["platypus", "olsson", ""])
@pytest.mark.parametrize("offset", [0, 1, 5])
async def test_a_call_that_was_sealed_leaves_no_trace_before_the_index_knows(
    world: World, parts: Parts, typed: str, offset: int
) -> None:
    call = await add(
        world, parts, "the platypus", client=ClientGiven(name="Harald Olsson"), labels=("urgent",)
    )
    await seal(parts, call)
    reader = await caller(parts, (Unsealed(partner_of(call)), READ))
    found = await search(parts, reader, Ask(q=typed, offset=offset, limit=1))
    assert (found.items, found.total, found.facets) == ((), 0, Facets())
    assert not await world.events("search.mismatch")  # nor was it offered


CASE = ReasonRule(actions=frozenset({Action.READ_TRANSCRIPT}), masks=("CASE-#",))


@pytest.mark.parametrize(
    ("typed", "found"),
    [("olsson", 1), ("", 1), ("olsson platypus", 1), ("olsson -platypus", 1)]
    + [(said, 0) for said in ("platypus", "platypos", "plat", '"the platypus"', "platypus arrived")],
)
async def test_a_word_is_no_way_to_a_call_before_its_reader_said_why(
    world: World, parts: Parts, typed: str, found: int
) -> None:
    call = await add(world, parts, "the platypus arrived", client=ClientGiven(name="Harald Olsson"))
    await rules.add(parts, world.at_console, CASE)
    reader = await caller(parts, (AllCalls(), READ))
    answer = await search(parts, reader, Ask(q=typed))
    assert (len(answer.items), answer.total, answer.corrected) == (found, found, None)
    assert sum(facet.calls for facet in answer.facets.partners) == found
    told = [(item.moments, item.missing, item.unspoken) for item in answer.items]
    assert told == [((), (), bool(typed))] * found
    assert (await performed(world)).details["shown"] == []
    assert not await world.events("search.mismatch")  # it was not even offered

    await grounds.state(parts, reader, call.uid, "CASE-7")
    by_speech = [] if typed == "olsson -platypus" else [call.uid]
    answer = await search(parts, reader, Ask(q=typed))
    assert (uids(answer), answer.total) == (by_speech, len(by_speech))
    assert not any(item.unspoken for item in answer.items)
    elsewhere = await search(parts, structs.replace(reader, seat=uuid7()), Ask(q=typed))
    assert (len(elsewhere.items), elsewhere.total) == (found, found)


@pytest.mark.parametrize(
    "narrowed", [{"labels": ("secret",)}, {"partners": ("Southwind",)}, {"kinds": ("meeting",)}]
)
async def test_calls_outside_a_rule_are_found_by_their_words_page_by_page(
    world: World, parts: Parts, narrowed: dict[str, tuple[str, ...]]
) -> None:
    named: dict[str, Any] = {"labels": ("secret",), "partner": "Southwind", "kind": Kind.MEETING}
    hidden = [await add(world, parts, "the platypus", **named) for _ in range(2)]
    free = {(await add(world, parts, "the platypus", labels=("open",))).uid for _ in range(3)}
    if partners := narrowed.get("partners"):
        narrowed = {"partners": tuple(await rules.partner_ids(parts, partners))}
    rule = convert({"actions": ["read_transcript"], "masks": ["CASE-#"], **narrowed}, ReasonRule)
    await rules.add(parts, world.at_console, rule)
    reader = await caller(parts, (AllCalls(), READ))
    assert await paged(parts, reader) == (free, 3)
    await grounds.state(parts, reader, hidden[0].uid, "CASE-7")
    assert await paged(parts, reader) == (free | {hidden[0].uid}, 4)


async def paged(parts: Parts, reader: Caller) -> tuple[set[str], int]:
    """All that is found, two calls a page, and the total that each page told."""
    pages = [await search(parts, reader, Ask(q="platypus", offset=at, limit=2)) for at in (0, 2, 4)]
    (total,) = {page.total for page in pages}
    assert [len(page.items) for page in pages] == [2, min(total - 2, 2), max(total - 4, 0)]
    assert all(sum(facet.calls for facet in page.facets.partners) == total for page in pages)
    return {uid for page in pages for uid in uids(page)}, total


async def test_who_may_read_without_a_reason_searches_by_words(world: World, parts: Parts) -> None:
    call = await add(world, parts, "the platypus")
    asked = ReasonRule(actions=frozenset({Action.READ_TRANSCRIPT}), roles=frozenset({Role.COMPLIANCE}))
    await rules.add(parts, world.at_console, asked)
    await rules.add(parts, world.at_console, structs.replace(asked, roles=frozenset()))
    program = await caller(parts, (AllCalls(), READ))
    assert program.principal.purpose  # a standing one will do where no case number is asked
    assert uids(await search(parts, program, Ask(q="platypus"))) == [call.uid]


async def test_a_label_that_the_index_does_not_know_yet_hides_words_all_the_same(
    world: World, parts: Parts
) -> None:
    call = await add(world, parts, "the platypus")
    await rules.add(parts, world.at_console, structs.replace(CASE, labels=frozenset({"secret"})))
    async with parts.database.write() as work:
        assert await work.calls.edit(call.id, call.revision, CallChanges(labels=("secret",)))
    found = await search(parts, await caller(parts, (AllCalls(), READ)), Ask(q="platypus"))
    assert (found.items, found.total, found.facets) == ((), 0, Facets())


async def test_a_changed_call_is_found_once_the_index_knows(world: World, parts: Parts) -> None:
    call = await add(world, parts, "the platypus")
    async with parts.database.write() as work:
        await owe_index(work, call)
    everywhere = await caller(parts, (AllCalls(), READ))
    waiting = await search(parts, everywhere, Ask(q="platypus"))
    assert (waiting.items, waiting.indexing) == ((), 1)
    await index_call(parts, call.id)
    found = await search(parts, everywhere, Ask(q="platypus"))
    assert (uids(found), found.indexing) == ([call.uid], 0)


async def test_facets_go_with_a_hit_that_is_dropped(world: World, parts: Parts) -> None:
    call = await add(world, parts, "the pallet", labels=("secret",))
    kept = await add(world, parts, "the pallet again")
    old = await caller(parts, (partner_of(call), READ))
    async with parts.database.write() as work:
        await move(work, call, "Southwind")
    found = await search(parts, old, Ask(q="pallet"))
    assert (uids(found), found.total, found.facets) == ([kept.uid], 1, Facets())


async def test_an_index_far_behind_counts_only_what_is_known(world: World, parts: Parts) -> None:
    """More is owed than an engine is told to leave out."""
    stale = await add(world, parts, "the platypus", labels=("secret",))
    calls = {(await add(world, parts, "the platypus again")).uid for _ in range(3)}
    async with parts.database.write() as work:
        for none in range(MOST_OWED + 1):
            await work.index_debts.owe(-1 - none)
    await seal(parts, stale)
    reader = await caller(parts, (Unsealed(partner_of(stale)), READ))
    pages = [await search(parts, reader, Ask(q="again", offset=at, limit=2)) for at in (0, 2, 4)]
    assert [len(page.items) for page in pages] == [2, 1, 0]
    assert {uid for page in pages for uid in uids(page)} == calls
    assert [page.total for page in pages] == [3, 3, 4]
    assert all(page.facets == Facets() for page in pages)
    hidden = await search(parts, reader, Ask(q="platypus -again"))
    assert (hidden.items, hidden.total, hidden.facets) == ((), 0, Facets())


async def test_a_slip_is_put_right_with_words_from_the_scope_only(world: World, parts: Parts) -> None:
    call = await add(world, parts, "the technician came late")
    foreign = await add(world, parts, "the settlement is secret", partner="Southwind")
    assert foreign.partner_id != call.partner_id
    reader = await caller(parts, (partner_of(call), READ))
    found = await search(parts, reader, Ask(q="technicain late"))
    assert found.corrected == "technician late"
    assert (await search(parts, reader, Ask(q="setlement"))).corrected is None


async def test_facets_carry_names_of_the_scope_only(world: World, parts: Parts) -> None:
    call = await add(world, parts, "the pallet", client=ClientGiven(name="Harald Olsson"), labels=("urgent",))
    await add(world, parts, "the pallet again", partner="Southwind", labels=("secret",))
    found = await search(parts, await caller(parts, (partner_of(call), READ)), Ask(q="pallet"))
    assert [(facet.name, facet.calls) for facet in found.facets.partners] == [("Northwind", 1)]
    assert [(facet.name, facet.calls) for facet in found.facets.clients] == [("Harald Olsson", 1)]
    assert [facet.name for facet in found.facets.labels] == ["urgent"]
    assert found.facets.partners[0].id == (call.partner and call.partner.uid)


async def test_without_its_engine_the_archive_answers_on_metadata_and_says_so(world: World) -> None:
    parts = structs.replace(world.parts, index=Away())
    call = await world.call(client=ClientGiven(name="Harald Olsson"))
    found = await search(parts, await caller(parts, (AllCalls(), READ)), Ask(q="olsson"))
    assert uids(found) == [call.uid]
    assert found.degraded is not None
    assert "search engine" in found.degraded
    assert found.items[0].moments == ()
    assert (await performed(world)).details["degraded"] is True


async def test_without_the_engine_words_are_left_out_and_the_order_stays(world: World) -> None:
    parts = structs.replace(world.parts, index=Away())
    first, second = [await world.call(client=ClientGiven(name="Harald Olsson"), note="order") for _ in "ab"]
    await world.call(client=ClientGiven(name="Harald Olsson"), note="refund")
    asking = await caller(parts, (AllCalls(), READ))
    found = await search(parts, asking, Ask(q="olsson -refund", sort=Sort.OLDEST))
    assert uids(found) == [first.uid, second.uid]
    assert uids(await search(parts, asking, Ask(q="olsson -refund"))) == [second.uid, first.uid]


async def test_says_how_many_calls_are_still_being_indexed(world: World, parts: Parts) -> None:
    await add(world, parts, "the pallet")
    await world.call(playable=False)
    found = await search(parts, await caller(parts, (AllCalls(), READ)), Ask())
    assert found.indexing == 1


async def test_states_are_not_searched(world: World) -> None:
    with pytest.raises(Invalid, match="state"):
        await search(
            world.parts,
            await caller(world.parts, (AllCalls(), READ)),
            Ask(filter=CallFilter(states=frozenset({State.READY}))),
        )


async def test_typed_control_characters_reach_no_part(world: World, parts: Parts) -> None:
    await add(world, parts, "the pallet")
    found = await search(
        parts, await caller(parts, (AllCalls(), READ)), Ask(q="pal\x00let\ud800 \x07", limit=-1)
    )
    assert found.items == ()
    assert (await performed(world)).details["query"] == "pallet"


async def test_suggestions_come_from_metadata_in_scope(world: World, parts: Parts) -> None:
    call = await add(world, parts, "north of the harbour", client=ClientGiven(name="Northrup"))
    await add(world, parts, "elsewhere", partner="Norwood")
    finder = await caller(parts, (partner_of(call), [Action.FIND]))
    assert {one.text for one in await suggest(parts, finder, " nor")} == {"Northwind", "Northrup"}
    assert await suggest(parts, finder, "harbour") == []
    assert await suggest(parts, finder, " \x00") == []
