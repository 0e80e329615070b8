"""Who reaches a call, and by which grant."""

from datetime import datetime
from typing import Protocol

from msgspec import Struct

from archive.calls.call import Call
from archive.policy.principal import Grant, PrincipalKind


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
