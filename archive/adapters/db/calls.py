"""Calls. `readable` is the one way to them: no other module of this package selects from `calls`."""

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from msgspec import UNSET
from sqlalchemy import Select, Update, and_, func, insert, literal, select, tuple_, union_all, update
from sqlalchemy import delete as deleting

from archive.adapters.db import call_steps
from archive.adapters.db.call_filter import conditions, holds, lacks
from archive.adapters.db.call_rows import call_from, changed_values, new_values
from archive.adapters.db.scope import within
from archive.adapters.db.suggestions import suggesting
from archive.adapters.db.tables import agents, analyses, call_labels, calls, clients, partners, teams
from archive.adapters.db.unit import Unit
from archive.adapters.db.words import key, words
from archive.calls.call import WORKING, Call, Failure, State
from archive.calls.filters import CallFilter, Sort
from archive.calls.sound import Analysis
from archive.errors import Conflict
from archive.policy.scope import AllCalls, Scope
from archive.ports import CallChanges, Due, MetadataQuery, NewCall, PageMark, Suggestion

T = TypeVar("T")

UNHELD = timedelta(seconds=10)
"""So long a call may be nobody's before it counts as dropped: its ring may still be on the way."""

_MANY = 1_000  # ids or names in one statement
_COUNTED = 25  # scopes in one statement: each may list hundreds of ids
_BLOBS = (calls.c.blob, calls.c.rendition_blob, calls.c.waveform_blob)
_first = calls.alias("first_call")  # the call with the same bytes that came before


def readable(scope: Scope) -> Select[Any]:
    """The calls of a scope, with the names that a call shows. That a call is a duplicate shows only where the first
    one is in the scope too."""
    return (
        select(
            calls,
            *_shown("partner", partners),
            *_shown("client", clients),
            *_shown("agent", agents),
            *_shown("team", teams),
            clients.c.external_id.label("client_external_id"),
            agents.c.email.label("agent_email"),
            _first.c.uid.label("duplicate_uid"),
        )
        .select_from(calls)
        .outerjoin(partners, partners.c.id == calls.c.partner_id)
        .outerjoin(clients, clients.c.id == calls.c.client_id)
        .outerjoin(agents, agents.c.id == calls.c.agent_id)
        .outerjoin(teams, teams.c.id == calls.c.team_id)
        .outerjoin(_first, and_(_first.c.id == calls.c.duplicate_of, within(scope, _first)))
        .where(within(scope))
    )


def _shown(name: str, table: Any) -> tuple[Any, Any]:
    return table.c.uid.label(f"{name}_uid"), table.c.name.label(f"{name}_name")


def newest_first(query: Select[Any]) -> Select[Any]:
    return query.order_by(calls.c.started_at.desc(), calls.c.id.desc())


def oldest_first(query: Select[Any]) -> Select[Any]:
    return query.order_by(calls.c.started_at, calls.c.id)


class SqlCalls:
    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    # ---- within a scope ----

    async def get(self, uid: str, scope: Scope) -> Call | None:
        return await self._one(readable(scope).where(calls.c.uid == uid))

    async def select(self, ids: Collection[int], scope: Scope) -> dict[int, Call]:
        found = [await self._all(readable(scope).where(calls.c.id.in_(some))) for some in _portions(ids)]
        return {call.id: call for portion in found for call in portion}

    async def by_uids(self, uids: Collection[str], scope: Scope) -> dict[str, Call]:
        found = [await self._all(readable(scope).where(calls.c.uid.in_(some))) for some in _portions(uids)]
        return {call.uid: call for portion in found for call in portion}

    async def page(
        self, scope: Scope, filter: CallFilter, *, after: PageMark | None = None, limit: int = 50
    ) -> list[Call]:
        query = newest_first(readable(scope)).where(*conditions(filter)).limit(limit)
        if after is not None:
            query = query.where(tuple_(calls.c.started_at, calls.c.id) < (after.started_at, after.id))
        return await self._all(query)

    async def count(self, scope: Scope, filter: CallFilter) -> int:
        return await self._count(readable(scope).where(*conditions(filter)))

    async def counts(self, scopes: Sequence[Scope]) -> list[int]:
        numbers: list[int] = []
        for start in range(0, len(scopes), _COUNTED):
            some = enumerate(scopes[start : start + _COUNTED])
            each = [_numbering(readable(scope), place) for place, scope in some]
            rows = await self._unit.all(union_all(*each).order_by("place"))
            numbers += [int(row.number) for row in rows]
        return numbers

    async def by_metadata(
        self, query: MetadataQuery, scope: Scope, *, offset: int, limit: int
    ) -> tuple[list[Call], int]:
        wanted = (holds(word) for word in query.words)
        unwanted = (lacks(word) for word in query.without)
        found = readable(scope).where(*conditions(query.filter), *wanted, *unwanted)
        in_order = oldest_first(found) if query.sort is Sort.OLDEST else newest_first(found)
        return await self._all(in_order.offset(offset).limit(limit)), await self._count(found)

    async def suggest(self, prefix: str, scope: Scope, limit: int) -> list[Suggestion]:
        found: list[Suggestion] = []
        for kind, query in suggesting(readable(scope), prefix):
            rows = await self._unit.all(query.limit(limit))
            found += [Suggestion(kind, row.text, row.uid) for row in rows]
        found.sort(key=lambda suggestion: not key(suggestion.text).startswith(key(prefix)))
        return found[:limit]

    # ---- coming and going ----

    async def add(self, call: NewCall) -> Call:
        insert = self._unit.insert(calls).values(**new_values(call), held_until=await self._unit.now())
        added = await self._unit.value(insert.on_conflict_do_nothing().returning(calls.c.id))
        if added is None:
            raise Conflict(f"external_id {call.external_id} is taken.", field="external_id")
        await self._label(added, call.labels)
        return await self._call(added)

    async def same_upload(self, registration_id: int, source: str | None, external_id: str) -> Call | None:
        return await self._one(
            readable(AllCalls()).where(
                calls.c.registration_id == registration_id,
                calls.c.source == (source or ""),
                calls.c.external_id == external_id,
            )
        )

    async def first_with_bytes(self, sha256: str) -> int | None:
        first: int | None = await self._unit.value(
            select(func.min(calls.c.id)).where(calls.c.sha256 == sha256)
        )
        return first

    async def edit(self, id: int, revision: int | None, changes: CallChanges) -> Call | None:
        change = update(calls).where(calls.c.id == id)
        if revision is not None:
            change = change.where(calls.c.revision == revision)
        values = {**changed_values(changes), "revision": calls.c.revision + 1}
        return await self._step(id, change.values(values), changes)

    async def delete(self, id: int) -> list[str]:
        row = await self._unit.first(deleting(calls).where(calls.c.id == id).returning(*_BLOBS))
        names = {name for name in row or () if name is not None}
        return sorted(names - await self.named_blobs(names))

    # ---- the call's work ----

    async def claim(self, id: int, states: Collection[State], to: State, lease: timedelta) -> Call | None:
        return await self._step(id, call_steps.claiming(id, states, to, await self._unit.now(), lease))

    async def advance(
        self, id: int, old: State, new: State, changes: CallChanges | None = None
    ) -> Call | None:
        step = call_steps.advancing(id, old, new, await self._unit.now(), changes)
        return await self._step(id, step, changes)

    async def fail(self, held: Call, failure: Failure) -> Call | None:
        return await self._step(held.id, call_steps.failing(held, failure, await self._unit.now()))

    async def hold(self, held: Call, lease: timedelta) -> bool:
        return await self._unit.changed(call_steps.holding(held, await self._unit.now() + lease))

    async def release(self, held: Call, after: timedelta = timedelta(0)) -> None:
        await self._unit.run(call_steps.holding(held, await self._unit.now() + after))

    async def due(self, limit: int) -> list[Due]:
        free_since = await self._unit.now() - UNHELD
        query = (
            select(calls.c.id, calls.c.state)
            .where(calls.c.state.in_(WORKING), calls.c.held_until <= free_since)
            .order_by(calls.c.held_until, calls.c.id)
            .limit(limit)
        )
        return [Due(row.id, row.state) for row in await self._unit.all(query)]

    # ---- the archive's own housekeeping ----

    async def analysis(self, call: Call) -> Analysis | None:
        query = select(analyses.c.analysis).where(analyses.c.call_id == call.id)
        found: Analysis | None = await self._unit.value(query)
        return found

    async def by_state(self) -> dict[State, int]:
        query = select(calls.c.state, func.count().label("calls")).group_by(calls.c.state)
        return {row.state: row.calls for row in await self._unit.all(query)}

    async def failed(self, limit: int) -> list[Call]:
        query = readable(AllCalls()).where(calls.c.state == State.FAILED)
        return await self._all(newest_first(query).limit(limit))

    async def ids(self, after: int, limit: int) -> list[int]:
        query = select(calls.c.id).where(calls.c.id > after).order_by(calls.c.id).limit(limit)
        return list(await self._unit.values(query))

    async def named_blobs(self, names: Collection[str]) -> set[str]:
        found: set[str] = set()
        for some in _portions(names):
            found.update(await self._unit.values(union_all(*(select(c).where(c.in_(some)) for c in _BLOBS))))
        return found

    # ---- rows ----

    async def _step(self, id: int, step: Update, changes: CallChanges | None = None) -> Call | None:
        """Take a step that changes one call; None if it found no row."""
        if not await self._unit.changed(step):
            return None
        if changes and changes.labels is not UNSET:
            await self._unit.run(deleting(call_labels).where(call_labels.c.call_id == id))
            await self._label(id, changes.labels)
        if changes and changes.analysis is not UNSET:
            await self._analyse(id, changes.analysis)
        return await self._call(id)

    async def _label(self, id: int, labels: Collection[str]) -> None:
        rows = [
            {"call_id": id, "place": place, "label": label, "words": words(label)}
            for place, label in enumerate(dict.fromkeys(labels))
        ]
        if rows:
            await self._unit.run(insert(call_labels), rows)

    async def _analyse(self, id: int, analysis: Analysis) -> None:
        values = {"analysis": analysis}
        insert = self._unit.insert(analyses).values(call_id=id, **values)
        await self._unit.run(insert.on_conflict_do_update(index_elements=["call_id"], set_=values))

    async def _call(self, id: int) -> Call:
        (call,) = await self._all(readable(AllCalls()).where(calls.c.id == id))
        return call

    async def _one(self, query: Select[Any]) -> Call | None:
        return next(iter(await self._all(query)), None)

    async def _count(self, query: Select[Any]) -> int:
        return int(
            await self._unit.value(
                select(func.count()).select_from(query.with_only_columns(calls.c.id).subquery())
            )
        )

    async def _all(self, query: Select[Any]) -> list[Call]:
        rows = await self._unit.all(query)
        labels = await self._labels([row.id for row in rows])
        return [call_from(row, tuple(labels[row.id])) for row in rows]

    async def _labels(self, ids: Sequence[int]) -> dict[int, list[str]]:
        """By call, in the order in which they were given."""
        labels: dict[int, list[str]] = {call_id: [] for call_id in ids}
        for some in _portions(ids):
            query = select(call_labels).where(call_labels.c.call_id.in_(some)).order_by(call_labels.c.place)
            for row in await self._unit.all(query):
                labels[row.call_id].append(row.label)
        return labels


def _numbering(query: Select[Any], place: int) -> Select[int, int]:
    return query.with_only_columns(literal(place).label("place"), func.count().label("number"))


def _portions(values: Collection[T]) -> Iterator[list[T]]:
    """The values, in lists short enough for one statement."""
    ordered = list(values)
    return (ordered[start : start + _MANY] for start in range(0, len(ordered), _MANY))
