"""A recording comes in: once, whole, with its event, or not at all."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from msgspec import structs

from archive.calls import upload
from archive.calls.call import Call, Consent, State
from archive.calls.transcript import Segment, Transcript
from archive.errors import Conflict, Forbidden, Invalid, TooLarge, Unavailable
from archive.policy.actions import Action
from archive.ports import Job, Work
from tests.fakes import BrokenLog
from tests.story import STARTED, Story, chunks

pytestmark = pytest.mark.anyio

UPLOAD = frozenset({Action.UPLOAD})
WORDS = Transcript((Segment(0.0, 2.5, "the lorry never came", "agent", 0),), "en")


async def test_a_recording_is_kept_byte_for_byte_under_its_hash(story: Story) -> None:
    data = bytes(range(256)) * 1000
    call = (await story.upload(await story.caller(UPLOAD), data, partner="Northwind")).call
    kept = b"".join([piece async for piece in story.parts.blobs.read(call.recording.blob)])
    assert kept == data
    assert call.recording.sha256 == hashlib.sha256(data).hexdigest()
    assert (call.state, call.recording.bytes) == (State.RECEIVED, len(data))


async def test_row_event_transcript_and_rings_belong_together(story: Story) -> None:
    caller = await story.caller(UPLOAD)
    call = (await story.upload(caller, transcript=WORDS, partner="Northwind", external_id="secret-7")).call
    uploaded, added = await story.events(call=call.uid)
    assert (uploaded.type, added.type) == ("call.uploaded", "transcript.added")
    assert uploaded.details["sha256"] == call.recording.sha256
    assert uploaded.actor == {"id": caller.principal.uid, "kind": "person"}
    assert uploaded.texts["details.external_id"] == "secret-7"
    assert "sha256" in uploaded.details["external_id"]
    assert added.details["version"] == 1
    assert story.doorbell.rung == [(Job.NORMALISE, call.id), (Job.REFRESH, call.id)]


@pytest.mark.parametrize("refused", ["call.uploaded", "transcript.added"])
async def test_without_its_event_there_is_no_call(story: Story, refused: str) -> None:
    caller = await story.caller(UPLOAD)
    story.parts = structs.replace(story.parts, database=BrokenLog(story.parts.database, refused))
    with pytest.raises(Unavailable):
        await story.upload(caller, transcript=WORDS, external_id="7")
    async with story.parts.database.read() as work:
        assert await work.calls.by_state() == {}
        assert await work.calls.same_upload(caller.principal.id, None, "7") is None
    assert await story.events("call.uploaded", "transcript.added") == []
    assert story.blobs() == set()
    assert story.doorbell.rung == []


# ---- the same again ----


async def test_the_same_bytes_under_the_same_id_are_the_first_call(story: Story) -> None:
    caller = await story.caller(UPLOAD)
    first = await story.upload(caller, b"one", external_id="7", source="pbx")
    again = await story.upload(caller, b"one", external_id="7", source="pbx")
    assert (first.created, again.created) == (True, False)
    assert again.call.uid == first.call.uid
    assert story.blobs() == {first.call.recording.blob}
    assert len(await story.events("call.uploaded")) == 1
    assert len(story.doorbell.rung) == 2


async def test_other_bytes_under_the_same_id_are_refused_and_dropped(story: Story) -> None:
    caller = await story.caller(UPLOAD)
    first = await story.upload(caller, b"one", external_id="7")
    with pytest.raises(Conflict) as refused:
        await story.upload(caller, b"two", external_id="7")
    assert refused.value.field == "external_id"
    assert story.blobs() == {first.call.recording.blob}


async def test_two_registrations_may_use_the_same_id(story: Story) -> None:
    one = await story.upload(await story.caller(UPLOAD), b"one", external_id="7")
    two = await story.upload(await story.caller(UPLOAD), b"two", external_id="7")
    assert one.call.uid != two.call.uid


async def test_the_same_bytes_under_another_id_are_marked_a_duplicate(story: Story) -> None:
    caller = await story.caller(UPLOAD | {Action.READ_CALL})
    first = await story.upload(caller, b"one", external_id="7")
    second = await story.upload(caller, b"one", external_id="8")
    assert second.created
    assert second.call.duplicate_of == first.call.uid


async def test_of_uploads_that_race_for_an_id_one_wins_and_the_others_find_it(story: Story) -> None:
    caller = await story.caller(UPLOAD)
    done = await asyncio.gather(*(story.upload(caller, b"one", external_id="7") for _ in range(6)))
    assert len({accepted.call.uid for accepted in done}) == 1
    assert [accepted.created for accepted in done].count(True) == 1
    assert len(story.blobs()) == 1


# ---- what breaks ----


async def test_a_stream_that_breaks_leaves_nothing(story: Story) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * 100_000
        raise ConnectionResetError("the sender left")

    with pytest.raises(ConnectionResetError):
        await upload.store(story.parts, broken(), 2**30)
    assert story.blobs() == set()


async def test_a_recording_past_the_limit_is_refused_and_gone(story: Story) -> None:
    with pytest.raises(TooLarge):
        await upload.store(story.parts, chunks(b"x" * 1001, 100), 1000)
    assert story.blobs() == set()
    assert (await upload.store(story.parts, chunks(b"x" * 1000, 100), 1000)).bytes == 1000


@pytest.mark.parametrize(
    "started_at",
    [
        STARTED.replace(tzinfo=None),
        datetime(2036, 1, 1, tzinfo=UTC),
        datetime(1899, 12, 31, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
    ],
    ids=["no zone", "future", "before sound", "no time west of Greenwich"],
)
async def test_a_time_that_cannot_be_is_refused_and_the_bytes_dropped(
    story: Story, started_at: datetime
) -> None:
    with pytest.raises(Invalid) as refused:
        await story.upload(await story.caller(UPLOAD), started_at=started_at)
    assert refused.value.field == "started_at"
    assert story.blobs() == set()


async def test_an_upload_that_is_cancelled_leaves_nothing(story: Story) -> None:
    """The client leaves while the call is being written: its write never gets a turn."""
    caller, stored = await story.caller(UPLOAD), await story.store()
    async with story.parts.database.write() as work:
        await work.now()
        writing = asyncio.create_task(
            upload.accept(story.parts, caller, upload.Metadata(started_at=STARTED), stored, None)
        )
        await _until_it_waits(work)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
    async with story.parts.database.read() as work:
        created = await work.calls.by_state()
    assert story.blobs() == ({stored.blob} if created else set())


async def _until_it_waits(work: Work) -> None:
    for _ in range(50):
        await asyncio.sleep(0)
        await work.now()


async def test_bytes_that_a_call_names_are_never_dropped(story: Story) -> None:
    """A commit whose answer was lost: the uploader is told of a failure, the call is there all the same."""
    caller, stored = await story.caller(UPLOAD), await story.store()
    metadata = upload.Metadata(started_at=STARTED, external_id="7")
    first = await upload.accept(story.parts, caller, metadata, stored, None)
    await upload.discard(story.parts, stored)
    assert story.blobs() == {first.call.recording.blob}


async def test_whoever_may_upload_nothing_is_refused_before_any_byte_and_logged(story: Story) -> None:
    with pytest.raises(Forbidden):
        await upload.check(story.parts, await story.caller({Action.FIND}))
    (denied,) = await story.events("call.denied")
    assert (denied.outcome, denied.reason_code) == ("denied", "no_grant")
    assert denied.details == {"action": "upload"}


async def test_a_grant_that_ended_while_the_bytes_came_in_counts(story: Story) -> None:
    caller = await story.caller(UPLOAD)
    first = await story.upload(caller, b"one", external_id="7")
    await story.revoke(caller)  # `caller` is still as the request found them when it began
    for data in (b"one", b"two"):
        with pytest.raises(Forbidden):
            await story.upload(caller, data, external_id="7")
    assert story.blobs() == {first.call.recording.blob}
    assert [event.reason_code for event in await story.events("call.denied")] == ["no_grant"] * 2


@pytest.mark.parametrize(
    ("gone", "reason"), [("person", "disabled"), ("token", "ended"), ("session", "ended")]
)
async def test_whoever_was_shut_out_while_the_bytes_came_in_adds_no_call(
    story: Story, gone: str, reason: str
) -> None:
    caller = await story.with_token(await story.signed_in(await story.caller(UPLOAD)), b"token", UPLOAD)
    async with story.parts.database.write() as work:
        match gone:
            case "person":
                await work.principals.disable(caller.principal.id)
            case "token":
                await work.credentials.revoke_token(b"token")
            case "session":
                await work.credentials.end_session(str(caller.origin.session))
    with pytest.raises(Forbidden):
        await story.upload(caller)
    assert story.blobs() == set()
    (denied,) = await story.events("call.denied", "call.uploaded")
    assert (denied.reason_code, denied.details) == (reason, {"action": "upload"})


async def test_a_token_that_expires_while_the_bytes_come_in_still_adds_the_call(story: Story) -> None:
    caller = await story.with_token(await story.caller(UPLOAD), b"token", UPLOAD)
    story.clock.forward(hours=1)
    assert (await story.upload(caller)).created


async def test_a_call_whose_consent_was_refused_is_sealed(story: Story) -> None:
    accepted = await story.upload(await story.caller(UPLOAD), consent=Consent.REFUSED)
    assert accepted.call.sealed


async def test_a_clock_a_little_ahead_is_forgiven(story: Story) -> None:
    soon = story.clock() + timedelta(hours=23)
    call: Call = (await story.upload(await story.caller(UPLOAD), started_at=soon)).call
    assert call.started_at == soon
