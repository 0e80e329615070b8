"""Recordings in a bucket of MinIO or any S3.

minio-py signs addresses and manages the bucket; bytes travel by httpx, which is asynchronous and streams. Parts are
sent as iterators: handed over whole, they would be copied several times (256 MB resident instead of 45).
Source: https://docs.aws.amazon.com/AmazonS3/latest/API/ (PutObject, CreateMultipartUpload, UploadPart).
"""

import asyncio
import html
import re
from collections.abc import AsyncIterable, AsyncIterator, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import urllib3
from minio import Minio
from minio.error import MinioException

from archive.adapters.blob_names import checked
from archive.errors import Conflict, NotFound, Unavailable
from archive.ports import BlobInfo

PIECE = 256 * 1024
PART = 8 * 2**20
"""Bytes in one part of a multipart upload: 10,000 of them make 78 GiB."""

ONCE = {"If-None-Match": "*"}
SIGNED_FOR = timedelta(hours=1)
SECONDS = httpx.Timeout(60.0, connect=5.0)
CONNECTIONS = httpx.Limits(max_connections=1000, max_keepalive_connections=50)


class S3Store:
    """Implements `ports.BlobStore`. Every write carries `If-None-Match: *`, so a blob is written once."""

    def __init__(self, endpoint: str, bucket: str, access_key: str, secret_key: str, region: str) -> None:
        address = urlsplit(endpoint)
        self._bucket = bucket
        self._minio = Minio(
            address.netloc,
            access_key=access_key,
            secret_key=secret_key,
            region=region,  # without it, signing asks the network first
            secure=address.scheme == "https",
            http_client=urllib3.PoolManager(timeout=urllib3.Timeout(5.0, read=30.0), retries=False),
        )
        self._http = httpx.AsyncClient(timeout=SECONDS, limits=CONNECTIONS)

    async def write(self, name: str, chunks: AsyncIterable[bytes]) -> int:
        parts = _parts(chunks)
        first: list[bytes] = await anext(parts, [])
        second = await anext(parts, None)
        if second is None:
            await self._put(name, first)
            return _length(first)
        return await self._put_parts(name, first, second, parts)

    async def write_file(self, name: str, source: Path) -> None:
        await self.write(name, _pieces(source))

    async def read(self, name: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        if end is not None and end <= start:
            return
        last = "" if end is None else str(end - 1)
        with _explained():
            url = self._signed("GET", name)
            async with self._http.stream("GET", url, headers={"Range": f"bytes={start}-{last}"}) as answer:
                if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                    return
                await _check(answer)
                async for piece in answer.aiter_bytes(PIECE):
                    yield piece

    async def fetch(self, name: str, target: Path) -> None:
        with target.open("wb") as out:
            async for piece in self.read(name):
                await asyncio.to_thread(out.write, piece)

    async def delete(self, name: str) -> None:
        with suppress(NotFound):
            await self._ask("DELETE", name)

    async def names(self, prefix: str) -> AsyncIterator[BlobInfo]:
        with _explained():
            objects = iter(self._minio.list_objects(self._bucket, prefix=f"{prefix}/", recursive=True))
            while found := await asyncio.to_thread(next, objects, None):
                modified = found.last_modified or datetime.now(UTC)
                yield BlobInfo(found.object_name or "", found.size or 0, modified)

    async def drop_unfinished(self, before: datetime) -> None:
        """Left to the bucket: MinIO drops unfinished uploads after a day by itself, others by a lifecycle rule
        (AbortIncompleteMultipartUpload, docs/operate.md)."""

    async def check(self) -> None:
        with _explained():
            if not await asyncio.to_thread(self._minio.bucket_exists, self._bucket):
                raise Unavailable("Recordings bucket", f"There is no bucket {self._bucket}.", "Create it.")

    async def close(self) -> None:
        await self._http.aclose()

    def _signed(self, method: str, name: str, query: Mapping[str, str] | None = None) -> str:
        return self._minio.get_presigned_url(
            method,
            self._bucket,
            checked(name),
            expires=SIGNED_FOR,
            extra_query_params=dict(query) if query else None,
        )

    async def _ask(
        self, method: str, name: str, query: Mapping[str, str] | None = None, **sent: Any
    ) -> httpx.Response:
        """One request; an answer that is not a success raises."""
        with _explained():
            answer = await self._http.request(method, self._signed(method, name, query), **sent)
            await _check(answer)
            return answer

    async def _put(self, name: str, part: list[bytes]) -> None:
        await self._ask("PUT", name, content=_stream(part), headers={**_sized(part), **ONCE})

    async def _put_parts(
        self, name: str, first: list[bytes], second: list[bytes], rest: AsyncIterator[list[bytes]]
    ) -> int:
        upload = await self._begin(name)
        try:
            tags = [await self._part(name, upload, 1, first), await self._part(name, upload, 2, second)]
            size = _length(first) + _length(second)
            first.clear()
            second.clear()
            async for part in rest:
                tags.append(await self._part(name, upload, len(tags) + 1, part))
                size += _length(part)
            await self._complete(name, upload, tags)
        except BaseException:
            await asyncio.shield(asyncio.ensure_future(self._abort(name, upload)))
            raise
        return size

    async def _begin(self, name: str) -> str:
        return _element((await self._ask("POST", name, {"uploads": ""})).text, "UploadId")

    async def _part(self, name: str, upload: str, number: int, part: list[bytes]) -> str:
        place = {"partNumber": str(number), "uploadId": upload}
        answer = await self._ask("PUT", name, place, content=_stream(part), headers=_sized(part))
        return str(answer.headers["etag"])

    async def _complete(self, name: str, upload: str, tags: list[str]) -> None:
        parts = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>"
            for number, tag in enumerate(tags, start=1)
        )
        body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>"
        answer = await self._ask("POST", name, {"uploadId": upload}, content=body, headers=ONCE)
        if "<Error>" in answer.text:  # S3 may answer 200 first and fail later
            raise _failed(answer.status_code, _element(answer.text, "Code"))

    async def _abort(self, name: str, upload: str) -> None:
        """What can't be taken back now, because the bucket is away, the bucket's own rule for old uploads removes."""
        with suppress(Unavailable, NotFound):
            await self._ask("DELETE", name, {"uploadId": upload})


async def _check(answer: httpx.Response) -> None:
    if answer.is_success:
        return
    await answer.aread()
    code = _element(answer.text, "Code") or answer.reason_phrase
    raise _failed(answer.status_code, code)


def _failed(status: int, code: str) -> Conflict | NotFound | Unavailable:
    """An S3 error as one of ours. 404 also stands for a missing bucket or upload, which are no missing blob."""
    if code == "NoSuchKey":
        return NotFound("The recording's bytes are not in the store.")
    if status in (httpx.codes.PRECONDITION_FAILED, httpx.codes.CONFLICT) or code == "PreconditionFailed":
        return Conflict("This blob is written already.")
    return Unavailable("Recordings bucket", f"It answered {status} ({code}).", _remedy(code))


def _remedy(code: str) -> str:
    known = {
        "AccessDenied": "Check s3_access_key, its s3_secret_key, and its rights.",
        "InvalidAccessKeyId": "Check s3_access_key.",
        "SignatureDoesNotMatch": "Check s3_secret_key.",
        "NoSuchBucket": "Create the bucket that store names.",
        "XMinioStorageFull": "Free some space on it.",
    }
    return known.get(code, "Look at its log.")


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except (httpx.TransportError, urllib3.exceptions.HTTPError, OSError) as error:
        raise Unavailable(
            "Recordings bucket", "It can't be reached.", "Check s3_endpoint, and that it runs."
        ) from error
    except MinioException as error:
        code = str(getattr(error, "code", type(error).__name__))
        raise Unavailable("Recordings bucket", f"It refused ({code}).", _remedy(code)) from error


async def _parts(chunks: AsyncIterable[bytes]) -> AsyncIterator[list[bytes]]:
    """Chunks gathered to parts of `PART` bytes or a little more; the last may be shorter."""
    part: list[bytes] = []
    size = 0
    async for chunk in chunks:
        part.append(chunk)
        size += len(chunk)
        if size >= PART:
            yield part
            part, size = [], 0
    if part:
        yield part


def _length(part: list[bytes]) -> int:
    return sum(map(len, part))


def _sized(part: list[bytes]) -> dict[str, str]:
    return {"Content-Length": str(_length(part))}


async def _stream(part: list[bytes]) -> AsyncIterator[bytes]:
    for chunk in part:
        yield chunk


async def _pieces(source: Path) -> AsyncIterator[bytes]:
    with source.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece


def _element(xml: str, name: str) -> str:
    """The text of the first element of that name in one of S3's short answers; empty if there is none."""
    found = re.search(rf"<{name}>([^<]*)</{name}>", xml)
    return html.unescape(found[1]) if found else ""
