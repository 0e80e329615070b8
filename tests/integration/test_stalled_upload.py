"""An upload whose sender falls silent is given up, and nothing of it is kept: in a folder, and in a bucket."""

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from archive.bootstrap import connect, migrate
from archive.settings import Settings
from tests.integration.serving import SECONDS, Server
from tests.parts import PostgresDatabase, S3Bucket

MIB = 2**20


def in_a_folder(request: pytest.FixtureRequest, folder: Path) -> dict[str, str]:
    migrate(Settings(data=str(folder)))
    return {}


def in_a_bucket(request: pytest.FixtureRequest, folder: Path) -> dict[str, str]:
    bucket: S3Bucket = request.getfixturevalue("s3_bucket")
    database: PostgresDatabase = request.getfixturevalue("postgres_database")
    return {
        "database": database.url,
        "store": f"s3://{bucket.name}",
        "s3_endpoint": bucket.account.endpoint,
        "s3_access_key": bucket.account.access_key,
        "s3_secret_key": bucket.account.secret_key,
    }


@pytest.fixture(params=[in_a_folder, in_a_bucket])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    started = Server(tmp_path, **request.param(request, tmp_path), body_silence_seconds="1")
    try:
        started.start()
        yield started
    finally:
        started.program.stop()


async def kept(settings: Settings) -> list[str]:
    async with connect(settings) as parts:
        return [blob.name async for blob in parts.blobs.names("originals")]


def test_a_silent_upload_is_given_up_and_leaves_nothing(server: Server) -> None:
    with closing(server.client()) as client:
        begun = server.upload_head(client, 100 * MIB) + bytes(8 * MIB)
        with socket.create_connection(("localhost", server.port), timeout=SECONDS) as sender:
            sender.sendall(begun)
            answer = b"".join(iter(lambda: sender.recv(65536), b""))  # to the end: the connection is closed
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408 ")
        assert json.loads(body)["code"] == "too_slow"
        assert client.get("/api/v1/calls").json()["items"] == []
    assert asyncio.run(kept(server.settings)) == []
    assert "unforeseen error" not in server.program.log.read_text()
