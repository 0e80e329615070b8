"""Reason rules: who must say why before they hear, take away or read which calls.

Adding one binds at once. Whatever may let somebody go without a reason, or with a lesser one, takes a second person.
"""

from collections.abc import Collection, Sequence

from archive.audit.event import EventType, ObjectKind
from archive.calls.access import log_denied
from archive.calls.caller import Caller
from archive.calls.reasons import GUARDED, LONGEST, ReasonRule, weakens
from archive.errors import Forbidden, Invalid, NotFound, Stale
from archive.identity.etags import strong_etag
from archive.identity.facts import both, rule_facts, rule_typed
from archive.identity.managing import change, changing, check_manager, manages
from archive.identity.second import approves_all, or_wait
from archive.policy.actions import Action
from archive.policy.decide import Reason
from archive.ports import Parts, PendingChange, SetRule, StoredRule, Work

MOST = 200
"""Rules in force: each is looked at whenever somebody turns to a call."""

MOST_NAMED, LONGEST_NAMED = 100, 60
"""Partners, labels or masks of one rule, and characters of one."""


async def listed(parts: Parts, caller: Caller) -> Sequence[StoredRule]:
    """Those in force, oldest first, for those who manage people or approve over all calls. Raises `Forbidden`, which
    is logged."""
    async with parts.database.read() as work:
        if await manages(work, caller) or await approves_all(work, caller.principal):
            return await work.reasons.rules()
    await log_denied(
        parts,
        caller,
        Action.MANAGE_PEOPLE,
        Reason.NO_GRANT,
        denied=EventType.ARCHIVE_DENIED,
        kind=ObjectKind.RULE,
    )
    raise Forbidden("That takes the right to approve over all calls, or to manage people.")


async def add(parts: Parts, caller: Caller, rule: ReasonRule) -> StoredRule:
    await check_manager(parts, caller)
    async with parts.database.write() as work:
        await _check(work, rule)
        if len(await work.reasons.rules()) >= MOST:
            raise Invalid(f"There are {MOST} rules already. End those that nobody needs.")
        added = await work.reasons.add_rule(rule, caller.principal.uid)
        await _log_set(work, caller, added)
        return added


async def replace(
    parts: Parts, caller: Caller, uid: str, rule: ReasonRule, *, match: str | None = None
) -> StoredRule | PendingChange:
    """Another rule under the same id; a weaker one may wait for a second person. `match`: the etag that it must still
    have. Raises `NotFound`, `Stale`, `Invalid`."""
    await check_manager(parts, caller)
    async with changing(parts, caller, ObjectKind.RULE) as work:
        old = await _found(work, uid)
        if match not in (None, etag(old)):
            raise Stale
        await _check(work, rule)
        asked, weaker = SetRule(uid, rule, etag(old)), weakens(old.rule, rule)
        return await or_wait(work, caller, asked, beneficiary=None, opens=weaker) or await _replace(
            work, caller, uid, rule
        )


async def end(parts: Parts, caller: Caller, uid: str) -> PendingChange | None:
    """None: it is over. Else it waits for a second person. Raises `NotFound`."""
    await check_manager(parts, caller)
    async with changing(parts, caller, ObjectKind.RULE) as work:
        asked = SetRule(uid, None, etag(await _found(work, uid)))
        if waiting := await or_wait(work, caller, asked, beneficiary=None, opens=True):
            return waiting
        await _end(work, caller, uid)
        return None


async def apply(work: Work, caller: Caller, asked: SetRule, agreed_with: PendingChange) -> None:
    """Do what a second person, the caller, agreed to. Raises what says that it no longer fits, as where the rule was
    replaced since it was asked for."""
    if etag(await _found(work, asked.replaces)) != asked.etag:
        raise Stale
    if asked.rule is None:
        await _end(work, caller, asked.replaces, agreed_with)
    else:
        await _check(work, asked.rule)
        await _replace(work, caller, asked.replaces, asked.rule, agreed_with)


def etag(stored: StoredRule) -> str:
    return strong_etag(stored.uid, stored.rule)


async def _found(work: Work, uid: str) -> StoredRule:
    found = await work.reasons.rule(uid)
    if found is None:
        raise NotFound(f"There is no reason rule {uid} in force.")
    return found


async def _replace(
    work: Work, caller: Caller, uid: str, rule: ReasonRule, agreed_with: PendingChange | None = None
) -> StoredRule:
    if not await work.reasons.replace_rule(uid, rule, caller.principal.uid):
        raise NotFound(f"There is no reason rule {uid} in force.")
    replaced = await _found(work, uid)
    await _log_set(work, caller, replaced, agreed_with)
    return replaced


async def _end(work: Work, caller: Caller, uid: str, agreed_with: PendingChange | None = None) -> None:
    if not await work.reasons.end_rule(uid):
        raise NotFound(f"There is no reason rule {uid} in force.")
    details = both(agreed_with, caller.principal.uid)
    await work.audit.append(change(caller, EventType.RULE_ENDED, ObjectKind.RULE, uid, details=details))


async def _log_set(
    work: Work, caller: Caller, stored: StoredRule, agreed_with: PendingChange | None = None
) -> None:
    details = {**rule_facts(stored.rule), **both(agreed_with, caller.principal.uid)}
    texts = rule_typed(stored.rule)
    event = change(caller, EventType.RULE_SET, ObjectKind.RULE, stored.uid, details=details, texts=texts)
    await work.audit.append(event)


async def _check(work: Work, rule: ReasonRule) -> None:
    if not rule.actions or not rule.actions <= set(GUARDED):
        names = ", ".join(action.value for action in GUARDED)
        raise Invalid(f"A rule asks for a reason before one or more of {names}.", field="actions")
    for field in ("partners", "labels", "masks"):
        if len(getattr(rule, field)) > MOST_NAMED:
            raise Invalid(f"A rule names at most {MOST_NAMED} {field}.", field=field)
    if any(not 0 < len(text) <= LONGEST_NAMED for text in (*rule.labels, *rule.masks)):
        raise Invalid(f"A label or mask has 1 to {LONGEST_NAMED} characters.", field="masks")
    if len(rule.explanation) > LONGEST:
        raise Invalid(f"An explanation has at most {LONGEST} characters.", field="explanation")
    for uid in rule.partners:
        known = await work.names.partner(uid)
        if known is None or known.uid != uid:
            raise Invalid(f"There is no partner {uid}.", field="partners")


async def partner_ids(parts: Parts, names: Collection[str]) -> frozenset[str]:
    """The public ids of partners called so. Raises `Invalid` for one that there isn't."""
    async with parts.database.read() as work:
        found = {name: await work.names.partner(name) for name in names}
    if unknown := [name for name, partner in found.items() if partner is None]:
        raise Invalid(f"There is no partner {unknown[0]}.", field="partners")
    return frozenset(partner.uid for partner in found.values() if partner)


async def partner_names(parts: Parts, uids: Collection[str]) -> list[str]:
    async with parts.database.read() as work:
        found = [await work.names.partner(uid) for uid in uids]
    return sorted(partner.name for partner in found if partner)
