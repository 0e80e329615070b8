"""People, grants, integrations and the first administrator: what the console and the set-up page do."""

import asyncio
from datetime import timedelta

import pytest

from archive.audit.event import Origin
from archive.calls.caller import Caller
from archive.errors import ArchiveError, Conflict, Forbidden, Invalid, NotFound
from archive.identity import manage
from archive.identity.manage import Giving, Registering
from archive.identity.places import describe, parse_scope
from archive.identity.sign_in import sign_in
from archive.policy.actions import Action, Role
from archive.policy.scope import AllCalls, OwnCalls, Partner
from tests.world import PASSWORD, World

pytestmark = pytest.mark.anyio

NEWCOMER = {"name": "Ann", "email": "Ann@Example.com ", "password": PASSWORD}
AGENT = Giving(scope="own", role=Role.AGENT)


async def test_the_first_administrator_comes_by_a_link_that_works_once(world: World) -> None:
    parts = world.parts
    old, link = await manage.first_administrator_link(parts), await manage.first_administrator_link(parts)
    assert not await manage.setup_link_works(parts, old)
    assert await manage.setup_link_works(parts, link)

    tries = (
        manage.use_setup_link(parts, link, **{**NEWCOMER, "email": f"a{n}@example.com"}, origin=Origin())
        for n in range(5)
    )
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    refused = [one for one in outcomes if isinstance(one, ArchiveError)]
    (made,) = [one for one in outcomes if not isinstance(one, BaseException)]
    assert len(refused) == 4
    assert made.grants[0].role is Role.ADMINISTRATOR
    assert len(await world.events("person.added")) == 1
    assert not await manage.setup_link_works(parts, link)
    with pytest.raises(Conflict):
        await manage.first_administrator_link(parts)
    await sign_in(parts, str(made.email), PASSWORD, Origin())


async def test_a_link_ends(world: World) -> None:
    link = await manage.first_administrator_link(world.parts)
    world.clock.forward(hours=24, seconds=1)
    with pytest.raises(NotFound):
        await manage.use_setup_link(world.parts, link, **NEWCOMER, origin=Origin())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "ann"),
        ("email", "@x"),
        ("email", "a b@x.de"),
        ("name", " "),
        ("name", "a\nb"),
        ("password", "short"),
    ],
)
async def test_a_wrong_value_is_named_and_the_link_stays(world: World, field: str, value: str) -> None:
    link = await manage.first_administrator_link(world.parts)
    with pytest.raises(Invalid) as refused:
        await manage.use_setup_link(world.parts, link, **{**NEWCOMER, field: value}, origin=Origin())
    assert refused.value.field == field
    assert await manage.setup_link_works(world.parts, link)


async def test_a_person_is_known_by_email_in_any_case(world: World) -> None:
    await manage.add_person(world.parts, world.at_console, **NEWCOMER, giving=AGENT)
    with pytest.raises(Conflict):
        await manage.add_person(
            world.parts, world.at_console, **{**NEWCOMER, "email": "ANN@example.com"}, giving=AGENT
        )
    await sign_in(world.parts, " ANN@example.COM", PASSWORD, Origin())


async def test_scopes_in_words(world: World) -> None:
    async with world.parts.database.write() as work:
        first, second = await work.names.add_partner("Northwind"), await work.names.add_partner("Contoso")
        await work.names.add_team("Orders")
        assert await parse_scope(work, "all") == AllCalls()
        assert await parse_scope(work, "own") == OwnCalls(frozenset())
        both = await parse_scope(work, "partner: contoso, Northwind")
        assert both == Partner(frozenset({first.id, second.id}))
        assert await parse_scope(work, f"partner:{first.uid}") == Partner(frozenset({first.id}))
        assert await describe(work, both) == "partner:Contoso,Northwind"
        assert await describe(work, await parse_scope(work, "team:orders")) == "team:Orders"


async def test_a_name_may_hold_commas(world: World) -> None:
    async with world.parts.database.write() as work:
        await work.names.add_partner("A")
        whole = await work.names.add_partner("A, B & Co")
        assert await parse_scope(work, "partner: A, B & Co ") == Partner(frozenset({whole.id}))
        assert await describe(work, Partner(frozenset({whole.id}))) == "partner:A, B & Co"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "everything",
        "all:x",
        "own:",
        "partner",
        "partner:",
        "partner: ,",
        "partner:Nobody",
        "team:Nobody",
        "*",
    ],
)
async def test_a_scope_that_names_nothing_is_refused_and_never_all(world: World, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        await manage.add_person(
            world.parts, world.at_console, **NEWCOMER, giving=Giving(scope=text, role=Role.TEAM_LEAD)
        )
    assert refused.value.field == "scope"
    assert await manage.people(world.parts, world.at_console) == []


@pytest.mark.parametrize(
    ("giving", "field"),
    [
        (Giving(scope="all"), "role"),
        (Giving(scope="all", role=Role.AGENT, actions=frozenset({Action.FIND})), "role"),
        (Giving(scope="own", role=Role.ADMINISTRATOR), "scope"),
    ],
)
async def test_a_grant_is_a_role_or_actions(world: World, giving: Giving, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        await manage.add_person(world.parts, world.at_console, **NEWCOMER, giving=giving)
    assert refused.value.field == field


async def test_a_grant_ends_by_itself_and_by_hand(world: World) -> None:
    person = await world.add_person(Role.AUDITOR)
    until = world.clock() + timedelta(days=1)
    giving = Giving(scope="all", role=Role.COMPLIANCE, until=until, reason="holiday cover")
    past = Giving(scope="all", role=Role.COMPLIANCE, until=world.clock())
    with pytest.raises(Invalid):
        await manage.give(world.parts, world.at_console, str(person.email), past)
    grant = await manage.give(world.parts, world.at_console, str(person.email), giving)
    client = await world.signed_in(person)
    await world.call()
    assert len((await client.get("/api/v1/calls")).json()["items"]) == 1
    (given, *_) = await world.events("grant.given")
    assert given.details["reason"] == "holiday cover"

    await manage.revoke(world.parts, world.at_console, grant.uid)
    assert (await client.get("/api/v1/calls")).json()["items"] == []
    with pytest.raises(NotFound):
        await manage.revoke(world.parts, world.at_console, grant.uid)


async def test_nobody_gives_anything_to_themselves(world: World) -> None:
    administrator = await world.add_person(Role.ADMINISTRATOR)
    with pytest.raises(Forbidden):
        await manage.give(
            world.parts,
            Caller(administrator),
            str(administrator.email),
            Giving(scope="all", role=Role.COMPLIANCE),
        )


async def test_managing_takes_the_right_to(world: World) -> None:
    for role in set(Role) - {Role.ADMINISTRATOR}:
        caller = Caller(await world.add_person(role))
        giving = Giving(scope="all", actions=frozenset({Action.FIND}))
        with pytest.raises(Forbidden):
            await manage.register(world.parts, caller, Registering(name="x"), giving)
        with pytest.raises(Forbidden):
            await manage.people(world.parts, caller)
        denied = await world.events("archive.denied", actor=caller.principal.uid)
        assert [event.details for event in denied] == [{"action": "manage_people"}] * 2


async def test_an_integration_gets_actions_and_its_secret_once(world: World) -> None:
    with pytest.raises(Invalid):
        await manage.register(world.parts, world.at_console, Registering(name="x"), AGENT)
    client_id, secret = await world.add_integration(Action.FIND)
    assert secret not in str(await manage.integrations(world.parts, world.at_console))
    await manage.revoke_integration(world.parts, world.at_console, client_id)
    with pytest.raises(NotFound):
        await manage.rotate(world.parts, world.at_console, client_id)
