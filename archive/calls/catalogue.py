"""Reading, listing, editing and deleting calls, and trying a failed one again."""

from contextlib import suppress
from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType, structs

from archive.audit.event import Detail, EventType
from archive.calls.access import about, acting, reach
from archive.calls.call import Call, Consent, Direction, Kind, State
from archive.calls.caller import Caller
from archive.calls.closing import close_refused
from archive.calls.filters import CallFilter
from archive.calls.grounds import check_left
from archive.calls.listen import seal
from archive.calls.placing import (
    AgentGiven,
    ClientGiven,
    Name,
    Placement,
    place,
    place_agent,
    place_client,
    unknown_partner,
)
from archive.calls.upload import Label, Language, check_time
from archive.errors import Conflict, NotFound, Stale, Unavailable
from archive.policy.actions import Action
from archive.policy.decide import resolve_scope
from archive.policy.scope import Scope, contains
from archive.ports import CallChanges, Job, PageMark, Parts, Work

LISTENS = 100
"""Open listens of a deleted call that are closed at a time."""


class CallEdit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an edit may change; what is left out stays, null clears."""

    started_at: datetime | UnsetType = UNSET
    kind: Kind | UnsetType = UNSET
    direction: Direction | None | UnsetType = UNSET
    partner: Name | None | UnsetType = UNSET
    client: ClientGiven | None | UnsetType = UNSET
    agent: AgentGiven | None | UnsetType = UNSET
    team: Name | None | UnsetType = UNSET
    labels: Annotated[tuple[Label, ...], Meta(max_length=50)] | UnsetType = UNSET
    channels: Annotated[tuple[Name, ...], Meta(max_length=8)] | UnsetType = UNSET
    language: Language | None | UnsetType = UNSET
    note: Annotated[str, Meta(max_length=4000)] | None | UnsetType = UNSET
    consent: Consent | UnsetType = UNSET


async def view(parts: Parts, caller: Caller, uid: str) -> Call:
    """One call's facts, without a word of what was said."""
    async with acting(parts.database, caller, Action.READ_CALL, uid) as (work, call):
        await work.audit.append(about(caller, EventType.CALL_VIEWED, call))
        return call


async def find_all(
    parts: Parts, caller: Caller, filter: CallFilter, after: PageMark | None, limit: int
) -> list[Call]:
    """The calls that the caller may find, newest first."""
    async with parts.database.read() as work:
        scope = resolve_scope(caller.principal, Action.FIND, await work.now())
        return await work.calls.page(scope, filter, after=after, limit=limit)


async def edit(parts: Parts, caller: Caller, uid: str, revision: int | None, edit: CallEdit) -> Call:
    """Change a call's metadata. `revision` None: whatever it is now.

    Raises `Stale` if the call was changed since `revision`, `Invalid` for a place outside the caller's scope, and
    `ReasonRequired` where a rule would ask the caller for a reason no more, for none of what they said lately.
    """
    async with acting(parts.database, caller, Action.EDIT, uid) as (work, call):
        changes = await _resolve(work, caller, call, edit)
        edited = await work.calls.edit(call.id, revision, changes)
        if edited is None:
            raise NotFound if revision is None else Stale
        details: dict[str, Detail] = {
            "fields": sorted(_given(edit)),
            "from": _place(call),
            "to": _place(edited),
        }
        said = await check_left(work, caller, call, edited)
        event = about(
            caller,
            EventType.CALL_EDITED,
            edited,
            details=details,
            texts=_labels(call, edited),
            purpose=said or caller.principal.purpose,
        )
        await work.audit.append(event)
        if edited.sealed and not call.sealed:
            await close_refused(work, caller, edited)
        edited = await owe_index(work, edited)
    await ring_index(parts, edited)
    return edited


async def delete(parts: Parts, caller: Caller, uid: str) -> None:
    """Delete a call for good: row, words, sound and index. Its events stay, and tell how far its listens had come.

    Sound that can't be reached just now is left to the sweep of orphans: no call names it any more.
    """
    async with acting(parts.database, caller, Action.DELETE, uid) as (work, call):
        while still_open := await work.listens.open_of(call, LISTENS):
            for listen in still_open:
                await seal(work, caller, listen, "deleted")
        details: dict[str, Detail] = {"sha256": call.recording.sha256, "bytes": call.recording.bytes}
        await work.audit.append(about(caller, EventType.CALL_DELETED, call, details=details))
        blobs = await work.calls.delete(call.id)
        await work.index_debts.owe(call.id)
    await parts.doorbell.ring(Job.REFRESH, call.id)
    for blob in blobs:
        with suppress(Unavailable):
            await parts.blobs.delete(blob)


async def retry(parts: Parts, caller: Caller, uid: str) -> Call:
    """Try a failed call again from the start. Raises `Conflict` if it hasn't failed.

    Whoever may edit or upload where the call stands may try again.
    """
    async with acting(parts.database, caller, await writing(parts, caller, uid), uid) as (work, call):
        retried = await _try_again(work, caller, call)
    await parts.doorbell.ring(Job.NORMALISE, call.id)
    return retried


async def writing(parts: Parts, caller: Caller, uid: str) -> Action:
    """By which right the caller writes to a call: editing it, else uploading where it stands."""
    async with parts.database.read() as work:
        return Action.EDIT if await reach(work, caller, Action.EDIT, uid) else Action.UPLOAD


async def _try_again(work: Work, caller: Caller, call: Call) -> Call:
    retried = await work.calls.advance(call.id, State.FAILED, State.RECEIVED)
    if retried is None:
        raise Conflict(f"Only a failed call can be tried again; this one is {call.state}.")
    await work.audit.append(about(caller, EventType.CALL_RETRIED, call))
    return retried


async def owe_index(work: Work, call: Call) -> Call:
    """Note that the index is behind with a call that changed; a ready one goes back to `indexing`, for all to see."""
    await work.index_debts.owe(call.id)
    if call.state is not State.READY:
        return call
    return await work.calls.advance(call.id, State.READY, State.INDEXING) or call


async def ring_index(parts: Parts, call: Call) -> None:
    await parts.doorbell.ring(Job.INDEX if call.state is State.INDEXING else Job.REFRESH, call.id)


async def _resolve(work: Work, caller: Caller, call: Call, edit: CallEdit) -> CallChanges:
    now = await work.now()
    if edit.started_at is not UNSET:
        check_time(edit.started_at, now)
    scope = resolve_scope(caller.principal, Action.EDIT, now)
    changes = await _placed(work, scope, call, edit)
    moved = Placement(
        partner_id=call.partner_id if changes.partner_id is UNSET else changes.partner_id,
        team_id=call.team_id if changes.team_id is UNSET else changes.team_id,
        agent_id=call.agent_id if changes.agent_id is UNSET else changes.agent_id,
        client_id=call.client_id if changes.client_id is UNSET else changes.client_id,
        id=call.id,
    )
    if not contains(scope, moved):
        raise unknown_partner(_named(edit.partner))
    return changes


async def _placed(work: Work, scope: Scope, call: Call, edit: CallEdit) -> CallChanges:
    plain = {name: value for name, value in _given(edit).items() if name in CallChanges.__struct_fields__}
    if edit.consent is Consent.REFUSED:
        plain["sealed"] = True
    partner, team = await place(work, scope, _named(edit.partner), _named(edit.team), call)
    if edit.partner is not UNSET:
        plain["partner_id"] = partner.id if partner else None
    if edit.team is not UNSET:
        plain["team_id"] = team.id if team else None
    if edit.client is not UNSET:
        client = await place_client(work, scope, edit.client)
        plain["client_id"] = client.id if client else None
        plain["phone"] = edit.client.phone if edit.client else None
    if edit.agent is not UNSET:
        agent = await place_agent(work, scope, edit.agent)
        plain["agent_id"] = agent.id if agent else None
    return CallChanges(**plain)  # type: ignore[arg-type]


def _named(name: str | None | UnsetType) -> str | None:
    return None if name is UNSET else name


def _given(edit: CallEdit) -> dict[str, object]:
    return {name: value for name, value in structs.asdict(edit).items() if value is not UNSET}


def _labels(before: Call, after: Call) -> dict[str, str]:
    """The labels that an edit changed, a line each: typed by people, and what reason rules look at."""
    if before.labels == after.labels:
        return {}
    return {"labels_before": "\n".join(before.labels), "labels_after": "\n".join(after.labels)}


def _place(call: Call) -> dict[str, Detail]:
    return {
        "partner": call.partner.uid if call.partner else None,
        "team": call.team.uid if call.team else None,
        "agent": call.agent.uid if call.agent else None,
        "kind": call.kind.value,
        "sealed": call.sealed,
    }
