"""Groups of people: what one is granted, its members hold. Sign-in at a company may say who belongs to which."""

from collections.abc import Collection

from archive.audit.event import Actor, Detail, Event, EventType, Object, ObjectKind
from archive.calls.caller import Caller
from archive.errors import Conflict, Invalid, NotFound, Stale
from archive.identity.approvers import coming_anew
from archive.identity.etags import strong_etag
from archive.identity.facts import both
from archive.identity.managing import change, changing, check_manager
from archive.identity.oneself import check_other
from archive.identity.people import find
from archive.identity.second import opens_by, or_wait
from archive.identity.typed import clean_name
from archive.ids import is_uuid7
from archive.policy.principal import Principal
from archive.ports import (
    AddMember,
    Claim,
    Group,
    MapClaim,
    Member,
    Parts,
    PendingChange,
    Work,
)

MAX_CLAIM = 500
"""Characters of a claim's value, and of a provider's name."""

MOST_CLAIMS = 2_000
"""Values of a claim that one sign-in may bring; more is no directory's list of groups."""


async def add(parts: Parts, caller: Caller, name: str) -> Group:
    """Raises `Conflict` where the name is taken."""
    await check_manager(parts, caller)
    name = clean_name(name)
    async with parts.database.write() as work:
        group = await work.groups.add(name)
        await _log(work, caller, EventType.GROUP_ADDED, group, texts={"name": name})
        return group


async def rename(parts: Parts, caller: Caller, group: str, name: str, *, match: str | None = None) -> Group:
    """`match`: the etag that it must still have."""
    await check_manager(parts, caller)
    name = clean_name(name)
    async with parts.database.write() as work:
        found = await _group(work, group)
        if match not in (None, etag(found)):
            raise Stale
        await work.groups.rename(found.id, name)
        await _log(work, caller, EventType.GROUP_CHANGED, found, texts={"name": name})
        return await _again(work, found)


async def end(parts: Parts, caller: Caller, group: str) -> None:
    """Its members hold nothing by it from this commit on."""
    await check_manager(parts, caller)
    async with parts.database.write() as work:
        found = await _group(work, group)
        await work.groups.disable(found.id)
        await _log(work, caller, EventType.GROUP_DISABLED, found)


async def listed(parts: Parts, caller: Caller, after: int = 0, limit: int | None = None) -> list[Group]:
    await check_manager(parts, caller)
    async with parts.database.read() as work:
        return await work.groups.all(after, limit)


async def get(parts: Parts, caller: Caller, group: str) -> Group:
    """By public id or name, as all here. Raises `NotFound`."""
    await check_manager(parts, caller)
    async with parts.database.read() as work:
        return await _group(work, group)


async def members(parts: Parts, caller: Caller, group: str) -> list[Member]:
    """Somebody stands there once for each way by which they are one."""
    await check_manager(parts, caller)
    async with parts.database.read() as work:
        return await work.groups.members((await _group(work, group)).id)


async def enter(parts: Parts, caller: Caller, group: str, whom: str) -> Group | PendingChange:
    """Make a person, by e-mail or public id, a member by hand. It may wait for a second person where the group opens
    speech. Raises `Forbidden` for oneself, `Conflict` for who is one."""
    await check_manager(parts, caller)
    async with changing(parts, caller, ObjectKind.GROUP) as work:
        found, person = await _group(work, group), await _person(work, whom)
        await check_other(work, caller, person.uid)
        asked = AddMember(found.uid, person.uid)
        opens = await opens_by(work, found.uid, found.grants)
        return await or_wait(work, caller, asked, beneficiary=person.uid, opens=opens) or await _enter(
            work, caller, found, person
        )


async def leave(parts: Parts, caller: Caller, group: str, whom: str) -> None:
    """Whom a claim brought comes back at their next sign-in. Raises `NotFound` for who is no member."""
    await check_manager(parts, caller)
    async with parts.database.write() as work:
        found, person = await _group(work, group), await find(work, whom)
        if not await work.groups.remove_member(found.id, person.id):
            raise NotFound(f"{whom} is no member.")
        await _log(work, caller, EventType.GROUP_LEFT, found, details={"member": person.uid})


async def map_claim(
    parts: Parts, caller: Caller, group: str, provider: str, value: str
) -> Group | PendingChange:
    """People whose sign-in at `provider` says `value` of them are members from their next sign-in on. It may wait for a
    second person where the group opens speech. Raises `Forbidden` where it is said of oneself."""
    await check_manager(parts, caller)
    claim = _claim(provider, value)
    async with changing(parts, caller, ObjectKind.GROUP) as work:
        found = await _group(work, group)
        await check_other(work, caller, found.uid, claim)
        asked = MapClaim(found.uid, claim.provider, claim.value)
        opens = await opens_by(work, found.uid, found.grants)
        return await or_wait(work, caller, asked, beneficiary=found.uid, opens=opens) or await _map(
            work, caller, found, claim
        )


async def unmap_claim(parts: Parts, caller: Caller, group: str, provider: str, value: str) -> None:
    """Whoever is a member by this claim alone stops being one at their next sign-in. Raises `NotFound`."""
    await check_manager(parts, caller)
    async with parts.database.write() as work:
        found, claim = await _group(work, group), _claim(provider, value)
        if not await work.groups.unmap_claim(found.id, claim):
            raise NotFound("No such claim is mapped to this group.")
        await _log(work, caller, EventType.GROUP_UNMAPPED, found, texts=_typed(claim))


async def sync(work: Work, person: Principal, provider: str, values: Collection[str]) -> None:
    """At sign-in: memberships by this provider become exactly those that its claim's `values` are mapped to. Whom
    that makes somebody who approves comes in by this sign-in, and by nothing before it."""
    kept = sorted({value for value in values if 0 < len(value) <= MAX_CLAIM})[:MOST_CLAIMS]
    async with coming_anew(work, Caller(person), [person]):
        entered, left = await work.groups.claimed(person.id, provider, kept)
    for what, uids in ((EventType.GROUP_ENTERED, entered), (EventType.GROUP_LEFT, left)):
        for uid in sorted(uids):
            event = Event(
                type=what,
                actor=Actor(person.uid, person.kind.value),
                object=Object(ObjectKind.GROUP, uid),
                details={"member": person.uid, "provider": provider},
            )
            await work.audit.append(event)


async def apply(work: Work, caller: Caller, asked: AddMember | MapClaim, agreed_with: PendingChange) -> Group:
    """Do what a second person, the caller, agreed to. Raises what says that it no longer fits."""
    group = await _group(work, asked.group)
    match asked:
        case AddMember(_, member):
            return await _enter(work, caller, group, await _person(work, member), agreed_with)
        case MapClaim(_, provider, value):
            return await _map(work, caller, group, Claim(provider, value), agreed_with)


def etag(group: Group) -> str:
    return strong_etag(group.uid, group.name, group.disabled_at, group.claims)


async def _enter(
    work: Work, caller: Caller, group: Group, person: Principal, agreed_with: PendingChange | None = None
) -> Group:
    if not await work.groups.add_member(group.id, person.id):
        raise Conflict("They are a member already.", field="person")
    details = {"member": person.uid, **both(agreed_with, caller.principal.uid)}
    await _log(work, caller, EventType.GROUP_ENTERED, group, details=details)
    return await _again(work, group)


async def _map(
    work: Work, caller: Caller, group: Group, claim: Claim, agreed_with: PendingChange | None = None
) -> Group:
    if not await work.groups.map_claim(group.id, claim):
        raise Conflict("This claim is mapped to the group already.", field="value")
    details = both(agreed_with, caller.principal.uid)
    await _log(work, caller, EventType.GROUP_MAPPED, group, details=details, texts=_typed(claim))
    return await _again(work, group)


async def _again(work: Work, group: Group) -> Group:
    return await work.groups.get(group.uid) or group


async def _group(work: Work, uid_or_name: str) -> Group:
    by = work.groups.get if is_uuid7(uid_or_name) else work.groups.by_name
    found = await by(uid_or_name)
    if found is None or found.disabled_at is not None:
        raise NotFound(f"There is no group {uid_or_name}.")
    return found


async def _person(work: Work, whom: str) -> Principal:
    person = await find(work, whom)
    if person.disabled_at is not None:
        raise NotFound(f"There is no person {whom}.")
    return person


def _claim(provider: str, value: str) -> Claim:
    claim = Claim(provider.strip(), value.strip())
    for field, text in _typed(claim).items():
        if not 0 < len(text) <= MAX_CLAIM or not text.isprintable():
            raise Invalid(f"A {field} has 1 to {MAX_CLAIM} characters.", field=field)
    return claim


def _typed(claim: Claim) -> dict[str, str]:
    return {"provider": claim.provider, "value": claim.value}


async def _log(
    work: Work,
    caller: Caller,
    type: EventType,
    group: Group,
    *,
    details: dict[str, Detail] | None = None,
    texts: dict[str, str] | None = None,
) -> None:
    await work.audit.append(change(caller, type, ObjectKind.GROUP, group.uid, details=details, texts=texts))
