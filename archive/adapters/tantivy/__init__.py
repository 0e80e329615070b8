"""The search index of an embedded archive: tantivy, in process.

`index.py` is the port; `storage.py` keeps the folder, `schema.py` the documents, `filters.py` compiles scopes and
filters, `vocabulary.py` finds the variants of a word, `level.py` words the queries, `answer.py` asks and fuses.
"""

from archive.adapters.tantivy.index import TantivyIndex

__all__ = ["TantivyIndex"]
