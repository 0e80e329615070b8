"""The steps of a call's work, one conditional UPDATE each: whoever's finds the row has the work.

`held_until` is until when a call is somebody's work. Every step tests the state it leaves, so a step taken twice finds
no row the second time. Failing, holding and releasing test the try as well: a worker whose lease ran out can't do them
to the work of the one that came after it.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Update, case, update

from archive.adapters.db.call_rows import NO_FAILURE, changed_values, failure_values
from archive.adapters.db.tables import calls
from archive.calls.call import Call, Failure, State, check_transition
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


def failing(held: Call, failure: Failure, now: datetime) -> Update:
    step = _moving(held.id, held.state, State.FAILED, now, failure_values(failure))
    return step.where(calls.c.attempts == held.attempts)


def holding(held: Call, until: datetime) -> Update:
    """Until `until` the work is its worker's; a moment that has come ends the lease."""
    return _in(held.id, held.state).where(calls.c.attempts == held.attempts).values(held_until=until)


def _moving(id: int, old: State, new: State, now: datetime, values: dict[str, Any]) -> Update:
    check_transition(old, new)
    return _in(id, old).values(**values, state=new, attempts=0, held_until=now)


def _in(id: int, state: State) -> Update:
    return update(calls).where(calls.c.id == id, calls.c.state == state)
