"""Deciding on requests for access: by those who approve where they lead, within what they may approve.

Whoever could let somebody hear a call anyway (see `sharing`) decides on a request about that call too, within the same
limits: one call, 30 days. Nobody decides on their own.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from archive.audit.event import Detail, EventType, ObjectKind
from archive.calls.call import Call
from archive.calls.caller import Caller
from archive.calls.filters import CallFilter
from archive.errors import Conflict, Decided, Invalid, NotFound
from archive.identity.consent import check_in_person
from archive.identity.grants import give_agreed
from archive.identity.managing import logging_own
from archive.identity.oneself import check_other
from archive.identity.requests import about, call_of, denied, settle
from archive.identity.sharing import LONGEST, NEEDED, givable, lasting
from archive.ids import is_uuid7
from archive.policy.actions import HEAR, Action
from archive.policy.decide import decide, resolve_scope
from archive.policy.principal import Basis, Grant, Principal
from archive.policy.scope import (
    CallIds,
    Client,
    Partner,
    Scope,
    impersonal,
    intersection,
    is_empty,
    reaches_all,
    spans,
    union,
    unsealed,
)
from archive.ports import About, AccessRequest, Decidable, GiveGrant, Parts, RequestState, Work

MAX_ANSWER = 500
PORTION = 200
"""Waiting requests looked through at once."""

MOST_COUNTED = 200
"""Of requests that have to be looked into one by one: so many are counted."""


class Share(Struct, frozen=True):
    """What of a request somebody may grant, until `until` at the latest. `call` is the one that it is about, if any;
    `direct`: as whoever could let somebody hear it anyway."""

    request: AccessRequest
    scope: Scope
    until: datetime
    call: Call | None = None
    direct: bool = False


class Asked(Struct, frozen=True):
    """A request as one may see it. `share` None: it isn't one's own to decide on; `calls`: how many it comes to."""

    request: AccessRequest
    share: Share | None = None
    calls: int | None = None


async def waiting(parts: Parts, caller: Caller, after: int, limit: int) -> list[Asked]:
    """Those on which the caller may decide, oldest first, those whose id is greater than `after`."""
    async with parts.database.read() as work:
        found = await _decidable(work, caller.principal, after, limit)
        return [Asked(one.request, one, await number(work, one.scope)) for one in found]


async def count_waiting(work: Work, who: Principal) -> int:
    """How many wait for somebody's decision; `MOST_COUNTED` at most for whoever approves over a part of the archive."""
    now = await work.now()
    which = _which(who, now)
    if which.names and not reaches_all(impersonal(resolve_scope(who, Action.APPROVE, now))):
        return len(await _decidable(work, who, 0, MOST_COUNTED))
    return 0 if _on_none(which) else await work.requests.count(now, which)


async def get(parts: Parts, caller: Caller, uid: str) -> Asked:
    """For whoever asked, may decide on it, or did. Raises `NotFound` for others, which is logged."""
    async with parts.database.read() as work:
        request = await work.requests.get(uid) if is_uuid7(uid) else None
        if request and (seen := await _seen(work, caller.principal, request)):
            return seen
    async with parts.database.write() as work:
        await work.audit.append(denied(caller, uid, request))
    raise NotFound


async def approve(
    parts: Parts, caller: Caller, uid: str, until: datetime | None = None, answer: str | None = None
) -> AccessRequest:
    """Grant what was asked for, as far as the caller may: until then, or until the day it was asked for.

    Raises `NotFound` for whoever may not decide on it, `OnesOwn`, `Decided`, and `Invalid` for a later end than was
    asked for or than the caller may give."""
    check_in_person(caller)
    answer = _checked(answer)
    await get(parts, caller, uid)
    async with logging_own(parts, caller, ObjectKind.REQUEST), parts.database.write() as work:
        share = await _deciding(work, caller, uid)
        grant = await _grant(work, caller, share, until or share.request.until)
        granted = RequestState.GRANTED
        decided = await settle(work, caller, share.request, granted, answer=answer, grant=grant.uid)
        await _log(work, caller, EventType.GRANT_APPROVED, decided, {"grant": grant.uid})
        return decided


async def refuse(parts: Parts, caller: Caller, uid: str, answer: str | None = None) -> AccessRequest:
    """Raises as `approve` does. Whoever is refused learns that there is such a thing."""
    check_in_person(caller)
    answer = _checked(answer)
    await get(parts, caller, uid)
    async with logging_own(parts, caller, ObjectKind.REQUEST), parts.database.write() as work:
        share = await _deciding(work, caller, uid)
        decided = await settle(work, caller, share.request, RequestState.REFUSED, answer=answer)
        await _log(work, caller, EventType.GRANT_REFUSED, decided, {})
        return decided


async def number(work: Work, scope: Scope) -> int:
    """How many calls a grant on the scope comes to."""
    return await work.calls.count(scope if isinstance(scope, CallIds) else unsealed(scope), CallFilter())


# ---- who decides on what ---------------------------------------------------------------------------------------


async def _decidable(work: Work, who: Principal, after: int, limit: int) -> list[Share]:
    """The oldest, however many there are before them that others decide on."""
    now = await work.now()
    which, shares = _which(who, now), list[Share]()
    while len(shares) < limit and not _on_none(which):
        found = await work.requests.waiting(now, which, after=after, limit=PORTION)
        if not found:
            break
        after = found[-1].id
        shares += await _shares(work, who, found)
    return shares[:limit]


def _which(who: Principal, now: datetime) -> Decidable:
    """As `_share` has it, but for clients and partners: each of those is looked into."""
    approves = resolve_scope(who, Action.APPROVE, now)
    lets = [resolve_scope(lasting(who), action, now) for action in (Action.GRANT, *NEEDED)]
    return Decidable(
        union((approves, intersection(*lets))), names=not is_empty(impersonal(approves)), but=who.id
    )


def _on_none(which: Decidable) -> bool:
    return is_empty(which.calls) and not which.names


async def _shares(work: Work, who: Principal, requests: Sequence[AccessRequest]) -> list[Share]:
    now = await work.now()
    scopes = [resolve_scope(who, action, now) for action in (Action.APPROVE, Action.GRANT)]
    asked = {one.found_id for one in requests if one.about is About.CALL and one.found_id is not None}
    calls = await work.calls.select(asked, union(scopes)) if asked else {}
    found = [await _share(work, who, request, calls.get(request.found_id or 0)) for request in requests]
    return [share for share in found if share is not None]


async def _share(work: Work, who: Principal, request: AccessRequest, call: Call | None) -> Share | None:
    if request.found_id is None:
        return None
    if request.about is About.CALL:
        return _of_call(who, request, call, await work.now()) if call else None
    approves = impersonal(resolve_scope(who, Action.APPROVE, await work.now()))
    if request.about is About.PARTNER:
        partner = Partner(frozenset({request.found_id}))
        return Share(request, partner, request.until) if spans(approves, partner) else None
    client = Client(frozenset({request.found_id, *request.namesakes}))
    return await _of_client(work, request, client, approves)


def _of_call(who: Principal, request: AccessRequest, call: Call, now: datetime) -> Share | None:
    scope = CallIds(frozenset({call.id}))
    if decide(who, Action.APPROVE, call, now).allowed:
        return Share(request, scope, request.until, call)
    if all(decide(lasting(who), action, call, now).allowed for action in (Action.GRANT, *NEEDED)):
        return Share(request, scope, min(request.until, now + LONGEST), call, direct=True)
    return None


async def _of_client(work: Work, request: AccessRequest, client: Client, approves: Scope) -> Share | None:
    """All namesakes of then: whoever was told of a client knows the name alone."""
    if spans(approves, client):
        return Share(request, client, request.until)
    scope = intersection(client, approves)
    carried = not is_empty(scope) and await work.calls.page(scope, CallFilter(), limit=1)
    return Share(request, scope, request.until) if carried else None


async def _seen(work: Work, who: Principal, request: AccessRequest) -> Asked | None:
    shares = await _shares(work, who, [request])
    request = request.as_of(await work.now())
    waits = request.state is RequestState.WAITING
    if shares and request.principal_id != who.id:
        return Asked(request, *((shares[0], await number(work, shares[0].scope)) if waits else ()))
    concerned = request.principal_id == who.id or request.decided_by == who.uid
    return Asked(request) if concerned else None


# ---- deciding --------------------------------------------------------------------------------------------------


async def _deciding(work: Work, caller: Caller, uid: str) -> Share:
    request = await work.requests.get(uid)
    if request is None or request.as_of(await work.now()).state is not RequestState.WAITING:
        raise Decided
    await check_other(work, caller, request.by)
    shares = await _shares(work, caller.principal, [request])
    if not shares:
        raise NotFound
    return shares[0]


async def _grant(work: Work, caller: Caller, share: Share, until: datetime) -> Grant:
    if until > share.until:
        why = f"As somebody who may let others hear it, you grant {LONGEST.days} days at most."
        raise Invalid(why if share.direct else "until lies past the day it was asked for.", field="until")
    actions = HEAR
    if share.direct and share.call:
        actions = await givable(work, caller, share.call, until)
    agreed = GiveGrant(
        to=share.request.by,
        scope=share.scope,
        role=None,
        actions=actions,
        since=None,
        until=until,
        reason=share.request.reason,
    )
    return await give_agreed(work, caller, await _asker(work, share.request), agreed, Basis.ASKED)


async def _asker(work: Work, request: AccessRequest) -> Principal:
    asker = await work.principals.by_id(request.principal_id)
    if asker is None or asker.disabled_at is not None:
        raise Conflict("Whoever asked is there no more.")
    return asker


async def _log(
    work: Work, caller: Caller, type: EventType, request: AccessRequest, details: dict[str, Detail]
) -> None:
    texts = {"answer": request.answer} if request.answer else {}
    details = {"to": request.by, **details}
    call = await call_of(work, request)
    await work.audit.append(about(caller, type, request, call, details=details, texts=texts))


def _checked(answer: str | None) -> str | None:
    answer = (answer or "").strip() or None
    if answer and (len(answer) > MAX_ANSWER or "\0" in answer):
        raise Invalid(f"An answer has at most {MAX_ANSWER} characters.", field="answer")
    return answer
