"""Programs: what is registered of them, and what people let them do."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct

from archive.policy.actions import Action


class Registration(Struct, frozen=True, kw_only=True):
    """A program. `actions`: what it may ask people to let it do for them, and no more; what it was granted for itself
    stands in its grants. `public`: it can't keep a secret, so it has none, and does nothing for itself."""

    principal_id: int
    client_id: str
    name: str
    purpose: str | None = None
    redirect_uris: tuple[str, ...] = ()
    actions: frozenset[Action] = frozenset()
    public: bool = False
    requests_a_minute: int | None = None
    used_at: datetime | None = None
    disabled_at: datetime | None = None
    revision: int = 0


class Registrations(Protocol):
    """Every integration has one, though nothing be written of it."""

    async def get(self, client_id: str) -> Registration | None: ...
    async def of(self, principal_ids: Collection[int]) -> Mapping[int, Registration]: ...
    async def change(self, registration: Registration) -> bool:
        """Write all of it but `used_at` and `disabled_at`; False if its revision is another by now."""
        ...

    async def touch(self, principal_id: int) -> None:
        """It is used now."""
        ...


class Authorization(Struct, frozen=True, kw_only=True):
    """What a person lets a program do. It ends at `expires_at` at the latest."""

    id: int
    uid: str
    principal_id: int
    client: str
    actions: frozenset[Action]
    created_at: datetime
    used_at: datetime | None
    expires_at: datetime
    ended_at: datetime | None = None

    def in_force(self, now: datetime) -> bool:
        return self.ended_at is None and now < self.expires_at


class Code(Struct, frozen=True):
    """An authorization code (RFC 6749, 4.1). `challenge` is S256 (RFC 7636)."""

    authorization: Authorization
    redirect_uri: str
    challenge: str
    expires_at: datetime
    used_at: datetime | None


class RefreshToken(Struct, frozen=True):
    authorization: Authorization
    expires_at: datetime
    used_at: datetime | None


class Authorizations(Protocol):
    """Codes and tokens are known by their hashes, which come with the authorization that they belong to."""

    async def add(
        self, principal_id: int, client: str, actions: frozenset[Action], lifetime: timedelta
    ) -> Authorization:
        """The person's others that ended, or are past their end, go on this occasion."""
        ...

    async def get(self, uid: str) -> Authorization | None: ...
    async def of(self, principal_id: int) -> list[Authorization]:
        """Those of a person that have a refresh token which could still be used, newest first."""
        ...

    async def end(self, uid: str) -> bool:
        """False if it had ended. Its codes and tokens end with this commit, those given out meanwhile included."""
        ...

    async def end_all(self, principal_id: int) -> list[str]:
        """Those of a person, as `end`; the public ids of those that had not ended."""
        ...

    async def touch(self, uid: str) -> None:
        """It is used now."""
        ...

    async def add_code(
        self, hash: bytes, authorization_id: int, redirect_uri: str, challenge: str, expires_at: datetime
    ) -> None: ...
    async def code(self, hash: bytes) -> Code | None: ...
    async def use_code(self, hash: bytes) -> bool:
        """True for exactly one caller, however many try at once. So below."""
        ...

    async def add_refresh_token(self, hash: bytes, authorization_id: int, expires_at: datetime) -> None:
        """The authorization's others that are past their end go on this occasion."""
        ...

    async def refresh_token(self, hash: bytes) -> RefreshToken | None: ...
    async def use_refresh_token(self, hash: bytes) -> bool: ...
