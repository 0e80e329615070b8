"""The one place that says yes or no, and why."""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from archive.policy.actions import Action, Role
from archive.policy.principal import Grant, Principal
from archive.policy.scope import (
    CallIds,
    Nothing,
    Placed,
    Scope,
    contains,
    intersection,
    is_empty,
    union,
    unsealed,
)


class Reason(StrEnum):
    """Why a decision came out as it did; stands in the event."""

    GRANTED = "granted"
    DISABLED = "disabled"
    TOKEN_SCOPE = "token_scope"  # the token was limited to other actions
    ENDED = "ended"  # the session or token that it was begun with was ended meanwhile
    NO_GRANT = "no_grant"  # nothing gives this action, on any call
    OUT_OF_SCOPE = "out_of_scope"  # something gives this action, but not on this call
    NOT_THERE = "not_there"  # no such call; told to nobody but the log


class Decision(Struct, frozen=True):
    allowed: bool
    reason: Reason
    grant: Grant | None = None


def resolve_scope(principal: Principal, action: Action, now: datetime) -> Scope:
    """The calls on which `principal` may do `action` at `now`."""
    if _barred(principal, action):
        return Nothing()
    return union(reach(grant) for grant in _giving(principal, action, now))


def speech_scope(principal: Principal, now: datetime) -> Scope:
    """The calls whose words may be searched, counted, suggested and shown: find and read_transcript together."""
    return intersection(
        resolve_scope(principal, Action.FIND, now), resolve_scope(principal, Action.READ_TRANSCRIPT, now)
    )


def may(principal: Principal, action: Action, now: datetime) -> bool:
    """Whether the principal may do `action` at all: for actions on the archive itself, such as reading the log."""
    return not is_empty(resolve_scope(principal, action, now))


def why_not(principal: Principal, action: Action) -> Reason:
    """Why somebody may not do `action` at all, for the log."""
    return _barred(principal, action) or Reason.NO_GRANT


def decide(principal: Principal, action: Action, call: Placed | None, now: datetime) -> Decision:
    """Whether `principal` may do `action` on `call` (None: there is no such call), with the reason for the log."""
    if reason := _barred(principal, action):
        return Decision(False, reason)
    if call is None:
        return Decision(False, Reason.NOT_THERE)
    for grant in principal.grants:  # where it reaches is asked first: of many grants that tells most apart
        if (
            contains(grant.scope, call)
            and grant.gives(action)
            and grant.in_force(now)
            and (not call.sealed or _reaches_sealed(grant))
        ):
            return Decision(True, Reason.GRANTED, grant)
    given = any(True for _ in _giving(principal, action, now))
    return Decision(False, Reason.OUT_OF_SCOPE if given else Reason.NO_GRANT)


def roles_of(principal: Principal, now: datetime) -> frozenset[Role]:
    """Every role that somebody holds at `now`, on whichever calls."""
    return frozenset(grant.role for grant in principal.grants if grant.role and grant.in_force(now))


def _giving(principal: Principal, action: Action, now: datetime) -> Iterator[Grant]:
    return (grant for grant in principal.grants if grant.gives(action) and grant.in_force(now))


def _barred(principal: Principal, action: Action) -> Reason | None:
    """What keeps `principal` from `action`, whatever was granted."""
    if principal.disabled_at is not None:
        return Reason.DISABLED
    narrowed_out = principal.narrowed is not None and action not in principal.narrowed
    return Reason.TOKEN_SCOPE if narrowed_out else None


def reach(grant: Grant) -> Scope:
    return grant.scope if _reaches_sealed(grant) else unsealed(grant.scope)


def _reaches_sealed(grant: Grant) -> bool:
    """A sealed call is reached by those who may seal and by grants that name it, and by nobody else."""
    return isinstance(grant.scope, CallIds) or grant.gives(Action.SEAL)
