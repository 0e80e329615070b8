"""Partners, clients and teams: listed, added, renamed."""

from collections.abc import Callable, Iterator
from typing import Annotated, Any

from litestar import Request, Response, get, patch, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Meta, Struct

from archive.http import cursor, replies
from archive.http.api.query import Page, Text
from archive.http.api.schemas import Id
from archive.http.context import acting
from archive.http.describe import Described, opt
from archive.http.forms import json_body, query
from archive.http.idempotency import by_manager, once
from archive.http.revisions import strong
from archive.identity import naming
from archive.ports import KnownName, NameKind, NameMark

AnyRequest = Request[Any, Any, Any]
PLURAL = {NameKind.PARTNER: "partners", NameKind.CLIENT: "clients", NameKind.TEAM: "teams"}
Handler = Callable[..., Any]


class NameQuery(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`q`: what a word of the name begins with."""

    q: Text | None = None


class NameBody(Struct, frozen=True, forbid_unknown_fields=True):
    name: str


class NewClient(Struct, frozen=True, forbid_unknown_fields=True):
    """`external_id`: the client's in another system. Two clients may have one name."""

    name: str
    external_id: Annotated[str, Meta(min_length=1, max_length=200)] | None = None


class NameAnswer(Struct, frozen=True):
    """`external_id` is a client's; null otherwise."""

    id: Id
    name: str
    external_id: str | None
    etag: str


class NamePage(Struct, frozen=True):
    items: tuple[NameAnswer, ...]
    next: str | None


def handlers_of(kind: NameKind) -> Iterator[HTTPRouteHandler]:
    """The four routes of one kind of name."""
    path = f"/api/v1/{PLURAL[kind]}"
    one = path + "/{name_id:str}"
    whose = _WHOSE[kind]
    taken = () if kind is NameKind.CLIENT else (409,)
    listing = _described(f"List {PLURAL[kind]}, by name", query=NameQuery, answer=NamePage, problems=(403,))
    yield get(path, opt=listing)(_named(f"list_{PLURAL[kind]}", _lister(kind), whose))
    body = NewClient if kind is NameKind.CLIENT else NameBody
    adding = _described(f"Add a {kind}", body=body, answer=NameAnswer, status=201, problems=(403, *taken))
    yield post(path, status_code=201, opt=adding)(once(by_manager)(_named(f"add_{kind}", _adder(kind))))
    reading = _described(f"Read a {kind}", answer=NameAnswer, problems=(403, 404))
    yield get(one, opt=reading)(_named(f"read_{kind}", _reader(kind), whose))
    problems = (403, 404, *taken, 412)
    renaming = _described(f"Rename a {kind}", body=NameBody, answer=NameAnswer, problems=problems)
    yield patch(one, opt=renaming)(_named(f"rename_{kind}", _renamer(kind), _RENAMING))


_TOLD = "All of them for those who manage people; for those who may find calls, those of their scope."
_WHOSE = {
    NameKind.PARTNER: _TOLD,
    NameKind.TEAM: _TOLD,
    NameKind.CLIENT: "For those who manage people.",
}
_RENAMING = """Its calls show the new name at once; what one may reach stays. With `If-Match` it is refused (412) if
somebody changed it meanwhile."""


def _lister(kind: NameKind) -> Handler:
    async def listing(request: AnyRequest) -> Response[bytes]:
        asked = query(request, NameQuery)
        found = await naming.listed(
            *acting(request), kind, like=asked.q, after=after(kind, asked.cursor), limit=asked.limit + 1
        )
        items = tuple(_answer(one) for one in found[: asked.limit])
        return replies.json(NamePage(items, following(kind, found, asked.limit)))

    return listing


def _adder(kind: NameKind) -> Handler:
    async def add(request: AnyRequest) -> Response[bytes]:
        parts, caller = acting(request)
        if kind is NameKind.CLIENT:
            client = await json_body(request, NewClient)
            added = await naming.add(parts, caller, kind, client.name, client.external_id)
        else:
            added = await naming.add(parts, caller, kind, (await json_body(request, NameBody)).name)
        return _answered(added, 201, {"Location": f"/api/v1/{PLURAL[kind]}/{added.uid}"})

    return add


def _reader(kind: NameKind) -> Handler:
    async def read(request: AnyRequest, name_id: FromPath[str]) -> Response[bytes]:
        return _answered(await naming.get(*acting(request), kind, name_id))

    return read


def _renamer(kind: NameKind) -> Handler:
    async def rename(request: AnyRequest, name_id: FromPath[str]) -> Response[bytes]:
        parts, caller = acting(request)
        body = await json_body(request, NameBody)
        match = strong(request.headers.get("if-match"))
        return _answered(await naming.rename(parts, caller, kind, name_id, body.name, match=match))

    return rename


def after(kind: NameKind, given: str | None) -> NameMark | None:
    """Where a page begins; None without a cursor. Raises `Malformed`."""
    return cursor.decode(PLURAL[kind], given, NameMark) if given else None


def following(kind: NameKind, found: list[KnownName], limit: int) -> str | None:
    return cursor.following(PLURAL[kind], found, limit, lambda last: NameMark(last.name, last.id))


def _described(summary: str, **more: Any) -> dict[str, Any]:
    return opt(Described(summary=summary, group="Administration", **more))


def _named(name: str, handler: Handler, doc: str | None = None) -> Handler:
    handler.__name__, handler.__doc__ = name, doc
    return handler


def _answered(known: KnownName, status: int = 200, headers: dict[str, str] | None = None) -> Response[bytes]:
    shown = _answer(known)
    return replies.json(shown, status, {"ETag": shown.etag, **(headers or {})})


def _answer(known: KnownName) -> NameAnswer:
    return NameAnswer(known.uid, known.name, known.external_id, naming.etag(known))


handlers = [handler for kind in NameKind for handler in handlers_of(kind)]
