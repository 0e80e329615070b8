"""Hearing a call: the event first, then pieces, each for the same person, from the same seat, who still may."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime

import msgspec
import pytest
from msgspec import structs

from archive.adapters.files import FolderStore
from archive.calls import listen
from archive.calls.call import Call
from archive.calls.caller import Caller
from archive.calls.catalogue import delete
from archive.calls.listen import IDLE, LONGEST, PIECE, ListenOver, NotPlayable
from archive.errors import Forbidden, NotFound, Unavailable
from archive.ids import uuid7
from archive.policy.actions import Action
from archive.ports import MOST_REPORTED, Listen, Parts, Played
from tests.fakes import RENDITION, SECONDS, BrokenLog, ReadOnly
from tests.story import Story, only

pytestmark = pytest.mark.anyio

HEAR = frozenset({Action.FIND, Action.READ_CALL, Action.LISTEN})


async def opened(story: Story) -> tuple[Call, Caller, Listen]:
    call, caller = await story.ready(), await story.caller(HEAR)
    return call, caller, (await listen.begin(story.parts, caller, call.uid)).listen


async def piece(parts: Parts, caller: Caller, listen_uid: str, start: int, end: int) -> bytes:
    """As one request asks for it."""
    return await listen.piece(parts, await listen.facts(parts, caller, listen_uid), start, end)


def played(start: float, end: float, at: datetime) -> Played:
    return Played(start=start, end=end, at=at, wall=end - start)


# ---- opening ----


async def test_the_event_stands_before_there_is_anything_to_hear(story: Story) -> None:
    call, caller = await story.ready(), await story.caller(HEAR)
    begun = await listen.begin(story.parts, caller, call.uid, "complaint 7")
    (event,) = await story.events("listen.opened")
    assert event.object == {"kind": "listen", "id": begun.listen.uid}
    assert call.rendition is not None
    assert event.details["rendition"] == call.rendition.sha256
    assert event.texts["purpose"] == "complaint 7"
    assert (begun.listen.reason, begun.call.uid) == ("complaint 7", call.uid)


async def test_without_the_event_there_is_no_listen(story: Story) -> None:
    call, caller = await story.ready(), await story.caller(HEAR)
    broken = structs.replace(story.parts, database=BrokenLog(story.parts.database, "listen.opened"))
    with pytest.raises(Unavailable):
        await listen.begin(broken, caller, call.uid)
    async with story.parts.database.read() as work:
        assert await work.listens.of_call(call) == []


async def test_a_call_that_is_not_ready_cannot_be_heard(story: Story) -> None:
    call = await story.received()
    with pytest.raises(NotPlayable):
        await listen.begin(story.parts, await story.caller(HEAR), call.uid)


async def test_only_whoever_may_see_the_call_learns_that_it_may_not_be_heard(story: Story) -> None:
    call = await story.ready()
    for actions, answer in (({Action.FIND}, Forbidden), ({Action.UPLOAD}, NotFound)):
        with pytest.raises(answer):
            await listen.begin(story.parts, await story.caller(actions), call.uid)
    denied = await story.events("listen.denied", call=call.uid)
    assert [event.reason_code for event in denied] == ["no_grant", "no_grant"]


async def test_a_listen_goes_on_only_from_ones_own_on_the_same_call(story: Story) -> None:
    call, caller, first = await opened(story)
    await listen.close(story.parts, caller, first.uid)
    again = (await listen.begin(story.parts, caller, call.uid, continues=first.uid)).listen
    assert again.continues == first.uid
    _, stranger, foreign = await opened(story)
    for earlier in (foreign.uid, uuid7(), "no id"):
        with pytest.raises(NotFound):
            await listen.begin(story.parts, caller, call.uid, continues=earlier)
    with pytest.raises(NotFound):
        await listen.begin(story.parts, stranger, call.uid, continues=first.uid)
    denied = await story.events("listen.denied")
    assert [event.reason_code for event in denied] == ["not_yours", "not_there", "not_there", "not_yours"]


# ---- pieces ----


async def test_pieces_make_up_the_rendition_and_each_is_bounded(story: Story) -> None:
    _, caller, begun = await opened(story)
    heard = b""
    while len(heard) < len(RENDITION):
        heard_now = await piece(story.parts, caller, begun.uid, len(heard), len(RENDITION) * 2)
        assert 0 < len(heard_now) <= PIECE
        heard += heard_now
    assert heard == RENDITION
    fresh = await listen.facts(story.parts, caller, begun.uid)
    assert fresh.delivered == ((0, len(RENDITION)),)


async def test_what_cannot_be_counted_is_not_delivered(story: Story) -> None:
    _, caller, begun = await opened(story)
    parts = structs.replace(story.parts, database=ReadOnly(story.parts.database))
    with pytest.raises(Unavailable):
        await piece(parts, caller, begun.uid, 0, 100)


@pytest.mark.parametrize("other", ["principal", "seat"])
async def test_the_address_works_for_nobody_else_and_nowhere_else(story: Story, other: str) -> None:
    call, caller, begun = await opened(story)
    thief = await story.caller(HEAR) if other == "principal" else structs.replace(caller, seat=uuid7())
    if other == "principal":
        thief = structs.replace(thief, seat=caller.seat)
    for use in (
        listen.facts(story.parts, thief, begun.uid),
        piece(story.parts, thief, begun.uid, 0, 100),
        listen.report(story.parts, thief, begun.uid, []),
        listen.close(story.parts, thief, begun.uid),
    ):
        with pytest.raises(NotFound):
            await use
    denied = await story.events("listen.denied", call=call.uid)
    assert [event.reason_code for event in denied] == ["not_yours"] * 4
    assert denied[0].actor["id"] == thief.principal.uid
    assert (await listen.facts(story.parts, caller, begun.uid)).delivered == ()


async def test_an_id_that_was_made_up_stays_out_of_the_events_bytes(story: Story) -> None:
    caller = await story.caller(HEAR)
    for asked in ("ada@example.com", "\x00", "x" * 70_000):
        with pytest.raises(NotFound):
            await piece(story.parts, caller, asked, 0, 1)
    denied = await story.events("listen.denied")
    assert [event.object["id"] for event in denied] == [None] * 3
    assert [event.reason_code for event in denied] == ["not_there"] * 3
    assert denied[0].texts["details.asked"] == "ada@example.com"


async def test_a_revoked_grant_ends_hearing_between_two_pieces(story: Story) -> None:
    call, caller, begun = await opened(story)
    await piece(story.parts, caller, begun.uid, 0, 100)
    caller = await story.revoke(caller)
    with pytest.raises(NotFound):
        await piece(story.parts, caller, begun.uid, 100, 200)
    (denied,) = await story.events("listen.denied", call=call.uid)
    assert denied.reason_code == "out_of_scope"


async def test_a_deleted_call_is_heard_no_more_and_its_listen_is_sealed(story: Story) -> None:
    call, caller, begun = await opened(story)
    await piece(story.parts, caller, begun.uid, 0, 1000)
    await delete(story.parts, await story.caller({Action.DELETE}, only(call)), call.uid)
    with pytest.raises(NotFound):
        await piece(story.parts, caller, begun.uid, 1000, 2000)
    (closed,) = await story.events("listen.closed", call=call.uid)
    assert (closed.details["why"], closed.details["delivered_bytes"]) == ("deleted", 1000)


# ---- the end ----


async def test_the_closing_event_tells_what_was_delivered_and_reported(story: Story) -> None:
    call, caller, begun = await opened(story)
    await piece(story.parts, caller, begun.uid, 0, 1000)
    await piece(story.parts, caller, begun.uid, 500, len(RENDITION) // 2)
    await listen.report(story.parts, caller, begun.uid, [played(0, 4.5, story.clock())])
    await listen.report(story.parts, caller, begun.uid, [played(2, 4, story.clock())])
    await listen.close(story.parts, caller, begun.uid)
    (closed,) = await story.events("listen.closed", call=call.uid)
    assert closed.details == {
        "why": "closed",
        "delivered_bytes": 500 + PIECE,
        "delivered_ms": int(round(SECONDS * (500 + PIECE) / len(RENDITION), 1) * 1000),
        "reported_ms": 6500,
    }


async def test_a_listen_that_was_reported_to_the_full_takes_no_more_and_sounds_on(story: Story) -> None:
    call, caller, begun = await opened(story)
    second = played(0, 1, story.clock())
    await listen.report(story.parts, caller, begun.uid, [second] * MOST_REPORTED)
    with pytest.raises(ListenOver):
        await listen.report(story.parts, caller, begun.uid, [second])
    assert await piece(story.parts, caller, begun.uid, 0, 100)
    await listen.close(story.parts, caller, begun.uid)
    (closed,) = await story.events("listen.closed", call=call.uid)
    assert closed.details["reported_ms"] == MOST_REPORTED * 1000


async def test_closing_twice_is_one_event(story: Story) -> None:
    _, caller, begun = await opened(story)
    for _ in range(2):
        await listen.close(story.parts, caller, begun.uid)
    assert len(await story.events("listen.closed")) == 1


@pytest.mark.parametrize("why", ["closed", "idle", "expired"])
async def test_a_listen_that_is_over_gives_and_takes_nothing_more(story: Story, why: str) -> None:
    _, caller, begun = await opened(story)
    if why == "closed":
        await listen.close(story.parts, caller, begun.uid)
    elif why == "idle":
        story.clock.forward(seconds=IDLE.total_seconds())
    else:
        while story.clock.time < begun.opened_at + LONGEST:
            await piece(story.parts, caller, begun.uid, 0, 10)
            story.clock.forward(minutes=10)
    for use in (
        piece(story.parts, caller, begun.uid, 0, 100),
        listen.facts(story.parts, caller, begun.uid),
        listen.report(story.parts, caller, begun.uid, [played(0, 9, story.clock())]),
    ):
        with pytest.raises(ListenOver):
            await use


async def test_a_report_keeps_a_paused_download_of_the_player_alive(story: Story) -> None:
    _, caller, begun = await opened(story)
    for _ in range(4):
        story.clock.forward(minutes=14)
        await listen.report(story.parts, caller, begun.uid, [played(0, 9, story.clock())])
    assert await piece(story.parts, caller, begun.uid, 0, 100)


async def test_nothing_is_added_to_a_listen_that_is_closed_meanwhile(story: Story) -> None:
    """Closed between the check and the count: the piece stays here, and the sealed numbers stay true."""
    _, caller, begun = await opened(story)

    async def closing() -> None:
        await listen.close(story.parts, caller, begun.uid)

    with pytest.raises(ListenOver):
        await piece(structs.replace(story.parts, blobs=_Meanwhile(story, closing)), caller, begun.uid, 0, 9)
    async with story.parts.database.read() as work:
        sealed = await work.listens.get(begun.uid)
    assert sealed is not None
    assert sealed.delivered == ()


class _Meanwhile(FolderStore):
    """During its reads something happens."""

    def __init__(self, story: Story, happens: Callable[[], Awaitable[None]]) -> None:
        super().__init__(story.folder)
        self._happens = happens

    async def read(self, name: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        await self._happens()
        async for piece in super().read(name, start, end):
            yield piece


async def test_the_sweep_closes_what_nobody_came_back_to(story: Story) -> None:
    _, caller, left = await opened(story)
    await piece(story.parts, caller, left.uid, 0, 1000)
    story.clock.forward(minutes=10)
    _, _, fresh = await opened(story)
    story.clock.forward(minutes=6)
    assert await listen.close_abandoned(story.parts) == 1
    (closed,) = await story.events("listen.closed")
    assert (closed.object["id"], closed.actor["kind"]) == (left.uid, "system")
    assert (closed.details["why"], closed.details["delivered_bytes"]) == ("abandoned", 1000)
    assert await listen.close_abandoned(story.parts) == 0
    async with story.parts.database.read() as work:
        still = await work.listens.get(fresh.uid)
    assert still is not None
    assert still.closed_at is None


@pytest.mark.parametrize(
    "claim", [{"end": 1e308}, {"start": -1}, {"wall": 1e18}, {"rate": 0}, {"end": float("9" * 300)}]
)
def test_a_claim_that_cannot_be_added_up_is_refused(claim: dict[str, float]) -> None:
    """It would keep its listen, and every later one, from being closed."""
    body = {"start": 0, "end": 9, "at": "2026-03-01T12:00:00Z", "wall": 9, **claim}
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode(body), type=Played)


# ---- who listened ----


async def test_ones_own_listens_or_everybodys(story: Story) -> None:
    call, caller, mine = await opened(story)
    other = await story.caller(HEAR)
    theirs = (await listen.begin(story.parts, other, call.uid)).listen
    own = await listen.of_call(story.parts, caller, call.uid)
    assert [one.uid for one in own.listens] == [mine.uid]
    assert (own.everyone, own.count, own.principals) == (False, 1, 1)
    assert await story.events("audit.read") == []
    officer = await story.caller({Action.READ_CALL, Action.READ_AUDIT})
    newest = await listen.of_call(story.parts, officer, call.uid, limit=1)
    assert [one.uid for one in newest.listens] == [theirs.uid]
    assert (newest.everyone, newest.count, newest.principals) == (True, 2, 2)
    assert [event.actor["id"] for event in await story.events("audit.read")] == [officer.principal.uid]
