"""Partners, clients and teams: found, added, renamed."""

from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import FromPath

from archive.errors import ArchiveError
from archive.http.api.names import PLURAL, after, following
from archive.http.context import acting
from archive.http.pages.answers import OPEN, AnyRequest, failed, page
from archive.http.pages.office import Given, done, done_text, sections, trying
from archive.http.pages.people_views import NameRow, NamesView
from archive.http.problems import status_of
from archive.identity import manage, naming
from archive.ports import KnownName, NameKind

SHOWN = 50
DONE = ("name_added", "renamed")
KINDS = {plural: kind for kind, plural in PLURAL.items()}


LISTS = [f"/{plural}" for plural in KINDS]
NAMES = [f"/{plural}/{{name_id:str}}" for plural in KINDS]


@get(LISTS, opt=OPEN, exception_handlers={Exception: failed})
async def names_page(request: AnyRequest) -> Response[bytes]:
    return await _page(request)


@post(LISTS, status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def add_name(request: AnyRequest) -> Response[bytes]:
    async def add(given: Given) -> Response[bytes]:
        external_id = given.get("external_id", "").strip() or None
        await naming.add(*acting(request), _kind(request), given.get("name", ""), external_id)
        return done(f"/{PLURAL[_kind(request)]}", None, "name_added")

    return await trying(request, add, lambda given, error: _page(request, given, error))


@post(NAMES, status_code=200, opt=OPEN, exception_handlers={Exception: failed})
async def rename(request: AnyRequest, name_id: FromPath[str]) -> Response[bytes]:
    async def change(given: Given) -> Response[bytes]:
        parts, caller = acting(request)
        match = given.get("etag") or None
        await naming.rename(parts, caller, _kind(request), name_id, given.get("name", ""), match=match)
        return done(f"/{PLURAL[_kind(request)]}", None, "renamed")

    return await trying(request, change, lambda given, error: _page(request, given, error, name_id))


async def _page(
    request: AnyRequest, given: Given | None = None, error: ArchiveError | None = None, of: str = ""
) -> Response[bytes]:
    """The list; after a form that was refused with why, beside the name `of` or, without one, where names are added."""
    parts, caller = acting(request)
    await manage.check_manager(parts, caller)
    kind, asked = _kind(request), request.query_params
    q = asked.get("q", "").strip()
    past = after(kind, asked.get("cursor"))
    found = await naming.listed(parts, caller, kind, like=q, after=past, limit=SHOWN + 1)
    shown = found[:SHOWN]
    if of and not any(one.uid == of for one in shown):
        shown = [await naming.get(parts, caller, kind, of), *shown]
    more = following(kind, found, SHOWN)
    typed = given or {}
    view = NamesView(
        kind=kind.value,
        sections=sections(PLURAL[kind]),
        rows=tuple(_row(one, typed, error) if one.uid == of else _row(one) for one in shown),
        q=q,
        more=f"/{PLURAL[kind]}?{urlencode({'q': q, 'cursor': more})}" if more else "",
        given={} if of else typed,
        problem=error.detail if error and not of else "",
        done=done_text(request, DONE),
    )
    return page(request, "names.html", view, status_of(error) if error else 200)


def _kind(request: AnyRequest) -> NameKind:
    return KINDS[request.url.path.split("/")[1]]


def _row(known: KnownName, given: Given | None = None, error: ArchiveError | None = None) -> NameRow:
    return NameRow(
        id=known.uid,
        name=known.name,
        external_id=known.external_id or "",
        etag=naming.etag(known),
        typed=(given or {}).get("name", known.name),
        problem=error.detail if error else "",
    )


routes = [names_page, add_name, rename]
