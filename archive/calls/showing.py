"""How one found call is shown: its moments, what of the query it lacks, and which words answered for those typed."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from archive.calls.call import Call
from archive.calls.documents import names_of
from archive.calls.moments import Heard, Moment, Variants, hear, mentions, resembling, variants_at
from archive.calls.query import Query, Term, fold, significant, words
from archive.calls.transcript import Transcript


class FoundCall(Struct, frozen=True):
    """`missing`: the terms, as typed, that this call doesn't hold. `unspoken`: its words are searched and
    shown once its reader says why; it was found by its metadata alone."""

    call: Call
    moments: tuple[Moment, ...] = ()
    missing: tuple[str, ...] = ()
    unspoken: bool = False


class Shown(Struct, frozen=True):
    """`answering[i]`: the words of this call that stand for term i, and how often; without the terms it lacks."""

    found: FoundCall
    answering: Mapping[int, Counter[str]]


def show(
    call: Call,
    transcript: Transcript | None,
    query: Query,
    spans: Sequence[tuple[int, int]],
    variants: Variants,
) -> Shown:
    """`transcript` None: the call has none, or its words are not the caller's to read."""
    heard = Heard((), {})
    if transcript:
        heard = hear(transcript, query, variants or variants_at(transcript, query, spans))
    answering = _joined(_named(call, query, variants), heard.spoken)
    missing = (
        term.typed
        for at, term in enumerate(query.terms)
        if at not in answering and not _rings(call, query, at)
    )
    return Shown(FoundCall(call, heard.moments, tuple(missing)), answering)


def correction(typed: str, query: Query, shown: Iterable[Shown]) -> str | None:
    """The query as it was answered, if nothing shown holds one of its words as typed; only words that were shown."""
    answering = [one.answering for one in shown]
    corrected = typed
    for at, term in enumerate(query.terms):
        said = sum((words.get(at, Counter()) for words in answering), Counter[str]())
        if other := _replacement(term, said):
            corrected = re.sub(rf"(?<!\w){re.escape(term.typed)}(?!\w)", other, corrected, count=1)
    return corrected if corrected != typed else None


def _replacement(term: Term, words: Counter[str]) -> str | None:
    if term.exact or any(fold(word).startswith(term.words[0]) for word in words):
        return None
    return max(words, key=lambda word: (words[word], word), default=None)


def _named(call: Call, query: Query, variants: Variants) -> Mapping[int, Counter[str]]:
    names = "\n".join(names_of(call))
    return mentions(names, query, variants or resembling(set(words(names)), query))


def _joined(*parts: Mapping[int, Counter[str]]) -> dict[int, Counter[str]]:
    return {
        at: sum((part.get(at, Counter()) for part in parts), Counter[str]()) for part in parts for at in part
    }


def _rings(call: Call, query: Query, term: int) -> bool:
    """Whether the term was typed as the end of the call's number."""
    number = significant(call.client.phone) if call.client and call.client.phone else ""
    return any(term in phone.terms and number.endswith(phone.digits) for phone in query.phones)
