"""What the pages of administration share: the ways between them, grants in rows, what waits, and refused forms."""

from collections.abc import Awaitable, Callable, Mapping

from litestar import Response, post
from litestar.params import FromPath

from archive.errors import ArchiveError, Conflict, Invalid, NotFound, Stale
from archive.http.context import acting
from archive.http.forms import form
from archive.http.pages.answers import OPEN, AnyRequest, failed, go, local
from archive.http.pages.changes import sentence
from archive.http.pages.frame import Entry
from archive.http.pages.managing import scopes_shown
from archive.http.pages.people_views import GrantRow
from archive.http.pages.rendering import texts
from archive.identity import grants
from archive.identity.described import Described
from archive.identity.oneself import OnesOwn
from archive.identity.reach import Line, PersonReach, Standing, ended_at
from archive.policy.principal import Grant
from archive.ports import PendingChange, Work

SECTIONS = ("people", "groups", "integrations", "partners", "clients", "teams")
REFUSED = (Invalid, Conflict, NotFound, OnesOwn, Stale)

Given = Mapping[str, str]
Doing = Callable[[Given], Awaitable[Response[bytes]]]
Again = Callable[[Given, ArchiveError], Awaitable[Response[bytes]]]


def sections(current: str) -> tuple[Entry, ...]:
    """The ways between the pages of administration."""
    t = texts()
    return tuple(Entry(t(f"section.{one}"), f"/{one}", one == current) for one in SECTIONS)


async def trying(request: AnyRequest, do: Doing, again: Again) -> Response[bytes]:
    """What a form does; where it is refused, its page again, which refuses those who may not see it."""
    given = await form(request)
    try:
        return await do(given)
    except REFUSED as error:
        return await again(given, error)


def done(path: str, made: object, what: str) -> Response[bytes]:
    """Back to a page, which says what was done, or that it waits for a second person."""
    return go(f"{path}?done={'waits' if isinstance(made, PendingChange) else what}")


def done_text(request: AnyRequest, known: tuple[str, ...]) -> str:
    what = request.query_params.get("done", "")
    return texts()(f"done.{what}") if what in known else ""


async def grant_rows(work: Work, reach: PersonReach) -> tuple[GrantRow, ...]:
    where = await scopes_shown(work, [line.grant.scope for line in reach.lines])
    return tuple(_row(line, where[line.grant.scope]) for line in reach.lines)


def waiting_rows(waiting: tuple[Described, ...]) -> tuple[str, ...]:
    return tuple(sentence(one) for one in waiting)


def _row(line: Line, where: str) -> GrantRow:
    t, grant = texts(), line.grant
    reaches, ended = bool(line.scope), line.standing is Standing.ENDED
    return GrantRow(
        id=grant.uid,
        what=given_in_words(grant),
        where=where if reaches else t("give.no_calls"),
        calls=t("office.calls", count=line.calls) if line.calls is not None else "",
        since=grant.since,
        until=ended_at(grant) if ended else grant.until,
        ended=ended,
        coming=line.standing is Standing.COMING,
        reason=grant.reason,
        by=line.by or t("office.at_console"),
        group=line.group,
        group_href=f"/groups/{grant.group}" if grant.group else "",
    )


def given_in_words(grant: Grant) -> str:
    t = texts()
    if grant.role:
        return t(f"role.{grant.role.value}")
    return ", ".join(t(f"action.{action.value}") for action in sorted(grant.actions))


@post("/grants/{grant_id:str}/end", status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def end_grant(request: AnyRequest, grant_id: FromPath[str]) -> Response[bytes]:
    """From whichever page shows it, back to there."""
    back = local((await form(request)).get("back", "/people"))
    await grants.revoke(*acting(request), grant_id)
    return go(back)


routes = [end_grant]
