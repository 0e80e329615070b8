"""The parts that the other tests stand on: each answers, and each test has its own."""

from pathlib import Path

import httpx
import psycopg
import pytest
import redis
from playwright.async_api import Page

from tests.parts import Postgres, PostgresDatabase, S3Bucket, SearchIndexes, s3_client
from tests.processes import PartError, Program


def test_a_database_is_empty_and_its_roles_differ(empty_postgres_database: PostgresDatabase) -> None:
    with psycopg.connect(empty_postgres_database.owner_url) as owner:
        owner.execute("CREATE TABLE calls (id int)")
    with psycopg.connect(empty_postgres_database.url) as application:
        assert application.execute("SELECT current_user").fetchone() == (Postgres.APPLICATION,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            application.execute("SELECT * FROM calls")


def test_a_database_made_from_another_holds_its_tables(
    postgres: Postgres, empty_postgres_database: PostgresDatabase
) -> None:
    with psycopg.connect(empty_postgres_database.owner_url) as owner:
        owner.execute("CREATE TABLE calls (id int)")
    twin = postgres.create("twin", template=empty_postgres_database.name)
    with psycopg.connect(twin.owner_url) as owner:
        assert owner.execute("SELECT count(*) FROM calls").fetchone() == (0,)
    postgres.drop("twin")


@pytest.mark.parametrize("_again", range(2))
def test_redis_is_empty(redis_url: str, _again: int) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("left", "behind")


def test_a_bucket_is_empty_and_takes_bytes(s3_bucket: S3Bucket, tmp_path: Path) -> None:
    client = s3_client(s3_bucket.account)
    assert list(client.list_objects(s3_bucket.name)) == []
    source = tmp_path / "call"
    source.write_bytes(b"recording")
    client.fput_object(s3_bucket.name, "originals/1", str(source))
    assert client.stat_object(s3_bucket.name, "originals/1").size == len(b"recording")


def test_meilisearch_is_new_enough(search_indexes: SearchIndexes) -> None:
    """From 1.50 on it reports every match inside one string (docs/decisions)."""
    headers = {"Authorization": f"Bearer {search_indexes.server.key}"}
    version = httpx.get(f"{search_indexes.server.url}/version", headers=headers).json()["pkgVersion"]
    assert tuple(int(part) for part in version.split(".")[:2]) >= (1, 50)


@pytest.mark.anyio
async def test_chromium_draws_a_page(page: Page) -> None:
    await page.set_content("<h1>Calls</h1>")
    assert await page.get_by_role("heading").inner_text() == "Calls"


@pytest.mark.anyio
async def test_chromium_plays_what_the_archive_renders(page: Page) -> None:
    """Renditions are AAC in MP4, which not every build of Chromium decodes."""
    assert await page.evaluate("new Audio().canPlayType('audio/mp4; codecs=\"mp4a.40.2\"')") == "probably"


def test_a_program_that_ends_at_once_fails_with_what_it_said() -> None:
    with pytest.raises(PartError, match="no such luck"):
        Program("luckless").start(["sh", "-c", "echo no such luck; exit 3"], ready=lambda: False)
