"""One call: its page, how far its processing is, another try."""

from datetime import UTC, datetime

from litestar import Response, get, post
from litestar.params import FromPath
from msgspec import UNSET, Struct, UnsetType

from archive.calls import catalogue, words
from archive.calls.access import reading
from archive.calls.call import Call, State
from archive.calls.caller import Caller
from archive.http import replies
from archive.http.context import acting
from archive.http.pages import listens
from archive.http.pages.answers import OPEN, AnyRequest, failed, frame_of, go, page
from archive.http.pages.heard import Rights, Seen, call_view
from archive.http.pages.words import EARLY
from archive.policy.actions import Action
from archive.policy.decide import decide, may
from archive.ports import Parts, StoredTranscript

MAX_QUERY = 1000


class Progress(Struct, frozen=True, omit_defaults=True):
    """`share` of the state is done, 0 to 1, where that is known."""

    state: State
    playable: bool
    reason: str | UnsetType = UNSET
    share: float | UnsetType = UNSET


@get("/calls/{call_id:str}", opt=OPEN, exception_handlers={Exception: failed})
async def call_page(request: AnyRequest, call_id: FromPath[str]) -> Response[bytes]:
    """`?t=` seconds at which to begin, or `?moment=` those of a moment, which is heard from a little before; `?q=`
    what to mark in the words."""
    parts, caller = acting(request)
    moment = _seconds(request.query_params.get("moment", ""))
    call = await catalogue.view(parts, caller, call_id)
    rights = _rights(caller, call)
    seen = Seen(
        call=call,
        rights=rights,
        transcript=await _words(parts, caller, call) if rights.read else None,
        heard=await listens.read(parts, caller, call_id, listens.BESIDE),
        at=_seconds(request.query_params.get("t", "")) if moment is None else moment,
        lead=0.0 if moment is None else EARLY,
        query=request.query_params.get("q", "")[:MAX_QUERY],
    )
    return page(request, "call.html", call_view(seen, frame_of(request)))


@get("/calls/{call_id:str}/state")
async def call_state(request: AnyRequest, call_id: FromPath[str]) -> Response[bytes]:
    """How far the archive is with a call. Asked every few seconds, it says nothing about the call, so no event."""
    parts, caller = acting(request)
    call = await reading(parts.database, caller, Action.READ_CALL, call_id)
    shown = await parts.doorbell.shown(call.id)
    share = shown[1] if shown and shown[0] is call.state else UNSET
    reason = call.failure.detail if call.failure else UNSET
    return replies.json(Progress(call.state, call.playable, reason, share))


@post("/calls/{call_id:str}/retry", opt=OPEN, exception_handlers={Exception: failed})
async def retry_call(request: AnyRequest, call_id: FromPath[str]) -> Response[bytes]:
    parts, caller = acting(request)
    await catalogue.retry(parts, caller, call_id)
    return go(f"/calls/{call_id}")


def _rights(caller: Caller, call: Call) -> Rights:
    now = datetime.now(UTC)

    def allows(action: Action) -> bool:
        return decide(caller.principal, action, call, now).allowed

    return Rights(
        read=allows(Action.READ_TRANSCRIPT),
        listen=allows(Action.LISTEN),
        download=allows(Action.DOWNLOAD),
        retry=allows(Action.EDIT) or allows(Action.UPLOAD),
        audit=may(caller.principal, Action.READ_AUDIT, now),
    )


async def _words(parts: Parts, caller: Caller, call: Call) -> StoredTranscript | None:
    return await words.read(parts, caller, call.uid) if call.transcript else None


def _seconds(text: str) -> float | None:
    """None where no moment was asked for, or none that makes sense."""
    try:
        at = float(text)
    except ValueError:
        return None
    return at if 0 <= at < 360_000 else None
