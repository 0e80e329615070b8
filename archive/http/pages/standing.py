"""What every page says of who reads it: how much waits for them, and whether they hear by emergency access."""

from datetime import UTC, datetime

from litestar.handlers import BaseRouteHandler
from msgspec import Struct

from archive.calls.caller import Caller
from archive.http.authenticate import Access
from archive.http.context import Connection, context_of
from archive.identity import glass
from archive.identity.tasks import Tasks, tasks

STATE = "standing"


class Standing(Struct, frozen=True):
    """`glass`: until when somebody hears by emergency access."""

    tasks: Tasks = Tasks()
    glass: datetime | None = None


ALONE = Standing()


async def look(connection: Connection, handler: BaseRouteHandler) -> None:
    """A guard of the application, after the one that says who asks; for pages alone."""
    caller: Caller | None = connection.scope["state"].get("caller")
    if caller is None or caller.origin.session is None or handler.opt.get("access") is not Access.OPEN:
        return
    taken = glass.in_force(caller.principal, datetime.now(UTC))
    connection.scope["state"][STATE] = Standing(
        await tasks(context_of(connection).parts, caller), taken.until if taken else None
    )


def standing_of(connection: Connection) -> Standing:
    found: Standing | None = connection.scope["state"].get(STATE)
    return found or ALONE
