"""The web application: routes, guards, error answers and headers joined. Built on demand, never at import."""

from litestar import Litestar
from litestar.datastructures import State
from litestar.datastructures.headers import MutableScopeHeaders
from litestar.handlers import BaseRouteHandler
from litestar.types import Message, Scope

from archive.errors import Malformed
from archive.http import openapi, problems
from archive.http.authenticate import guard
from archive.http.bodies import BoundedSilence
from archive.http.context import Connection, Context
from archive.http.describe import Described
from archive.http.metrics import Metrics
from archive.http.pages import routes as page_routes
from archive.http.pages.standing import look
from archive.http.routes import api_routes
from archive.ids import is_uuid7
from archive.ports import Parts
from archive.settings import Settings

MAX_BODY_BYTES = 256 * 1024
"""For routes that don't say otherwise."""

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""On every answer that doesn't set its own; pages bring a policy under which they work."""


def create_app(parts: Parts, settings: Settings) -> Litestar:
    handlers = api_routes()
    context = Context(parts, settings, Metrics(), openapi.text(handlers))
    return Litestar(
        route_handlers=[*handlers, *page_routes],
        guards=[guard, check_address, look],
        exception_handlers={Exception: problems.handle},
        state=State({"context": context}),
        middleware=[BoundedSilence(settings.body_silence_seconds)],
        before_send=[add_headers],
        request_max_body_size=MAX_BODY_BYTES,
        openapi_config=None,
        logging_config=None,
    )


async def check_address(connection: Connection, handler: BaseRouteHandler) -> None:
    """Ids in the address have the shape of ids, and a route that takes no parameters gets none."""
    for name, value in connection.path_params.items():
        if name.endswith("_id") and not is_uuid7(value):
            raise Malformed("An id is a UUIDv7 in small letters.", field=name)
    described: Described | None = handler.opt.get("described")
    if described is not None and described.query is None:
        for name in connection.query_params:
            raise Malformed(f"There is no parameter {name} here.", field=name)


async def add_headers(message: Message, _: Scope) -> None:
    if message["type"] != "http.response.start":
        return
    headers = MutableScopeHeaders.from_message(message)
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
