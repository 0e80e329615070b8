"""The archive's API as a process of its own, on whichever parts a benchmark names."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from msgspec import Struct

from archive.settings import variable
from tests.integration.archives import COMMAND, call_archive, token
from tests.integration.deeds import settled, upload
from tests.parts import MinioServer, Postgres, Redis, S3Account, s3_client
from tests.processes import Program, answers, free_port

BUCKET = "recordings"


class Api(Struct, frozen=True):
    """A running `call-archive serve`; no worker runs beside it, so nothing happens but what is measured."""

    program: Program
    folder: Path
    environ: Mapping[str, str]
    port: int

    def integration(self, actions: str) -> str:
        """The value of `Authorization` for a program that may do all this."""
        words = ("integrations", "add", "Benchmark", "--actions", actions, "--scope", "all", "--json")
        made = json.loads(call_archive(*words, env=self.environ).stdout)
        with self.client() as client:
            return f"Bearer {token(client, made)}"

    def client(self, authorization: str | None = None) -> httpx.Client:
        headers = {"Authorization": authorization} if authorization else None
        return httpx.Client(base_url=f"http://localhost:{self.port}", headers=headers, timeout=60)

    def ready_call(self, authorization: str, audio: Path) -> str:
        """Uploads a recording and lends the archive a worker until it can be heard; its id."""
        worker = Program("worker")
        with self.client(authorization) as client:
            uid = str(upload(client, audio).raise_for_status().json()["id"])
            worker.start([COMMAND, "work"], lambda: True, env=self.environ)
            try:
                assert settled(client, uid)["state"] == "ready"
            finally:
                worker.stop()
        return uid


@contextmanager
def serving(settings: Mapping[str, str]) -> Iterator[Api]:
    """`settings` name the parts that are not the embedded ones."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="bench-")))
        redis, program, port = Redis(), Program("api"), free_port()
        stack.callback(redis.stop)
        stack.callback(program.stop)
        public = f"http://localhost:{port}"
        own = {"data": str(folder), "redis": redis.start(), "port": str(port), "public_url": public}
        environ = {variable(name): value for name, value in {**settings, **own}.items()}
        migrated = call_archive("migrate", env=environ)
        assert migrated.returncode == 0, migrated.stderr
        program.start([COMMAND, "serve"], answers(f"{public}/healthz"), env=environ)
        yield Api(program, folder, environ, port)


class DurablePostgres(Postgres):
    """As it is run: what is committed is on the disk."""

    SETTINGS = ("listen_addresses=", "fsync=on", "full_page_writes=on", "max_connections=200")


@contextmanager
def postgres() -> Iterator[DurablePostgres]:
    cluster = DurablePostgres()
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@contextmanager
def minio() -> Iterator[S3Account]:
    """With an empty bucket `BUCKET`."""
    server = MinioServer()
    try:
        account = server.start()
        s3_client(account).make_bucket(BUCKET)
        yield account
    finally:
        server.stop()


def s3_settings(account: S3Account) -> dict[str, str]:
    return {
        "store": f"s3://{BUCKET}",
        "s3_endpoint": account.endpoint,
        "s3_access_key": account.access_key,
        "s3_secret_key": account.secret_key,
    }
