"""Taking a recording away: an event before the first byte, one after the last, the grant asked again between."""

from collections.abc import AsyncIterator

import pytest
from msgspec import structs

from archive.calls import download
from archive.calls.caller import Caller
from archive.calls.download import File, What
from archive.calls.listen import NotPlayable
from archive.errors import Forbidden, NotFound, Unavailable
from archive.policy.actions import Action
from tests.fakes import RENDITION, BrokenLog
from tests.story import Story

pytestmark = pytest.mark.anyio

TAKE = frozenset({Action.READ_CALL, Action.DOWNLOAD})
NEVER = -1.0
"""Seconds after which a grant is asked again: before every piece."""


async def looked(story: Story) -> tuple[Caller, File]:
    call, caller = await story.ready(), await story.caller(TAKE)
    return caller, await download.look(story.parts, caller, call.uid, What.RENDITION)


async def begun(story: Story, caller: Caller, file: File) -> AsyncIterator[bytes]:
    return await download.begin(story.parts, caller, file, 0, file.bytes)


async def test_one_event_before_the_first_byte_and_one_after_the_last(story: Story) -> None:
    caller, file = await looked(story)
    assert await story.events("recording.downloaded") == []
    pieces = await begun(story, caller, file)
    (before,) = await story.events("recording.downloaded", call=file.call.uid)
    assert before.details == {"what": "rendition", "sha256": file.sha256, "start": 0, "end": len(RENDITION)}
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


@pytest.mark.parametrize("gone", ["grant", "person", "call"])
async def test_a_download_in_flight_ends_with_its_grant(
    story: Story, gone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "RECHECK_SECONDS", NEVER)
    caller, file = await looked(story)
    pieces = await begun(story, caller, file)
    sent = len(await anext(pieces))
    if gone == "grant":
        await story.revoke(caller)
    async with story.parts.database.write() as work:
        if gone == "person":
            await work.principals.disable(caller.principal.id)
        if gone == "call":
            await work.calls.delete(file.call.id)
    with pytest.raises(Forbidden):
        await anext(pieces)
    (after,) = await story.events("recording.delivered")
    assert (after.outcome, after.details["bytes"]) == ("denied", sent)


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
