"""Groups: what one is granted, its members hold."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from archive.policy.principal import Grant, Principal


class Member(Struct, frozen=True):
    """`provider`: the sign-in whose groups claim made them a member; '' where a person did."""

    principal: Principal
    provider: str
    added_at: datetime


class Claim(Struct, frozen=True):
    """A value of a provider's groups claim."""

    provider: str
    value: str


class Group(Struct, frozen=True):
    id: int
    uid: str
    name: str
    grants: tuple[Grant, ...]
    claims: tuple[Claim, ...]
    members: int
    disabled_at: datetime | None = None


class Groups(Protocol):
    """A disabled group gives nothing to anybody; its history stays."""

    async def add(self, name: str) -> Group:
        """Raises `Conflict` where the name is taken."""
        ...

    async def get(self, uid: str) -> Group | None: ...
    async def by_uids(self, uids: Collection[str]) -> list[Group]: ...
    async def by_name(self, name: str) -> Group | None: ...
    async def all(self, after: int = 0, limit: int | None = None) -> list[Group]:
        """Those in use, by rising id, those past `after`; all of them without a limit."""
        ...

    async def rename(self, id: int, name: str) -> None:
        """Raises `Conflict` where the name is taken."""
        ...

    async def disable(self, id: int) -> None: ...
    async def members(self, group_id: int) -> list[Member]: ...
    async def of(self, principal_id: int) -> list[Group]: ...
    async def add_member(self, group_id: int, member_id: int) -> bool:
        """By hand. False if they are one."""
        ...

    async def remove_member(self, group_id: int, member_id: int) -> bool:
        """By hand or by claim: whom a claim brought comes back at the next sign-in."""
        ...

    async def map_claim(self, group_id: int, claim: Claim) -> bool: ...
    async def unmap_claim(self, group_id: int, claim: Claim) -> bool:
        """Whoever is a member by this claim alone stops being one at their next sign-in."""
        ...

    async def claimed(
        self, principal_id: int, provider: str, values: Collection[str]
    ) -> tuple[set[str], set[str]]:
        """Make somebody's memberships by this provider exactly those that `values` map to; the public ids of the
        groups that they entered and left. `values` are kept, mapped or not: see `carries`."""
        ...

    async def carries(self, principal_id: int, claim: Claim) -> bool:
        """Whether somebody's last sign-in at the provider said this of them, and so a mapping would make them a
        member."""
        ...
