"""What one listened to oneself, newest first. A call that one may no longer see is told by nothing but the listen."""

from archive.calls.call import Call
from archive.calls.caller import Caller
from archive.policy.actions import Action
from archive.policy.decide import resolve_scope
from archive.policy.scope import union
from archive.ports import Listen, Parts

MyListen = tuple[Listen, Call | None]


async def my_listens(parts: Parts, caller: Caller, before: int | None, limit: int) -> list[MyListen]:
    """Those whose id is less than `before`; each with its call, where the caller may see it now."""
    async with parts.database.read() as work:
        now = await work.now()
        found = await work.listens.of_principal(caller.principal, before=before, limit=limit)
        scopes = (resolve_scope(caller.principal, action, now) for action in (Action.READ_CALL, Action.FIND))
        calls = await work.calls.select({one.call_id for one in found}, union(scopes))
    return [(one, calls.get(one.call_id)) for one in found]
