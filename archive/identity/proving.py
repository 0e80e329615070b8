"""Whoever changes how they sign in shows their password again: an open session may be somebody else's by now."""

from archive.audit.event import Event, EventType, Object, ObjectKind, Outcome
from archive.calls.caller import Caller
from archive.errors import Forbidden, Invalid, TooMany
from archive.identity.limits import WINDOW, Limit, count, key
from archive.ports import Parts, Work

TRIES = 10
"""In a quarter of an hour, of one person; a change that was made starts anew."""


async def prove(parts: Parts, caller: Caller, password: str, attempted: EventType) -> None:
    """`attempted` is the event that tells of a refusal. Raises `Invalid`, `TooMany`; `Forbidden` without a session."""
    if caller.origin.session is None:
        raise Forbidden("How a person signs in is changed by that person, signed in.")
    tries = await count(parts, Limit(_tries(caller), TRIES))
    if tries.first_over:
        await log_refusal(parts, caller, attempted, "too_many")
    if tries.over:
        raise TooMany(retry_after=int(WINDOW.total_seconds()))
    async with parts.database.read() as work:
        encoded = await work.credentials.password(caller.principal.id)
    if not await parts.passwords.verify(encoded, password):
        await log_refusal(parts, caller, attempted, "wrong_password")
        raise Invalid("That is not your password.", field="password")


async def proved(work: Work, caller: Caller) -> None:
    """The change was made: the tries before it no longer count."""
    await work.credentials.forget_tries(_tries(caller))


async def log_refusal(parts: Parts, caller: Caller, attempted: EventType, reason: str) -> None:
    event = Event(
        type=attempted,
        actor=caller.actor,
        object=Object(ObjectKind.PERSON, caller.principal.uid),
        outcome=Outcome.DENIED,
        reason_code=reason,
        origin=caller.origin,
    )
    async with parts.database.write() as work:
        await work.audit.append(event)


def _tries(caller: Caller) -> str:
    return key("prove", caller.principal.uid)
