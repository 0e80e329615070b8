"""The steps of a call's work, one conditional UPDATE each: whoever's finds the row has the work.

`held_until` is until when a call is somebody's work. Every step tests the state it leaves, so a step taken twice, or
by a worker whose lease ran out, finds no row the second time.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Update, case, update

from archive.adapters.db.call_rows import NO_FAILURE, changed_values, failure_values
from archive.adapters.db.tables import calls
from archive.calls.call import Failure, State, check_transition
from archive.ports import CallChanges


def claiming(id: int, states: Collection[State], to: State, now: datetime, lease: timedelta) -> Update:
    """Only a call that nobody holds can be claimed; in `to` already, it is the next try of the same work."""
    for state in states:
        if state is not to:
            check_transition(state, to)
    return (
        update(calls)
        .where(calls.c.id == id, calls.c.state.in_({*states, to}), calls.c.held_until <= now)
        .values(
            state=to,
            attempts=case((calls.c.state == to, calls.c.attempts + 1), else_=1),
            held_until=now + lease,
        )
    )


def advancing(id: int, old: State, new: State, now: datetime, changes: CallChanges | None) -> Update:
    values = {**NO_FAILURE, **(changed_values(changes) if changes else {})}
    return _moving(id, old, new, now, values)


def failing(id: int, old: State, failure: Failure, now: datetime) -> Update:
    return _moving(id, old, State.FAILED, now, failure_values(failure))


def holding(id: int, state: State, until: datetime) -> Update:
    """Until `until` the work is its worker's; a moment that has come ends the lease."""
    return _in(id, state).values(held_until=until)


def _moving(id: int, old: State, new: State, now: datetime, values: dict[str, Any]) -> Update:
    check_transition(old, new)
    return _in(id, old).values(**values, state=new, attempts=0, held_until=now)


def _in(id: int, state: State) -> Update:
    return update(calls).where(calls.c.id == id, calls.c.state == state)
