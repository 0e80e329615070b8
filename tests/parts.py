"""The outside things that the archive runs on, for real and private to one test process.

Each part is a small class with `start()`, which answers its address, and `stop()`; a fixture of the session starts it
when the first test asks. With pytest-xdist each worker has parts of its own, so tests never meet. Data lies in a
temporary folder, sockets are Unix's where the program can, else on a free loopback port. A part ends with the process
that started it, however that ends.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import meilisearch
import psycopg
import pytest
import redis
from minio import Minio
from msgspec import Struct

from infra.setup import ROOT
from infra.setup import minio as minio_build
from infra.setup.system import newest_postgresql
from tests.processes import Part, PartError, Program, answers, free_port, installed

ROLES = ROOT / "infra" / "containers" / "postgres" / "roles.sh"
COMMAND = Path(sys.executable).with_name("call-archive")


# ---- PostgreSQL ------------------------------------------------------------------------------------------------


class PostgresDatabase(Struct, frozen=True):
    """One database: its name, and the addresses for the role that owns the tables and for the application's role."""

    name: str
    owner_url: str
    url: str


class Postgres:
    """A cluster on a Unix socket alone. It never syncs to disk: nothing here outlives a crash."""

    OWNER = "archive_owner"
    APPLICATION = "archive"
    TEMPLATE = "migrated"
    SETTINGS = ("listen_addresses=", "fsync=off", "full_page_writes=off", "max_connections=200")

    def __init__(self) -> None:
        # PostgreSQL refuses to run as root; Debian's package brings this user.
        self.program = Program("postgres", user="postgres" if os.geteuid() == 0 else None)

    def start(self) -> str:
        """Starts the cluster with both roles; answers the folder of its socket."""
        programs = newest_postgresql()
        if programs is None:
            raise PartError("PostgreSQL is not installed: make setup installs it")
        data = self.program.folder / "data"
        basics = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        self.program.run([programs / "initdb", *basics, "--pgdata", data])
        settings = [part for setting in self.SETTINGS for part in ("-c", setting)]
        command: list[Part] = [programs / "postgres", "-D", data, "-k", self.program.folder, *settings]
        self.program.start(command, self._ready, end="QUIT")
        self._make_roles(programs)
        return str(self.program.folder)

    def stop(self) -> None:
        self.program.stop(signal.SIGQUIT)

    def _make_roles(self, programs: Path) -> None:
        """The roles of the server world, by the script that makes them there."""
        env = {
            **os.environ,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PGHOST": str(self.program.folder),
            "PGUSER": "postgres",
            "DATABASE_OWNER_PASSWORD": secrets.token_hex(16),
            "DATABASE_PASSWORD": secrets.token_hex(16),
        }
        subprocess.run([ROLES], env=env, check=True)

    def create(self, name: str, *, template: str = "template1") -> PostgresDatabase:
        self._execute(f'CREATE DATABASE "{name}" OWNER {self.OWNER} TEMPLATE "{template}"')
        return PostgresDatabase(name, self._url(self.OWNER, name), self._url(self.APPLICATION, name))

    def drop(self, name: str) -> None:
        self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def migrate(self, database: PostgresDatabase) -> None:
        """Brings the schema up with the product's own command. Raises PartError with what it said."""
        settings = {"ARCHIVE_DATABASE": database.url, "ARCHIVE_DATABASE_OWNER": database.owner_url}
        done = subprocess.run(
            [COMMAND, "migrate"],
            cwd=self.program.folder,
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise PartError(f"call-archive migrate failed: {done.stdout}{done.stderr}")

    def _url(self, role: str, name: str) -> str:
        return f"postgresql://{role}@/{name}?host={self.program.folder}"

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self._url("postgres", "postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _ready(self) -> bool:
        try:
            self._execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The cluster; most tests want `postgres_database`."""
    part = Postgres()
    part.start()
    yield part
    part.stop()


@pytest.fixture(scope="session")
def _migrated_template(postgres: Postgres) -> str:
    postgres.migrate(postgres.create(Postgres.TEMPLATE))
    return Postgres.TEMPLATE


@pytest.fixture
def empty_postgres_database(postgres: Postgres) -> Iterator[PostgresDatabase]:
    """A database of this test's own, before any migration."""
    database = postgres.create(unique("test"))
    yield database
    postgres.drop(database.name)


@pytest.fixture
def postgres_database(postgres: Postgres, _migrated_template: str) -> Iterator[PostgresDatabase]:
    """A database of this test's own, with the schema that the migrations make."""
    database = postgres.create(unique("test"), template=_migrated_template)
    yield database
    postgres.drop(database.name)


# ---- Redis -----------------------------------------------------------------------------------------------------


class Redis:
    """A redis-server that keeps nothing, on a Unix socket."""

    def __init__(self) -> None:
        self.program = Program("redis")

    def start(self) -> str:
        """Answers the address for ARCHIVE_REDIS."""
        path = self.program.folder / "socket"
        quiet = ["--port", "0", "--save", "", "--appendonly", "no"]
        url = f"unix://{path}"
        self.program.start([installed("redis-server"), *quiet, "--unixsocket", path], lambda: _pongs(url))
        return url

    def stop(self) -> None:
        self.program.stop()


def _pongs(url: str) -> bool:
    """Asked, not looked for: a killed server leaves its socket's name behind."""
    with redis.Redis.from_url(url) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False


@pytest.fixture(scope="session")
def _redis() -> Iterator[str]:
    part = Redis()
    yield part.start()
    part.stop()


@pytest.fixture
def redis_url(_redis: str) -> Iterator[str]:
    """The address of a Redis that is empty when the test begins."""
    yield _redis
    with redis.Redis.from_url(_redis) as client:
        client.flushall()


# ---- S3 --------------------------------------------------------------------------------------------------------


class S3Account(Struct, frozen=True):
    """`endpoint` is an http:// address."""

    endpoint: str
    access_key: str
    secret_key: str
    region: str = "us-east-1"


class S3Bucket(Struct, frozen=True):
    account: S3Account
    name: str


class MinioServer:
    """MinIO on one folder, without its console."""

    def __init__(self) -> None:
        self.program = Program("minio")

    def start(self) -> S3Account:
        if not minio_build.PROGRAM.is_file():
            raise PartError("MinIO is not built: python3 -m infra.setup test builds it, once a machine")
        address = f"127.0.0.1:{free_port()}"
        account = S3Account(f"http://{address}", "archive-test", secrets.token_hex(16))
        env = {
            "MINIO_ROOT_USER": account.access_key,
            "MINIO_ROOT_PASSWORD": account.secret_key,
            "MINIO_BROWSER": "off",
            "MINIO_UPDATE": "off",
        }
        command: list[Part] = [
            minio_build.PROGRAM,
            "server",
            "--address",
            address,
            self.program.folder / "data",
        ]
        self.program.start(command, answers(f"{account.endpoint}/minio/health/cluster"), env=env)
        return account

    def stop(self) -> None:
        self.program.stop()


@pytest.fixture(scope="session")
def s3_account() -> Iterator[S3Account]:
    part = MinioServer()
    yield part.start()
    part.stop()


@pytest.fixture
def s3_bucket(s3_account: S3Account) -> S3Bucket:
    """An empty bucket of this test's own."""
    bucket = S3Bucket(s3_account, unique("test").replace("_", "-"))
    s3_client(s3_account).make_bucket(bucket.name)
    return bucket


def s3_client(account: S3Account) -> Minio:
    return Minio(
        account.endpoint.removeprefix("http://"),
        access_key=account.access_key,
        secret_key=account.secret_key,
        secure=False,
        region=account.region,
    )


# ---- Meilisearch -----------------------------------------------------------------------------------------------


class SearchServer(Struct, frozen=True):
    """`key` may do everything: it is the master key of a server of our own."""

    url: str
    key: str


class SearchIndexes(Struct, frozen=True):
    """A server, and what the names of this test's indexes begin with."""

    server: SearchServer
    prefix: str


class Meilisearch:
    """The `meilisearch` of the PATH, or the running server that ARCHIVE_TEST_MEILISEARCH_URL names."""

    URL = "ARCHIVE_TEST_MEILISEARCH_URL"
    KEY = "ARCHIVE_TEST_MEILISEARCH_KEY"

    def __init__(self) -> None:
        self.program = Program("meilisearch")

    @classmethod
    def available(cls) -> bool:
        return bool(os.environ.get(cls.URL)) or shutil.which("meilisearch") is not None

    def start(self) -> SearchServer:
        if url := os.environ.get(self.URL):
            return SearchServer(url.rstrip("/"), os.environ.get(self.KEY, ""))
        address = f"127.0.0.1:{free_port()}"
        server = SearchServer(f"http://{address}", secrets.token_hex(16))
        command: list[Part] = [installed("meilisearch"), "--no-analytics", "--http-addr", address]
        command += ["--db-path", self.program.folder / "data"]
        self.program.start(command, answers(f"{server.url}/health"), env={"MEILI_MASTER_KEY": server.key})
        return server

    def stop(self) -> None:
        self.program.stop()


@pytest.fixture(scope="session")
def search_server() -> Iterator[SearchServer]:
    part = Meilisearch()
    yield part.start()
    part.stop()


@pytest.fixture
def search_indexes(search_server: SearchServer) -> Iterator[SearchIndexes]:
    """Room for this test's indexes, removed after it."""
    indexes = SearchIndexes(search_server, unique("test"))
    yield indexes
    client = meilisearch.Client(search_server.url, search_server.key)
    for index in client.get_indexes({"limit": 1000})["results"]:
        if index.uid.startswith(indexes.prefix):
            client.delete_index(index.uid)


def unique(start: str) -> str:
    """A name that nothing else of this run has."""
    return f"{start}_{secrets.token_hex(6)}"
