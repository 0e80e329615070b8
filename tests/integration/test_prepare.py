"""infra/prepare.py on a real MinIO and a real Meilisearch: what the archive gets, and no more."""

import meilisearch
import pytest
from meilisearch.errors import MeilisearchApiError
from minio import S3Error
from msgspec.structs import replace

from archive.adapters.meilisearch import MeilisearchIndex
from archive.settings import Settings
from infra.prepare import bucket_name, prepare
from infra.search_keys import INDEXING, SEARCHING
from tests.parts import S3Account, SearchServer, s3_client, unique
from tests.search_world import documents, make_call, said


@pytest.fixture
def prepared(s3_account: S3Account, search_server: SearchServer) -> Settings:
    """Settings as an operator writes them, on servers that were prepared for them, twice."""
    name = unique("archive").replace("_", "-")
    settings = Settings(
        store=f"s3://{name}",
        s3_endpoint=s3_account.endpoint,
        s3_access_key="archive",
        s3_secret_key="0123456789abcdef",
        search=search_server.url,
        search_key=SEARCHING.value(search_server.key),
        index_key=INDEXING.value(search_server.key),
    )
    secrets = {
        "S3_ROOT_USER": s3_account.access_key,
        "S3_ROOT_PASSWORD": s3_account.secret_key,
        "MEILI_MASTER_KEY": search_server.key,
    }
    prepare(settings, secrets)
    prepare(settings, secrets)
    return settings


def test_the_account_reaches_its_bucket_and_no_other(prepared: Settings, s3_account: S3Account) -> None:
    own = s3_client(replace(s3_account, access_key=prepared.s3_access_key, secret_key=prepared.s3_secret_key))
    assert own.bucket_exists(bucket_name(prepared))
    assert list(own.list_objects(bucket_name(prepared))) == []
    other = unique("other").replace("_", "-")
    s3_client(s3_account).make_bucket(other)
    with pytest.raises(S3Error, match="AccessDenied"):
        list(own.list_objects(other))
    with pytest.raises(S3Error, match="AccessDenied"):
        own.make_bucket(unique("new").replace("_", "-"))


def test_the_indexing_key_writes_and_the_searching_key_does_not(prepared: Settings) -> None:
    indexing = meilisearch.Client(prepared.search, prepared.index_key)
    task = indexing.create_index(f"{prepared.search_prefix}-calls", {"primaryKey": "id"})
    indexing.wait_for_task(task.task_uid)
    searching = meilisearch.Client(prepared.search, prepared.search_key)
    assert searching.index(f"{prepared.search_prefix}-calls").search("")["hits"] == []
    with pytest.raises(MeilisearchApiError, match="invalid_api_key"):
        searching.index(f"{prepared.search_prefix}-calls").add_documents([{"id": 1}])


@pytest.mark.parametrize("setting", ["search_key", "index_key"])
def test_neither_key_can_make_another(prepared: Settings, setting: str) -> None:
    client = meilisearch.Client(prepared.search, getattr(prepared, setting))
    with pytest.raises(MeilisearchApiError, match="invalid_api_key"):
        client.create_key({"actions": ["*"], "indexes": ["*"], "expiresAt": None})


@pytest.mark.parametrize("setting", ["search_key", "index_key"])
def test_both_keys_can_ask_the_version(prepared: Settings, setting: str) -> None:
    assert "pkgVersion" in meilisearch.Client(prepared.search, getattr(prepared, setting)).get_version()


@pytest.mark.anyio
async def test_both_keys_can_count_the_calls_of_the_index(prepared: Settings) -> None:
    prefix = unique("counted")
    writer = MeilisearchIndex(prepared.search, prepared.index_key, prefix)
    reader = MeilisearchIndex(prepared.search, prepared.search_key, prefix)
    try:
        assert await reader.count() == 0
        await writer.put(documents([(make_call(1), said("one")), (make_call(2), said("another"))]))
        assert (await writer.count(), await reader.count()) == (2, 2)
    finally:
        await writer.close()
        await reader.close()
