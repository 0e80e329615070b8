"""Nobody raises themselves, and one alone opens nothing: each way round is an attack, each is refused and logged.

Over HTTP where an attacker would go; the console's and the programs' ways beside it.
"""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from msgspec import structs

from archive.audit.event import Origin
from archive.calls.caller import Caller
from archive.errors import Forbidden, NotFound
from archive.identity import changes, grants, groups, links, manage, people
from archive.identity.grants import Giving
from archive.identity.invitations import invite
from archive.identity.managing import console
from archive.identity.second import TooManyWait
from archive.identity.tasks import tasks
from archive.policy.actions import Action, Role
from archive.policy.principal import Principal
from archive.ports import PendingChange, RotateSecret
from tests.world import World

pytestmark = pytest.mark.anyio

HEAR = {"scope": "all", "actions": ["find", "listen"], "reason": "Cover"}
LISTEN = Giving(scope="all", actions=frozenset({Action.LISTEN}), reason="Cover")
REFUSED = (403, "forbidden")


class Office:
    """An administrator and a compliance person, each signed in, and somebody who is nobody yet."""

    puppet: Principal
    """A second account of the administrator's, where they have one."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def staffed(self) -> "Office":
        world = self.world
        self.admin, self.compliance = (
            await world.add_person(Role.ADMINISTRATOR),
            await world.add_person(Role.COMPLIANCE),
        )
        self.by_admin, self.by_compliance = (
            await world.signed_in(self.admin),
            await world.signed_in(self.compliance),
        )
        self.nobody = await world.add_person(Role.AUDITOR)
        return self

    async def asked(self, to: Principal | None = None, **given: Any) -> str:
        """The administrator asks; the id of what then waits."""
        answer = await self.give(to or self.nobody, **given)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    async def give(self, to: Principal, **given: Any) -> httpx.Response:
        return await self.by_admin.post("/api/v1/grants", json={"to": to.uid, **HEAR, **given})

    async def may_listen(self, who: Principal) -> bool:
        async with self.world.parts.database.read() as work:
            now = await work.principals.get(who.uid)
            moment = await work.now()
        assert now is not None
        return any(grant.gives(Action.LISTEN) and grant.in_force(moment) for grant in now.grants)

    async def refused(self, answer: httpx.Response, kind: str, reason: str) -> None:
        """403, and the newest denied event says of what and why."""
        assert (answer.status_code, answer.json()["code"]) == REFUSED, answer.text
        event = (await self.world.events("archive.denied"))[0]
        assert (event.object.kind, event.outcome, event.reason_code) == (kind, "denied", reason)


@pytest.fixture
async def office(world: World) -> Office:
    return await Office(world).staffed()


async def end_compliance(office: Office) -> None:
    office.by_admin = await office.world.signed_in(office.admin)
    (grant,) = office.compliance.grants
    assert (await office.by_admin.delete(f"/api/v1/grants/{grant.uid}")).status_code == 204


async def agree(client: httpx.AsyncClient, uid: str) -> httpx.Response:
    return await client.post(f"/api/v1/pending-changes/{uid}/agree")


# ---- oneself ----


@pytest.mark.parametrize("given", [HEAR, {"scope": "all", "role": "auditor", "reason": "x"}])
async def test_grant_to_oneself(office: Office, given: dict[str, Any]) -> None:
    for name in (office.admin.uid, office.admin.email):
        answer = await office.by_admin.post("/api/v1/grants", json={"to": name, **given})
        await office.refused(answer, "grant", "oneself")


async def test_grant_to_a_group_of_ones_own(office: Office) -> None:
    group = (await office.by_admin.post("/api/v1/groups", json={"name": "Admins"})).json()
    other = await office.world.person(Role.ADMINISTRATOR)
    added = await other.post(f"/api/v1/groups/{group['id']}/members", json={"person": office.admin.uid})
    assert added.status_code == 201
    for name in (group["id"], "group:Admins"):
        answer = await office.by_admin.post("/api/v1/grants", json={"to": name, **HEAR})
        await office.refused(answer, "grant", "oneself")


async def test_entering_a_group_oneself(office: Office) -> None:
    group = (await office.by_admin.post("/api/v1/groups", json={"name": "Hearers"})).json()
    path = f"/api/v1/groups/{group['id']}/members"
    await office.refused(
        await office.by_admin.post(path, json={"person": office.admin.uid}), "group", "oneself"
    )


async def test_mapping_ones_own_group(office: Office) -> None:
    """A claim that the administrator's own sign-in carries, to any group; any claim, to a group of theirs."""
    async with office.world.parts.database.write() as work:
        await groups.sync(work, office.admin, "company", ["staff", "it"])
    group = (await office.by_admin.post("/api/v1/groups", json={"name": "Hearers"})).json()
    path, claim = f"/api/v1/groups/{group['id']}/claims", {"provider": "company", "value": "staff"}
    await office.refused(await office.by_admin.post(path, json=claim), "group", "oneself")
    assert (await office.by_admin.post(path, json={**claim, "value": "legal"})).status_code == 201
    assert (await office.by_admin.post(path, json={**claim, "provider": "other"})).status_code == 201


async def test_grant_to_a_group_that_ones_next_sign_in_enters(office: Office) -> None:
    other = await office.world.person(Role.ADMINISTRATOR)
    group = (await other.post("/api/v1/groups", json={"name": "Hearers"})).json()
    claim = {"provider": "company", "value": "staff"}
    assert (await other.post(f"/api/v1/groups/{group['id']}/claims", json=claim)).status_code == 201
    async with office.world.parts.database.write() as work:
        await work.groups.claimed(office.admin.id, "company", ["staff"])
        await work.groups.remove_member((await work.groups.by_name("Hearers")).id, office.admin.id)  # type: ignore[union-attr]
    answer = await office.by_admin.post("/api/v1/grants", json={"to": group["id"], **HEAR})
    await office.refused(answer, "grant", "oneself")


async def test_prolonging_ones_own_grant(office: Office) -> None:
    (grant,) = office.admin.grants
    answer = await office.by_admin.patch(f"/api/v1/grants/{grant.uid}", json={"until": None})
    await office.refused(answer, "grant", "oneself")


# ---- one alone ----


async def test_one_administrator_alone_opening_speech(office: Office) -> None:
    await office.asked()
    assert not await office.may_listen(office.nobody)


async def test_one_administrator_alone_at_the_console(office: Office) -> None:
    """The console waits too, and its events carry the operating system's user."""
    world = office.world
    await grants.give(world.parts, console("mallory"), office.nobody.email or "", LISTEN)
    assert not await office.may_listen(office.nobody)
    (event,) = await world.events("change.asked")
    assert (event.actor.kind, event.origin.user_agent) == ("console", "console of mallory")
    (waiting,) = (await office.by_compliance.get("/api/v1/pending-changes")).json()["items"]
    assert (waiting["asked_by"], waiting["asked_name"], waiting["may_decide"]) == ("console", "mallory", True)


async def test_approving_ones_own_change(office: Office) -> None:
    uid = await office.asked()
    await office.refused(await agree(office.by_admin, uid), "change", "oneself")
    assert not await office.may_listen(office.nobody)


async def test_approving_ones_own_change_with_the_right_to_approve(office: Office) -> None:
    """Somebody who looks after people and approves, both: still not both for one change."""
    world = office.world
    async with world.parts.database.write() as work:
        await grants.give_within(
            work, world.at_console, office.admin, Giving(scope="all", role=Role.COMPLIANCE)
        )
    uid = await office.asked()
    await office.refused(await agree(office.by_admin, uid), "change", "oneself")


async def test_agreeing_as_the_beneficiary(office: Office) -> None:
    await office.world.add_person(Role.COMPLIANCE)
    uid = await office.asked(office.compliance)
    await office.refused(await agree(office.by_compliance, uid), "change", "oneself")


async def test_agreeing_as_a_member_of_the_group_that_gains(office: Office) -> None:
    await office.world.add_person(Role.COMPLIANCE)
    group = (await office.by_admin.post("/api/v1/groups", json={"name": "Hearers"})).json()
    path = f"/api/v1/groups/{group['id']}/members"
    assert (await office.by_admin.post(path, json={"person": office.compliance.uid})).status_code == 201
    asked = await office.by_admin.post("/api/v1/grants", json={"to": group["id"], **HEAR})
    assert asked.status_code == 202
    await office.refused(await agree(office.by_compliance, asked.json()["id"]), "change", "oneself")


async def test_agreeing_at_the_console(office: Office) -> None:
    uid = await office.asked()
    with pytest.raises(Forbidden):
        await changes.agree(office.world.parts, console("mallory"), uid)
    event = (await office.world.events("archive.denied"))[0]
    assert (event.object.id, event.reason_code) == (uid, "not_in_person")
    assert event.origin.user_agent == "console of mallory"


async def test_agreeing_by_a_program(office: Office) -> None:
    """An integration that may approve, and a program acting for a compliance person."""
    world, uid = office.world, await office.asked()
    program = await world.integration(Action.APPROVE)
    await office.refused(await agree(program, uid), "change", "not_in_person")
    acting = Caller(
        structs.replace(office.compliance, narrowed=frozenset(Action)), Origin(client="crm"), token="t"
    )
    with pytest.raises(Forbidden):
        await changes.agree(world.parts, acting, uid)
    assert not await office.may_listen(office.nobody)


async def test_agreeing_twice(office: Office) -> None:
    uid = await office.asked()
    assert (await agree(office.by_compliance, uid)).status_code == 200
    again = await agree(office.by_compliance, uid)
    assert (again.status_code, again.json()["code"]) == (409, "decided")
    assert len(await office.world.events("grant.given", actor=office.compliance.uid)) == 1


async def test_a_second_administrator_where_there_is_a_compliance_person(office: Office) -> None:
    uid = await office.asked()
    await office.refused(
        await agree(await office.world.person(Role.ADMINISTRATOR), uid), "change", "not_second"
    )
    assert not await office.may_listen(office.nobody)


async def test_ending_compliance_first(office: Office) -> None:
    """Without anybody who approves, the rule stands: another administrator agrees, and nobody alone."""
    world, other = office.world, await office.world.add_person(Role.ADMINISTRATOR)
    world.clock.forward(days=7)
    await end_compliance(office)
    uid = await office.asked()
    await office.refused(await agree(office.by_admin, uid), "change", "oneself")
    puppet = await world.person(Role.ADMINISTRATOR)
    await office.refused(await agree(puppet, uid), "change", "newcomer")
    assert (await agree(await world.signed_in(other), uid)).status_code == 200


async def test_a_second_account_made_before_compliance_is_disabled(office: Office) -> None:
    """One administrator with two accounts: what they ask for waits for seven days, for everybody to see."""
    world = office.world
    puppet = await world.add_person(Role.ADMINISTRATOR)
    world.clock.forward(days=6)
    await people.disable_person(world.parts, Caller(office.admin), office.compliance.uid)
    office.by_admin = await world.signed_in(office.admin)
    uid = await office.asked()
    by_puppet = await world.signed_in(puppet)
    assert "once this has waited for seven days" in (await by_puppet.get("/access/changes")).text
    refused = await agree(by_puppet, uid)
    assert "once this has waited for seven days" in refused.json()["detail"]
    await office.refused(refused, "change", "too_soon")
    world.clock.forward(days=6, hours=23)
    await office.refused(await agree(await world.signed_in(puppet), uid), "change", "too_soon")
    world.clock.forward(hours=1)
    assert (await agree(await world.signed_in(puppet), uid)).status_code == 200


@pytest.mark.parametrize("joins", ["a grant", "a group"])
async def test_an_old_account_that_comes_to_manage_people(office: Office, joins: str) -> None:
    """The right counts, not the account alone; whether it is their own or a group's."""
    world = office.world
    old = await world.add_person(Role.AUDITOR)
    async with world.parts.database.write() as work:
        group = await work.groups.add("Administrators")
        holder = await work.principals.by_id(group.id)
        assert holder is not None
        giving = Giving(scope="all", role=Role.ADMINISTRATOR)
        await grants.give_within(work, world.at_console, holder, giving)
    world.clock.forward(days=30)
    office.by_admin = await world.signed_in(office.admin)
    async with world.parts.database.write() as work:
        if joins == "a group":
            await work.groups.add_member(group.id, old.id)
        else:
            await grants.give_within(work, world.at_console, old, giving)
    await end_compliance(office)
    answer = await agree(await world.signed_in(old), await office.asked())
    await office.refused(answer, "change", "too_soon")


async def test_a_way_in_as_the_only_one_who_approves(office: Office) -> None:
    """No administrator agrees, however long they were one, before the approver had a week to see it and refuse."""
    world, puppet = office.world, await office.world.add_person(Role.ADMINISTRATOR)
    world.clock.forward(days=30)
    uid = await way_in(office)
    await office.refused(await agree(await world.signed_in(puppet), uid), "change", "too_soon")
    by_compliance = await world.signed_in(office.compliance)
    await office.refused(await agree(by_compliance, uid), "change", "oneself")
    world.clock.forward(days=7)
    assert (await agree(await world.signed_in(puppet), uid)).status_code == 200


async def test_a_way_in_that_the_only_one_who_approves_refuses(office: Office) -> None:
    """Their every page counts it, and the page of changes has a button to refuse it, none to agree."""
    uid = await way_in(office)
    assert (await tasks(office.world.parts, Caller(office.compliance))).changes == 1
    shown = (await office.by_compliance.get("/access/changes")).text
    assert f"/access/changes/{uid}/refuse" in shown
    assert f"/access/changes/{uid}/agree" not in shown
    refused = await office.by_compliance.post(f"/api/v1/pending-changes/{uid}/refuse")
    assert refused.json()["state"] == "refused"


async def way_in(office: Office) -> str:
    """The administrator asks for a reset link of the only one who approves."""
    office.by_admin = await office.world.signed_in(office.admin)
    answer = await office.by_admin.post(f"/api/v1/people/{office.compliance.uid}/links", json={})
    assert answer.status_code == 202, answer.text
    (waiting,) = (await office.by_admin.get("/api/v1/pending-changes")).json()["items"]
    return str(waiting["id"])


async def group_of_all_who_approve(office: Office) -> str:
    """Its id: an administrator, with a second account of long standing, puts all of compliance into it."""
    world = office.world
    office.puppet = await world.add_person(Role.ADMINISTRATOR)
    world.clock.forward(days=30)
    office.by_admin = await world.signed_in(office.admin)
    group = (await office.by_admin.post("/api/v1/groups", json={"name": "Committee"})).json()
    path = f"/api/v1/groups/{group['id']}/members"
    for who in (office.compliance, office.nobody):
        assert (await office.by_admin.post(path, json={"person": who.uid})).status_code == 201
    return str(group["id"])


async def test_making_all_who_approve_gain(office: Office) -> None:
    """No administrator stands in for them; one of them who holds all of it already agrees."""
    given = {
        "to": await group_of_all_who_approve(office),
        "scope": "all",
        "role": "compliance",
        "reason": "x",
    }
    asked = await office.by_admin.post("/api/v1/grants", json=given)
    uid = asked.json()["id"]
    await office.refused(
        await agree(await office.world.signed_in(office.puppet), uid), "change", "not_second"
    )
    assert (await agree(await office.world.signed_in(office.compliance), uid)).status_code == 200


async def test_making_all_who_approve_gain_something_new(office: Office) -> None:
    """Nobody agrees to it, however long it waits; and that is what is said."""
    world = office.world
    given = {**HEAR, "to": await group_of_all_who_approve(office), "actions": ["listen", "upload"]}
    uid = (await office.by_admin.post("/api/v1/grants", json=given)).json()["id"]
    world.clock.forward(days=8)
    by_puppet = await world.signed_in(office.puppet)
    told = "Everybody who approves asked for this or gains by it"
    assert told in (await agree(by_puppet, uid)).json()["detail"]
    assert told in (await by_puppet.get("/access/changes")).text
    await office.refused(await agree(by_puppet, uid), "change", "nobody")
    by_compliance = await world.signed_in(office.compliance)
    await office.refused(await agree(by_compliance, uid), "change", "oneself")


# ---- ways round ----


async def test_group_membership_as_a_way_round(office: Office) -> None:
    """A group that may hear: entering it, and mapping a claim to it, wait as the grant itself would."""
    world = office.world
    async with world.parts.database.write() as work:
        group = await work.groups.add("Hearers")
        holder = await work.principals.by_id(group.id)
        assert holder is not None
        await grants.give_within(work, world.at_console, holder, LISTEN)
    path = f"/api/v1/groups/{group.uid}"
    entering = await office.by_admin.post(f"{path}/members", json={"person": office.nobody.uid})
    mapping = await office.by_admin.post(f"{path}/claims", json={"provider": "company", "value": "staff"})
    assert (entering.status_code, mapping.status_code) == (202, 202)
    assert not await office.may_listen(office.nobody)
    async with world.parts.database.write() as work:
        await groups.sync(work, office.nobody, "company", ["staff"])
    assert not await office.may_listen(office.nobody)


async def test_an_empty_group_as_a_way_round(office: Office) -> None:
    """First a group that may nothing with oneself's friend in it, then the grant to it: that waits."""
    group = (await office.by_admin.post("/api/v1/groups", json={"name": "Friends"})).json()
    path = f"/api/v1/groups/{group['id']}/members"
    assert (await office.by_admin.post(path, json={"person": office.nobody.uid})).status_code == 201
    asked = await office.by_admin.post("/api/v1/grants", json={"to": group["id"], **HEAR})
    assert asked.status_code == 202
    assert not await office.may_listen(office.nobody)


async def test_prolonging_as_a_way_round(office: Office) -> None:
    world = office.world
    ends = world.clock.forward(days=1)
    world.clock.forward(days=-1)
    async with world.parts.database.write() as work:
        giving = structs.replace(LISTEN, until=ends)
        grant = await grants.give_within(work, world.at_console, office.nobody, giving)
    answer = await office.by_admin.patch(f"/api/v1/grants/{grant.uid}", json={"until": None})
    assert answer.status_code == 202
    world.clock.forward(days=1)
    assert not await office.may_listen(office.nobody)


async def test_a_new_person_as_a_way_round(office: Office) -> None:
    """The person is there at once; what lets them hear waits."""
    world = office.world
    added = await manage.add_person(
        world.parts,
        console("mallory"),
        name="Puppet",
        email="puppet@example.com",
        password="correct horse battery",
        giving=Giving(scope="all", role=Role.TEAM_LEAD),
    )
    assert added.grants == ()
    assert len((await office.by_compliance.get("/api/v1/pending-changes")).json()["items"]) == 1


async def test_a_new_integration_as_a_way_round(office: Office) -> None:
    """The administrator holds its secret: a token of it hears nothing until a second person agreed."""
    world = office.world
    registering = manage.Registering(name="puppet")
    made = await manage.register(world.parts, console("mallory"), registering, LISTEN)
    assert made.waiting is not None
    assert made.integration.grants == ()
    assert (await agree(office.by_compliance, made.waiting.uid)).status_code == 200
    assert await office.may_listen(made.integration)


async def test_moving_calls_to_those_who_hear_them_as_a_way_round(office: Office) -> None:
    """Whoever edits a call says whose it is, and so who hears it: a person, a group, a program alike."""
    group = (await office.by_admin.post("/api/v1/groups", json={"name": "Clerks"})).json()["id"]
    program, _ = await office.world.add_integration(Action.UPLOAD)
    for to in (office.nobody.uid, group, program):
        given = {"to": to, "scope": "all", "actions": ["edit"], "reason": "Tidying"}
        assert (await office.by_admin.post("/api/v1/grants", json=given)).status_code == 202


async def test_sharing_one_call_over_and_over(office: Office) -> None:
    """One of each giver for each person lasts at a time; another of theirs, or anew once it ended, does no harm."""
    world, call = office.world, await office.world.call("Northwind")
    manager, colleague = [await world.person(Role.PARTNER_MANAGER, "Northwind") for _ in range(2)]
    path, until = f"/api/v1/calls/{call.uid}/grants", (world.clock() + timedelta(days=3)).isoformat()
    given = {"to": office.nobody.email, "until": until, "reason": "They asked"}
    first, again = [await manager.post(path, json=given) for _ in range(2)]
    assert (first.status_code, again.status_code, again.json()["code"]) == (201, 409, "shared_already")
    assert (await colleague.post(path, json=given)).status_code == 201
    assert (await manager.delete(f"{path}/{first.json()['id']}")).status_code == 204
    assert (await manager.post(path, json=given)).status_code == 201


async def test_a_new_secret_of_a_program_that_hears_as_a_way_round(office: Office) -> None:
    """Whoever makes a secret can use it: that waits, and then whoever asked makes one, once."""
    world = office.world
    client_id, _ = await world.add_integration(Action.FIND, Action.LISTEN)
    path = f"/api/v1/integrations/{client_id}/secrets"
    asked = await office.by_admin.post(path)
    assert asked.status_code == 202
    assert (await agree(office.by_compliance, asked.json()["id"])).status_code == 200
    other = await world.person(Role.ADMINISTRATOR)
    assert [(await one.post(path)).status_code for one in (other, office.by_admin, office.by_admin)] == [
        202,
        201,
        202,
    ]
    harmless, _ = await world.add_integration(Action.UPLOAD)
    assert (await office.by_admin.post(f"/api/v1/integrations/{harmless}/secrets")).status_code == 201


async def test_a_token_for_fewer_rights_does_not_lift_the_rule(office: Office) -> None:
    """Narrowed to one right or not, whoever gives is the same person."""
    caller = Caller(structs.replace(office.admin, narrowed=frozenset({Action.MANAGE_PEOPLE})))
    with pytest.raises(Forbidden):
        await grants.give(office.world.parts, caller, office.admin.uid, LISTEN)


async def test_an_asker_who_may_not_manage_people_any_more(office: Office) -> None:
    """What they asked for while they could is refused; what the console asked for stands."""
    world, other = office.world, await office.world.add_person(Role.AUDITOR)
    by_console = await grants.give(world.parts, console("root"), other.email or "", LISTEN)
    assert isinstance(by_console, PendingChange)
    uid = await office.asked()
    await grants.revoke(world.parts, world.at_console, office.admin.grants[0].uid)
    refused = await agree(office.by_compliance, uid)
    assert (refused.status_code, refused.json()["code"]) == (409, "no_longer_fits")
    assert not await office.may_listen(office.nobody)
    assert (await agree(office.by_compliance, by_console.uid)).status_code == 200


async def test_more_changes_than_anybody_looks_through(office: Office) -> None:
    """The hundred-and-first is refused, whatever it is; one decided makes room, and others still ask."""
    waits = await office.asked()
    async with office.world.parts.database.write() as work:
        for _ in range(99):
            change = RotateSecret(office.nobody.uid)
            await work.changes.add(change, beneficiary=None, asked_by=office.admin.uid, asked_name="")
    full = await office.give(office.nobody)
    assert (full.status_code, full.json()["code"]) == (409, "too_many_wait")
    with pytest.raises(TooManyWait):
        await links.make(office.world.parts, Caller(office.admin), office.compliance.uid)
    other = await office.world.person(Role.ADMINISTRATOR)
    assert (await other.post("/api/v1/grants", json={"to": office.nobody.uid, **HEAR})).status_code == 202
    await office.by_admin.post(f"/api/v1/pending-changes/{waits}/withdraw")
    await office.asked()


async def test_a_secret_agreed_on_twice_in_a_day(office: Office) -> None:
    client_id, _ = await office.world.add_integration(Action.FIND, Action.LISTEN)
    path = f"/api/v1/integrations/{client_id}/secrets"
    for _ in range(2):
        asked = await office.by_admin.post(path)
        assert asked.status_code == 202
        assert (await agree(office.by_compliance, asked.json()["id"])).status_code == 200
        assert (await office.by_admin.post(path)).status_code == 201


async def test_what_waits_is_nobody_elses_to_see(office: Office) -> None:
    uid = await office.asked()
    stranger = await office.world.person(Role.PARTNER_MANAGER, "Northwind")
    assert (await stranger.get("/api/v1/pending-changes")).status_code == 403
    for answer in (await stranger.get(f"/api/v1/pending-changes/{uid}"), await agree(stranger, uid)):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_coming_in_by_an_invitation_as_somebody_who_came_to_approve(office: Office) -> None:
    """Whoever made the link while the person held nothing must not come in by it once they approve."""
    invited = await invite(
        office.world.parts, Caller(office.admin), name="Nora", email="nora@example.com", giving=None
    )
    assert invited.secret
    uid = await office.asked(to=invited.person, actions=[], role="compliance")
    assert (await links.look(office.world.parts, invited.secret))[0].uid == invited.person.uid
    assert (await agree(office.by_compliance, uid)).status_code == 200
    with pytest.raises(NotFound):
        await links.accept(office.world.parts, invited.secret, "a password of mine", Origin())


async def another_email(office: Office, of: Principal) -> tuple[int, str]:
    answer = await office.by_admin.patch(f"/api/v1/people/{of.uid}", json={"email": "boss@example.com"})
    return answer.status_code, answer.json().get("field", "")


@pytest.mark.parametrize("by", ["a grant", "a group"])
async def test_another_email_while_ones_own_calls_wait(office: Office, by: str) -> None:
    """Whoever agrees would open the calls of somebody else: those of the e-mail that they have by then."""
    to = office.nobody.uid
    if by == "a group":
        group = (await office.by_admin.post("/api/v1/groups", json={"name": "Agents"})).json()
        to = group["id"]
        path = f"/api/v1/groups/{to}/members"
        assert (await office.by_admin.post(path, json={"person": office.nobody.uid})).status_code == 201
    asked = await office.by_admin.post("/api/v1/grants", json={**HEAR, "to": to, "scope": "own"})
    assert asked.status_code == 202
    assert await another_email(office, office.nobody) == (409, "email")
    await office.by_admin.post(f"/api/v1/pending-changes/{asked.json()['id']}/withdraw")
    assert await another_email(office, office.nobody) == (200, "")


async def test_another_email_for_somebody_who_approves(office: Office) -> None:
    """They sign in by it; nor for somebody who is about to approve. Another name harms nobody."""
    await office.asked(actions=[], role="compliance")
    for one in (office.compliance, office.nobody):
        assert await another_email(office, one) == (409, "email")
        named = await office.by_admin.patch(f"/api/v1/people/{one.uid}", json={"name": "Nora"})
        assert named.status_code == 200
