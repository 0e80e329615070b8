"""Who reaches a call, and by which grant."""

from datetime import datetime
from typing import Protocol

from msgspec import Struct

from archive.calls.call import Call
from archive.policy.principal import Grant, PrincipalKind
from archive.policy.scope import CallIds


class Who(Struct, frozen=True):
    uid: str
    kind: PrincipalKind
    name: str
    email: str | None


class Held(Struct, frozen=True):
    """A grant that reaches a call, by whom it was given to. `members`: of a group, those who reach it by this."""

    holder: Who
    grant: Grant
    members: tuple[Who, ...] = ()


class Reaching(Protocol):
    async def of_call(self, call: Call, now: datetime) -> list[Held]:
        """In force at `now`, of those who are not disabled, by rising id of the grant; a group's for all of its members
        at once, and without any of them if nobody belongs to it."""
        ...

    async def by_name(self, call_id: int, now: datetime) -> list[tuple[str, Grant]]:
        """The grants of calls by name, this one among them, that are not over at `now`, with their holder's public id:
        those of the disabled, and those still to begin, too. By rising id."""
        ...

    async def narrow(self, grant: Grant, scope: CallIds) -> None:
        """Leave a grant of calls by name fewer of them."""
        ...
