"""Changes that wait for a second person: looked through, agreed to, refused, withdrawn."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath
from msgspec import Struct

from archive.calls.caller import Caller
from archive.http import cursor, replies
from archive.http.api.query import Page
from archive.http.api.schemas import Id, Time
from archive.http.context import acting
from archive.http.describe import Described as Route
from archive.http.describe import opt
from archive.http.forms import query
from archive.identity import changes
from archive.identity.described import Described, all_described, described
from archive.policy.actions import Action, Role
from archive.policy.principal import PrincipalKind
from archive.ports import ChangeState, Parts, PendingChange

AnyRequest = Request[Any, Any, Any]
LIST = "pending-changes"


class After(Struct, frozen=True):
    """Changes asked for after this one."""

    id: int


def after(text: str | None) -> int:
    """The id that a cursor of the list says. Raises `Malformed`."""
    return cursor.decode(LIST, text, After).id if text else 0


def following(found: Sequence[PendingChange], limit: int) -> str | None:
    return cursor.following(LIST, found, limit, lambda last: After(last.id))


class PrincipalAnswer(Struct, frozen=True):
    id: Id
    kind: PrincipalKind
    name: str


class FormerAnswer(Struct, frozen=True):
    """The partner, team or client `name` was called `before` until then."""

    name: str
    before: str
    until: Time


class PendingAnswer(Struct, frozen=True, kw_only=True):
    """Nothing changes while it waits. `change`: `GiveGrant`, `ProlongGrant`, `AddMember`, `MapClaim`, and others; what
    such a change doesn't have is null. `calls`: how many `scope` comes to now; `formerly`: what its places were called
    within 30 days. `ends`: the end that a grant has now; `until`: the one that it is to get.
    `asked_by`: an id, or `console`, whose user is `asked_name`. `may_decide`: whether the caller is its second person.
    """

    id: Id
    state: ChangeState
    change: str
    to: PrincipalAnswer | None
    group: PrincipalAnswer | None
    role: Role | None
    actions: tuple[Action, ...]
    scope: str | None
    calls: int | None
    formerly: tuple[FormerAnswer, ...]
    since: Time | None
    ends: Time | None
    until: Time | None
    reason: str | None
    provider: str | None
    value: str | None
    asked_by: str
    asked_name: str
    asked_at: Time
    lapses_at: Time
    decided_by: str | None
    decided_at: Time | None
    may_decide: bool
    may_withdraw: bool


class PendingPage(Struct, frozen=True):
    items: tuple[PendingAnswer, ...]
    next: str | None


def _route(summary: str, *problems: int) -> dict[str, Any]:
    return opt(
        Route(summary=summary, group="Administration", answer=PendingAnswer, problems=(403, 404, *problems))
    )


@get(
    "/api/v1/pending-changes",
    opt=opt(
        Route(
            summary="List changes that wait for a second person, oldest first",
            group="Administration",
            query=Page,
            answer=PendingPage,
            problems=(403,),
        )
    ),
)
async def list_pending(request: AnyRequest) -> Response[bytes]:
    parts, caller = acting(request)
    page = query(request, Page)
    past = after(page.cursor)
    found = [one for one in await changes.waiting(parts, caller) if one.id > past]
    async with parts.database.read() as work:
        shown = await all_described(work, caller, found[: page.limit])
    return replies.json(PendingPage(tuple(map(answer_of, shown)), following(found, page.limit)))


@get("/api/v1/pending-changes/{change_id:str}", opt=_route("Read a change that waits, or waited"))
async def read_pending(request: AnyRequest, change_id: FromPath[str]) -> Response[bytes]:
    return await _decided(request, change_id, changes.get)


@post(
    "/api/v1/pending-changes/{change_id:str}/agree",
    status_code=200,
    opt=_route("Agree to a change, as its second person", 409),
)
async def agree(request: AnyRequest, change_id: FromPath[str]) -> Response[bytes]:
    """For a person signed in, who didn't ask for it and doesn't gain by it. It is done with this answer; what can't be
    done any more is refused (409, `no_longer_fits`)."""
    return await _decided(request, change_id, changes.agree)


@post(
    "/api/v1/pending-changes/{change_id:str}/refuse",
    status_code=200,
    opt=_route("Refuse a change, as its second person", 409),
)
async def refuse(request: AnyRequest, change_id: FromPath[str]) -> Response[bytes]:
    return await _decided(request, change_id, changes.refuse)


@post(
    "/api/v1/pending-changes/{change_id:str}/withdraw",
    status_code=200,
    opt=_route("Withdraw a change that one asked for", 409),
)
async def withdraw(request: AnyRequest, change_id: FromPath[str]) -> Response[bytes]:
    return await _decided(request, change_id, changes.withdraw)


async def waits(parts: Parts, caller: Caller, pending: PendingChange) -> Response[bytes]:
    """202: what was asked for waits for a second person."""
    async with parts.database.read() as work:
        shown = answer_of(await described(work, caller, pending))
    return replies.json(shown, 202, {"Location": f"/api/v1/pending-changes/{pending.uid}"})


def answer_of(shown: Described) -> PendingAnswer:
    pending = shown.pending
    return PendingAnswer(
        id=pending.uid,
        state=pending.state,
        change=shown.what,
        to=PrincipalAnswer(shown.to.id, shown.to.kind, shown.to.name) if shown.to else None,
        group=PrincipalAnswer(shown.group.id, shown.group.kind, shown.group.name) if shown.group else None,
        role=shown.role,
        actions=shown.actions,
        scope=shown.scope,
        calls=shown.calls,
        formerly=tuple(FormerAnswer(one.name, one.before, one.until) for one in shown.formerly),
        since=shown.since,
        ends=shown.ends,
        until=shown.until,
        reason=shown.reason,
        provider=shown.provider,
        value=shown.value,
        asked_by=pending.asked_by,
        asked_name=pending.asked_name,
        asked_at=pending.asked_at,
        lapses_at=shown.lapses_at,
        decided_by=pending.decided_by,
        decided_at=pending.decided_at,
        may_decide=shown.may_decide,
        may_withdraw=shown.may_withdraw,
    )


async def _decided(
    request: AnyRequest, uid: str, decide: Callable[[Parts, Caller, str], Awaitable[PendingChange]]
) -> Response[bytes]:
    parts, caller = acting(request)
    pending = await decide(parts, caller, uid)
    async with parts.database.read() as work:
        return replies.json(answer_of(await described(work, caller, pending)))


handlers = [list_pending, read_pending, agree, refuse, withdraw]
