"""Keeping the index, by the official client. It blocks: workers and the console call it in a thread."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from meilisearch import Client
from meilisearch.errors import MeilisearchApiError, MeilisearchError
from meilisearch.models.task import TaskInfo

from archive.adapters.meilisearch.filters import among
from archive.adapters.meilisearch.shape import Holding
from archive.calls.documents import CallDocument
from archive.errors import Unavailable

_PATIENCE = 300_000
"""Milliseconds to wait for a task: others may be queued before it."""
_POLL = 20
_TIMEOUT = 30
"""Seconds for one request."""


def unavailable(reason: str) -> Unavailable:
    return Unavailable(
        "search engine",
        reason,
        "Check that Meilisearch runs at the address and with the keys in the settings.",
    )


class Writing:
    def __init__(self, url: str, key: str, held: Sequence[Holding]) -> None:
        self._client = Client(url, key, timeout=_TIMEOUT)
        self._held = held
        self._ready = False

    def put(self, documents: Sequence[CallDocument]) -> None:
        self._prepare()
        self._put(documents, {held.uid: held for held in self._held})

    def put_beside(self, documents: Sequence[CallDocument]) -> None:
        self._put(documents, {held.beside: held for held in self._held})

    def remove(self, call_ids: Collection[int]) -> None:
        self._prepare()
        with _faults():
            where = among("id", call_ids)
            started = [self._client.index(held.uid).delete_documents(filter=where) for held in self._held]
            self._finish(*started)

    def start_beside(self) -> None:
        self.drop_beside()
        for held in self._held:
            self._make(held.beside, held.settings)

    def switch(self) -> None:
        """In one task, so that no search sees one of the indexes new and the other old."""
        self._prepare()
        with _faults():
            pairs: list[Mapping[str, list[str] | bool]] = [
                {"indexes": [held.uid, held.beside]} for held in self._held
            ]
            self._finish(self._client.swap_indexes(pairs))
        self.drop_beside()

    def drop_beside(self) -> None:
        with _faults():
            there = [held.beside for held in self._held if self._exists(held.beside)]
            self._finish(*(self._client.delete_index(uid) for uid in there))

    def _put(self, documents: Sequence[CallDocument], into: Mapping[str, Holding]) -> None:
        with _faults():
            started = [
                self._client.index(uid).add_documents([*map(held.fields, documents)], primary_key="id")
                for uid, held in into.items()
            ]
            self._finish(*started)

    def _prepare(self) -> None:
        """Once a process: the indexes are there and have our settings."""
        if not self._ready:
            for held in self._held:
                self._make(held.uid, held.settings)
            self._ready = True

    def _make(self, uid: str, settings: dict[str, Any]) -> None:
        with _faults():
            if not self._exists(uid):
                made = self._client.create_index(uid, {"primaryKey": "id"})
                self._finish(made, known="index_already_exists")
            index = self._client.index(uid)
            if differing(index.get_settings(), settings):
                self._finish(index.update_settings(settings))

    def _exists(self, uid: str) -> bool:
        try:
            self._client.get_raw_index(uid)
        except MeilisearchApiError as error:
            if error.code == "index_not_found":
                return False
            raise
        return True

    def _finish(self, *started: TaskInfo, known: str = "") -> None:
        """Wait for the outcome of tasks. Raises `Unavailable` if one failed, unless with the error code `known`."""
        for one in started:
            task = self._client.wait_for_task(one.task_uid, _PATIENCE, _POLL)
            if task.status != "succeeded" and (task.error or {}).get("code") != known:
                raise unavailable(f"A task failed: {(task.error or {}).get('message', task.status)}")


def differing(settings: Mapping[str, object], ours: Mapping[str, object]) -> list[str]:
    """The settings that are not ours; lists whose order says nothing are kept sorted on both sides."""
    return [name for name, wanted in ours.items() if settings.get(name) != wanted]


@contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except MeilisearchError as error:
        raise unavailable(error.message) from error
