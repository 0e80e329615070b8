"""The archive on servers: two API processes and two workers on PostgreSQL, MinIO, Redis and Meilisearch."""

import json
import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import msgspec

from archive.settings import load
from infra.prepare import prepare
from infra.search_keys import INDEXING, SEARCHING
from tests.integration.archives import COMMAND, Archive, More, as_environment, nothing_more
from tests.integration.deeds import READY_WITHIN, until
from tests.parts import Meilisearch, MinioServer, Postgres, Redis, unique
from tests.processes import Program, answers, free_port

WITHOUT_REDIS_SECONDS = 60.0
"""How long a worker may go on without Redis. One that is busy asks for it every ten seconds."""


class Parts(msgspec.Struct, frozen=True):
    """PostgreSQL, MinIO, Redis and Meilisearch of one archive alone, so that a test can end them."""

    postgres: Postgres = msgspec.field(default_factory=Postgres)
    s3: MinioServer = msgspec.field(default_factory=MinioServer)
    redis: Redis = msgspec.field(default_factory=Redis)
    search: Meilisearch = msgspec.field(default_factory=Meilisearch)


class Servers(Archive):
    """`call-archive serve` and `work`, two of each. The second of each has its settings from a TOML file."""

    def __init__(
        self,
        folder: Path,
        parts: Parts,
        settings: Mapping[str, str],
        keys: Mapping[str, str],
        more: More,
    ) -> None:
        super().__init__(folder, [free_port(), free_port()])
        self.parts = parts
        self.apis = [Program("api"), Program("api")]
        self.workers = [Program("worker"), Program("worker")]
        self._settings = {**settings, "public_url": self.url, **more(self.url)}
        self._keys = keys

    @property
    def environ(self) -> dict[str, str]:
        return as_environment({**self._settings, **self._keys})

    def start(self) -> None:
        """The API's processes get the key that only searches, the workers the one that writes as well."""
        ways = (as_environment, self._as_file)
        for api, port, way in zip(self.apis, self.ports, ways, strict=True):
            settings = {**self._settings, "port": str(port), "search_key": self._keys["search_key"]}
            api.start([COMMAND, "serve"], answers(f"http://127.0.0.1:{port}/healthz"), env=way(settings))
        for worker, way in zip(self.workers, ways, strict=True):
            worker.start([COMMAND, "work"], lambda: True, env=way({**self._settings, **self._keys}))
        until(self._works, "a worker works")

    def _works(self) -> bool:
        states = httpx.get(f"http://127.0.0.1:{self.ports[0]}/readyz", timeout=READY_WITHIN).json()[
            "components"
        ]
        own = [
            component for component in states if component["name"] != "company"
        ]  # may start after the archive
        return all(component["state"] == "ok" for component in own)

    def _as_file(self, settings: Mapping[str, str]) -> dict[str, str]:
        path = self.folder / f"{unique('settings')}.toml"
        last = sorted(
            settings.items(), key=lambda item: item[0] == "providers"
        )  # a table ends the plain settings
        path.write_text("".join(_in_toml(*each) for each in last))
        return {"ARCHIVE_CONFIG": str(path)}

    def kill_workers(self) -> None:
        for worker in self.workers:
            worker.end(signal.SIGKILL)

    def kill_redis(self) -> None:
        self.parts.redis.program.end(signal.SIGKILL)

    def kill_api(self) -> None:
        self.apis[0].end(signal.SIGKILL)

    def mend(self) -> None:
        if not self.parts.redis.program.running:
            for worker in self.workers:  # what keeps workers running waits for their end, too
                worker.ended(WITHOUT_REDIS_SECONDS)
        for program in (self.parts.redis.program, *self.apis, *self.workers):
            if not program.running:
                program.again()

    def stop(self) -> None:
        for program in (*self.apis, *self.workers):
            program.stop()


def _in_toml(name: str, value: str) -> str:
    """A line of the file; providers become tables of their own, as an operator would write them."""
    if name != "providers":
        return f"{name} = {json.dumps(value)}\n"
    tables = (
        "".join(f"{key} = {json.dumps(each)}\n" for key, each in table.items()) for table in json.loads(value)
    )
    return "".join(f"\n[[providers]]\n{table}" for table in tables)


@contextmanager
def servers(folder: Path, more: More = nothing_more) -> Iterator[Servers]:
    """Prepared as docs/operate.md says: roles and schema, bucket and account, keys."""
    with ExitStack() as stack:
        parts = Parts()
        for part in (parts.postgres, parts.s3, parts.redis, parts.search):
            stack.callback(part.stop)
        settings, keys = _prepared(folder, parts)
        archive = Servers(folder, parts, settings, keys, more)
        stack.callback(archive.stop)
        archive.start()
        yield archive


def _prepared(folder: Path, parts: Parts) -> tuple[dict[str, str], dict[str, str]]:
    """The settings that all processes share, and the two keys of the search engine."""
    parts.postgres.start()
    database = parts.postgres.create(unique("calls"))
    parts.postgres.migrate(database)
    account, search = parts.s3.start(), parts.search.start()
    settings = {
        "data": str(folder),
        "database": database.url,
        "store": "s3://recordings",
        "s3_endpoint": account.endpoint,
        "s3_access_key": "archive",
        "s3_secret_key": "0123456789abcdef",
        "search": search.url,
        "search_prefix": unique("archive"),
        "redis": parts.redis.start(),
    }
    keys = {"search_key": SEARCHING.value(search.key), "index_key": INDEXING.value(search.key)}
    secrets = {"S3_ROOT_USER": account.access_key, "S3_ROOT_PASSWORD": account.secret_key}
    prepare(load(as_environment({**settings, **keys})), {**secrets, "MEILI_MASTER_KEY": search.key})
    return settings, keys
