"""Coming in, half-way and by links, on both databases: what counts once counts once, however many come at once."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import pytest

from archive.audit.event import Origin
from archive.calls.access import renewed
from archive.calls.caller import Caller
from archive.errors import ArchiveError, Conflict, Forbidden, NotFound, TooMany
from archive.identity import authenticators, changes, half_way, invitations, links, people, sessions, totp
from archive.identity.half_way import TRIES, Wants
from archive.identity.links import Purpose
from archive.identity.manage import Giving
from archive.identity.managing import console
from archive.identity.passwords import change_password
from archive.identity.sign_in import TRIES_OF_ONE, sign_in
from archive.policy.actions import Action, Role
from archive.policy.principal import Principal
from archive.ports import PendingChange
from tests.story import Story

pytestmark = pytest.mark.anyio

CONSOLE = console("root")
HERE = Origin(address="192.0.2.7", user_agent="test")
PASSWORD, NEW = "a long sentence", "another long sentence"


async def person(story: Story, role: Role = Role.AUDITOR) -> Caller:
    """Somebody with a password, in a session of theirs."""
    caller = await story.caller(role)
    async with story.parts.database.write() as work:
        await work.credentials.set_password(caller.principal.id, PASSWORD)
    return await story.signed_in(caller)


async def coded(story: Story, who: Caller) -> str:
    """The secret of the one-time codes that they set up."""
    await authenticators.set_up(story.parts, who, PASSWORD)
    async with story.parts.database.read() as work:
        found = await work.sign_ins.authenticator(who.principal.id)
    assert found is not None
    await authenticators.finish_setup(story.parts, who, code(story, found.secret))
    story.clock.forward(seconds=2 * totp.STEP)
    return found.secret


def code(story: Story, secret: str) -> str:
    return totp.code_of(secret, int(story.clock().timestamp()) // totp.STEP)


async def enter(story: Story, who: Caller, password: str = PASSWORD) -> half_way.Entered:
    return await sign_in(story.parts, str(who.principal.email), password, HERE)


async def outcomes(*tries: Awaitable[Any]) -> tuple[list[Any], list[ArchiveError]]:
    """What succeeded, and how the others were refused."""
    ended = await asyncio.gather(*tries, return_exceptions=True)
    assert all(isinstance(one, ArchiveError) for one in ended if isinstance(one, BaseException)), ended
    refused = [one for one in ended if isinstance(one, ArchiveError)]
    return [one for one in ended if not isinstance(one, ArchiveError)], refused


# ---- signing in ------------------------------------------------------------------------------------------------


async def test_parallel_tries_are_counted_one_by_one(story: Story) -> None:
    who = await person(story)
    _, refused = await outcomes(*(enter(story, who, "wrong") for _ in range(TRIES_OF_ONE + 3)))
    assert [type(one) for one in refused].count(TooMany) == 3


async def test_one_code_opens_one_session(story: Story) -> None:
    who = await person(story)
    secret = await coded(story, who)
    entered = [await enter(story, who) for _ in range(4)]
    assert {one.wants for one in entered} == {Wants.CODE}
    right = code(story, secret)
    opened, refused = await outcomes(
        *(half_way.finish(story.parts, one.secret, right, HERE) for one in entered)
    )
    assert (len(opened), {one.field for one in refused}) == (1, {"code"})


async def test_one_half_way_secret_opens_one_session(story: Story) -> None:
    who = await person(story)
    secret = await coded(story, who)
    entered = await enter(story, who)
    present = int(story.clock().timestamp()) // totp.STEP
    typed = [totp.code_of(secret, step) for step in (present - 1, present, present + 1)]
    opened, _ = await outcomes(*(half_way.finish(story.parts, entered.secret, one, HERE) for one in typed))
    assert len(opened) == 1
    async with story.parts.database.read() as work:
        assert (
            len(await work.credentials.sessions(who.principal.id)) == 2
        )  # and the one that set the codes up


async def test_parallel_guesses_at_a_code_are_counted_one_by_one(story: Story) -> None:
    who = await person(story)
    await coded(story, who)
    entered = await enter(story, who)
    guesses = (half_way.finish(story.parts, entered.secret, "no code", HERE) for _ in range(TRIES + 3))
    _, refused = await outcomes(*guesses)
    assert [type(one) for one in refused].count(TooMany) == 3
    assert len([one for one in await story.events("session.denied") if one.reason_code == "too_many"]) == 1


# ---- links -----------------------------------------------------------------------------------------------------


async def test_one_link_lets_one_in(story: Story) -> None:
    who = await person(story)
    link = await links.make(story.parts, CONSOLE, who.principal.uid)
    assert isinstance(link, str)
    entered, refused = await outcomes(*(links.accept(story.parts, link, NEW, HERE) for _ in range(6)))
    assert (len(entered), {type(one) for one in refused}) == (1, {NotFound})
    async with story.parts.database.read() as work:
        assert len(await work.credentials.sessions(who.principal.id)) == 1
    assert len(await story.events("link.used")) == 1


async def test_a_used_link_ends_programs_that_act_for_the_person(story: Story) -> None:
    """Whoever had the password may have let one in."""
    who, other = await person(story), await person(story)
    async with story.parts.database.write() as work:
        made = [
            await work.authorizations.add(one.principal.id, "a program", frozenset(), timedelta(days=1))
            for one in (who, other)
        ]
    link = await links.make(story.parts, CONSOLE, who.principal.uid)
    assert isinstance(link, str)
    await links.accept(story.parts, link, NEW, HERE)
    async with story.parts.database.write() as work:
        assert [await work.authorizations.end(one.uid) for one in made] == [False, True]
    (event,) = await story.events("token.revoked")
    assert event.details["authorization"] == made[0].uid


async def test_nobody_makes_a_link_for_themselves_nor_without_the_right(story: Story) -> None:
    admin, other = await person(story, Role.ADMINISTRATOR), await person(story)
    for caller, whom in ((admin, admin), (other, admin)):
        with pytest.raises(Forbidden):
            await links.make(story.parts, caller, whom.principal.uid)
    assert len(await story.events("archive.denied")) == 2
    assert isinstance(await links.make(story.parts, admin, other.principal.uid), str)


async def test_who_approves_gets_a_link_when_a_second_person_agreed(story: Story) -> None:
    officer, second = await person(story, Role.COMPLIANCE), await person(story, Role.COMPLIANCE)
    admin, other = await person(story, Role.ADMINISTRATOR), await person(story, Role.ADMINISTRATOR)
    asked = await links.make(story.parts, admin, officer.principal.uid)
    assert isinstance(asked, PendingChange)
    assert await story.events("link.made") == []
    for unfit in (admin, officer):
        with pytest.raises(Forbidden):
            await changes.agree(story.parts, unfit, asked.uid)
    await changes.agree(story.parts, second, asked.uid)

    assert isinstance(
        await links.make(story.parts, other, officer.principal.uid), PendingChange
    )  # not theirs
    with_codes = await links.make(story.parts, admin, officer.principal.uid, codes=True)
    assert isinstance(with_codes, PendingChange)  # nor was that agreed to
    assert isinstance(await links.make(story.parts, admin, officer.principal.uid), str)
    assert isinstance(await links.make(story.parts, admin, officer.principal.uid), PendingChange)  # once
    assert isinstance(await links.make(story.parts, admin, (await person(story)).principal.uid), str)


async def test_an_invitation_is_made_anew_and_a_reset_follows_once_it_was_used(story: Story) -> None:
    giving = Giving(scope="all", role=Role.AUDITOR)
    invited = await invitations.invite(
        story.parts, CONSOLE, name="Eve", email="eve@example.com", giving=giving
    )
    assert invited.person.grants
    assert invited.secret is not None
    again = await links.make(story.parts, CONSOLE, "eve@example.com")
    assert isinstance(again, str)
    with pytest.raises(NotFound):
        await links.look(story.parts, invited.secret)
    assert (await links.look(story.parts, again))[1] is Purpose.INVITATION
    await links.accept(story.parts, again, NEW, HERE)
    reset = await links.make(story.parts, CONSOLE, "eve@example.com")
    assert isinstance(reset, str)
    assert (await links.look(story.parts, reset))[1] is Purpose.RESET
    with pytest.raises(Conflict):
        await invitations.invite(story.parts, CONSOLE, name="Eve", email="EVE@example.com", giving=giving)


async def test_whom_speech_is_given_to_is_invited_and_waits_for_it(story: Story) -> None:
    await story.caller(Role.COMPLIANCE)
    giving = Giving(scope="all", role=Role.TEAM_LEAD)
    invited = await invitations.invite(
        story.parts, CONSOLE, name="Eve", email="eve@example.com", giving=giving
    )
    assert invited.person.grants == ()
    assert len(await story.events("change.asked")) == 1


# ---- passwords and people --------------------------------------------------------------------------------------


async def test_a_password_change_leaves_one_session_with_another_secret(story: Story) -> None:
    who = await person(story)
    other = await story.signed_in(who)
    secret = await change_password(story.parts, who, PASSWORD, NEW)
    async with story.parts.database.read() as work:
        (left,) = await work.credentials.sessions(who.principal.id)
        assert left.uid == who.origin.session
        assert await work.credentials.session_ended(other.origin.session or "")
    day = sessions.Lifetime(sessions.KEPT, sessions.KEPT)
    assert await sessions.find(story.parts, secret, day) is not None
    (event,) = await story.events("session.ended")
    assert (event.reason_code, event.object["id"]) == ("password_changed", other.origin.session)


async def test_a_request_carries_nothing_that_is_over(story: Story) -> None:
    """However long somebody has been here, what they held once costs their requests nothing."""
    who = await story.revoke(await person(story))
    await story.give(who.principal, Role.AGENT, "all")
    async with story.parts.database.write() as work:
        secret = await sessions.begin(work, who.principal, who.origin)
        still = await renewed(work, who)
    found = await sessions.find(story.parts, secret, sessions.Lifetime(sessions.KEPT, sessions.KEPT))
    assert len(who.principal.grants) == 1
    assert found is not None
    assert still is not None
    assert [one.role for one in found[0].grants] == [one.role for one in still.principal.grants]
    assert [one.role for one in found[0].grants] == [Role.AGENT]


async def test_somebody_else_changes_a_name_and_an_email(story: Story) -> None:
    admin, who = await person(story, Role.ADMINISTRATOR), await person(story)
    changed = await people.change_person(
        story.parts, admin, who.principal.uid, name=" Joanna ", email="Joanna@Example.com"
    )
    assert (changed.name, changed.email) == ("Joanna", "joanna@example.com")
    (event,) = await story.events("person.changed")
    assert event.texts["details.name"] == "Joanna"
    assert event.texts["details.email"] == "joanna@example.com"
    for caller, whom, error in ((admin, admin, Forbidden), (who, admin, Forbidden)):
        with pytest.raises(error):
            await people.change_person(story.parts, caller, whom.principal.uid, email="x@example.com")
    with pytest.raises(Conflict):
        await people.change_person(story.parts, admin, "joanna@example.com", email=str(admin.principal.email))


async def test_disabling_ends_each_session_by_name_and_enabling_brings_none_back(story: Story) -> None:
    who = await person(story)
    await coded(story, who)
    await people.disable_person(story.parts, CONSOLE, who.principal.uid)
    await people.disable_person(story.parts, CONSOLE, who.principal.uid)  # is so already
    assert [one.reason_code for one in await story.events("session.ended")] == ["disabled"]
    assert len(await story.events("person.disabled")) == 1
    _, refused = await outcomes(enter(story, who))
    await people.enable_person(story.parts, CONSOLE, who.principal.uid)
    _, still_refused = await outcomes(enter(story, who))
    assert len(refused) == len(still_refused) == 1
    assert len(await story.events("person.enabled")) == 1


async def test_who_a_companys_sign_in_means_is_told_by_issuer_and_subject_alone(story: Story) -> None:
    ann, bob = await person(story), await person(story)
    async with story.parts.database.write() as work:
        await people.link(work, ann.principal, "https://a.example", "1", HERE)
        await people.link(work, bob.principal, "https://b.example", "1", HERE)
    async with story.parts.database.read() as work:
        assert _uid(await people.by_identity(work, "https://a.example", "1")) == ann.principal.uid
        assert _uid(await people.by_identity(work, "https://b.example", "1")) == bob.principal.uid
        assert await people.by_identity(work, "https://c.example", "1") is None
    with pytest.raises(Conflict):
        async with story.parts.database.write() as work:
            await people.link(work, bob.principal, "https://a.example", "1", HERE)
    linked = await story.events("identity.linked")
    assert [one.details["issuer"] for one in linked] == ["https://a.example", "https://b.example"]


async def test_without_a_session_nobody_changes_how_they_sign_in(story: Story) -> None:
    """A program that acts for a person."""
    who = await story.caller({Action.FIND})
    with pytest.raises(Forbidden):
        await change_password(story.parts, who, PASSWORD, NEW)
    with pytest.raises(Forbidden):
        await sessions.end_others(story.parts, who)


def _uid(found: Principal | None) -> str | None:
    return found.uid if found else None
