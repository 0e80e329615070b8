"""The OpenAPI 3.1 document, from what stands beside each handler. `python -m archive.http.openapi` writes it down.

The document is made from the routes' own structs by msgspec, so that it can't say what the code doesn't do; a test
compares the committed file with it.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from inspect import cleandoc
from pathlib import Path
from typing import Any

import msgspec
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from archive.http.authenticate import SAFE, Access
from archive.http.describe import Described
from archive.http.idempotency import HEADER, KEY, is_once
from archive.http.problems import MEDIA_TYPE, Problem, phrase
from archive.http.routes import api_routes

FILE = Path(__file__).parents[2] / "docs" / "openapi.json"
VERSION = "1.0"
REF = "#/components/schemas/{name}"
_PARAMETER = re.compile(r"\{(\w+):str\}")

Json = dict[str, Any]


SECURITY: Json = {
    "token": {
        "type": "oauth2",
        "flows": {
            "clientCredentials": {"tokenUrl": "/oauth/token", "scopes": {}},
            "authorizationCode": {
                "authorizationUrl": "/oauth/authorize",
                "tokenUrl": "/oauth/token",
                "refreshUrl": "/oauth/token",
                "scopes": {},
            },
        },
    },
    "session": {"type": "apiKey", "in": "cookie", "name": "__Host-session"},
    "client": {"type": "http", "scheme": "basic"},
}

_SECURITY_OF: dict[Access | None, list[Json]] = {
    None: [{"token": []}, {"session": []}],
    Access.OPEN: [],
    Access.NOBODY: [],
    Access.CLIENT: [{"client": []}],
}


def document(handlers: Sequence[HTTPRouteHandler]) -> Json:
    described = [(handler, handler.opt["described"]) for handler in handlers if "described" in handler.opt]
    schemas = _Schemas(one for _, one in described)
    paths: Json = {}
    for handler, one in described:
        for path in sorted(handler.paths):
            entry = paths.setdefault(_PARAMETER.sub(r"{\1}", path), {})
            for method in sorted(handler.http_methods):
                entry[method.lower()] = _operation(schemas, handler, one, method=method, path=path)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Call Archive", "version": VERSION, "license": {"name": "Apache-2.0"}},
        "servers": [{"url": "/"}],
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": schemas.components, "securitySchemes": SECURITY},
    }


class _Schemas:
    """JSON schemas of the structs that routes name; what they share stands once, among the components."""

    def __init__(self, described: Iterable[Described]) -> None:
        routes = list(described)
        bodies = [
            kind
            for one in routes
            for kind in (one.body, one.answer, one.receipt, one.refusal, one.accepted)
            if isinstance(kind, type)
        ]
        types = list(dict.fromkeys([Problem, *bodies]))
        schemas, self.components = msgspec.json.schema_components(types, ref_template=REF)
        self._schemas = dict(zip(types, schemas, strict=True))

    def of(self, type: type[Struct]) -> Json:
        return self._schemas[type]

    def fields(self, type: type[Struct]) -> Json:
        """The schema of a struct that is no body; what its fields refer to joins the components."""
        _, found = msgspec.json.schema_components([type], ref_template=REF)
        own: Json = found.pop(type.__name__)
        self.components |= found
        return own


def _operation(
    schemas: _Schemas, handler: HTTPRouteHandler, one: Described, *, method: str, path: str
) -> Json:
    operation: Json = {
        "operationId": handler.handler_name + ("_head" if method == "HEAD" else ""),
        "summary": one.summary,
        "tags": [one.group],
        "security": _SECURITY_OF[handler.opt.get("access")],
        "parameters": [
            *_path_parameters(path),
            *_query_parameters(schemas, one),
            *_header_parameters(handler),
        ],
        "responses": _responses(schemas, handler, one, method),
    }
    if text := cleandoc(handler.fn.__doc__ or ""):
        operation["description"] = text
    if body := _body(schemas, one):
        operation["requestBody"] = body
    return operation


def _path_parameters(path: str) -> list[Json]:
    schema = {"type": "string", "format": "uuid"}
    return [
        {"name": name, "in": "path", "required": True, "schema": schema} for name in _PARAMETER.findall(path)
    ]


def _query_parameters(schemas: _Schemas, one: Described) -> list[Json]:
    if one.query is None:
        return []
    schema = schemas.fields(one.query)
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": inner}
        for name, inner in schema["properties"].items()
    ]


def _header_parameters(handler: HTTPRouteHandler) -> list[Json]:
    if not is_once(handler.fn):
        return []
    text = "Sent again within 24 hours, the same request is answered as before, and nothing is made twice."
    schema = {"type": "string", "pattern": f"^{KEY.pattern}$"}
    return [{"name": HEADER, "in": "header", "required": False, "schema": schema, "description": text}]


def _body(schemas: _Schemas, one: Described) -> Json | None:
    if one.raw:
        return {"required": True, "content": {media: {"schema": {"type": "string"}} for media in one.raw}}
    if one.body is None:
        return None
    schema = schemas.of(one.body)
    schema = _upload(schema) if one.body_media == "multipart/form-data" else schema
    return {"required": True, "content": {one.body_media: {"schema": schema}}}


def _upload(metadata: Json) -> Json:
    binary = {"type": "string", "contentMediaType": "application/octet-stream"}
    return {
        "type": "object",
        "required": ["metadata", "audio"],
        "properties": {"metadata": metadata, "audio": binary, "transcript": {"type": "string"}},
    }


def _responses(schemas: _Schemas, handler: HTTPRouteHandler, one: Described, method: str) -> Json:
    once = {409, 422} if is_once(handler.fn) else set()
    refused = sorted({*one.problems, *_of_its_kind(handler, one, method), *once})
    problems = {str(status): _problem(schemas, one, status) for status in refused}
    return {str(one.status): _answer(schemas, one, method)} | _accepted(schemas, one) | problems


def _accepted(schemas: _Schemas, one: Described) -> Json:
    if one.accepted is None:
        return {}
    content = {"application/json": {"schema": schemas.of(one.accepted)}}
    return {"202": {"description": phrase(202), "content": content}}


def _of_its_kind(handler: HTTPRouteHandler, one: Described, method: str) -> Iterator[int]:
    """What the application refuses before a handler is reached, or whichever handler it is."""
    access = handler.opt.get("access")
    yield 400
    if access is not Access.NOBODY:
        yield 503
    if access is None:
        # 403: a cookie, from another site's page. 429: a program's own limit
        yield from (401, 429) if method in SAFE else (401, 403, 429)
        yield from (413, 415, 422) if one.body else ()
        yield from (408,) if one.body or one.raw else ()


def _problem(schemas: _Schemas, one: Described, status: int) -> Json:
    own = one.refusal if status in {400, 401} else None
    media, schema = ("application/json", own) if own else (MEDIA_TYPE, Problem)
    return {"description": phrase(status), "content": {media: {"schema": schemas.of(schema)}}}


def _answer(schemas: _Schemas, one: Described, method: str) -> Json:
    answer: Json = {"description": phrase(one.status)}
    if method == "HEAD" or one.answer is None:
        return answer
    if isinstance(one.answer, tuple):
        return answer | {"content": {media: {} for media in one.answer}}
    schema = schemas.of(one.answer)
    if one.receipt:
        schema = {"anyOf": [schema, schemas.of(one.receipt)]}
    return answer | {"content": {"application/json": {"schema": schema}}}


def text(handlers: Sequence[HTTPRouteHandler]) -> str:
    return json.dumps(document(handlers), indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(text(api_routes()), encoding="utf-8")
    sys.stderr.write(f"{FILE.name} written.\n")


if __name__ == "__main__":
    main()
