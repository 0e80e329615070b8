"""Running the application: uvicorn, one process, on sockets of our own."""

import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from urllib.parse import urlsplit

import uvicorn

from archive import logs
from archive.errors import WrongSetting
from archive.http.app import create_app
from archive.http.heads import BoundedHeads
from archive.http.observe import Observed
from archive.ports import Parts
from archive.settings import Settings, check

STOP_SECONDS = 2
"""How long a stalled listener may hold the stop."""

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


async def serve(parts: Parts, settings: Settings) -> None:
    """Answer requests until SIGINT or SIGTERM. Raises `WrongSetting` where sign-in could not work."""
    check(settings)
    check_public_url(settings)
    logs.set_up()
    with ExitStack() as stack:
        sockets = [stack.enter_context(sock) for sock in listen(settings.host, settings.port)]
        await _Server(_config(parts, settings)).serve(sockets)


def check_public_url(settings: Settings) -> None:
    """Browsers keep the session's cookie over HTTPS, and without it on localhost alone."""
    address = urlsplit(settings.public_url)
    beyond = bool(settings.proxies or settings.tls_cert)
    if not settings.secure and (beyond or address.hostname not in LOCAL):
        raise WrongSetting(
            f"public_url is {settings.public_url}: beyond this machine sign-in needs HTTPS. Set public_url to the "
            "https:// address that people use.",
            field="public_url",
        )


def listen(host: str, port: int) -> Iterator[socket.socket]:
    """A socket for each address of `host`. Raises `WrongSetting` if one can't be had."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in found:
            yield _bound(socket.socket(family, kind, protocol), address)
    except OSError as error:
        raise WrongSetting(f"{host}:{port} can't be listened on: {error.strerror}.", field="port") from error


def check_listens(settings: Settings) -> None:
    """Raises `WrongSetting` where `serve` could not listen: before anything else is begun."""
    with ExitStack() as stack:
        for sock in listen(settings.host, settings.port):
            stack.enter_context(sock)


def _bound(sock: socket.socket, address: tuple[object, ...]) -> socket.socket:
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
    except OSError:
        sock.close()
        raise
    return sock


class _Server(uvicorn.Server):
    """uvicorn sends itself the signal again once it has stopped; then nothing of ours would be closed in order."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {
            number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                with suppress(TypeError):  # a handler that wasn't set from Python can't be set back
                    signal.signal(number, handler)


def _config(parts: Parts, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        Observed(create_app(parts, settings)),
        http=BoundedHeads,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=list(settings.proxies),
        timeout_graceful_shutdown=STOP_SECONDS,
        ssl_certfile=settings.tls_cert or None,
        ssl_keyfile=settings.tls_key or None,
    )
