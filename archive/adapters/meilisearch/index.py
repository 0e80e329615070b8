"""The `SearchIndex` port on Meilisearch: searching by an async client, writing in threads."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx

from archive.adapters.meilisearch.asking import Asking, Body
from archive.adapters.meilisearch.shape import holdings
from archive.adapters.meilisearch.writing import Writing, unavailable
from archive.calls.documents import CallDocument
from archive.policy.scope import is_empty
from archive.ports import EngineAnswer, EngineQuery

_TIMEOUT = 10.0
"""Seconds for one search."""


class MeilisearchIndex:
    """`key` may search; a worker's may also keep the index. Index names begin with `prefix`."""

    def __init__(self, url: str, key: str, prefix: str) -> None:
        words, names = holdings(prefix)
        self._words, self._names = words.uid, names.uid
        headers = {"Authorization": f"Bearer {key}"}
        self._client = httpx.AsyncClient(base_url=url, headers=headers, timeout=_TIMEOUT)
        self._writing = Writing(url, key, (words, names))

    async def put(self, documents: Sequence[CallDocument]) -> None:
        await asyncio.to_thread(self._writing.put, documents)

    async def remove(self, call_ids: Collection[int]) -> None:
        await asyncio.to_thread(self._writing.remove, call_ids)

    async def search(self, query: EngineQuery) -> EngineAnswer:
        if is_empty(query.find):
            return EngineAnswer()
        try:
            return await Asking(query, self._multi_search, self._words, self._names).answer()
        except _NotMade:  # nothing was indexed yet
            return EngineAnswer()

    @asynccontextmanager
    async def rebuild(self) -> AsyncIterator["Rebuild"]:
        await asyncio.to_thread(self._writing.start_beside)
        try:
            yield Rebuild(self._writing)
            await asyncio.to_thread(self._writing.switch)
        except BaseException:
            await asyncio.to_thread(self._writing.drop_beside)
            raise

    async def count(self) -> int:
        """Every call is of one kind; the engine's own statistics are not for a key that only searches."""
        try:
            (answer,) = await self._multi_search([{"limit": 0, "facets": ["kind"]}])
        except _NotMade:
            return 0
        return sum(answer["facetDistribution"].get("kind", {}).values())

    async def check(self) -> None:
        try:
            await self._multi_search([{"limit": 0}])
        except _NotMade:
            return

    async def close(self) -> None:
        await self._client.aclose()

    async def _multi_search(self, bodies: list[Body]) -> list[Mapping[str, Any]]:
        """In the index with what was said, but where a body names another."""
        queries = [{"indexUid": self._words, **body} for body in bodies]
        try:
            response = await self._client.post("/multi-search", json={"queries": queries})
        except httpx.HTTPError as error:
            raise unavailable(f"No answer ({type(error).__name__}).") from error
        if response.is_success:
            return list(response.json()["results"])
        raise _refusal(response)


class Rebuild:
    """Fills the index beside the one in use."""

    def __init__(self, writing: Writing) -> None:
        self._writing = writing

    async def put(self, documents: Sequence[CallDocument]) -> None:
        await asyncio.to_thread(self._writing.put_beside, documents)


class _NotMade(Exception):
    """The index doesn't exist yet: the first call that is put makes it."""


def _refusal(response: httpx.Response) -> Exception:
    try:
        code = str(response.json().get("code"))
    except ValueError:
        code = "no reason given"
    return (
        _NotMade()
        if code == "index_not_found"
        else unavailable(f"It answered {response.status_code} ({code}).")
    )
