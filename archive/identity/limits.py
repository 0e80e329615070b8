"""How often somebody may try, counted in the database, so that many processes and parallel requests share one count."""

import hashlib
from datetime import timedelta

from msgspec import Struct

from archive.ports import Parts

WINDOW = timedelta(minutes=15)


class Limit(Struct, frozen=True):
    """At most `tries` of one key in each window."""

    key: str
    tries: int


class Tries(Struct, frozen=True):
    """`first_over`: the one past a limit that is worth an event; a flood must not fill the log."""

    over: bool
    first_over: bool


def key(purpose: str, *of: str | None) -> str:
    """A key that holds no address and no name: it may outlive both."""
    text = "\0".join(part or "" for part in of)
    return f"{purpose}:{hashlib.sha256(text.encode()).hexdigest()}"


async def count(parts: Parts, *limits: Limit) -> Tries:
    """Count one try against each limit, before it is known how the try ends."""
    async with parts.database.write() as work:
        made = [(await work.credentials.count_try(limit.key, WINDOW), limit.tries) for limit in limits]
    over = [tries - allowed for tries, allowed in made if tries > allowed]
    return Tries(bool(over), over != [] and min(over) == 1)
