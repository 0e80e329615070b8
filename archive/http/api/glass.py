"""Breaking the glass: taking emergency access, giving it back, seeing that it was taken."""

from typing import Annotated, Any

from litestar import Request, Response, delete, get, post
from litestar.params import FromPath
from msgspec import Meta, Struct

from archive.http import replies
from archive.http.api.pending import PrincipalAnswer
from archive.http.api.schemas import Id, Time
from archive.http.context import acting, context_of
from archive.http.cookies import keep_session
from archive.http.describe import Described, opt
from archive.http.forms import json_body
from archive.identity import glass
from archive.identity.glass import MAX_REASON, MIN_REASON, Breaking
from archive.identity.places import describe
from archive.policy.principal import Grant, Principal
from archive.ports import Work

AnyRequest = Request[Any, Any, Any]


class BreakingBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`scope` reads `all`, `partner:NAME`, `client:NAME` or `call:ID`. `password` and `code`: of whoever has them
    here."""

    scope: Annotated[str, Meta(max_length=2_000)]
    reason: Annotated[str, Meta(min_length=MIN_REASON, max_length=MAX_REASON)]
    password: str = ""
    code: str = ""


class BrokenAnswer(Struct, frozen=True, kw_only=True):
    """`id` is the grant's. `seen_at`: when one of those who approve saw it."""

    id: Id
    by: PrincipalAnswer
    scope: str
    since: Time
    until: Time | None
    reason: str
    revoked_at: Time | None
    seen_at: Time | None


class BrokenList(Struct, frozen=True):
    items: tuple[BrokenAnswer, ...]


def _route(summary: str, *problems: int, **more: Any) -> dict[str, Any]:
    return opt(Described(summary=summary, group="Access", problems=problems, **more))


@get("/api/v1/broken-glass", opt=_route("List emergency access taken lately", answer=BrokenList))
async def list_broken(request: AnyRequest) -> Response[bytes]:
    """Newest first, of the last 30 days and what nobody has seen: everybody's for those who approve or read the log,
    one's own for others."""
    parts, caller = acting(request)
    found = await glass.lately(parts, caller)
    async with parts.database.read() as work:
        shown = [await _answer(work, one.holder, one.grant, one.seen_at) for one in found]
    return replies.json(BrokenList(tuple(shown)))


@post(
    "/api/v1/broken-glass",
    status_code=201,
    opt=_route("Take emergency access", 403, 409, 429, body=BreakingBody, answer=BrokenAnswer, status=201),
)
async def break_glass(request: AnyRequest) -> Response[bytes]:
    """For those who manage people, signed in: no program. It lasts `break_glass_minutes` and opens what is not sealed;
    those who approve are told. The session's cookie is another one from then on."""
    (parts, caller), context = acting(request), context_of(request)
    body = await json_body(request, BreakingBody)
    breaking = Breaking(scope=body.scope, reason=body.reason, password=body.password, code=body.code)
    minutes = context.settings.break_glass_minutes
    taken = await glass.break_glass(parts, caller, context.rules, minutes, breaking)
    async with parts.database.read() as work:
        answer = replies.json(await _answer(work, caller.principal, taken.grant, None), 201)
    keep_session(context, answer, taken.session)
    return answer


@delete("/api/v1/broken-glass", status_code=204, opt=_route("Give emergency access back", 404, status=204))
async def mend_glass(request: AnyRequest) -> Response[None]:
    """The session's cookie is another one from then on."""
    secret = await glass.mend(*acting(request))
    answer = replies.nothing()
    keep_session(context_of(request), answer, secret)
    return answer


@post(
    "/api/v1/broken-glass/{glass_id:str}/seen",
    status_code=204,
    opt=_route("Say that one has seen emergency access", 404, status=204),
)
async def see_broken(request: AnyRequest, glass_id: FromPath[str]) -> Response[None]:
    """For those who approve, of others' alone: the archive stops telling."""
    await glass.see(*acting(request), glass_id)
    return replies.nothing()


async def _answer(work: Work, by: Principal, grant: Grant, seen_at: Time | None) -> BrokenAnswer:
    return BrokenAnswer(
        id=grant.uid,
        by=PrincipalAnswer(by.uid, by.kind, by.name),
        scope=await describe(work, grant.scope),
        since=grant.since,
        until=grant.until,
        reason=grant.reason,
        revoked_at=grant.revoked_at,
        seen_at=seen_at,
    )


handlers = [list_broken, break_glass, mend_glass, see_broken]
