"""Asking for access. Whoever was told of a call, a client or a partner may ask for it, for a time, and says why.

What they are answered doesn't depend on whether there is such a thing: a request that names nothing waits like any
other, and ends like one that nobody decides. See `approving` for those who decide.
"""

from datetime import datetime, timedelta

from msgspec import Struct

from archive.audit.event import Detail, Event, EventType, Object, ObjectKind
from archive.calls.access import denial
from archive.calls.caller import Caller
from archive.errors import Conflict, Decided, Invalid, NotFound
from archive.identity.consent import check_in_person
from archive.ids import find_uuid7, is_uuid7
from archive.policy.actions import Action
from archive.policy.scope import AllCalls
from archive.ports import About, AccessRequest, NewRequest, Parts, RequestState, Work

LONGEST = timedelta(days=90)
MOST_WAITING = 20
MAX_ASKED = 200
MAX_REASON = 500


class Asking(Struct, frozen=True, kw_only=True):
    """`what` is a call's id, or an address that holds it; or the name, or id, of a client or a partner."""

    about: About
    what: str
    until: datetime
    reason: str


class TooManyWaiting(Conflict):
    """You have 20 requests waiting. Withdraw one, or wait for an answer."""

    code = "too_many_waiting"


async def ask(parts: Parts, caller: Caller, asking: Asking) -> AccessRequest:
    """Raises `Forbidden` for programs, `Invalid` by field, `TooManyWaiting`."""
    check_in_person(caller)
    async with parts.database.write() as work:
        now, asker = await work.now(), caller.principal
        asked, reason = _checked(asking, now)
        if await work.requests.count_waiting(asker.id, now) >= MOST_WAITING:
            raise TooManyWaiting
        found, call = await _named(work, asking.about, asked)
        new = NewRequest(
            principal_id=asker.id,
            about=asking.about,
            asked=asked,
            found_id=found[0] if found else None,
            until=asking.until,
            reason=reason,
            namesakes=tuple(found[1:]),
        )
        request = await work.requests.add(new)
        details: dict[str, Detail] = {"about": request.about.value, "until": request.until.isoformat()}
        texts = {"asked": asked, "reason": reason}
        await work.audit.append(
            about(caller, EventType.GRANT_ASKED, request, call, details=details, texts=texts)
        )
        return request


async def mine(parts: Parts, caller: Caller, before: int | None, limit: int) -> list[AccessRequest]:
    """One's own, newest first, as they stand now."""
    async with parts.database.read() as work:
        now = await work.now()
        found = await work.requests.of(caller.principal.id, before=before, limit=limit)
        return [one.as_of(now) for one in found]


async def withdraw(parts: Parts, caller: Caller, uid: str) -> AccessRequest:
    """By whoever asked. Raises `NotFound` for another's, as for one that isn't there; `Decided`."""
    check_in_person(caller)
    async with parts.database.write() as work:
        request = await work.requests.get(uid) if is_uuid7(uid) else None
        if request and request.principal_id == caller.principal.id:
            decided = await settle(work, caller, request, RequestState.WITHDRAWN)
            event = about(caller, EventType.GRANT_WITHDRAWN, request, await call_of(work, request))
            await work.audit.append(event)
            return decided
        await work.audit.append(denied(caller, uid, request))
    raise NotFound


def denied(caller: Caller, uid: str, request: AccessRequest | None) -> Event:
    """Somebody tried what is another's to do, or what isn't there."""
    reason = "no_grant" if request else "not_there"
    details = {"action": Action.APPROVE.value}
    return denial(caller, EventType.ARCHIVE_DENIED, ObjectKind.REQUEST, uid, reason, details=details)


async def settle(
    work: Work,
    caller: Caller,
    request: AccessRequest,
    state: RequestState,
    *,
    answer: str | None = None,
    grant: str | None = None,
) -> AccessRequest:
    """The request as it then stands. Raises `Decided` for all callers at once but one."""
    if not await work.requests.decide(request.id, state, caller.principal.uid, answer, grant):
        raise Decided
    return await work.requests.get(request.uid) or request


async def call_of(work: Work, request: AccessRequest) -> str | None:
    """The public id of the call that was asked for, for the log alone; None where it is about none."""
    if request.about is not About.CALL or request.found_id is None:
        return None
    found = await work.calls.select([request.found_id], AllCalls())
    return found[request.found_id].uid if found else None


def about(
    caller: Caller,
    type: EventType,
    request: AccessRequest,
    call: str | None,
    *,
    details: dict[str, Detail] | None = None,
    texts: dict[str, str] | None = None,
) -> Event:
    return Event(
        type=type,
        actor=caller.actor,
        object=Object(ObjectKind.REQUEST, request.uid),
        call=call,
        origin=caller.origin,
        details=details or {},
        texts=texts or {},
    )


def _checked(asking: Asking, now: datetime) -> tuple[str, str]:
    """What was asked for, and why, tidied."""
    asked, reason = asking.what.strip(), asking.reason.strip()
    if asking.about is About.CALL and (found := find_uuid7(asked)):
        asked = found
    for field, text, most in (("what", asked, MAX_ASKED), ("reason", reason, MAX_REASON)):
        if not 0 < len(text) <= most or "\0" in text:
            raise Invalid(f"{field} has 1 to {most} characters.", field=field)
    if not now < asking.until <= now + LONGEST:
        raise Invalid(f"until lies within the next {LONGEST.days} days.", field="until")
    return asked, reason


async def _named(work: Work, about: About, asked: str) -> tuple[list[int], str | None]:
    """The ids of what was named, and a call's public id; never told to whoever asked. Whichever client is renamed
    while it waits is not among them."""
    match about:
        case About.CALL:
            call = await work.calls.get(asked, AllCalls())
            return ([call.id], call.uid) if call else ([], None)
        case About.CLIENT:
            return await work.names.client_ids(asked), None
        case About.PARTNER:
            return (await work.names.partner_ids(asked))[:1], None
