"""A parsed query as tantivy queries on one level: calls, or windows of calls."""

from collections.abc import Sequence

from msgspec import Struct
from tantivy import Occur, Query, Schema

from archive.adapters.tantivy.filters import all_of, among, any_of, but_not, of_filter, of_scope, of_speech
from archive.adapters.tantivy.vocabulary import Variant
from archive.calls import query as asked
from archive.calls.documents import phone_key
from archive.policy.scope import is_empty
from archive.ports import EngineQuery

_NAME = 2.0
"""A word in a name is worth more than the same word said."""
_PHONE = 12.0
"""The score of a telephone number's ending: about that of the rarest word."""


class Branch(Struct, frozen=True):
    """Calls whose `fields` may be searched. Branches share no call, so what one may not read it can't tell."""

    where: Query
    fields: tuple[tuple[str, float], ...]


class Level:
    """`variants[i]` belong to term i. Filters give no score."""

    def __init__(
        self,
        schema: Schema,
        query: EngineQuery,
        variants: Sequence[tuple[Variant, ...]],
        branches: Sequence[Branch],
    ) -> None:
        self._schema = schema
        self._asked = query.query
        self._filter = but_not(of_filter(schema, query.filter), among(schema, "call_id", query.owed))
        self._variants = variants
        self._branches = branches

    def matching(self, least: int) -> Query:
        """Calls or windows with at least `least` of the terms (quoted ones always), and nothing unwanted."""
        return any_of(*(self._in_branch(branch, least) for branch in self._branches))

    def _in_branch(self, branch: Branch, least: int) -> Query:
        terms = self._asked.terms
        quoted = [self._term(branch, i) for i, term in enumerate(terms) if term.exact]
        others = [self._term(branch, i) for i, term in enumerate(terms) if not term.exact]
        parts = [unscored(branch.where), unscored(self._filter), *quoted]
        if least >= len(terms):
            parts += others
        elif others:
            wanted = [(Occur.Should, other) for other in others]
            parts.append(Query.boolean_query(wanted, max(least - len(quoted), 0 if quoted else 1)))
        return but_not(all_of(*parts), *(self._plain(branch, term) for term in self._asked.without))

    def _term(self, branch: Branch, place: int) -> Query:
        """Term `place` in any of its variants, or as the end of a telephone number."""
        term = self._asked.terms[place]
        ways = [
            Query.boost_query(self._words(field, words), boost * weight)
            for field, boost in branch.fields
            for words, weight in self._spellings(term, place)
        ]
        for phone in self._asked.phones:
            if place in phone.terms:
                key = Query.term_query(self._schema, "phone_keys", phone_key(phone.digits))
                ways.append(Query.const_score_query(key, _PHONE))
        return Query.disjunction_max_query(ways)

    def _spellings(self, term: asked.Term, place: int) -> list[tuple[tuple[str, ...], float]]:
        if term.exact or len(term.words) > 1:
            return [(term.words, 1.0)]
        return [((variant.word,), variant.weight) for variant in self._variants[place]]

    def _plain(self, branch: Branch, term: asked.Term) -> Query:
        return any_of(*(self._words(field, term.words) for field, _ in branch.fields))

    def _words(self, field: str, words: tuple[str, ...]) -> Query:
        if len(words) == 1:
            return Query.term_query(self._schema, field, words[0])
        return Query.phrase_query(self._schema, field, list(words))


def unscored(query: Query) -> Query:
    return Query.const_score_query(query, 0.0)


def of_calls(schema: Schema, query: EngineQuery, variants: Sequence[tuple[Variant, ...]]) -> Level:
    """Where speech may be read, words match names and text; in the rest of `find`, names alone."""
    speech = of_speech(schema, query)
    branches = [Branch(speech, (("names", _NAME), ("text", 1.0)))]
    if not query.all_speech:
        branches.append(Branch(but_not(of_scope(schema, query.find), speech), (("names", _NAME),)))
    return Level(schema, query, variants, branches)


def of_windows(schema: Schema, query: EngineQuery, variants: Sequence[tuple[Variant, ...]]) -> Level:
    branches = [] if is_empty(query.speech) else [Branch(of_speech(schema, query), (("text", 1.0),))]
    return Level(schema, query, variants, branches)
