"""One-time links by which a person comes in without a password: the first time, or after losing it.

A link is a secret like any other here: shown once, kept as a hash, used once, over after its life. A new one ends
those before it. Looking at its page uses nothing up: mail scanners look.
"""

from datetime import timedelta
from enum import StrEnum

from archive.audit.event import Detail, EventType, ObjectKind, Origin
from archive.calls.caller import Caller
from archive.errors import Forbidden, NotFound
from archive.identity import agreed, authenticators, people, sessions
from archive.identity.credentials import end_programs
from archive.identity.gaining import actions_of, held_or_waiting
from archive.identity.half_way import EVERYBODY, Entered, Rules, enter
from archive.identity.managing import change, changing, check_manager
from archive.identity.oneself import check_other
from archive.identity.passwords import set_password
from archive.identity.second import or_wait
from archive.identity.secrets import Prefix, hashed, is_secret, new_secret
from archive.identity.typed import checked_password
from archive.policy.actions import Action
from archive.policy.principal import Principal
from archive.policy.weight import SPEECH
from archive.ports import Parts, PendingChange, ResetSignIn, Work


class Purpose(StrEnum):
    """What a link is for, as the database keeps it."""

    INVITATION = "invitation"
    RESET = "reset"
    RESET_CODES = "reset_codes"  # a reset that also ends one-time codes: for a lost telephone


LIFE = {
    Purpose.INVITATION: timedelta(hours=72),
    Purpose.RESET: timedelta(hours=24),
    Purpose.RESET_CODES: timedelta(hours=24),
}


WEIGHTY = SPEECH | {Action.MANAGE_PEOPLE}
"""Whoever may do any of this, now or later, or once what waits is agreed on, is let in again by two."""


async def make(parts: Parts, caller: Caller, person_uid: str, *, codes: bool = False) -> str | PendingChange:
    """The secret of a link: an invitation for whoever never came in, else a reset; with `codes` it ends their one-time
    codes too. One for somebody who holds what is `WEIGHTY`, or for whom it waits, takes a second person; whoever asked
    makes it once that one agreed.

    `person_uid` may be an e-mail too. Raises `NotFound`, `Forbidden` for oneself."""
    await check_manager(parts, caller)
    async with changing(parts, caller, ObjectKind.PERSON) as work:
        person = await people.find(work, person_uid)
        if person.disabled_at is not None:
            raise NotFound(f"{person_uid} is disabled. Enable them first.")
        await check_other(work, caller, person.uid)
        purpose = await _purpose(work, person, codes)
        return await _or_wait(work, caller, person, purpose) or await make_within(
            work, caller, person, purpose
        )


async def make_within(work: Work, caller: Caller, person: Principal, purpose: Purpose) -> str:
    """Make a link in this unit of work; the person's others end."""
    secret = new_secret(Prefix.LINK)
    await work.credentials.end_links(person.id)
    expires_at = await work.now() + LIFE[purpose]
    await work.credentials.add_link(hashed(secret), purpose, person.id, expires_at)
    details: dict[str, Detail] = {"purpose": purpose.value}
    await work.audit.append(
        change(caller, EventType.LINK_MADE, ObjectKind.PERSON, person.uid, details=details)
    )
    return secret


async def find(work: Work, secret: str) -> tuple[Principal, Purpose] | None:
    """Whose link that is, and what for; None for one that is used, over or unknown, or of a disabled person."""
    if not is_secret(Prefix.LINK, secret):
        return None
    for purpose in Purpose:
        found = await work.credentials.link(hashed(secret), purpose)
        person = await work.principals.by_id(found[0]) if found and found[0] else None
        if person and person.disabled_at is None:
            return person, purpose
    return None


async def use(work: Work, secret: str, origin: Origin) -> tuple[Principal, Purpose]:
    """Use a link up in this unit of work. Raises `NotFound` for all callers but one."""
    found = await find(work, secret)
    if found is None or not await work.credentials.use_link(hashed(secret), found[1]):
        raise NotFound
    person, purpose = found
    details: dict[str, Detail] = {"purpose": purpose.value}
    await work.audit.append(
        change(Caller(person, origin), EventType.LINK_USED, ObjectKind.PERSON, person.uid, details=details)
    )
    return person, purpose


async def accept(
    parts: Parts,
    secret: str,
    password: str,
    origin: Origin,
    *,
    rules: Rules = EVERYBODY,
    replaces: str | None = None,
) -> Entered:
    """Use a link up by setting a password. Whoever was signed in as this person is out, programs that acted for them
    included, and the caller in; a link that doesn't end one-time codes is followed by a code. Raises `NotFound`,
    `Invalid`, `Forbidden` where passwords are switched off."""
    person, _ = await look(parts, secret)
    if not rules.lets(person.email):
        raise Forbidden("People sign in by the company's sign-in here.")
    encoded = await parts.passwords.hash(checked_password(password))
    async with parts.database.write() as work:
        person, purpose = await use(work, secret, origin)
        owner = Caller(person, origin)
        if purpose is Purpose.RESET_CODES:
            await authenticators.drop(work, owner, person)
        await set_password(work, owner, person, encoded)
        await sessions.end_all(work, person, "link_used")
        await end_programs(work, owner, person)
        return await enter(work, person, origin, rules, replaces)


async def look(parts: Parts, secret: str) -> tuple[Principal, Purpose]:
    """As `find`, which uses nothing up. Raises `NotFound`."""
    async with parts.database.read() as work:
        found = await find(work, secret)
    if found is None:
        raise NotFound
    return found


async def _purpose(work: Work, person: Principal, codes: bool) -> Purpose:
    if await work.credentials.password(person.id) is None and not await work.sign_ins.identities(person.id):
        return Purpose.INVITATION
    return Purpose.RESET_CODES if codes else Purpose.RESET


async def apply(work: Work, asked: ResetSignIn, agreed_with: PendingChange) -> None:
    """A second person agreed: whoever asked may now make that link, once, within a day."""
    person = await people.find(work, asked.person)
    if person.disabled_at is not None:
        raise NotFound("Whom it was for is there no more.")
    await agreed.remember(work, agreed_with, asked, person.id)


async def _or_wait(work: Work, caller: Caller, person: Principal, purpose: Purpose) -> PendingChange | None:
    """Who may open or hear what was said, or look after people, is not let in by one person alone."""
    asked = ResetSignIn(person.uid, codes=purpose is Purpose.RESET_CODES)
    if await agreed.use(work, caller.principal.uid, asked):
        return None
    opens = not WEIGHTY.isdisjoint(actions_of(await held_or_waiting(work, person)))
    return await or_wait(work, caller, asked, beneficiary=person.uid, opens=opens)
