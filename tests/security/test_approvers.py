"""Whoever comes to approve comes anew: what others gave them to come in by must not make those others the second
person of what they ask for themselves."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from archive.audit.event import Origin
from archive.calls.caller import Caller
from archive.errors import NotFound
from archive.identity import grants, groups, links, manage
from archive.identity.grants import Giving
from archive.identity.invitations import invite
from archive.identity.managing import console
from archive.policy.actions import Action, Role
from archive.policy.principal import Principal
from archive.policy.weight import SPEECH
from archive.ports import Group, PendingChange
from tests.security.accounts import browser, show_password, signed_in
from tests.security.test_raising import Office, agree
from tests.world import PASSWORD, World

pytestmark = pytest.mark.anyio

HEAR = Giving(scope="all", actions=frozenset({Action.LISTEN}))
APPROVE = Giving(scope="all", role=Role.COMPLIANCE)
CLAIM = ("company", "legal")


class Nora(Office):
    """Somebody who may look at the log, of whom the administrator holds everything that lets somebody in."""

    async def known(self) -> "Nora":
        await self.staffed()
        self.nora = self.nobody
        caller = Caller(self.admin)
        self.link = await links.make(self.world.parts, caller, self.nora.uid)
        self.by_nora = await self.world.signed_in(self.nora)
        async with self.world.parts.database.write() as work:
            await work.sign_ins.set_authenticator(self.nora.id, "A" * 32)
            self.program = await work.authorizations.add(
                self.nora.id, "crm", frozenset({Action.FIND}), timedelta(days=9)
            )
        return self

    async def group(self, giving: Giving | None = None) -> Group:
        return await group_of(self.world, giving)

    async def sign_in_at_company(self) -> None:
        async with self.world.parts.database.write() as work:
            nora = await work.principals.get(self.nora.uid)
            assert nora is not None
            await groups.sync(work, nora, CLAIM[0], [CLAIM[1]])

    async def agreed(self, asked: object) -> None:
        assert isinstance(asked, PendingChange)
        assert await self.ways_in() == {"link", "password", "codes", "session", "program"}
        assert (await agree(self.by_compliance, asked.uid)).status_code == 200

    async def ways_in(self) -> set[str]:
        """By what the administrator could come in as her, without her."""
        async with self.world.parts.database.read() as work:
            link = await links.find(work, str(self.link))
            password = await work.credentials.password(self.nora.id)
            codes = await work.sign_ins.authenticator(self.nora.id)
            program = await work.authorizations.get(self.program.uid)
        open_ = {
            "link": link is not None,
            "password": password is not None,
            "codes": codes is not None,
            "session": await signed_in(self.by_nora),
            "program": program is not None and program.ended_at is None,
        }
        return {name for name, lets in open_.items() if lets}


async def group_of(world: World, giving: Giving | None) -> Group:
    async with world.parts.database.write() as work:
        made = await work.groups.add("Legal")
        holder = await work.principals.by_id(made.id)
        assert holder is not None
        if giving is not None:
            await grants.give_within(work, world.at_console, holder, giving)
        return made


@pytest.fixture
async def nora(world: World) -> Nora:
    return await Nora(world).known()


async def by_a_grant(nora: Nora) -> None:
    caller = Caller(nora.admin)
    await nora.agreed(await grants.give(nora.world.parts, caller, str(nora.nora.email), APPROVE))


async def by_a_grant_for_later(nora: Nora) -> None:
    since = nora.world.clock() + timedelta(days=1)
    later = Giving(scope="all", role=Role.COMPLIANCE, since=since)
    await nora.agreed(await grants.give(nora.world.parts, Caller(nora.admin), str(nora.nora.email), later))


async def by_a_grant_to_her_group(nora: Nora) -> None:
    group, caller = await nora.group(), Caller(nora.admin)
    await groups.enter(nora.world.parts, caller, group.uid, nora.nora.uid)
    await nora.agreed(await grants.give(nora.world.parts, caller, f"group:{group.name}", APPROVE))


async def by_entering_a_group(nora: Nora) -> None:
    group = await nora.group(APPROVE)
    await nora.agreed(await groups.enter(nora.world.parts, Caller(nora.admin), group.uid, nora.nora.uid))


async def by_a_grant_that_is_prolonged(nora: Nora) -> None:
    world, until = nora.world, nora.world.clock() + timedelta(seconds=1)
    ending = Giving(scope="all", role=Role.COMPLIANCE, until=until)
    async with world.parts.database.write() as work:
        grant = await grants.give_within(work, world.at_console, nora.nora, ending)
    world.clock.forward(seconds=2)
    await nora.agreed(await grants.prolong(world.parts, Caller(nora.admin), grant.uid, None))


async def by_what_her_company_says(nora: Nora) -> None:
    group = await nora.group(APPROVE)
    await nora.agreed(await groups.map_claim(nora.world.parts, Caller(nora.admin), group.uid, *CLAIM))
    assert len(await nora.ways_in()) == 5
    await nora.sign_in_at_company()


Way = Callable[[Nora], Awaitable[None]]
WAYS: tuple[Way, ...] = (
    by_a_grant,
    by_a_grant_for_later,
    by_a_grant_to_her_group,
    by_entering_a_group,
    by_a_grant_that_is_prolonged,
    by_what_her_company_says,
)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_what_others_hold_of_somebody_who_comes_to_approve(nora: Nora, way: Way) -> None:
    """All of it ends, and is told; the next link takes a second person."""
    await way(nora)
    assert await nora.ways_in() == set()
    (event,) = await nora.world.events("credentials.ended")
    assert (event.object.id, event.reason_code) == (nora.nora.uid, "came_to_approve")
    made = await links.make(nora.world.parts, Caller(nora.admin), nora.nora.uid)
    assert isinstance(made, PendingChange)


async def test_what_makes_nobody_approve_ends_nothing(nora: Nora) -> None:
    await nora.agreed(
        await grants.give(
            nora.world.parts,
            Caller(nora.admin),
            str(nora.nora.email),
            Giving(scope="all", actions=frozenset({Action.LISTEN})),
        )
    )
    assert len(await nora.ways_in()) == 5


async def test_whoever_approves_already_stays_signed_in(nora: Nora) -> None:
    await by_a_grant(nora)
    client = await nora.world.signed_in(nora.nora)
    again = await grants.give(nora.world.parts, Caller(nora.admin), str(nora.nora.email), APPROVE)
    assert isinstance(again, PendingChange)
    assert (await agree(nora.by_compliance, again.uid)).status_code == 200
    assert await signed_in(client)


async def test_the_password_of_whoever_added_somebody_as_compliance(world: World) -> None:
    office = await Office(world).staffed()
    added = await manage.add_person(
        world.parts,
        console("mallory"),
        name="Nora",
        email="nora@example.com",
        password=PASSWORD,
        giving=APPROVE,
    )
    (waiting,) = (await office.by_compliance.get("/api/v1/pending-changes")).json()["items"]
    assert (await agree(office.by_compliance, waiting["id"])).status_code == 200
    client = await browser(world)
    await show_password(client, added)
    assert not await signed_in(client)


async def test_an_invitation_made_before_somebody_enters_compliance(world: World) -> None:
    office = await Office(world).staffed()
    caller = Caller(office.admin)
    invited = await invite(world.parts, caller, name="Nora", email="nora@example.com", giving=None)
    group = await group_of(world, APPROVE)
    entering = await groups.enter(world.parts, caller, group.uid, invited.person.uid)
    assert isinstance(entering, PendingChange)
    assert (await agree(office.by_compliance, entering.uid)).status_code == 200
    with pytest.raises(NotFound):
        await links.accept(world.parts, str(invited.secret), "a password of mine", Origin())


async def test_a_link_for_whom_a_grant_to_approve_waits(nora: Nora) -> None:
    """Nobody makes one while it waits, nor comes by what was agreed on then once it is given."""
    asked = await grants.give(nora.world.parts, Caller(nora.admin), str(nora.nora.email), APPROVE)
    reset = await links.make(nora.world.parts, Caller(nora.admin), nora.nora.uid)
    assert isinstance(asked, PendingChange)
    assert isinstance(reset, PendingChange)
    for one in (reset, asked):
        assert (await agree(nora.by_compliance, one.uid)).status_code == 200
    assert isinstance(await links.make(nora.world.parts, Caller(nora.admin), nora.nora.uid), PendingChange)


async def test_a_link_for_who_waits_to_enter_compliance(nora: Nora) -> None:
    group = await nora.group(APPROVE)
    await groups.enter(nora.world.parts, Caller(nora.admin), group.uid, nora.nora.uid)
    assert isinstance(await links.make(nora.world.parts, Caller(nora.admin), nora.nora.uid), PendingChange)


async def reset_of(nora: Nora) -> object:
    return await links.make(nora.world.parts, Caller(nora.admin), nora.nora.uid)


async def give(nora: Nora, giving: Giving) -> None:
    async with nora.world.parts.database.write() as work:
        await grants.give_within(work, nora.world.at_console, nora.nora, giving)


@pytest.mark.parametrize("action", sorted(SPEECH | {Action.MANAGE_PEOPLE}))
async def test_coming_in_as_somebody_who_hears_or_looks_after_people(nora: Nora, action: Action) -> None:
    """One administrator would read and hear in their name, and be the second one of what they ask for."""
    assert isinstance(await reset_of(nora), str)
    await give(nora, Giving(scope="all", actions=frozenset({action})))
    reset = await reset_of(nora)
    assert isinstance(reset, PendingChange)
    assert (await agree(nora.by_compliance, reset.uid)).status_code == 200
    assert isinstance(await reset_of(nora), str)


async def test_a_link_for_who_is_to_hear_later_or_once_it_is_agreed_on(nora: Nora) -> None:
    since = nora.world.clock() + timedelta(days=1)
    await give(nora, Giving(scope="own", role=Role.AGENT, since=since))
    assert isinstance(await reset_of(nora), PendingChange)
    world, caller = nora.world, Caller(nora.admin)
    invited = await invite(world.parts, caller, name="Eve", email="eve@example.com", giving=None)
    assert isinstance(await links.make(world.parts, caller, invited.person.uid), str)
    await grants.give(world.parts, caller, "eve@example.com", HEAR)
    assert isinstance(await links.make(world.parts, caller, invited.person.uid), PendingChange)


async def test_the_first_who_approves_keeps_what_they_come_in_by(world: World) -> None:
    """Nobody could be a second person of theirs: they were made alone."""
    person: Principal = await world.add_person(Role.AUDITOR)
    client = await world.signed_in(person)
    await grants.give(world.parts, console("root"), str(person.email), APPROVE)
    assert await signed_in(client)


async def test_the_second_person_reads_that_they_come_anew(nora: Nora) -> None:
    told = "They come in anew"
    await nora.asked(nora.nora)
    assert told not in (await nora.by_compliance.get("/access/changes")).text
    await nora.asked(nora.nora, actions=[], role="compliance")
    assert told in (await nora.by_compliance.get("/access/changes")).text
