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
from archive.http.pages.turning import Wrong, asked_of
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
    return await shown(request, call_id)


async def shown(request: AnyRequest, call_id: str, wrong: Wrong | None = None) -> Response[bytes]:
    """The page; with `wrong`, what was refused of one of its forms stands beside it."""
    parts, caller = acting(request)
    moment = _seconds(request.query_params.get("moment", ""))
    call = await catalogue.view(parts, caller, call_id)
    rights = _rights(caller, call)
    asked = await asked_of(parts, caller, call, _guarded(rights, call))
    seen = Seen(
        call=call,
        rights=rights,
        asked=asked,
        wrong=wrong or Wrong(),
        transcript=await _words(parts, caller, call) if rights.read and asked.read is None else None,
        heard=await listens.read(parts, caller, call_id, listens.BESIDE),
        at=_seconds(request.query_params.get("t", "")) if moment is None else moment,
        lead=0.0 if moment is None else EARLY,
        query=request.query_params.get("q", "")[:MAX_QUERY],
    )
    return page(request, "call.html", call_view(seen, frame_of(request)), 422 if wrong else 200)


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
        seal=allows(Action.SEAL),
        approve=allows(Action.APPROVE),
        grant=allows(Action.GRANT),
        audit=may(caller.principal, Action.READ_AUDIT, now),
    )


def _guarded(rights: Rights, call: Call) -> set[Action]:
    """What the page offers of what may take a reason."""
    offered = {
        Action.LISTEN: rights.listen and call.playable,
        Action.READ_TRANSCRIPT: rights.read and call.transcript is not None,
        Action.DOWNLOAD: rights.download,
    }
    return {action for action, is_offered in offered.items() if is_offered}


async def _words(parts: Parts, caller: Caller, call: Call) -> StoredTranscript | None:
    return await words.read(parts, caller, call.uid) if call.transcript else None


def _seconds(text: str) -> float | None:
    """None where no moment was asked for, or none that makes sense."""
    try:
        at = float(text)
    except ValueError:
        return None
    return at if 0 <= at < 360_000 else None
