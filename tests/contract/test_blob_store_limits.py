"""A full disk, a lost folder, more readers than httpx has connections, a recording far larger than memory should be."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from archive.adapters.files import FolderStore
from archive.adapters.s3 import PIECE, S3Store
from archive.errors import Unavailable
from tests.parts import S3Bucket
from tests.story import chunks

MOST_GROWTH = 64 * 2**20
"""Bytes that a process may grow by while 200 MB pass through it: parts in flight, buffers, no copy of the whole."""

READERS = 150
"""At once; by default httpx stops at 100 connections."""

COMMON = """
import asyncio, resource, sys
from pathlib import Path
from archive.adapters.files import FolderStore
from archive.adapters.s3 import S3Store
from archive.errors import Unavailable

async def stream(size, step=1_000_000):
    for _ in range(0, size, step):
        yield bytes(step)

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
"""

LARGE = """
async def main(store):
    await store.write("originals/warm", stream(20_000_000))
    async for piece in store.read("originals/warm"):
        pass
    before = peak()
    assert await store.write("originals/large", stream(200_000_000)) == 200_000_000
    read = 0
    async for piece in store.read("originals/large"):
        read += len(piece)
    assert read == 200_000_000
    await store.close()
    print(peak() - before)
"""

FULL = """
async def main(store):
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
    try:
        await store.write("originals/large", stream(5_000_000))
    except Unavailable as error:
        print(error.remedy)
    await store.write("originals/small", stream(500_000, 500_000))
"""


def run(code: str, store: str) -> str:
    """What a process of its own prints."""
    command = [sys.executable, "-c", f"{COMMON}\n{code}\nasyncio.run(main({store}))"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def folder(path: Path) -> str:
    return f"FolderStore(Path({str(path)!r}))"


def test_a_large_recording_takes_no_memory_in_a_folder(tmp_path: Path) -> None:
    assert int(run(LARGE, folder(tmp_path))) < MOST_GROWTH


def test_a_large_recording_takes_no_memory_in_a_bucket(s3_bucket: S3Bucket) -> None:
    account = s3_bucket.account
    given = (account.endpoint, s3_bucket.name, account.access_key, account.secret_key, account.region)
    assert int(run(LARGE, f"S3Store{given!r}")) < MOST_GROWTH


@pytest.mark.anyio
async def test_a_bucket_has_many_readers_at_once(s3_bucket: S3Bucket) -> None:
    """Each holds its connection, with bytes still to come, until all have begun."""
    account = s3_bucket.account
    store = S3Store(account.endpoint, s3_bucket.name, account.access_key, account.secret_key, account.region)
    data = b"".join(number.to_bytes(4, "big") for number in range(READERS + 2 * PIECE // 4))
    await store.write("originals/shared", chunks(data))
    all_begun = asyncio.Event()
    waiting = set(range(READERS))

    async def read(number: int) -> bool:
        start, end = 4 * number, 4 * number + 2 * PIECE
        got = bytearray()
        async for piece in store.read("originals/shared", start, end):
            got += piece
            waiting.discard(number)
            if not waiting:
                all_begun.set()
            await all_begun.wait()
        return got == data[start:end]

    async with asyncio.timeout(50):
        assert all(await asyncio.gather(*map(read, range(READERS))))
    await store.close()


def test_a_full_disk_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    assert run(FULL, folder(tmp_path)) == "Free some space."
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["small"]


@pytest.mark.anyio
async def test_a_folder_that_is_lost_is_a_fault(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "recordings")
    (tmp_path / "recordings" / "unfinished").rmdir()
    for use in (store.check(), store.write("originals/a", chunks(b"x"))):
        with pytest.raises(Unavailable) as fault:
            await use
        assert "Check its disk" in fault.value.remedy


def test_a_place_that_is_no_folder_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable):
        FolderStore(tmp_path / "file")
