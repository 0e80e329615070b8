"""The search index of an archive on servers: Meilisearch 1.50 or newer, one node.

`index.py` is the port; `writing.py` keeps the index, `shape.py` its settings and documents, `filters.py` compiles
scopes and filters, `asking.py` turns a query into several of Meilisearch's and joins their answers.
"""

from archive.adapters.meilisearch.index import MeilisearchIndex

__all__ = ["MeilisearchIndex"]
