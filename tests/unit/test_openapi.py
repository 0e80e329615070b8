"""The committed OpenAPI document is what the routes say, and says something about each of them."""

import json

from archive.http import openapi
from archive.http.describe import Described
from archive.http.routes import api_routes

UNDESCRIBED = {"read_openapi", "show_docs", "docs_file"}


def test_the_committed_document_is_current() -> None:
    assert openapi.FILE.read_text(encoding="utf-8") == openapi.text(api_routes()), "run: make openapi"


def test_every_route_is_described() -> None:
    missing = {handler.handler_name for handler in api_routes() if "described" not in handler.opt}
    assert missing == UNDESCRIBED


def test_every_reference_leads_somewhere() -> None:
    document = json.loads(openapi.FILE.read_text(encoding="utf-8"))
    text = json.dumps(document)
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= set(document["components"]["schemas"])
    operations = [one["operationId"] for path in document["paths"].values() for one in path.values()]
    assert len(operations) == len(set(operations))


def test_bodies_and_queries_forbid_what_they_do_not_know() -> None:
    forms = {"/oauth/token", "/oauth/revoke"}  # RFC 6749, 3.2: unknown parameters are ignored
    for handler in api_routes():
        described: Described | None = handler.opt.get("described")
        if described and not handler.paths & forms:
            for kind in filter(None, (described.query, described.body)):
                assert kind.__struct_config__.forbid_unknown_fields, kind
