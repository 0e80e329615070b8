"""Who may come in: principals, their grants and their credentials."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct

from archive.policy.actions import Action, Role
from archive.policy.principal import Basis, Grant, Principal
from archive.policy.scope import Scope


class NewGrant(Struct, frozen=True, kw_only=True):
    """A grant about to be written. `scope` holds no `OwnCalls` ids: those are filled in whenever it is read."""

    scope: Scope
    role: Role | None
    actions: frozenset[Action]
    since: datetime
    until: datetime | None
    reason: str
    granted_by: str
    basis: Basis = Basis.GIVEN


class GrantFilter(Struct, frozen=True, kw_only=True):
    """`uids`: these alone; `holder` is a public id; `concerning` one of who holds or gave it; `in_force`: at this
    moment, neither ended, revoked nor still to begin."""

    uids: frozenset[str] | None = None
    holder: str | None = None
    concerning: str | None = None
    in_force: datetime | None = None


class Known(Struct, frozen=True):
    """Whom an e-mail means, as sign-in looks it up: with one statement, whatever they hold, and whether they are known
    or not."""

    id: int
    uid: str
    disabled_at: datetime | None


class Principals(Protocol):
    """Principals come with all that they were ever granted, their groups that are in use included, and their own
    calls' agents filled in."""

    async def get(self, uid: str) -> Principal | None: ...
    async def by_id(self, id: int) -> Principal | None: ...
    async def acting(self, id: int, now: datetime) -> Principal | None:
        """Whoever makes a request, without the grants that are over at `now`: however many there were."""
        ...

    async def by_ids(self, ids: Collection[int]) -> list[Principal]:
        """By rising id."""
        ...

    async def by_uids(self, uids: Collection[str]) -> list[Principal]: ...
    async def by_email(self, email: str) -> Principal | None: ...
    async def known(self, email: str) -> Known | None: ...
    async def by_client_id(self, client_id: str) -> Principal | None:
        """An integration's public id is its client id."""
        ...

    async def people(
        self, after: int = 0, limit: int | None = None, *, like: str | None = None
    ) -> list[Principal]:
        """By rising id, those past `after`; all of them without a limit; so below. `like`: what a word of their name
        or e-mail begins with, in any spelling of case and accents."""
        ...

    async def integrations(self, after: int = 0, limit: int | None = None) -> list[Principal]: ...
    async def count_people(self) -> int: ...
    async def named(self, uids: Collection[str]) -> dict[str, str]:
        """Names by public id, for showing events."""
        ...

    async def names(self) -> dict[str, str]:
        """The same of everybody who could ever do something: people and programs, the disabled too."""
        ...

    async def add_person(self, email: str, name: str) -> Principal:
        """Raises `Conflict` where the e-mail is taken."""
        ...

    async def add_integration(self, name: str, purpose: str | None) -> Principal: ...
    async def disable(self, id: int) -> None:
        """The principal, its sessions, tokens and secrets end at once; so does all that people let it do."""
        ...

    async def enable(self, id: int) -> bool:
        """False if it is. Nothing that ended when it was disabled comes back."""
        ...

    async def rename_person(self, id: int, name: str, email: str) -> None:
        """Raises `Conflict` where the e-mail is somebody else's."""
        ...

    async def give(self, principal_id: int, grant: NewGrant) -> Grant: ...
    async def grant(self, uid: str) -> tuple[Principal, Grant] | None: ...
    async def grants(self, filter: GrantFilter, after: int, limit: int) -> list[tuple[Principal, Grant]]:
        """Grants with whom they were given to, by rising id, those past `after`."""
        ...

    async def change_end(self, grant: Grant, until: datetime | None) -> bool:
        """False if somebody changed its end or revoked it meanwhile."""
        ...

    async def revoke(self, grant_id: int) -> None: ...
    async def holding(self, action: Action) -> list[Principal]:
        """Enabled people with a grant of the action in force, their own or a group's, whatever its scope; without the
        grants that are over."""
        ...

    async def ever_held(self, action: Action) -> list[Scope]:
        """On which scopes any person, disabled ones too, holds the action or held it once: by a grant of their own, or
        of a group that they were in."""
        ...

    async def held_until(self, action: Action) -> list[tuple[Scope, datetime]]:
        """On which scopes people held the action as above and don't any more, and when that ceased: the grant ended,
        they left the group, or they or the group were disabled."""
        ...

    async def anyone(self) -> bool:
        """Whether any person exists: false on a fresh archive."""
        ...


class Session(Struct, frozen=True):
    """`provider` and `provider_session`: of a company's sign-in; the session there may end this one."""

    uid: str
    principal_id: int
    created_at: datetime
    seen_at: datetime
    address: str | None
    user_agent: str | None
    provider: str | None = None
    provider_session: str | None = None


class Token(Struct, frozen=True):
    """`family` is the public id of the authorization that a program acting for a person came by; None for a program's
    own."""

    uid: str
    principal_id: int
    actions: frozenset[Action]
    expires_at: datetime
    family: str | None = None


class Credentials(Protocol):
    """Secrets are kept as hashes: `hash` is SHA-256 of a random secret, passwords and client secrets are argon2id."""

    async def password(self, principal_id: int) -> str | None: ...
    async def set_password(self, principal_id: int, encoded: str) -> None: ...
    async def drop_password(self, principal_id: int) -> None: ...
    async def client_secrets(self, principal_id: int) -> list[str]: ...
    async def add_client_secret(self, principal_id: int, encoded: str) -> None: ...
    async def drop_client_secrets(self, principal_id: int, keep: int = 0) -> None:
        """All but the `keep` newest."""
        ...

    async def add_session(
        self,
        hash: bytes,
        principal_id: int,
        address: str | None,
        user_agent: str | None,
        *,
        provider: str | None = None,
        provider_session: str | None = None,
    ) -> Session: ...
    async def rotate_session(self, uid: str, hash: bytes) -> bool:
        """Another secret for the same session; the one before it is nothing any more. False if it ended."""
        ...

    async def drop_sessions(self, before: datetime) -> None:
        """Of everybody: those that began before then."""
        ...

    async def session(self, hash: bytes) -> Session | None: ...
    async def touch_session(self, uid: str) -> None: ...
    async def sessions(self, principal_id: int) -> list[Session]: ...
    async def end_session(self, uid: str) -> None: ...
    async def session_ended(self, uid: str) -> bool: ...
    async def add_token(
        self,
        hash: bytes,
        principal_id: int,
        actions: frozenset[Action],
        expires_at: datetime,
        family: str | None = None,
    ) -> Token: ...
    async def token(self, hash: bytes) -> Token | None:
        """None for a revoked one, or one whose authorization ended; one that expired comes for an hour more, so that it
        can still be revoked."""
        ...

    async def revoke_token(self, hash: bytes) -> None: ...
    async def token_revoked(self, uid: str) -> bool:
        """False for one that expired and that nobody revoked."""
        ...

    async def add_link(
        self, hash: bytes, purpose: str, principal_id: int | None, expires_at: datetime
    ) -> None:
        """Everybody's that are over go on this occasion."""
        ...

    async def link(self, hash: bytes, purpose: str) -> tuple[int | None] | None:
        """The principal of an unused, unexpired link, as a one-tuple; None if there is no such link."""
        ...

    async def use_link(self, hash: bytes, purpose: str) -> bool:
        """True for exactly one caller, however many try at once."""
        ...

    async def drop_links(self, purpose: str) -> None: ...
    async def end_links(self, principal_id: int) -> None:
        """Somebody's, whatever they are for."""
        ...

    async def count_try(self, key: str, window: timedelta) -> int:
        """Count one try of `key` in the current window, atomically across processes; how many it makes."""
        ...

    async def forget_tries(self, key: str) -> None: ...
