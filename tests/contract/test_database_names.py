"""Partners, clients, agents and teams: one row for one name, and nobody taken for somebody else."""

import asyncio

import pytest

from archive.adapters.db.database import SqlDatabase
from archive.calls.call import Call, Named
from archive.errors import Conflict
from archive.policy.scope import Partner
from archive.ports import KnownName, NameFilter, NameKind, NameMark
from tests.contract.making import add_call

pytestmark = pytest.mark.anyio


async def test_a_name_is_one_whatever_its_case_and_outer_space(database: SqlDatabase) -> None:
    async with database.write() as work:
        partner = await work.names.add_partner("  Straße Ltd ")
        assert partner.name == "Straße Ltd"
        assert await work.names.add_partner("STRASSE LTD") == partner
        assert await work.names.partner("strasse ltd") == partner
        assert await work.names.partner(partner.uid) == partner
        assert await work.names.partner("strasse") is None
        team = await work.names.add_team("Straße Ltd")
        assert await work.names.team("STRASSE ltd") == team
        assert await work.names.team(partner.uid) is None


async def test_two_who_add_a_name_at_once_get_the_same(database: SqlDatabase) -> None:
    async def add() -> Named:
        async with database.write() as work:
            return await work.names.add_partner("Northwind")

    added = await asyncio.gather(*(add() for _ in range(4)))
    assert len(set(added)) == 1


async def test_a_client_is_known_by_id_then_number_and_name_then_name(database: SqlDatabase) -> None:
    async with database.write() as work:
        names = work.names
        by_id = await names.add_client("Ann", "030 1234567", "C1")
        by_number = await names.add_client("Ann", "030 7654321", None)
        assert await names.client_like("Somebody", "030 7654321", "C1") == by_id
        assert await names.client_like("ann", "+30 7654321", None) == by_number
        assert await names.client_like("ann", None, None) == by_id  # the first of that name
        assert await names.client_like(None, "0307654321", None) == by_number
        assert await names.client_like("Bea", "030 7654321", None) is None
        assert await names.client_like(None, None, None) is None


async def test_a_name_never_leads_to_a_client_with_another_external_id(database: SqlDatabase) -> None:
    async with database.write() as work:
        await work.names.add_client("Ann", "030 1234567", "C1")
        assert await work.names.client_like("Ann", "030 1234567", "C2") is None
        second = await work.names.add_client("Ann", "030 1234567", "C2")
        assert await work.names.client_like("Ann", None, "C2") == second


async def test_an_external_id_never_leads_to_a_client_without_one(database: SqlDatabase) -> None:
    async with database.write() as work:
        await work.names.add_client("Tidewell", "030 1234567", None)
        assert await work.names.client_like("Tidewell", "030 1234567", "crm-1") is None
        one = await work.names.add_client("Tidewell", None, "crm-1")
        assert one.external_id == "crm-1"
        assert await work.names.client_like("Tidewell", None, "crm-2") is None
        assert await work.names.client_like("Tidewell", None, "crm-1") == one


async def test_an_agent_is_known_by_email_and_by_name_only_without_one(database: SqlDatabase) -> None:
    async with database.write() as work:
        names = work.names
        agent = await names.add_agent("Bo", "Bo@Example.com")
        assert await names.agent_like("Other", "bo@example.COM") == agent
        assert await names.agent_like("Bo", None) is None  # a namesake's calls would become Bo's own
        assert await names.agent_like("Bo", "bo@elsewhere.com") is None
        namesake = await names.add_agent("Bo", None)
        assert await names.agent_like("BO ", None) == namesake
        assert await names.agent_like(None, None) is None
        assert await names.agent_ids("bo") == [agent.id, namesake.id]
        assert await names.agent_ids(namesake.uid) == [namesake.id]
        assert await names.agent_ids("Bob") == []


async def test_lists_are_in_order_of_names_and_of_the_ids_asked_for(database: SqlDatabase) -> None:
    async with database.write() as work:
        names = work.names
        b, a = await names.add_partner("b"), await names.add_partner("A")
        team = await names.add_team("T")
        client, agent = (
            await names.add_client("C", "123456", None),
            await names.add_agent("G", "g@example.com"),
        )
        assert await names.partners() == [a, b]
        assert await names.partners([b.id, 999]) == [b]
        assert await names.partners([]) == []
        assert await names.teams() == [team]
        assert await names.clients([client.id]) == [Named(client.id, client.uid, "C")]
        assert await names.agents([agent.id]) == [Named(agent.id, agent.uid, "G")]
        assert await names.client_ids("c") == [client.id]
        assert await names.partner_ids("a") == [a.id]
        assert await names.team_ids(team.uid) == [team.id]


@pytest.mark.parametrize("kind", [NameKind.PARTNER, NameKind.TEAM])
async def test_a_partner_or_team_is_added_and_renamed_to_a_name_that_nobody_has(
    database: SqlDatabase, kind: NameKind
) -> None:
    async with database.write() as work:
        first, second = await work.names.add(kind, "Northwind"), await work.names.add(kind, "Contoso")
        with pytest.raises(Conflict):
            await work.names.add(kind, " NORTHWIND ")
        with pytest.raises(Conflict):
            await work.names.rename(kind, second.id, "northwind")
        await work.names.rename(kind, first.id, "NorthWind")  # its own, spelled otherwise
        assert await work.names.known(kind, first.uid) == KnownName(first.id, first.uid, "NorthWind")
        assert await work.names.known(kind, "nobody") is None


async def test_clients_may_be_namesakes(database: SqlDatabase) -> None:
    async with database.write() as work:
        first = await work.names.add(NameKind.CLIENT, "Ann", "C1")
        second = await work.names.add(NameKind.CLIENT, "Bea", "C2")
        await work.names.rename(NameKind.CLIENT, second.id, "Ann")
        found = await work.names.page(NameKind.CLIENT, NameFilter(), None, 10)
        assert [(one.uid, one.name, one.external_id) for one in found] == [
            (first.uid, "Ann", "C1"),
            (second.uid, "Ann", "C2"),
        ]


async def test_names_come_by_page_in_their_order(database: SqlDatabase) -> None:
    async with database.write() as work:
        for name in ("Delta", "alpha", "Bravo", "charlie", "Alpha Two"):
            await work.names.add(NameKind.PARTNER, name)
        shown, after = [], None
        while page := await work.names.page(NameKind.PARTNER, NameFilter(), after, 2):
            shown += [one.name for one in page]
            after = NameMark(page[-1].name, page[-1].id)
        assert shown == ["alpha", "Alpha Two", "Bravo", "charlie", "Delta"]
        found = await work.names.page(NameKind.PARTNER, NameFilter(like="two"), None, 10)
        assert [one.name for one in found] == ["Alpha Two"]
        assert await work.names.page(NameKind.PARTNER, NameFilter(like="%"), None, 10) == []


async def test_a_scope_tells_the_names_that_it_reaches_by_and_those_on_its_calls(
    database: SqlDatabase,
) -> None:
    call = await carrying(database, "Northwind", "Blue")
    await carrying(database, "Contoso", "Red")
    assert call.partner
    async with database.write() as work:
        empty = await work.names.add(NameKind.PARTNER, "Empty")
        scope = Partner(frozenset({call.partner.id, empty.id}))

        async def told(kind: NameKind) -> list[str]:
            return [one.name for one in await work.names.page(kind, NameFilter(within=scope), None, 10)]

        assert await told(NameKind.PARTNER) == ["Empty", "Northwind"]
        assert await told(NameKind.TEAM) == ["Blue"]
        other = await work.names.partner("Contoso")
        assert other
        assert await work.names.known(NameKind.PARTNER, other.uid, scope) is None
        assert await work.names.known(NameKind.PARTNER, call.partner.uid, scope) is not None


async def test_the_index_is_owed_the_calls_of_a_name_that_changed(database: SqlDatabase) -> None:
    call = await carrying(database, "Northwind", "Blue")
    await carrying(database, "Contoso", "Blue")
    assert call.partner
    async with database.write() as work:
        await work.index_debts.pay(
            [debt for one in await work.index_debts.calls(9) for debt in await work.index_debts.of_call(one)]
        )
        await work.index_debts.owe_named(NameKind.PARTNER, call.partner.id)
        assert await work.index_debts.calls(9) == {call.id}


async def carrying(database: SqlDatabase, partner: str, team: str) -> Call:
    async with database.write() as work:
        where = await work.names.add_partner(partner), await work.names.add_team(team)
    return await add_call(database, partner_id=where[0].id, team_id=where[1].id)
