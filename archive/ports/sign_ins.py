"""How people prove who they are beside a password: a company's sign-in, one-time codes, recovery codes."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from msgspec import Struct


class Identity(Struct, frozen=True):
    """Whom a provider says somebody is. `subject` means nothing without its issuer."""

    issuer: str
    subject: str
    linked_at: datetime


class Authenticator(Struct, frozen=True):
    """`secret` in base 32. `confirmed_at` None: a first code is still to come. `step`: the last one used."""

    secret: str
    confirmed_at: datetime | None
    step: int


class SignIns(Protocol):
    async def linked(self, issuer: str, subject: str) -> int | None:
        """The principal's id."""
        ...

    async def link(self, principal_id: int, issuer: str, subject: str) -> bool:
        """False where that identity is somebody's already."""
        ...

    async def identities(self, principal_id: int) -> list[Identity]:
        """Oldest first."""
        ...

    async def authenticator(self, principal_id: int) -> Authenticator | None: ...
    async def set_authenticator(self, principal_id: int, secret: str) -> None:
        """A new one, to be confirmed, in place of any before."""
        ...

    async def confirm_authenticator(self, principal_id: int) -> None: ...
    async def use_step(self, principal_id: int, step: int) -> bool:
        """True for exactly one caller, however many try at once, and never again for it or an earlier one."""
        ...

    async def drop_authenticator(self, principal_id: int) -> None:
        """And the recovery codes, which stand in for it."""
        ...

    async def set_recovery_codes(self, principal_id: int, hashes: Collection[bytes]) -> None:
        """In place of those before, used or not."""
        ...

    async def use_recovery_code(self, principal_id: int, hash: bytes) -> bool:
        """True for exactly one caller, however many try at once."""
        ...

    async def recovery_codes(self, principal_id: int) -> int:
        """How many are unused."""
        ...
