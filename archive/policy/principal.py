"""Who asks, and what they were granted."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from archive.policy.actions import ROLE_ACTIONS, Action, Role
from archive.policy.scope import Scope


class PrincipalKind(StrEnum):
    PERSON = "person"
    INTEGRATION = "integration"
    CONSOLE = "console"  # somebody at the server's own machine
    SYSTEM = "system"  # the archive itself: workers and sweeps


class Grant(Struct, frozen=True):
    """`role` or `actions`, on `scope`, from `since` until `until` (None: no end)."""

    id: int
    uid: str
    scope: Scope
    role: Role | None
    actions: frozenset[Action]
    since: datetime
    until: datetime | None
    reason: str
    granted_by: str
    revoked_at: datetime | None = None

    def gives(self, action: Action) -> bool:
        return action in (ROLE_ACTIONS[self.role] if self.role else self.actions)

    def in_force(self, now: datetime) -> bool:
        return self.revoked_at is None and self.since <= now and (self.until is None or now < self.until)


class Principal(Struct, frozen=True):
    """A person or an integration, as looked up for this request.

    `narrowed`: the actions that an access token was limited to; None for a session. Scopes only ever narrow.
    `email` is None for integrations.
    """

    id: int
    uid: str
    kind: PrincipalKind
    name: str
    email: str | None = None
    grants: tuple[Grant, ...] = ()
    narrowed: frozenset[Action] | None = None
    purpose: str | None = None
    disabled_at: datetime | None = None
    created_at: datetime | None = None
