"""Who reaches a call: the grants that may are picked in SQL by what their scopes name, and asked one by one."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from msgspec import structs
from sqlalchemy import ColumnElement, Row, Text, null, or_, select, type_coerce, update

from archive.adapters.db.principals import live, not_over, owned
from archive.adapters.db.tables import grants, group_members, principals
from archive.adapters.db.unit import Unit
from archive.adapters.db.words import email_key
from archive.calls.call import Call
from archive.policy.decide import reach
from archive.policy.principal import Grant, PrincipalKind
from archive.policy.scope import PLACES, CallIds, contains
from archive.ports import Held, Who

_WHO = [principals.c[name] for name in ("id", "uid", "kind", "name", "email", "email_key")]
_EVERYWHERE = ("AllCalls", "OwnCalls")
"""Scopes whose JSON names no id: of the second, each holder's agents are known only once it is read."""


class SqlReaching:
    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def of_call(self, call: Call, now: datetime) -> list[Held]:
        rows = await self._unit.all(_candidates(call, now))
        holders = await self._holders({row.principal_id for row in rows})
        members = await self._members([one.id for one in holders.values() if one.kind is PrincipalKind.GROUP])
        found = [_held(row, call, holders.get(row.principal_id), members) for row in rows]
        return [held for held in found if held is not None]

    async def by_name(self, call_id: int, now: datetime) -> list[tuple[str, Grant]]:
        scope = type_coerce(grants.c.scope, Text)
        query = (
            select(grants, null().label("group"), principals.c.uid.label("holder"))
            .join(principals, principals.c.id == grants.c.principal_id)
            .where(*not_over(now), scope.contains('"CallIds"'), or_(*_holding_id(call_id)))
            .order_by(grants.c.id)
        )
        rows = [row for row in await self._unit.all(query) if isinstance(row.scope, CallIds)]
        return [(row.holder, _made(row)) for row in rows if call_id in row.scope.ids]

    async def narrow(self, grant: Grant, scope: CallIds) -> None:
        await self._unit.run(update(grants).where(grants.c.id == grant.id).values(scope=scope))

    async def _holders(self, ids: Collection[int]) -> dict[int, Row[Any]]:
        query = select(*_WHO).where(principals.c.id.in_(ids), principals.c.disabled_at.is_(None))
        return {row.id: row for row in await self._unit.all(query)} if ids else {}

    async def _members(self, groups: Collection[int]) -> dict[int, list[Row[Any]]]:
        query = (
            select(group_members.c.group_id, *_WHO)
            .join(principals, principals.c.id == group_members.c.member_id)
            .where(group_members.c.group_id.in_(groups), group_members.c.left_at.is_(None))
            .where(principals.c.disabled_at.is_(None))
            .order_by(principals.c.id)
            .distinct()
        )
        found: dict[int, list[Row[Any]]] = {}
        for row in await self._unit.all(query) if groups else ():
            found.setdefault(row.group_id, []).append(row)
        return found


def _candidates(call: Call, now: datetime) -> Any:
    named = or_(*_naming(call))
    query = select(grants, null().label("group")).where(*live(now), named)
    return query.order_by(grants.c.id)


def _naming(call: Call) -> Iterator[ColumnElement[bool]]:
    """More than reach the call: a team's id may be a partner's too."""
    scope = type_coerce(grants.c.scope, Text)
    for kind in _EVERYWHERE:
        yield scope.contains(f'"{kind}"')
    ids = {getattr(call, place) for place in PLACES.values()} - {None}
    for one in sorted(ids):
        yield from _holding_id(one)


def _holding_id(id: int) -> Iterator[ColumnElement[bool]]:
    """Where a scope's JSON may list the id, whatever of."""
    scope = type_coerce(grants.c.scope, Text)
    for before, after in ((b, a) for b in "[," for a in "],"):
        yield scope.contains(f"{before}{id}{after}")


def _held(
    row: Row[Any], call: Call, holder: Row[Any] | None, members: dict[int, list[Row[Any]]]
) -> Held | None:
    if holder is None:
        return None
    if holder.kind is not PrincipalKind.GROUP:
        return Held(_who(holder), _grant(row, call, holder)) if _reaches(row, call, holder) else None
    belonging = members.get(holder.id, [])
    reaching = tuple(_who(one) for one in belonging if _reaches(row, call, one))
    if reaching or (not belonging and _reaches(row, call, holder)):
        return Held(_who(holder), _grant(row, call, holder), reaching)
    return None


def _reaches(row: Row[Any], call: Call, holder: Row[Any]) -> bool:
    return contains(reach(_grant(row, call, holder)), call)


def _grant(row: Row[Any], call: Call, holder: Row[Any]) -> Grant:
    """With this call's agent as the holder's own, if it carries their e-mail."""
    agent = call.agent
    own = agent is not None and agent.email and email_key(agent.email) == holder.email_key
    agents = frozenset({agent.id} if own and agent else ())
    return structs.replace(_made(row), scope=owned(row.scope, agents))


def _made(row: Row[Any]) -> Grant:
    return Grant(**{name: getattr(row, name) for name in Grant.__struct_fields__})


def _who(row: Row[Any]) -> Who:
    return Who(row.uid, row.kind, row.name, row.email)
