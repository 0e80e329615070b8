"""What tantivy holds of a call: one document in `calls`, one for each window in `windows`.

Two indexes, because the rarity of a word and the usual length of a text are counted over an index. Words are folded by
us and split at spaces by tantivy. `key` is the call's id as raw text: deleting by an integer term deletes nothing, and
says nothing.
"""

from collections.abc import Iterator

from tantivy import Document, Schema, SchemaBuilder

from archive.calls.documents import CallDocument, folded

VERSION = 1
"""Raise it with every change to what is indexed or how: an index of another version asks to be rebuilt."""

_FACETS = ("partner_id", "client_id", "agent_id", "team_id", "kind")
_INTEGERS = ("direction", "received_at", "label_keys", "phone_keys", "external_key", "source_key")


def calls_schema() -> Schema:
    builder = _common()
    builder.add_text_field("names", tokenizer_name="whitespace")
    builder.add_text_field("labels", fast=True, tokenizer_name="raw", index_option="basic")
    return builder.build()


def windows_schema() -> Schema:
    return _common().build()


def _common() -> SchemaBuilder:
    builder = SchemaBuilder()
    builder.add_text_field("key", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("text", tokenizer_name="whitespace")
    builder.add_integer_field("call_id", indexed=True, fast=True)
    builder.add_integer_field("started_at", indexed=True, fast=True)
    builder.add_float_field("duration", indexed=True, fast=True)
    builder.add_boolean_field("sealed", indexed=True)
    for name in _FACETS:
        builder.add_integer_field(name, indexed=True, fast=True)
    for name in _INTEGERS:
        builder.add_integer_field(name, indexed=True)
    return builder


def call_document(document: CallDocument, schema: Schema) -> Document:
    fields = _fields(document)
    fields |= {
        "text": folded(document.text),
        "names": folded(document.names),
        "labels": list(document.labels),
    }
    return Document.from_dict(fields, schema)


def window_documents(document: CallDocument, schema: Schema) -> Iterator[Document]:
    fields = _fields(document)
    for text in document.windows:
        yield Document.from_dict({**fields, "text": folded(text)}, schema)


def _fields(document: CallDocument) -> dict[str, object]:
    """The schema goes with the fields into `from_dict`: guessed types kill the writer at commit."""
    fields: dict[str, object] = {
        "key": str(document.id),
        "call_id": document.id,
        "started_at": document.started_at,
        "duration": document.duration,
        "sealed": document.sealed,
        "label_keys": list(document.label_keys),
        "phone_keys": list(document.phone_keys),
    }
    for name in (*_FACETS, "direction", "received_at", "external_key", "source_key"):
        fields[name] = getattr(document, name)
    return {name: value for name, value in fields.items() if value is not None}
