"""Reading what a request says into frozen structs: the query, a JSON body, a form. What isn't known is an error."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, get_origin, get_type_hints
from urllib.parse import parse_qsl

import msgspec
from litestar import Request
from msgspec import Struct

from archive.errors import ArchiveError, Invalid, Malformed
from archive.http.problems import UnsupportedMediaType

T = TypeVar("T", bound=Struct)

MAX_FIELDS = 200

_NAMED = re.compile(r"(?:unknown|required) field `([^`]+)`")
_PLACE = re.compile(r" - at `(?:key in )?\$\.?([^`]*)`$")


def query(request: Request[Any, Any, Any], type: type[T]) -> T:
    """The query string as `type`, a struct that forbids unknown fields. Raises `Malformed`, naming the field."""
    pairs = fields(request.url.query)
    for name, value in pairs:
        if "\0" in value:  # no text that is kept holds one: nothing can be found by it
            raise Malformed("A text may not hold the character NUL.", field=name)
    return _convert(pairs, type)


def fields(text: str, kind: str = "address") -> list[tuple[str, str]]:
    """The names and values of a query or a form. Raises `Malformed` for more than `MAX_FIELDS`."""
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise Malformed(f"The {kind} has more than {MAX_FIELDS} fields.") from error


async def json_body(request: Request[Any, Any, Any], type: type[T], *, optional: bool = False) -> T:
    """The JSON body as `type`; without a body, where that is fine, `type` with nothing given.

    Raises `UnsupportedMediaType`, `Malformed` (not JSON), `Invalid` (a field)."""
    data = await request.body()
    if not data and optional:
        return type()
    if request.content_type[0] != "application/json":
        raise UnsupportedMediaType("Send application/json.")
    return decode(data, type)


def decode(data: bytes, type: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=type)
    except msgspec.ValidationError as error:
        raise named(str(error), Invalid) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed("The body is not JSON.") from error


async def form(request: Request[Any, Any, Any]) -> Mapping[str, str]:
    """A body of `application/x-www-form-urlencoded`. Raises `Malformed` where a name stands twice (RFC 6749, 3.2)."""
    if request.content_type[0] != "application/x-www-form-urlencoded":
        raise UnsupportedMediaType("Send application/x-www-form-urlencoded.")
    try:
        pairs = fields((await request.body()).decode(), "form")
    except UnicodeDecodeError as error:
        raise Malformed("The form could not be read.") from error
    given = dict(pairs)
    if len(given) != len(pairs):
        raise Malformed("A field stands twice in the form.")
    return given


def named(message: str, kind: type[ArchiveError]) -> ArchiveError:
    """msgspec's complaint as one of ours, with the field it is about, such as `client.phone`."""
    place = _PLACE.search(message)
    path = place[1] if place else ""
    if missing := _NAMED.search(message):
        path = f"{path}.{missing[1]}" if path else missing[1]
    return kind(f"{_PLACE.sub('', message)}.", field=path or None)


def _convert(pairs: Iterable[tuple[str, str]], type: type[T]) -> T:
    lists = _lists(type)
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in lists:
            values.setdefault(name, []).append(value)
        elif name in values:
            raise Malformed(f"{name} may be given once.", field=name)
        else:
            values[name] = value
    try:
        return msgspec.convert(values, type, strict=False)
    except msgspec.ValidationError as error:
        raise named(str(error), Malformed) from error


def _lists(type: type[Struct]) -> set[str]:
    """The parameters that may be repeated, by the name that requests use."""
    hints = get_type_hints(type)
    return {
        field.encode_name for field in msgspec.structs.fields(type) if get_origin(hints[field.name]) is tuple
    }
