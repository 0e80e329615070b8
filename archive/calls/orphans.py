"""Blobs without a call: what an upload or a worker left when it was killed between the bytes and the row."""

from datetime import datetime, timedelta

from archive.ports import BlobInfo, Parts

KINDS = ("originals", "renditions", "waveforms")
BATCH = 500


async def sweep_orphans(parts: Parts, older_than: timedelta) -> int:
    """Delete blobs that no call names, and unfinished ones, that are older than `older_than`; how many blobs."""
    async with parts.database.read() as work:
        before = await work.now() - older_than
    await parts.blobs.drop_unfinished(before)
    deleted = 0
    for kind in KINDS:
        batch: list[BlobInfo] = []
        async for blob in parts.blobs.names(kind):
            batch.append(blob)
            if len(batch) == BATCH:
                deleted += await _sweep(parts, batch, before)
                batch = []
        deleted += await _sweep(parts, batch, before)
    return deleted


async def _sweep(parts: Parts, blobs: list[BlobInfo], before: datetime) -> int:
    async with parts.database.read() as work:
        named = await work.calls.named_blobs([blob.name for blob in blobs])
    orphans = [blob for blob in blobs if blob.name not in named and blob.modified < before]
    for blob in orphans:
        await parts.blobs.delete(blob.name)
    return len(orphans)
