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
    GROUP = "group"  # never asks for anything: what it was granted, its members hold


class Basis(StrEnum):
    """How a grant came about; stands in the events of what was done by it."""

    GIVEN = "given"
    ASKED = "asked"  # somebody asked for it, and an approver agreed
    BREAK_GLASS = "break_glass"  # an administrator took it, for a limited time, with an alert to compliance


class Grant(Struct, frozen=True):
    """`role` or `actions`, on `scope`, from `since` until `until` (None: no end).

    `group`: the public id of the group through which somebody holds it; None for their own."""

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
    basis: Basis = Basis.GIVEN
    group: str | None = None

    def gives(self, action: Action) -> bool:
        return action in (ROLE_ACTIONS[self.role] if self.role else self.actions)

    def in_force(self, now: datetime) -> bool:
        return self.revoked_at is None and self.since <= now and (self.until is None or now < self.until)


class Principal(Struct, frozen=True):
    """A person or an integration, as looked up for this request: `grants` that are over come along only for those who
    show them.

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
