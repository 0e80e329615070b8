"""Settings -> adapters -> ports. The only place that names an adapter; API, workers and console come here."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

from archive.adapters.db.database import SqlDatabase
from archive.adapters.db.migrate import upgrade
from archive.adapters.ffmpeg import FFmpegEngine
from archive.adapters.files import FolderStore
from archive.adapters.jobs import NoDoorbell, RedisDoorbell, arq_options
from archive.adapters.limiter import NoLimiter, RedisLimiter
from archive.adapters.meilisearch import MeilisearchIndex
from archive.adapters.oidc import OidcProvider, Registration
from archive.adapters.passwords import Argon2Hasher
from archive.adapters.s3 import S3Store
from archive.adapters.tantivy import TantivyIndex
from archive.adapters.transcripts import TranscriptFormats
from archive.calls.sound import AudioLimits
from archive.ports import BlobStore, Parts, SearchIndex
from archive.settings import Creation, ProviderSettings, Settings

SQLITE = "archive.sqlite3"


@asynccontextmanager
async def connect(settings: Settings, *, writing_index: bool = False) -> AsyncIterator[Parts]:
    """Everything the use cases need. `writing_index`: for whoever indexes; others get a key that only searches."""
    settings.folder.mkdir(parents=True, exist_ok=True)
    parts = Parts(
        database=SqlDatabase(database_url(settings)),
        blobs=_blobs(settings),
        index=_index(settings, writing=writing_index),
        doorbell=RedisDoorbell(settings.redis) if settings.redis else NoDoorbell(),
        audio=FFmpegEngine(AudioLimits(max_seconds=settings.max_call_hours * 3600)),
        formats=TranscriptFormats(),
        passwords=Argon2Hasher(),
        limiter=RedisLimiter(settings.redis) if settings.redis else NoLimiter(),
        providers={each.name: company(settings, each) for each in settings.providers},
    )
    async with AsyncExitStack() as closing:  # each is closed, even where another can't be
        for part in (parts.database, parts.blobs, parts.index, parts.doorbell, parts.limiter):
            closing.push_async_callback(part.close)
        for provider in parts.providers.values():
            closing.push_async_callback(provider.close)
        yield parts


def company(settings: Settings, of: ProviderSettings, clock: Callable[[], float] = time.time) -> OidcProvider:
    """A company's sign-in. `clock` gives seconds since 1970."""
    base = settings.public_url.rstrip("/")
    given = {name: getattr(of, name) for name in Registration.__struct_fields__ if hasattr(of, name)}
    return OidcProvider(
        Registration(
            **given,
            first_sign_in_adds=of.create is Creation.FIRST_SIGN_IN,
            redirect_uri=f"{base}/sign-in/{of.name}/callback",
            after_sign_out=f"{base}/sign-in",
        ),
        clock,
    )


def database_url(settings: Settings) -> str:
    return settings.database or f"sqlite:///{settings.folder.resolve() / SQLITE}"


def migrate(settings: Settings) -> None:
    """Bring the database to this program's schema, as the role that owns it; grant the other role what it needs."""
    role = unquote(urlsplit(settings.database).username or "") if settings.database_owner else None
    upgrade(settings.database_owner or database_url(settings), role)


def queue_options(settings: Settings) -> dict[str, Any]:
    """What a worker must be told to hear the doorbell."""
    return arq_options(settings.redis)


def _blobs(settings: Settings) -> BlobStore:
    if not settings.store:
        return FolderStore(settings.folder / "recordings")
    return S3Store(
        settings.s3_endpoint,
        urlsplit(settings.store).netloc,
        settings.s3_access_key,
        settings.s3_secret_key,
        settings.s3_region,
    )


def _index(settings: Settings, *, writing: bool) -> SearchIndex:
    if not settings.search:
        return TantivyIndex(settings.folder / "index")
    key = settings.index_key if writing and settings.index_key else settings.search_key
    return MeilisearchIndex(settings.search, key, settings.search_prefix)
