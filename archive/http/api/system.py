"""Alive, ready, and measured."""

import hmac
import ipaddress
from collections.abc import Iterator
from typing import Any

from litestar import Request, Response, get
from msgspec import Struct

from archive.errors import NotFound, NotSignedIn, Unavailable
from archive.health import Component, health
from archive.http import metrics, replies
from archive.http.authenticate import Access
from archive.http.context import Context, context_of
from archive.http.describe import Described, opt
from archive.ports import Parts

AnyRequest = Request[Any, Any, Any]
FORWARDED = ("x-forwarded-for", "forwarded")


class Alive(Struct, frozen=True):
    status: str = "ok"


class Readiness(Struct, frozen=True):
    """Each component's state, why, and what to do about it."""

    ready: bool
    components: tuple[Component, ...]


@get(
    "/healthz",
    opt=opt(Described(summary="Is the process alive?", group="System", answer=Alive), Access.NOBODY),
)
async def alive() -> Response[bytes]:
    return replies.json(Alive())


@get(
    "/readyz",
    opt=opt(
        Described(summary="Does each component work?", group="System", answer=Readiness, problems=(503,)),
        Access.NOBODY,
    ),
)
async def ready(request: AnyRequest) -> Response[bytes]:
    """503 when a component that the archive can't do without is down; the body is the same."""
    found = await health(context_of(request).parts)
    return replies.json(Readiness(found.ready, found.components), 200 if found.ready else 503)


@get(
    "/metrics",
    opt=opt(
        Described(
            summary="Measurements for Prometheus", group="System", answer=("text/plain",), problems=(401, 404)
        ),
        Access.CLIENT,
    ),
)
async def measured(request: AnyRequest) -> Response[bytes]:
    """By the token of the settings; without one, on loopback only."""
    context = context_of(request)
    _check_reader(request, context)
    lines = [*await _work(context.parts), *context.metrics.lines()]
    return replies.data(("\n".join(lines) + "\n").encode(), metrics.MEDIA_TYPE)


def _check_reader(request: AnyRequest, context: Context) -> None:
    token = context.settings.metrics_token
    if token:
        sent = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(sent, f"Bearer {token}".encode()):
            raise NotSignedIn
    elif not _on_loopback(request):
        raise NotFound


def _on_loopback(request: AnyRequest) -> bool:
    """The peer itself: a proxy on this machine, trusted or not, announces whom it speaks for."""
    if request.client is None or any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


async def _work(parts: Parts) -> list[str]:
    """Calls by state and jobs waiting; what can't be asked just now is left out."""
    lines: list[str] = []
    try:
        async with parts.database.read() as work:
            states = await work.calls.by_state()
        lines += metrics.gauges(
            "archive_calls", {state.value: count for state, count in states.items()}, "state"
        )
        lines += _depth(await parts.doorbell.depth())
    except Unavailable:
        pass
    return lines


def _depth(depth: int) -> Iterator[str]:
    yield "# TYPE archive_queue_depth gauge"
    yield f"archive_queue_depth {depth}"


handlers = [alive, ready, measured]
