"""What the embedded index remembers of typed words."""

from typing import Any

from archive.adapters.tantivy.vocabulary import KNOWN, Vocabulary


class Empty:
    """An index without a word."""

    num_docs = 0

    def terms_with_prefix(self, _field: str, _prefix: str) -> list[Any]:
        return []


def test_typed_words_are_remembered_but_not_without_end() -> None:
    vocabulary = Vocabulary(Empty())  # type: ignore[arg-type]
    typed = vocabulary.variants("pallet")
    assert vocabulary.variants("pallet") is typed
    for number in range(KNOWN):
        vocabulary.variants(f"pallet{number}")
    assert vocabulary.variants("pallet") is not typed
