"""The two Meilisearch keys of an archive, known before Meilisearch runs.

A key's value is the HMAC-SHA256 of its uid under the master key (meilisearch.com/docs, "Master key & API keys"), so
that the settings can be written first and the keys be made when the server is there.
"""

import hashlib
import hmac
from dataclasses import dataclass


@dataclass(frozen=True)
class SearchKey:
    """What one key may do. `uid` is ours to choose, and says which key it is for good."""

    uid: str
    name: str
    actions: tuple[str, ...]

    def value(self, master_key: str) -> str:
        return hmac.new(master_key.encode(), self.uid.encode(), hashlib.sha256).hexdigest()


SEARCHING = SearchKey(
    "7d2f6b0e-5c0f-4c35-9a0c-0d3c6f1b8a11",
    "call archive: search",
    ("search", "version"),
)
INDEXING = SearchKey(
    "b1c6f4da-21d4-4f0b-8d8e-6a4f0c9f2e57",
    "call archive: index",
    ("search", "version", "documents.*", "indexes.*", "settings.*", "tasks.get"),
)
