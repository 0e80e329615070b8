"""Finding a call: scope and query to the engine, hits back through the database, the event, and only then the words.

What was said is searched, counted and shown within `speech_scope` alone, and there not on calls of which the caller
must say why first; elsewhere in the scope of `find`, metadata.
"""

from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct, structs

from archive.calls.asked import Ask, Found, mismatch, performed, public_ids
from archive.calls.call import WORKING, Call
from archive.calls.caller import Caller
from archive.calls.facets import Facets, named_facets
from archive.calls.filters import CallFilter
from archive.calls.grounds import told, unspoken, withheld
from archive.calls.query import MAX_TYPED, Query, parse
from archive.calls.showing import FoundCall, Shown, correction, show
from archive.calls.transcript import Transcript, clean
from archive.errors import Invalid, Unavailable
from archive.policy.actions import Action
from archive.policy.decide import resolve_scope, speech_scope
from archive.policy.scope import AllCalls, Scope, contains
from archive.ports import EngineAnswer, EngineQuery, MetadataQuery, Parts, Suggestion, Withheld

__all__ = ["Ask", "Found", "FoundCall", "search", "suggest"]

MAX_LIMIT = 100
SUGGESTIONS = 10
MOST_OWED = 1_000
"""So many calls of which the index may be behind an engine is told to leave out."""


class _Search(Struct, frozen=True):
    """One search under way. `indexing`: calls in scope whose words can't be found yet. `owed`: calls of which the index
    may be behind. `withheld`, `told`: as an engine is asked."""

    caller: Caller
    ask: Ask
    query: Query
    find: Scope
    speech: Scope
    indexing: int
    owed: frozenset[int]
    withheld: tuple[Withheld, ...]
    told: frozenset[int]

    @property
    def far_behind(self) -> bool:
        """So much is owed that an engine's counts can't be told: they may be of calls that left the scope."""
        return len(self.owed) > MOST_OWED


async def search(parts: Parts, caller: Caller, ask: Ask) -> Found:
    """An empty query lists calls, newest first. The event is committed before any result leaves.

    Raises `Invalid` for a filter by state: an index would answer with old ones."""
    if ask.filter.states:
        raise Invalid("A search can't be narrowed by state; list the calls instead.", field="state")
    under_way = await _begin(parts, caller, _tidied(ask))
    try:
        answer = await parts.index.search(_engine_query(under_way))
    except Unavailable as error:
        found = await _by_metadata(parts, under_way, error)
    else:
        found = await _recheck(parts, under_way, answer)
    async with parts.database.write() as work:
        ids = await public_ids(work.names, ask.filter)
        await work.audit.append(performed(caller, under_way.ask, found, ids))
    return found


async def suggest(parts: Parts, caller: Caller, prefix: str) -> list[Suggestion]:
    """Partners, clients, agents, teams, labels and numbers of calls that the caller may find: never words of speech."""
    prefix = clean(prefix[:MAX_TYPED])
    if not prefix:
        return []
    async with parts.database.read() as work:
        scope = resolve_scope(caller.principal, Action.FIND, await work.now())
        return await work.calls.suggest(prefix, scope, SUGGESTIONS)


def _tidied(ask: Ask) -> Ask:
    limit = max(min(ask.limit, MAX_LIMIT), 0)
    return structs.replace(ask, q=clean(ask.q[:MAX_TYPED]), offset=max(ask.offset, 0), limit=limit)


async def _begin(parts: Parts, caller: Caller, ask: Ask) -> _Search:
    async with parts.database.read() as work:
        now = await work.now()
        find = resolve_scope(caller.principal, Action.FIND, now)
        indexing = await work.calls.count(find, CallFilter(states=frozenset(WORKING)))
        owed = await work.index_debts.calls(MOST_OWED + 1)
        speech = speech_scope(caller.principal, now)
        silent = await withheld(work, caller)
        spoken = await told(work, caller, speech) if silent else frozenset[int]()
    return _Search(caller, ask, parse(ask.q), find, speech, indexing, owed, silent, spoken)


def _engine_query(under_way: _Search) -> EngineQuery:
    """Where counts can't be told, one hit more than asked for tells whether there is a next page."""
    return EngineQuery(
        query=under_way.query,
        filter=under_way.ask.filter,
        find=under_way.find,
        speech=under_way.speech,
        sort=under_way.ask.sort,
        offset=under_way.ask.offset,
        limit=under_way.ask.limit + under_way.far_behind,
        owed=under_way.owed,
        withheld=under_way.withheld,
        told=under_way.told,
    )


async def _recheck(parts: Parts, under_way: _Search, answer: EngineAnswer) -> Found:
    """The hits that the database still holds in the scope, with moments where their words may be read."""
    async with parts.database.read() as work:
        calls = await work.calls.select([hit.call_id for hit in answer.hits], under_way.find)
        readable = _readable(under_way, calls)
        silent = await unspoken(work, under_way.caller, readable)
        transcripts = await work.transcripts.latest_of([call for call in readable if call.id not in silent])
        shown = _shown(under_way, answer, calls, transcripts, silent)
        kept = {one.found.call.id for one in shown}
        dropped = [hit.call_id for hit in answer.hits if hit.call_id not in kept]
        told = not dropped and not under_way.far_behind
        facets = await named_facets(work.names, answer.counts) if told else Facets()
    if dropped:
        await _report(parts, under_way.caller, dropped)
    page = shown[: under_way.ask.limit]
    first_page = under_way.ask.offset == 0
    return Found(
        items=tuple(one.found for one in page),
        total=_total(under_way, answer, shown, dropped),
        facets=facets,
        corrected=correction(under_way.ask.q, under_way.query, page) if first_page else None,
        indexing=under_way.indexing,
    )


def _total(under_way: _Search, answer: EngineAnswer, shown: Sequence[Shown], dropped: Sequence[int]) -> int:
    if under_way.far_behind:
        return under_way.ask.offset + len(shown)
    return max(answer.total - len(dropped), len(shown))


def _readable(under_way: _Search, calls: Mapping[int, Call]) -> list[Call]:
    if not under_way.query.terms:
        return []
    return [call for call in calls.values() if contains(under_way.speech, call)]


def _shown(
    under_way: _Search,
    answer: EngineAnswer,
    calls: Mapping[int, Call],
    transcripts: Mapping[int, Transcript],
    silent: Collection[int],
) -> list[Shown]:
    shown = [
        show(calls[hit.call_id], transcripts.get(hit.call_id), under_way.query, hit.spans, answer.variants)
        for hit in answer.hits
        if hit.call_id in calls
    ]
    return [_unspoken(one, silent) for one in shown if _may_tell(under_way, one.found, silent)]


def _may_tell(under_way: _Search, found: FoundCall, silent: Collection[int]) -> bool:
    """A call whose words left the caller's scope since it was indexed, or of which they must say why since, may not be
    found by them any more."""
    held = len(found.missing) < len(under_way.query.terms)
    readable = contains(under_way.speech, found.call) and found.call.id not in silent
    return held or not under_way.query.terms or readable


def _unspoken(shown: Shown, silent: Collection[int]) -> Shown:
    """Nobody looked whether the words that its names lack were said."""
    if shown.found.call.id not in silent:
        return shown
    return structs.replace(shown, found=structs.replace(shown.found, missing=(), unspoken=True))


async def _report(parts: Parts, caller: Caller, dropped: Sequence[int]) -> None:
    async with parts.database.write() as work:
        there = await work.calls.select(dropped, AllCalls())
        await work.audit.append(mismatch(caller, list(there.values()), len(dropped) - len(there)))


async def _by_metadata(parts: Parts, under_way: _Search, error: Unavailable) -> Found:
    """What the database alone can answer."""
    ask = under_way.ask
    query = MetadataQuery(
        words=[term.typed for term in under_way.query.terms],
        without=[term.typed for term in under_way.query.without],
        filter=ask.filter,
        sort=ask.sort,
    )
    async with parts.database.read() as work:
        calls, total = await work.calls.by_metadata(query, under_way.find, offset=ask.offset, limit=ask.limit)
    return Found(
        items=tuple(FoundCall(call) for call in calls),
        total=total,
        degraded=f"What was said can't be searched just now: the {error.component} is away. "
        "These calls match by names, labels, notes and numbers.",
        indexing=under_way.indexing,
    )
