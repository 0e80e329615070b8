"""Run the archive: `up`, `demo`, `serve`, `work`, `migrate`."""

import asyncio
import fcntl
import os
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import click
import uvloop
from msgspec import structs

from archive.bootstrap import SQLITE, connect
from archive.bootstrap import migrate as bring_up
from archive.cli.queue import told
from archive.errors import Conflict, WrongSetting
from archive.http.serve import check_listens
from archive.http.serve import serve as serve_api
from archive.identity.manage import first_administrator_link
from archive.settings import Settings, as_environment, load, variable
from archive.supervise import Child, private_redis, run, supervised

DEMO_MARK = "demo.json"
"""Stands in a demo's folder, with who can sign in."""

OUTSIDE = ("database", "database_owner", "store", "search", "redis")
"""What a demo must not be told: it would fill a company's own servers with sample calls and a published password."""

host_option = click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
port_option = click.option(
    "--port", type=click.IntRange(0, 65_535), help="Port to listen on.  [default: 8000]"
)
proxy_option = click.option(
    "--behind-proxy", help="Addresses of the reverse proxies to trust, with commas; they serve the HTTPS."
)


@click.command()
@click.option("--data", type=click.Path(file_okay=False), help="Folder of the archive.  [default: data]")
@host_option
@port_option
@proxy_option
def up(data: str | None, host: str | None, port: int | None, behind_proxy: str | None) -> None:
    """Run a whole archive on this machine."""
    settings = _settings(data=data, host=host, port=port, behind_proxy=behind_proxy)
    if (settings.folder / DEMO_MARK).exists():
        raise WrongSetting(
            f"{settings.data} is a demo's folder. Start it with: call-archive demo", field="data"
        )
    uvloop.run(_up(settings))


@click.command()
@click.option("--data", type=click.Path(file_okay=False), default="demo-data", show_default=True)
@port_option
def demo(data: str, port: int | None) -> None:
    """Run an archive with sample calls and people, in a folder of its own."""
    settings = _settings(data=data, port=port)
    for name in OUTSIDE:
        if getattr(settings, name):
            raise WrongSetting(
                f"{variable(name)} ({name}) is set: a demo keeps to its own folder. Unset it.", field=name
            )
    if (settings.folder / SQLITE).exists() and not (settings.folder / DEMO_MARK).exists():
        raise WrongSetting(
            f"{settings.data} holds an archive that is no demo. Name another folder.", field="data"
        )
    uvloop.run(_demo(settings))


@click.command()
@host_option
@port_option
@proxy_option
def serve(host: str | None, port: int | None, behind_proxy: str | None) -> None:
    """Run the API and the pages only."""
    uvloop.run(_serve(_with_queue(_settings(host=host, port=port, behind_proxy=behind_proxy))))


@click.command()
def work() -> None:
    """Run one worker only."""
    _with_queue(_settings())
    os.execv(sys.executable, _worker_command())  # noqa: S606 - this process becomes the worker


@click.command()
def migrate() -> None:
    """Bring the database to this program's schema."""
    settings = _settings()
    bring_up(settings)
    click.echo("The database has this program's schema.")
    asyncio.run(_offer_link(settings))


RUN: Sequence[click.Command] = (up, demo, serve, work, migrate)


async def _up(settings: Settings) -> None:
    async with _embedded(settings) as embedded, connect(embedded) as parts:
        await _greet(embedded)
        await serve_api(parts, embedded)


async def _demo(settings: Settings) -> None:
    async with _embedded(settings) as embedded, connect(embedded) as parts:
        (embedded.folder / DEMO_MARK).touch(mode=0o600)
        fill = asyncio.create_task(_fill(embedded))
        try:
            await serve_api(parts, embedded)
        finally:
            fill.cancel()
            with suppress(asyncio.CancelledError):
                await fill


async def _fill(settings: Settings) -> None:
    """Fill the demo in a process of its own, through the archive's front door; prints who can sign in."""
    await run(Child("sample calls", (sys.executable, "-m", "infra.demo.fill"), as_environment(settings)))


async def _serve(settings: Settings) -> None:
    async with connect(settings) as parts:
        await parts.database.check()
        click.echo(f"Serving {settings.public_url} on {settings.host}, port {settings.port}.")
        await serve_api(parts, settings)


@asynccontextmanager
async def _embedded(settings: Settings) -> AsyncIterator[Settings]:
    """The settings of a running embedded archive: folder locked, schema new, queue and worker up."""
    settings.folder.mkdir(parents=True, exist_ok=True)
    with _only_one(settings.folder):
        check_listens(settings)
        bring_up(settings)
        async with _queue(settings) as redis:
            embedded = structs.replace(settings, redis=redis)
            async with supervised([Child("worker", tuple(_worker_command()), as_environment(embedded))]):
                yield embedded


@asynccontextmanager
async def _queue(settings: Settings) -> AsyncIterator[str]:
    """The queue that the settings name; or a private one, of which the console is told."""
    if settings.redis:
        yield settings.redis
        return
    async with private_redis() as redis:
        with told(settings.folder, redis):
            yield redis


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    with (folder / "running.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict(f"An archive is running in {folder} already.") from error
        yield


async def _greet(settings: Settings) -> None:
    await _offer_link(settings)
    click.echo(f"Call Archive is at {settings.public_url}. Ctrl-C ends it.")


async def _offer_link(settings: Settings) -> None:
    """On an archive without people: how its first administrator is made."""
    async with connect(settings) as parts:
        async with parts.database.read() as work:
            empty = not await work.principals.anyone()
        if empty:
            secret = await first_administrator_link(parts)
            click.echo(
                "This archive is empty. Make its first administrator with this link (once, within 24 hours):"
            )
            click.echo(f"  {settings.public_url}/setup/{secret}")


def _settings(**given: object) -> Settings:
    settings = load(os.environ, **given)
    if settings.public_url == Settings().public_url and settings.port != Settings().port:
        settings = structs.replace(settings, public_url=f"http://localhost:{settings.port}")
    return settings


def _with_queue(settings: Settings) -> Settings:
    if not settings.redis:
        raise WrongSetting(
            f"{variable('redis')} (redis) must name the queue that API and workers share.", field="redis"
        )
    return settings


def _worker_command() -> list[str]:
    return [sys.executable, "-m", "workers"]
