"""Keeping the index, by the official client. It blocks: workers and the console call it in a thread."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from meilisearch import Client
from meilisearch.errors import MeilisearchApiError, MeilisearchError
from meilisearch.models.task import TaskInfo

from archive.adapters.meilisearch.filters import among
from archive.adapters.meilisearch.shape import SETTINGS, fields
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
    def __init__(self, url: str, key: str, uid: str) -> None:
        self._client = Client(url, key, timeout=_TIMEOUT)
        self._uid = uid
        self._beside = f"{uid}_new"
        self._ready = False

    def put(self, documents: Sequence[CallDocument]) -> None:
        self._prepare()
        self._put(self._uid, documents)

    def put_beside(self, documents: Sequence[CallDocument]) -> None:
        self._put(self._beside, documents)

    def remove(self, call_ids: Collection[int]) -> None:
        self._prepare()
        with _faults():
            self._finish(self._client.index(self._uid).delete_documents(filter=among("id", call_ids)))

    def start_beside(self) -> None:
        self.drop_beside()
        self._make(self._beside)

    def switch(self) -> None:
        self._prepare()
        with _faults():
            self._finish(self._client.swap_indexes([{"indexes": [self._uid, self._beside]}]))
        self.drop_beside()

    def drop_beside(self) -> None:
        with _faults():
            if self._exists(self._beside):
                self._finish(self._client.delete_index(self._beside))

    def _put(self, uid: str, documents: Sequence[CallDocument]) -> None:
        with _faults():
            held = [fields(document) for document in documents]
            self._finish(self._client.index(uid).add_documents(held, primary_key="id"))

    def _prepare(self) -> None:
        """Once a process: the index is there and has our settings."""
        if not self._ready:
            self._make(self._uid)
            self._ready = True

    def _make(self, uid: str) -> None:
        with _faults():
            if not self._exists(uid):
                self._finish(
                    self._client.create_index(uid, {"primaryKey": "id"}), known="index_already_exists"
                )
            index = self._client.index(uid)
            if differing(index.get_settings()):
                self._finish(index.update_settings(SETTINGS))

    def _exists(self, uid: str) -> bool:
        try:
            self._client.get_raw_index(uid)
        except MeilisearchApiError as error:
            if error.code == "index_not_found":
                return False
            raise
        return True

    def _finish(self, started: TaskInfo, known: str = "") -> None:
        """Wait for a task's outcome. Raises `Unavailable` if it failed, unless with the error code `known`."""
        task = self._client.wait_for_task(started.task_uid, _PATIENCE, _POLL)
        if task.status != "succeeded" and (task.error or {}).get("code") != known:
            raise unavailable(f"A task failed: {(task.error or {}).get('message', task.status)}")


def differing(settings: dict[str, object]) -> list[str]:
    """The settings that are not ours; lists whose order says nothing are kept sorted on both sides."""
    return [name for name, wanted in SETTINGS.items() if settings.get(name) != wanted]


@contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except MeilisearchError as error:
        raise unavailable(error.message) from error
