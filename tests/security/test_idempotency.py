"""A creation sent twice is made once; its answer is told to whoever asked, and holds no secret in the database."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec import structs

from archive.errors import Unavailable
from archive.http.idempotency import HEADER, REPLAYED, is_once
from archive.policy.actions import Action, Role
from archive.policy.principal import Principal
from archive.ports import Database, Work
from tests.world import World

pytestmark = pytest.mark.anyio

KEY = {HEADER: "a key"}
ANNA: dict[str, Any] = {"name": "Anna Berg", "email": "anna@example.com", "invite": False}

TAKES_KEYS = {
    "/api/v1/people",
    "/api/v1/people/{person_id:str}/links",
    "/api/v1/integrations",
    "/api/v1/integrations/{integration_id:str}/secrets",
    "/api/v1/partners",
    "/api/v1/clients",
    "/api/v1/teams",
    "/api/v1/grants",
    "/api/v1/groups",
    "/api/v1/groups/{group_id:str}/members",
    "/api/v1/groups/{group_id:str}/claims",
    "/api/v1/access-requests",
    "/api/v1/calls/{call_id:str}/access-requests",
    "/api/v1/calls/{call_id:str}/grants",
    "/api/v1/reason-rules",
}

BY_ITSELF = {
    "/api/v1/calls",  # source and external id make one of two
    "/api/v1/calls/{call_id:str}/listens",  # each is heard, and told, for itself
    "/api/v1/calls/{call_id:str}/reasons",  # saying why twice changes nothing
    "/api/v1/broken-glass",  # there is one at a time, and its answer is a session
}


async def test_every_creation_takes_a_key_or_has_a_rule_of_its_own(world: World) -> None:
    taking = {
        path: is_once(handler.fn)
        for route in world.app.routes
        for handler in getattr(route, "route_handlers", ())
        for path in handler.paths
        if path.startswith("/api/") and handler.status_code == 201
    }
    assert {path for path, once in taking.items() if once} == TAKES_KEYS
    assert {path for path, once in taking.items() if not once} == BY_ITSELF


async def test_the_same_again_is_answered_as_before_and_made_once(world: World) -> None:
    admin = await world.person(Role.ADMINISTRATOR)
    first, again = [await admin.post("/api/v1/people", json=ANNA, headers=KEY) for _ in range(2)]
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert REPLAYED not in first.headers
    assert again.headers[REPLAYED] == "true"
    for name in ("ETag", "Location", "Content-Type", "Cache-Control"):
        assert again.headers[name] == first.headers[name]
    assert len((await admin.get("/api/v1/people", params={"q": "anna"})).json()["items"]) == 1


async def test_many_at_once_make_one(world: World) -> None:
    admin = await world.person(Role.ADMINISTRATOR)
    asking = [admin.post("/api/v1/clients", json={"name": "Kowalski"}, headers=KEY) for _ in range(6)]
    told = [_told(answer) for answer in await asyncio.gather(*asking)]
    assert Counter(told)["made"] == 1
    assert set(told) <= {"made", "replayed", "idempotency_under_way"}
    assert len((await admin.get("/api/v1/clients")).json()["items"]) == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [("/api/v1/people", ANNA | {"name": "Anna Holm"}), ("/api/v1/teams", ANNA)],
)
async def test_a_key_stands_for_one_request(world: World, path: str, body: dict[str, Any]) -> None:
    admin = await world.person(Role.ADMINISTRATOR)
    await admin.post("/api/v1/people", json=ANNA, headers=KEY)
    answer = await admin.post(path, json=body, headers=KEY)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_key_is_its_principals_own(world: World) -> None:
    one, other = await world.person(Role.ADMINISTRATOR), await world.person(Role.ADMINISTRATOR)
    body = {"name": "Kowalski"}
    first, second = [await who.post("/api/v1/clients", json=body, headers=KEY) for who in (one, other)]
    assert first.status_code == second.status_code == 201
    assert first.json()["id"] != second.json()["id"]


async def test_a_refusal_leaves_the_key_free(world: World) -> None:
    admin = await world.person(Role.ADMINISTRATOR)
    refused = await admin.post("/api/v1/people", json={"name": "Anna"}, headers=KEY)
    assert refused.status_code == 422
    assert (await admin.post("/api/v1/people", json=ANNA, headers=KEY)).status_code == 201


async def test_who_may_not_ask_any_more_is_told_no_kept_answer(world: World) -> None:
    person = await world.add_person(Role.ADMINISTRATOR)
    admin = await world.signed_in(person)
    assert (await admin.post("/api/v1/people", json=ANNA, headers=KEY)).status_code == 201
    await _end_grants(world, person)
    await _check_refused(world, await admin.post("/api/v1/people", json=ANNA, headers=KEY))


async def test_a_narrower_token_is_told_no_kept_answer(world: World) -> None:
    pair = await world.add_integration(Action.MANAGE_PEOPLE, Action.FIND)
    wide, narrow = [await _with_token(world, pair, scope) for scope in ("manage_people find", "find")]
    assert (await wide.post("/api/v1/people", json=ANNA, headers=KEY)).status_code == 201
    assert (await wide.post("/api/v1/people", json=ANNA, headers=KEY)).status_code == 201
    await _check_refused(world, await narrow.post("/api/v1/people", json=ANNA, headers=KEY))


async def test_who_may_not_let_others_hear_a_call_any_more_is_told_no_kept_answer(world: World) -> None:
    call, hearer = await world.call(), await world.add_person(Role.TEAM_LEAD, "Contoso")
    person = await world.add_person(Role.PARTNER_MANAGER, "Northwind")
    manager, path = await world.signed_in(person), f"/api/v1/calls/{call.uid}/grants"
    until = (world.clock() + timedelta(days=1)).isoformat()
    giving = {"to": hearer.email, "until": until, "reason": "They rang me"}
    assert (await manager.post(path, json=giving, headers=KEY)).status_code == 201
    await _end_grants(world, person)
    answer = await manager.post(path, json=giving, headers=KEY)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert [event.call for event in await world.events("call.denied")] == [call.uid]


class FailsOnceMade:
    """A database that can't be read any more once there is Anna."""

    def __init__(self, inner: Database) -> None:
        self._inner = inner
        self.write = inner.write

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Work]:
        async with self._inner.read() as work:
            if await work.principals.by_email(ANNA["email"]):
                raise Unavailable("Database", "it is away.", "Wait.")
            yield work


async def test_after_a_fault_nothing_is_made_twice(world: World) -> None:
    admin, context = await world.person(Role.ADMINISTRATOR), world.app.state.context
    failing = structs.replace(world.parts, database=FailsOnceMade(world.parts.database))
    world.app.state.context = structs.replace(context, parts=failing)
    assert (await admin.post("/api/v1/people", json=ANNA, headers=KEY)).status_code == 503
    world.app.state.context = context
    again = await admin.post("/api/v1/people", json=ANNA, headers=KEY)
    assert (again.status_code, again.json()["code"]) == (409, "idempotency_under_way")


async def test_a_secret_is_shown_once_and_is_not_kept(world: World, tmp_path: Path) -> None:
    admin = await world.person(Role.ADMINISTRATOR)
    body = {"name": "crm", "grant": {"actions": ["upload"], "scope": "all"}}
    first = await admin.post("/api/v1/integrations", json=body, headers=KEY)
    made = first.json()
    new = f"/api/v1/integrations/{made['integration']['id']}/secrets"
    second = await admin.post(new, headers={HEADER: "another"})
    invited = await admin.post("/api/v1/people", json=ANNA | {"invite": True}, headers={HEADER: "third"})
    link = f"/api/v1/people/{invited.json()['person']['id']}/links"
    linked = await admin.post(link, headers={HEADER: "fourth"})
    for answer, key in ((first, "a key"), (second, "another"), (invited, "third"), (linked, "fourth")):
        assert answer.status_code == 201, answer.text
        request = answer.request
        again = await admin.post(
            request.url.path, content=request.content, headers={**_type(request), HEADER: key}
        )
        assert (again.status_code, again.json()["code"]) == (409, "secret_shown_once")
    database = _written(tmp_path)
    assert made["client_secret"].encode() not in database
    assert second.json()["client_secret"].encode() not in database
    assert linked.json()["url"].rsplit("/", 1)[1].encode() not in database


@pytest.mark.parametrize("key", [b"", b"x" * 256, b"tab\there", "ü".encode()])
async def test_a_key_is_printable_and_short(world: World, key: bytes) -> None:
    admin = await world.person(Role.ADMINISTRATOR)
    answer = await admin.post("/api/v1/people", json=ANNA, headers={HEADER.encode(): key})
    assert (answer.status_code, answer.json()["field"]) == (400, HEADER)


async def _end_grants(world: World, person: Principal) -> None:
    async with world.parts.database.write() as work:
        for grant in person.grants:
            await work.principals.revoke(grant.id)


async def _with_token(world: World, pair: tuple[str, str], scope: str) -> httpx.AsyncClient:
    form = {"grant_type": "client_credentials", "scope": scope}
    token = (await (await world.client()).post("/oauth/token", auth=pair, data=form)).json()["access_token"]
    return await world.client({"Authorization": f"Bearer {token}"})


async def _check_refused(world: World, answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert REPLAYED not in answer.headers
    assert ANNA["name"] not in answer.text
    assert len(await world.events("archive.denied")) == 1


def _written(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("archive.db*"))


def _told(answer: httpx.Response) -> str:
    if answer.is_success:
        return "replayed" if REPLAYED in answer.headers else "made"
    return str(answer.json()["code"])


def _type(request: httpx.Request) -> dict[str, str]:
    kept = request.headers.get("content-type")
    return {"Content-Type": kept} if kept else {}
