"""The newest state of the index. Before each search it looks whether a writer, maybe another process, committed."""

import threading
import time

from archive.adapters.tantivy.answer import Snapshot
from archive.adapters.tantivy.storage import Generation, Storage
from archive.adapters.tantivy.vocabulary import Vocabulary

_SHARE = 0.05
"""Of the time, at most so much goes into reading the vocabulary anew; its newest words are then found as typed."""


class Reader:
    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._lock = threading.Lock()
        self._generation: Generation | None = None
        self._stamp: object = None
        self._snapshot: Snapshot | None = None
        self._vocabulary_stamp: object = None
        self._vocabulary_due = 0.0

    def snapshot(self) -> Snapshot:
        with self._lock:
            generation = self._current()
            stamp = generation.stamp
            stale = stamp != self._vocabulary_stamp and time.monotonic() >= self._vocabulary_due
            if self._snapshot is None or stamp != self._stamp or stale:
                self._snapshot = self._open(generation, None if stale else self._snapshot)
                self._stamp = stamp
                self._vocabulary_stamp = stamp if stale else self._vocabulary_stamp
            return self._snapshot

    def expire(self) -> None:
        """This process wrote: the next search must know the new words."""
        self._vocabulary_due = 0.0

    def forget(self) -> None:
        with self._lock:
            self._generation = self._snapshot = None
            self._stamp = self._vocabulary_stamp = None
            self._vocabulary_due = 0.0

    def _current(self) -> Generation:
        if self._generation is None or not self._storage.is_current(self._generation):
            self._storage.prepare()
            self._generation = self._storage.current()
            self._generation.calls.config_reader("manual")
            self._generation.windows.config_reader("manual")
        return self._generation

    def _open(self, generation: Generation, previous: Snapshot | None) -> Snapshot:
        for index in (generation.windows, generation.calls):
            index.reload()
        calls = generation.calls.searcher()
        return Snapshot(
            calls=calls,
            windows=generation.windows.searcher(),
            schemas=(generation.calls.schema, generation.windows.schema),
            vocabulary=previous.vocabulary if previous else self._read_vocabulary(generation),
        )

    def _read_vocabulary(self, generation: Generation) -> Vocabulary:
        began = time.monotonic()
        vocabulary = Vocabulary(generation.calls.searcher())
        ended = time.monotonic()
        self._vocabulary_due = ended + (ended - began) / _SHARE
        return vocabulary
