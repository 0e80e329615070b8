"""Transcripts: each version whole, as JSON, with the hash that its event names."""

import hashlib
from collections.abc import Collection
from typing import Any

import msgspec
from sqlalchemy import Row, and_, func, insert, or_, select, update

from archive.adapters.db.tables import calls, transcripts
from archive.adapters.db.unit import Unit
from archive.calls.call import Call
from archive.calls.transcript import Transcript
from archive.errors import NotFound
from archive.policy.principal import Principal
from archive.ports import StoredTranscript


class SqlTranscripts:
    """The newest version's number stands with the call: raising it there first lets two writers wait for each other."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def add(self, call: Call, transcript: Transcript, source: str, by: Principal) -> StoredTranscript:
        body = msgspec.json.encode(transcript)
        stored = StoredTranscript(
            version=await self._next(call, source),
            source=source,
            created_at=await self._unit.now(),
            sha256=hashlib.sha256(body).hexdigest(),
            transcript=transcript,
        )
        values = {name: getattr(stored, name) for name in ("version", "source", "created_at", "sha256")}
        await self._unit.run(
            insert(transcripts).values(**values, call_id=call.id, created_by=by.uid, body=body)
        )
        return stored

    async def latest(self, call: Call) -> StoredTranscript | None:
        query = select(transcripts).where(transcripts.c.call_id == call.id)
        return _stored(await self._unit.first(query.order_by(transcripts.c.version.desc()).limit(1)))

    async def version(self, call: Call, version: int) -> StoredTranscript | None:
        wanted = (transcripts.c.call_id == call.id, transcripts.c.version == version)
        return _stored(await self._unit.first(select(transcripts).where(*wanted)))

    async def latest_of(self, calls: Collection[Call]) -> dict[int, Transcript]:
        newest = [
            and_(transcripts.c.call_id == call.id, transcripts.c.version == call.transcript.version)
            for call in calls
            if call.transcript
        ]
        if not newest:
            return {}
        rows = await self._unit.all(select(transcripts).where(or_(*newest)))
        return {row.call_id: _transcript(row) for row in rows}

    async def _next(self, call: Call, source: str) -> int:
        version = await self._unit.value(
            update(calls)
            .where(calls.c.id == call.id)
            .values(
                transcript_version=func.coalesce(calls.c.transcript_version, 0) + 1,
                transcript_source=source,
                revision=calls.c.revision + 1,
            )
            .returning(calls.c.transcript_version)
        )
        if version is None:
            raise NotFound
        return int(version)


def _stored(row: Row[Any] | None) -> StoredTranscript | None:
    if row is None:
        return None
    return StoredTranscript(row.version, row.source, row.created_at, row.sha256, _transcript(row))


def _transcript(row: Row[Any]) -> Transcript:
    return msgspec.json.decode(row.body, type=Transcript)
