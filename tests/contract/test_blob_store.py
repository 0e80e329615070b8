"""The promises of `ports.BlobStore`, kept by the folder and by the bucket."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive.adapters.files import FolderStore
from archive.adapters.s3 import PART, S3Store
from archive.errors import Conflict, NotFound, Unavailable
from archive.ids import uuid7
from archive.ports import BlobStore
from tests.parts import S3Account, S3Bucket, s3_client, unique
from tests.story import chunks

pytestmark = pytest.mark.anyio

PIECE = 256 * 1024
DATA = bytes(range(256)) * 4096  # 1 MiB
TWO_PARTS = PART + 100_000

Leftovers = Callable[[], list[str]]


def bucket_store(account: S3Account, bucket: str) -> S3Store:
    return S3Store(account.endpoint, bucket, account.access_key, account.secret_key, account.region)


@pytest.fixture(params=["folder", "bucket"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[BlobStore]:
    opened: BlobStore
    if request.param == "folder":
        opened = FolderStore(tmp_path / "recordings")
    else:
        bucket: S3Bucket = request.getfixturevalue("s3_bucket")
        opened = bucket_store(bucket.account, bucket.name)
    yield opened
    await opened.close()


@pytest.fixture
def leftovers(request: pytest.FixtureRequest, store: BlobStore, tmp_path: Path) -> Leftovers:
    """Everything that the store keeps: blobs, unfinished files and unfinished uploads alike."""
    if isinstance(store, FolderStore):
        return lambda: [str(path) for path in tmp_path.rglob("*") if path.is_file()]
    bucket: S3Bucket = request.getfixturevalue("s3_bucket")
    client = s3_client(bucket.account)

    def kept() -> list[str]:
        unfinished = client._list_multipart_uploads(bucket.name)
        blobs = client.list_objects(bucket.name, recursive=True)
        return [str(blob.object_name) for blob in [*unfinished.uploads, *blobs]]

    return kept


def name(kind: str = "originals") -> str:
    return f"{kind}/{uuid7()}"


async def read(store: BlobStore, blob: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([piece async for piece in store.read(blob, start, end)])


async def big(size: int, step: int = 300_000) -> AsyncIterator[bytes]:
    """A recording of any size, no two chunks alike."""
    for number, start in enumerate(range(0, size, step)):
        yield number.to_bytes(4) * (min(step, size - start) // 4)


# ---- whole or absent ----


@pytest.mark.parametrize("size", [0, 1, PIECE, PIECE + 1, TWO_PARTS])
async def test_what_was_written_is_read(store: BlobStore, size: int) -> None:
    blob, data = name(), (DATA * 9)[:size]
    assert await store.write(blob, chunks(data)) == size
    assert await read(store, blob) == data


async def test_a_big_recording_has_the_same_hash_out_as_in(store: BlobStore) -> None:
    blob, size = name(), 20_000_000
    going_in, coming_out = hashlib.sha256(), hashlib.sha256()

    async def hashed() -> AsyncIterator[bytes]:
        async for chunk in big(size):
            going_in.update(chunk)
            yield chunk

    assert await store.write(blob, hashed()) == size
    async for piece in store.read(blob):
        assert len(piece) <= PIECE
        coming_out.update(piece)
    assert coming_out.digest() == going_in.digest()


@pytest.mark.parametrize("size", [100_000, TWO_PARTS, 2 * PART + TWO_PARTS])
async def test_a_blob_is_written_once(store: BlobStore, leftovers: Leftovers, size: int) -> None:
    blob = name()
    await store.write(blob, chunks(b"first"))
    with pytest.raises(Conflict):
        await store.write(blob, big(size))
    assert await read(store, blob) == b"first"
    assert len(leftovers()) == 1


@pytest.mark.parametrize("size", [100_000, TWO_PARTS])
async def test_of_two_writers_at_once_one_wins(store: BlobStore, leftovers: Leftovers, size: int) -> None:
    blob = name()
    done = await asyncio.gather(*(store.write(blob, big(size)) for _ in range(2)), return_exceptions=True)
    assert [type(one) for one in done if not isinstance(one, int)] == [Conflict]
    assert len(leftovers()) == 1


@pytest.mark.parametrize("error", [ConnectionResetError, TimeoutError, asyncio.CancelledError, ValueError])
@pytest.mark.parametrize("size", [100_000, TWO_PARTS, 3 * PART])
async def test_a_stream_that_breaks_leaves_nothing_and_tells_its_own_reason(
    store: BlobStore, leftovers: Leftovers, size: int, error: type[BaseException]
) -> None:
    """The store is not to blame for a sender that leaves, though his error is an OSError too."""

    async def broken() -> AsyncIterator[bytes]:
        async for chunk in big(size):
            yield chunk
        raise error("the sender left")

    blob = name()
    with pytest.raises(error):
        await store.write(blob, broken())
    assert leftovers() == []
    with pytest.raises(NotFound):
        await read(store, blob)


async def test_a_writer_that_is_cancelled_leaves_nothing(store: BlobStore, leftovers: Leftovers) -> None:
    waiting = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        async for chunk in big(3 * PART):
            yield chunk
        waiting.set()
        await asyncio.Event().wait()

    writing = asyncio.create_task(store.write(name(), endless()))
    await waiting.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert leftovers() == []


# ---- ranges, files, names ----


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, 1), (5, 5), (100, PIECE + 200), (len(DATA) - 1, len(DATA)), (len(DATA) - 1, len(DATA) + 999)],
)
async def test_a_range_is_exact(store: BlobStore, start: int, end: int) -> None:
    blob = name()
    await store.write(blob, chunks(DATA))
    assert await read(store, blob, start, end) == DATA[start:end]
    assert await read(store, blob, start) == DATA[start:]


async def test_a_range_past_the_end_is_empty(store: BlobStore) -> None:
    blob = name()
    await store.write(blob, chunks(b"short"))
    assert await read(store, blob, 5, 9) == b""
    assert await read(store, blob, 99, 100) == b""


async def test_files_go_in_and_out(store: BlobStore, tmp_path: Path) -> None:
    source, target, blob = tmp_path / "source", tmp_path / "target", name("renditions")
    source.write_bytes(DATA)
    await store.write_file(blob, source)
    await store.fetch(blob, target)
    assert target.read_bytes() == DATA
    with pytest.raises(Conflict):
        await store.write_file(blob, source)


async def test_a_full_disk_of_the_callers_is_not_the_stores_trouble(store: BlobStore) -> None:
    blob = name()
    await store.write(blob, chunks(DATA))
    with pytest.raises(OSError, match="No space left"):
        await store.fetch(blob, Path("/dev/full"))


async def test_what_is_not_there(store: BlobStore, tmp_path: Path) -> None:
    blob = name()
    with pytest.raises(NotFound):
        await read(store, blob)
    with pytest.raises(NotFound):
        await store.fetch(blob, tmp_path / "target")
    await store.delete(blob)
    assert [one async for one in store.names("originals")] == []


async def test_a_deleted_blob_is_gone_and_its_name_free(store: BlobStore, leftovers: Leftovers) -> None:
    blob = name()
    await store.write(blob, chunks(b"first"))
    await store.delete(blob)
    assert leftovers() == []
    await store.write(blob, chunks(b"second"))
    assert await read(store, blob) == b"second"


async def test_names_are_those_of_one_kind_with_size_and_time(store: BlobStore) -> None:
    blobs = {name() for _ in range(5)}
    for blob in [*blobs, name("renditions")]:
        await store.write(blob, chunks(b"12345"))
    found = [one async for one in store.names("originals")]
    assert {one.name for one in found} == blobs
    now = datetime.now(UTC)
    assert all(one.bytes == 5 and abs(now - one.modified) < timedelta(minutes=5) for one in found)


@pytest.mark.parametrize(
    "odd",
    [
        "",
        "originals",
        "originals/",
        "/originals/a",
        "originals/../a",
        "../a/b",
        "originals/a/b",
        "originals/a b",
        "originals/a\x00",
        "originals/a\n",
        "originals/.",
        "originals/-a",
        "originals/ä",
        "Originals/a",
        "originals/a?versionId=1",
    ],
)
async def test_a_name_that_the_archive_did_not_make_is_refused(
    store: BlobStore, leftovers: Leftovers, odd: str, tmp_path: Path
) -> None:
    for use in (
        store.write(odd, chunks(b"x")),
        read(store, odd),
        store.fetch(odd, tmp_path / "target"),
        store.delete(odd),
    ):
        with pytest.raises(ValueError, match="not a blob's name"):
            await use
    assert [path for path in leftovers() if not path.endswith("target")] == []


# ---- what is away ----


async def test_a_store_that_works_checks_out(store: BlobStore, leftovers: Leftovers) -> None:
    await store.check()
    assert leftovers() == []


async def test_a_missing_bucket_is_a_fault_with_a_remedy_and_no_missing_blob(s3_account: S3Account) -> None:
    away = bucket_store(s3_account, unique("none").replace("_", "-"))
    for use in (away.check(), away.write(name(), chunks(b"x")), read(away, name())):
        with pytest.raises(Unavailable) as fault:
            await use
        assert "Create" in fault.value.remedy
    await away.close()


async def test_a_wrong_secret_is_named(s3_bucket: S3Bucket) -> None:
    account = s3_bucket.account
    away = S3Store(account.endpoint, s3_bucket.name, account.access_key, "wrong" * 8, account.region)
    for use in (away.check(), away.write(name(), chunks(b"x")), read(away, name())):
        with pytest.raises(Unavailable) as fault:
            await use
        assert "s3_secret_key" in fault.value.remedy
    await away.close()


async def test_an_unreachable_bucket_is_a_fault_with_a_remedy(tmp_path: Path) -> None:
    away = bucket_store(S3Account("http://127.0.0.1:1", "key", "secret" * 4), "bucket")
    for use in (
        away.check(),
        away.write(name(), big(TWO_PARTS)),
        read(away, name()),
        away.delete(name()),
        away.fetch(name(), tmp_path / "target"),
        anext(away.names("originals")),
    ):
        with pytest.raises(Unavailable) as fault:
            await use
        assert "s3_endpoint" in fault.value.remedy
    await away.close()
