"""A scope as SQL: the second of its three compilations (the first is `archive.policy.scope.contains`)."""

from sqlalchemy import ColumnElement, FromClause, and_, false, not_, or_, true

from archive.adapters.db.tables import calls
from archive.policy.scope import (
    PLACES,
    AllCalls,
    CallIds,
    Client,
    Intersection,
    Nothing,
    OwnCalls,
    Partner,
    Scope,
    Team,
    Union,
    Unsealed,
)


def within(scope: Scope, table: FromClause = calls) -> ColumnElement[bool]:
    """Whether a row of `table` (the calls, or an alias of them) lies in the scope. Nothing becomes FALSE.

    A call without a partner is in no partner's scope: there SQL says NULL, which counts as FALSE as long as no
    condition negates it. None does: `Unsealed` negates only `sealed`, which is never NULL.
    """
    match scope:
        case AllCalls():
            return true()
        case Nothing():
            return false()
        case Partner(ids) | Team(ids) | Client(ids) | OwnCalls(ids) | CallIds(ids):
            return _one_of(table.c[PLACES[type(scope)]], ids)
        case Union(parts):
            return or_(false(), *(within(part, table) for part in parts))
        case Intersection(parts):
            return and_(true(), *(within(part, table) for part in parts)) if parts else false()
        case Unsealed(inner):
            return and_(not_(table.c.sealed), within(inner, table))


def _one_of(column: ColumnElement[int], ids: frozenset[int]) -> ColumnElement[bool]:
    return column.in_(sorted(ids)) if ids else false()
