"""Taking a recording away: an event before the first byte, one after the last, the grant asked again between."""

from collections.abc import AsyncIterator

import pytest
from msgspec import structs

from archive.calls import download
from archive.calls.access import renewed
from archive.calls.caller import Caller
from archive.calls.download import File, What
from archive.calls.listen import NotPlayable
from archive.errors import Conflict, Forbidden, NotFound, Unavailable
from archive.policy.actions import Action
from archive.ports import CallChanges
from tests.fakes import RENDITION, BrokenLog
from tests.story import Story

pytestmark = pytest.mark.anyio

TAKE = frozenset({Action.READ_CALL, Action.DOWNLOAD})
TOKEN = b"token"
ALWAYS = -1.0
"""Seconds after which it is asked again: before every piece."""


async def looked(story: Story) -> tuple[Caller, File]:
    """By somebody who is signed in and has a token, so that either can end; for all calls of one partner."""
    call = await story.ready("Northwind")
    person = await story.signed_in(await story.caller(TAKE, "Northwind"))
    caller = await story.with_token(person, TOKEN, TAKE)
    return caller, await download.look(story.parts, caller, call.uid, What.RENDITION)


async def begun(story: Story, caller: Caller, file: File) -> AsyncIterator[bytes]:
    return await download.begin(story.parts, caller, file, 0, file.bytes)


async def test_one_event_before_the_first_byte_and_one_after_the_last(story: Story) -> None:
    caller, file = await looked(story)
    assert await story.events("recording.downloaded") == []
    pieces = await begun(story, caller, file)
    (before,) = await story.events("recording.downloaded", call=file.call.uid)
    (grant,) = caller.principal.grants
    assert before.details == {
        "what": "rendition",
        "sha256": file.sha256,
        "start": 0,
        "end": len(RENDITION),
        "grant": grant.uid,
        "basis": "given",
    }
    assert b"".join([piece async for piece in pieces]) == RENDITION
    (after,) = await story.events("recording.delivered", call=file.call.uid)
    assert (after.outcome, after.details["bytes"]) == ("allowed", len(RENDITION))


async def test_without_the_event_no_byte_leaves(story: Story) -> None:
    caller, file = await looked(story)
    parts = structs.replace(story.parts, database=BrokenLog(story.parts.database, "recording.downloaded"))
    with pytest.raises(Unavailable):
        await download.begin(parts, caller, file, 0, file.bytes)


async def test_a_range_is_what_was_asked_for(story: Story) -> None:
    caller, file = await looked(story)
    pieces = await download.begin(story.parts, caller, file, 1000, 1016)
    assert b"".join([piece async for piece in pieces]) == RENDITION[1000:1016]
    assert (await story.events("recording.delivered"))[0].details["bytes"] == 16


async def test_bytes_are_those_of_the_call_as_it_is_when_the_log_tells_of_them(story: Story) -> None:
    caller, file = await looked(story)
    pieces = await begun(story, caller, structs.replace(file, blob="renditions/of-before"))
    assert b"".join([piece async for piece in pieces]) == RENDITION
    with pytest.raises(Conflict):
        await begun(story, caller, structs.replace(file, sha256="0" * 64))
    assert len(await story.events("recording.downloaded")) == 1


async def test_the_original_is_the_bytes_as_received(story: Story) -> None:
    call, caller = await story.received(), await story.caller(TAKE)
    file = await download.look(story.parts, caller, call.uid, What.ORIGINAL)
    assert b"".join([piece async for piece in await begun(story, caller, file)]) == b"RIFF"
    assert file.sha256 == call.recording.sha256
    with pytest.raises(NotPlayable):
        await download.look(story.parts, caller, call.uid, What.RENDITION)


async def test_a_listener_who_leaves_is_recorded_with_what_left(story: Story) -> None:
    caller, file = await looked(story)
    pieces = await begun(story, caller, file)
    sent = len(await anext(pieces))
    await pieces.aclose()  # type: ignore[attr-defined]
    (after,) = await story.events("recording.delivered")
    assert (after.outcome, after.details["bytes"]) == ("failed", sent)
    assert 0 < sent < len(RENDITION)


@pytest.mark.parametrize(
    "gone", ["grant", "expiry", "person", "token", "session", "call", "placement", "seal"]
)
async def test_a_download_in_flight_ends_with_what_it_stood_on(
    story: Story, gone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "RECHECK_SECONDS", ALWAYS)
    caller, file = await looked(story)
    pieces = await begun(story, caller, file)
    sent = len(await anext(pieces))
    async with story.parts.database.write() as work:
        match gone:
            case "grant":
                await work.principals.revoke(caller.principal.grants[0].id)
            case "expiry":
                await work.principals.change_end(caller.principal.grants[0], story.clock())
            case "person":
                await work.principals.disable(caller.principal.id)
            case "token":
                await work.credentials.revoke_token(TOKEN)
            case "session":
                await work.credentials.end_session(str(caller.origin.session))
            case "call":
                await work.calls.delete(file.call.id)
            case "placement":
                elsewhere = await work.names.add_partner("Contoso")
                await work.calls.edit(file.call.id, None, CallChanges(partner_id=elsewhere.id))
            case "seal":
                await work.calls.edit(file.call.id, None, CallChanges(sealed=True))
    with pytest.raises(Forbidden):
        await anext(pieces)
    (after,) = await story.events("recording.delivered")
    assert (after.outcome, after.details["bytes"]) == ("denied", sent)


async def test_a_token_that_expires_does_not_end_a_download(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "RECHECK_SECONDS", ALWAYS)
    caller, file = await looked(story)
    pieces = await begun(story, caller, file)
    sent = await anext(pieces)
    story.clock.forward(hours=2)
    await story.with_token(caller, b"next", TAKE)  # the row of the first goes with that
    assert sent + b"".join([piece async for piece in pieces]) == RENDITION


async def test_asking_again_keeps_what_a_token_was_narrowed_to(story: Story) -> None:
    narrow = await story.with_token(await story.caller(TAKE), TOKEN, {Action.READ_CALL})
    async with story.parts.database.read() as work:
        still = await renewed(work, narrow)
    assert still == narrow


def test_a_download_asks_again_well_within_the_promised_15_seconds() -> None:
    assert download.RECHECK_SECONDS <= 10


async def test_the_grant_counts_again_between_looking_and_taking(story: Story) -> None:
    caller, file = await looked(story)
    with pytest.raises(NotFound):
        await begun(story, await story.revoke(caller), file)
    (denied,) = await story.events("call.denied", call=file.call.uid)
    assert (denied.reason_code, denied.details) == ("no_grant", {"action": "download"})


async def test_hearing_is_not_taking_away(story: Story) -> None:
    call = await story.ready()
    with pytest.raises(Forbidden):
        await download.look(
            story.parts, await story.caller({Action.READ_CALL, Action.LISTEN}), call.uid, What.RENDITION
        )


async def test_a_store_that_is_away_is_a_refusal_and_not_an_answer_that_breaks_off(story: Story) -> None:
    caller, file = await looked(story)
    await story.parts.blobs.delete(file.blob)
    with pytest.raises(NotFound):
        await begun(story, caller, file)
    (delivered,) = await story.events("recording.delivered", call=file.call.uid)
    assert (delivered.outcome, delivered.details["bytes"]) == ("failed", 0)
