"""Calls: kept whole, found within a scope only, listed in a stable order."""

import asyncio
from datetime import timedelta

import pytest
from msgspec import structs

from archive.adapters.db.database import SqlDatabase
from archive.calls.call import Call, Consent, Direction, Kind, Participant, Recording, State, TranscriptRef
from archive.calls.filters import CallFilter, Sort
from archive.errors import Conflict, Invalid
from archive.policy.scope import AllCalls, Nothing, Unsealed
from archive.ports import CallChanges, MetadataQuery, PageMark, Suggestion, SuggestionKind
from tests.contract.making import (
    RENDITION,
    START,
    WORDS,
    add_call,
    add_partner,
    add_person,
    add_playable,
    new_call,
    of_calls,
    of_partner,
)

pytestmark = pytest.mark.anyio
EVERYTHING = CallFilter()


async def test_a_call_comes_back_as_it_was_given(database: SqlDatabase) -> None:
    async with database.write() as work:
        partner = await work.names.add_partner("Northwind")
        client = await work.names.add_client("Ann Li", None, "C-7")
        agent = await work.names.add_agent("Bo", "bo@example.com")
        team = await work.names.add_team("Night")
        given = new_call(
            kind=Kind.MEETING,
            direction=Direction.OUTBOUND,
            recording=Recording("originals/x", "ff", 2**40, "wav", "pcm_mulaw", 2, 8000),
            partner_id=partner.id,
            client_id=client.id,
            agent_id=agent.id,
            team_id=team.id,
            external_id="E1",
            source="switch",
            phone="+44 20 7946 0000",
            labels=("late", "refund", "Äther"),
            channels=("agent", "client"),
            language="en-GB",
            note="the second try",
            participants=(Participant("Ann", joined=1.5), Participant("Bo", "agent")),
            consent=Consent.AGREED,
            sealed=True,
        )
        call = await work.calls.add(given)
    resolved = {"partner_id", "client_id", "agent_id", "team_id", "phone", "duplicate_of"}
    for name in set(given.__struct_fields__) - resolved:
        assert getattr(call, name) == getattr(given, name), name
    assert (call.partner, call.agent, call.team) == (partner, agent, team)
    assert call.client == structs.replace(client, phone="+44 20 7946 0000")
    assert (call.state, call.revision, call.attempts, call.transcript) == (State.RECEIVED, 1, 0, None)
    async with database.read() as work:
        assert await work.calls.get(call.uid, AllCalls()) == call


async def test_microseconds_and_zones_survive(database: SqlDatabase) -> None:
    started = START.replace(microsecond=999_999).astimezone(tz=None)
    call = await add_call(database, started_at=started)
    assert call.started_at == started
    assert call.started_at.utcoffset() == timedelta(0)


async def test_a_call_outside_the_scope_is_not_there(database: SqlDatabase) -> None:
    ours, theirs = await add_partner(database, "ours"), await add_partner(database, "theirs")
    call = await add_call(database, partner_id=theirs)
    async with database.read() as work:
        for scope in (of_partner(ours), Nothing(), of_partner()):
            assert await work.calls.get(call.uid, scope) is None
            assert await work.calls.select([call.id], scope) == {}
            assert await work.calls.page(scope, EVERYTHING) == []
            assert await work.calls.count(scope, EVERYTHING) == 0
        assert await work.calls.get(call.uid, of_partner(theirs)) == call


async def test_many_scopes_are_counted_each_for_itself(database: SqlDatabase) -> None:
    made = [await add_call(database) for _ in range(3)]
    scopes = [of_calls(*made[: number % 4]) for number in range(60)]
    async with database.read() as work:
        assert await work.calls.counts(scopes) == [number % 4 for number in range(60)]
        assert await work.calls.counts([Nothing(), AllCalls()]) == [0, 3]
        assert await work.calls.counts([]) == []


async def test_select_gives_only_what_the_scope_holds(database: SqlDatabase) -> None:
    first, second, third = [await add_call(database) for _ in range(3)]
    async with database.read() as work:
        found = await work.calls.select([first.id, second.id, 999], of_calls(second, third))
        assert await work.calls.by_uids([first.uid, second.uid, "?"], of_calls(second, third)) == {
            second.uid: found[second.id]
        }
    assert found == {second.id: second}


async def test_pages_join_without_gap_or_repeat_though_calls_start_together(database: SqlDatabase) -> None:
    calls = [await add_call(database, started_at=START + timedelta(seconds=i // 3)) for i in range(10)]
    seen, after = [], None
    async with database.read() as work:
        while page := await work.calls.page(AllCalls(), EVERYTHING, after=after, limit=3):
            seen += page
            after = PageMark(page[-1].started_at, page[-1].id)
    assert seen == sorted(calls, key=lambda call: (call.started_at, call.id), reverse=True)


async def test_pages_stay_in_place_while_newer_calls_arrive(database: SqlDatabase) -> None:
    calls = [await add_call(database, started_at=START + timedelta(seconds=i)) for i in range(4)]
    async with database.read() as work:
        first = await work.calls.page(AllCalls(), EVERYTHING, limit=2)
    await add_call(database, started_at=START + timedelta(hours=1))
    async with database.read() as work:
        mark = PageMark(first[-1].started_at, first[-1].id)
        second = await work.calls.page(AllCalls(), EVERYTHING, after=mark, limit=2)
    assert [*first, *second] == calls[::-1]


async def test_each_filter_narrows(database: SqlDatabase) -> None:
    async with database.write() as work:
        partner, team = await work.names.add_partner("P"), await work.names.add_team("T")
        client, agent = await work.names.add_client("C", None, None), await work.names.add_agent("A", None)
    wanted = await add_call(
        database,
        partner_id=partner.id,
        team_id=team.id,
        client_id=client.id,
        agent_id=agent.id,
        kind=Kind.VOICEMAIL,
        direction=Direction.INBOUND,
        labels=("a", "b"),
        phone="0171 / 5550-123",
        external_id="X",
        source="pbx",
        started_at=START + timedelta(days=1),
        received_at=START + timedelta(days=2),
    )
    async with database.write() as work:
        await work.calls.edit(wanted.id, 1, CallChanges(duration=60.0))
    await add_call(database)
    narrow = [
        CallFilter(partners=frozenset({partner.id})),
        CallFilter(teams=frozenset({team.id})),
        CallFilter(clients=frozenset({client.id})),
        CallFilter(agents=frozenset({agent.id})),
        CallFilter(kinds=frozenset({Kind.VOICEMAIL, Kind.MEETING})),
        CallFilter(directions=frozenset({Direction.INBOUND})),
        CallFilter(labels=frozenset({"a", "b"})),
        CallFilter(phone="0123"),
        CallFilter(external_id="X"),
        CallFilter(source="pbx"),
        CallFilter(since=START + timedelta(days=1)),
        CallFilter(received_since=START + timedelta(days=2)),
        CallFilter(min_seconds=60.0, max_seconds=60.0),
    ]
    none = [
        CallFilter(labels=frozenset({"a", "c"})),
        CallFilter(phone="_123"),
        CallFilter(phone="%"),
        CallFilter(states=frozenset({State.READY})),
        CallFilter(until=START),
        CallFilter(received_until=START),
        CallFilter(min_seconds=61.0),
        CallFilter(max_seconds=59.0),
    ]
    async with database.read() as work:
        for fitting in narrow:
            assert [call.id for call in await work.calls.page(AllCalls(), fitting)] == [wanted.id], fitting
            assert await work.calls.count(AllCalls(), fitting) == 1
        for empty in none:
            assert await work.calls.count(AllCalls(), empty) == 0, empty
        assert await work.calls.count(AllCalls(), EVERYTHING) == 2


async def test_metadata_holds_all_words_wherever_they_stand(database: SqlDatabase) -> None:
    async with database.write() as work:
        partner = await work.names.add_partner("Grün & Söhne")
        client = await work.names.add_client("O'Neill", None, None)
    call = await add_call(
        database,
        partner_id=partner.id,
        client_id=client.id,
        labels=("billing",),
        note="100% of the order",
        phone="+49 171 5550123",
    )
    other = await add_call(database, note="order")
    async with database.read() as work:

        async def found(words: list[str]) -> tuple[list[Call], int]:
            return await work.calls.by_metadata(MetadataQuery(words), AllCalls(), offset=0, limit=9)

        for words in (["grun", "bill"], ["oneill"], ["order", "SÖHNE"], ["5550123"], ["100"]):
            assert await found(words) == ([call], 1)
        for words in (["grun", "absent"], ["%"], ["_"], ["rder"]):
            assert await found(words) == ([], 0)
        order = MetadataQuery(["order"])
        assert await work.calls.by_metadata(order, of_calls(other), offset=0, limit=9) == ([other], 1)
        assert await work.calls.by_metadata(order, AllCalls(), offset=1, limit=1) == ([call], 2)


async def test_metadata_lacks_the_words_left_out_and_comes_in_the_order_asked_for(
    database: SqlDatabase,
) -> None:
    async with database.write() as work:
        client = await work.names.add_client("Tidewell", None, None)
    first = await add_call(database, note="order", client_id=client.id)
    second = await add_call(database, note="order", started_at=START + timedelta(hours=1))
    async with database.read() as work:
        for query, found in (
            (MetadataQuery(["order"], sort=Sort.OLDEST), [first, second]),
            (MetadataQuery(["order"]), [second, first]),
            (MetadataQuery(["order"], without=["tide"]), [second]),
            (MetadataQuery(without=["order"]), []),
        ):
            page = await work.calls.by_metadata(query, AllCalls(), offset=0, limit=9)
            assert page == (found, len(found))


async def test_suggestions_come_from_calls_in_scope_alone(database: SqlDatabase) -> None:
    async with database.write() as work:
        shown, hidden = await work.names.add_partner("Alpha One"), await work.names.add_partner("Alpha Two")
        client = await work.names.add_client("Alpha Secret", None, None)
    mine = await add_call(database, partner_id=shown.id, labels=("alpha-label",), phone="030 111 2222")
    theirs = {"labels": ("alpha-hidden",), "phone": "030 111 3333"}
    await add_call(database, partner_id=hidden.id, client_id=client.id, **theirs)
    async with database.read() as work:
        suggested = await work.calls.suggest("ALPHA", of_calls(mine), 10)
        numbers = await work.calls.suggest("301 11", of_calls(mine), 10)
        nothing = await work.calls.suggest("alpha", Nothing(), 10)
        blank = await work.calls.suggest(" %_ ", AllCalls(), 10)
    assert suggested == [
        Suggestion(SuggestionKind.PARTNER, "Alpha One", shown.uid),
        Suggestion(SuggestionKind.LABEL, "alpha-label"),
    ]
    assert numbers == [Suggestion(SuggestionKind.PHONE, "030 111 2222")]
    assert (nothing, blank) == ([], [])


async def test_a_sealed_call_is_suggested_to_nobody_without_the_seal(database: SqlDatabase) -> None:
    await add_call(database, labels=("whistle",), sealed=True)
    async with database.read() as work:
        assert await work.calls.suggest("whi", Unsealed(AllCalls()), 10) == []
        assert len(await work.calls.suggest("whi", AllCalls(), 10)) == 1


async def test_a_duplicate_names_the_first_call_only_to_those_who_may_see_that_one(
    database: SqlDatabase,
) -> None:
    first = await add_call(database, recording=Recording("originals/1", "aa", 1))
    async with database.read() as work:
        of = await work.calls.first_with_bytes("aa")
        assert (of, await work.calls.first_with_bytes("bb")) == (first.id, None)
    second = await add_call(database, recording=Recording("originals/2", "aa", 1), duplicate_of=of)
    assert second.duplicate_of == first.uid
    async with database.read() as work:
        (alone,) = await work.calls.page(of_calls(second), EVERYTHING)
    assert alone.duplicate_of is None


@pytest.mark.parametrize("source", ["switch", None])
async def test_an_external_id_is_taken_once(database: SqlDatabase, source: str | None) -> None:
    call = await add_call(database, external_id="E", source=source)
    async with database.write() as work:
        with pytest.raises(Conflict):
            await work.calls.add(new_call(external_id="E", source=source))
        assert await work.calls.same_upload(1, source, "E") == call  # the unit of work goes on
    other = await add_call(database, external_id="E", source="elsewhere")
    await add_call(database, external_id="E", source=source, registration_id=2)
    async with database.read() as work:
        assert await work.calls.same_upload(1, "elsewhere", "E") == other
        assert await work.calls.same_upload(3, source, "E") is None


async def test_one_of_two_uploads_at_once_wins(database: SqlDatabase) -> None:
    async def upload() -> str:
        async with database.write() as work:
            earlier = await work.calls.same_upload(1, None, "E")
            return (earlier or await work.calls.add(new_call(external_id="E"))).uid

    ends = await asyncio.gather(upload(), upload(), return_exceptions=True)
    won = {end for end in ends if isinstance(end, str)}
    assert len(won) == 1
    assert all(isinstance(end, str | Conflict) for end in ends)
    async with database.read() as work:
        assert await work.calls.count(AllCalls(), EVERYTHING) == 1


async def test_an_edit_raises_the_revision_and_asks_for_the_last_one(database: SqlDatabase) -> None:
    partner = await add_partner(database, "P")
    call = await add_call(database, note="old", labels=("a", "b"), phone="12345")
    changes = CallChanges(note=None, labels=("c", "c"), partner_id=partner, phone="67890", sealed=True)
    async with database.write() as work:
        edited = await work.calls.edit(call.id, 1, changes)
        assert await work.calls.edit(call.id, 1, CallChanges(note="lost")) is None
        assert await work.calls.count(AllCalls(), CallFilter(phone="7890")) == 1
        assert (await work.calls.by_metadata(MetadataQuery(["old"]), AllCalls(), offset=0, limit=1))[1] == 0
    assert edited is not None
    assert (edited.note, edited.labels, edited.partner_id, edited.sealed) == (None, ("c",), partner, True)
    assert (edited.revision, edited.kind) == (2, call.kind)


async def test_an_edit_that_asks_for_no_revision_takes_whatever_it_is(database: SqlDatabase) -> None:
    call = await add_call(database)
    async with database.write() as work:
        await work.calls.edit(call.id, call.revision, CallChanges(note="first"))
        edited = await work.calls.edit(call.id, None, CallChanges(language="en"))
        assert await work.calls.edit(999, None, CallChanges(note="lost")) is None
    assert edited is not None
    assert (edited.note, edited.language, edited.revision) == ("first", "en", 3)


async def test_deleting_takes_all_but_events_and_frees_blobs_that_no_other_call_names(
    database: SqlDatabase,
) -> None:
    person = await add_person(database)
    call = await add_playable(database)
    other = await add_call(database, recording=Recording("originals/own", "aa", 1), duplicate_of=call.id)
    async with database.write() as work:
        await work.transcripts.add(call, WORDS, "imported", person)
        listen = await work.listens.add(call, person, "seat", uid="l", reason=None, continues=None)
        free = await work.calls.delete(call.id)
    assert free == sorted([call.recording.blob, RENDITION.blob, RENDITION.waveform])
    async with database.read() as work:
        assert await work.calls.get(call.uid, AllCalls()) is None
        assert await work.listens.get(listen.uid) is None
        assert await work.transcripts.latest(call) is None
        left = await work.calls.get(other.uid, AllCalls())
        assert await work.calls.named_blobs([*free, "originals/own"]) == {"originals/own"}
    assert left is not None
    assert left.duplicate_of is None


async def test_deleting_frees_the_rendition_that_comes_at_the_same_moment(database: SqlDatabase) -> None:
    call = await add_call(database)

    async def delete() -> list[str]:
        async with database.write() as work:
            return await work.calls.delete(call.id)

    async with database.write() as work:
        await work.calls.advance(call.id, State.RECEIVED, State.NORMALISING)
        changes = CallChanges(rendition=RENDITION)
        await work.calls.advance(call.id, State.NORMALISING, State.TRANSCRIBING, changes)
        deleting = asyncio.create_task(delete())
        await asyncio.wait({deleting}, timeout=0.3)  # by now it waits for this unit
    assert await deleting == sorted([call.recording.blob, RENDITION.blob, RENDITION.waveform])


async def test_the_id_of_a_deleted_call_is_never_given_again(database: SqlDatabase) -> None:
    call = await add_call(database)
    async with database.write() as work:
        await work.calls.delete(call.id)
    assert (await add_call(database)).id > call.id


async def test_a_new_transcript_is_a_new_version(database: SqlDatabase) -> None:
    person, call = await add_person(database), await add_call(database)
    second = structs.replace(WORDS, language="de")
    async with database.write() as work:
        one = await work.transcripts.add(call, WORDS, "imported", person)
        two = await work.transcripts.add(call, second, "corrected", person)
        changed = await work.calls.get(call.uid, AllCalls())
        assert changed is not None
        assert (changed.transcript, changed.revision) == (TranscriptRef(2, "corrected"), 3)
        assert await work.transcripts.latest(call) == two
        assert await work.transcripts.version(call, 1) == one
        assert await work.transcripts.version(call, 3) is None
        assert await work.transcripts.latest_of([changed]) == {call.id: second}
        assert await work.transcripts.latest_of([await work.calls.add(new_call())]) == {}
    assert (one.version, one.transcript, len(one.sha256)) == (1, WORDS, 64)


async def test_ids_and_states_for_housekeeping(database: SqlDatabase) -> None:
    calls = [await add_call(database) for _ in range(3)]
    ready = await add_playable(database)
    async with database.read() as work:
        assert await work.calls.ids(calls[0].id, 2) == [calls[1].id, calls[2].id]
        assert await work.calls.by_state() == {State.RECEIVED: 3, State.READY: 1}
        assert await work.calls.named_blobs([ready.recording.blob, RENDITION.blob, "x"]) == {
            ready.recording.blob,
            RENDITION.blob,
        }


async def test_what_a_column_cannot_hold_is_refused_on_both_databases(database: SqlDatabase) -> None:
    with pytest.raises(Invalid, match="NUL"):
        await add_call(database, note="a\0b")
    async with database.read() as work:
        with pytest.raises(Invalid, match="NUL"):
            await work.names.partner("a\0b")
    with pytest.raises(Invalid, match="large"):
        async with database.read() as work:
            await work.calls.ids(2**70, 1)
