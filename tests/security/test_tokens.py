"""Attacks on the token endpoint and on access tokens."""

import asyncio
import base64

import httpx
import pytest
from msgspec import structs

from archive.identity import bearers, manage, tokens
from archive.identity.secrets import Prefix, is_secret, new_secret
from archive.policy.actions import Action, Role
from tests.world import URL, World

pytestmark = pytest.mark.anyio

GRANT = {"grant_type": "client_credentials"}
Credentials = tuple[str, str]


@pytest.fixture
async def crm(world: World) -> Credentials:
    return await world.add_integration(Action.FIND, Action.READ_CALL, Action.DOWNLOAD)


async def ask(world: World, auth: Credentials | None, **form: str) -> httpx.Response:
    client = await world.client(auth=auth)
    return await client.post("/oauth/token", data={**GRANT, **form})


async def test_a_token_is_opaque_and_short_lived(world: World, crm: Credentials) -> None:
    answer = await ask(world, crm)
    token = answer.json()
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"].endswith("no-store")
    assert is_secret(Prefix.ACCESS_TOKEN, token.pop("access_token"))
    assert token == {"token_type": "Bearer", "expires_in": 600, "scope": "download find read_call"}
    (issued,) = await world.events("token.issued")
    assert issued.actor.id == crm[0]


async def test_a_token_ends_on_time(world: World, crm: Credentials) -> None:
    reader = await _reader(world, crm)
    world.clock.forward(seconds=599)
    assert (await reader.get("/api/v1/calls")).status_code == 200
    world.clock.forward(seconds=1)
    assert (await reader.get("/api/v1/calls")).status_code == 401


async def test_an_unknown_client_and_a_wrong_secret_are_one(world: World, crm: Credentials) -> None:
    person = await world.add_person(Role.COMPLIANCE)
    wrong = new_secret(Prefix.CLIENT_SECRET)
    pairs = [
        (crm[0], wrong),
        ("nobody", wrong),
        (person.uid, wrong),
        (crm[0], ""),
        ("", crm[1]),
        (crm[0], "ü"),
    ]
    answers = [await ask(world, pair) for pair in pairs] + [await ask(world, None)]
    assert {(answer.status_code, answer.content) for answer in answers} == {
        (401, b'{"error":"invalid_client","error_description":"Unknown client, or wrong secret."}')
    }
    assert all(answer.headers["WWW-Authenticate"].startswith("Basic") for answer in answers)
    assert len(await world.events("token.denied")) == len(answers)


async def test_credentials_that_are_not_text_are_refused(world: World, crm: Credentials) -> None:
    client = await world.client()
    for header in ("Basic", "Basic !", "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode(), "Bearer x"):
        answer = await client.post("/oauth/token", headers={"Authorization": header}, data=GRANT)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_a_scope_only_narrows(world: World, crm: Credentials) -> None:
    narrow = await ask(world, crm, scope="find find")
    assert narrow.json()["scope"] == "find"
    call = await world.call()
    client = await world.client({"Authorization": f"Bearer {narrow.json()['access_token']}"})
    assert (await client.get("/api/v1/calls")).json()["items"] != []
    assert (await client.get(f"/api/v1/calls/{call.uid}")).status_code == 403
    (denied,) = await world.events("call.denied")
    assert denied.reason_code == "token_scope"


@pytest.mark.parametrize("scope", ["delete", "find delete", "everything", "*", "FIND", "find,read_call"])
async def test_a_scope_that_is_not_the_clients_is_refused_and_never_all(
    world: World, crm: Credentials, scope: str
) -> None:
    answer = await ask(world, crm, scope=scope)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
    assert await world.events("token.issued") == []


async def test_a_client_without_grants_gets_a_token_that_opens_nothing(
    world: World, crm: Credentials
) -> None:
    await world.call()
    async with world.parts.database.write() as work:
        found = await work.principals.by_client_id(crm[0])
        assert found is not None
        await work.principals.revoke(found.grants[0].id)
    answer = await ask(world, crm)
    assert answer.json()["scope"] == ""
    client = await world.client({"Authorization": f"Bearer {answer.json()['access_token']}"})
    assert (await client.get("/api/v1/calls")).json()["items"] == []


async def test_a_programs_request_carries_nothing_that_is_over(world: World, crm: Credentials) -> None:
    token = (await ask(world, crm)).json()["access_token"]
    known = await bearers.find(world.parts, token)
    assert known is not None
    async with world.parts.database.write() as work:
        await work.principals.revoke(known.principal.grants[0].id)
    again = await bearers.find(world.parts, token)
    assert again is not None
    assert again.principal == structs.replace(known.principal, grants=known.principal.grants[1:])


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "unauthorized_client"),  # it registered no redirect URI
        ({"grant_type": "refresh_token"}, "unauthorized_client"),
        ({}, "invalid_request"),
        ({"scope": "find"}, "unsupported_grant_type"),
        ({"grant_type": ["client_credentials", "client_credentials"]}, "invalid_request"),
    ],
)
async def test_other_requests_get_an_error_of_the_standard(
    world: World, crm: Credentials, form: dict[str, str], error: str
) -> None:
    answer = await (await world.client()).post("/oauth/token", auth=crm, data=form)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


async def test_secrets_in_the_body_are_not_taken(world: World, crm: Credentials) -> None:
    answer = await ask(world, None, client_id=crm[0], client_secret=crm[1])
    assert answer.json()["error"] == "invalid_client"


async def test_json_is_not_taken(world: World, crm: Credentials) -> None:
    answer = await (await world.client()).post("/oauth/token", auth=crm, json=GRANT)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_revoked_token_ends_at_once(world: World, crm: Credentials) -> None:
    reader = await _reader(world, crm)
    token = reader.headers["Authorization"].removeprefix("Bearer ")
    client = await world.client()
    answer = await client.post("/oauth/revoke", auth=crm, data={"token": token})
    assert answer.status_code == 200
    assert (await reader.get("/api/v1/calls")).status_code == 401
    assert len(await world.events("token.revoked")) == 1


async def test_anothers_token_lives_on_and_is_not_told_from_none(world: World, crm: Credentials) -> None:
    reader = await _reader(world, crm)
    token = reader.headers["Authorization"].removeprefix("Bearer ")
    stranger = await world.add_integration(Action.FIND)
    client = await world.client()
    answers = [
        await client.post("/oauth/revoke", auth=stranger, data={"token": one})
        for one in (token, new_secret(Prefix.ACCESS_TOKEN), "x")
    ]
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, b"{}")}
    assert (await reader.get("/api/v1/calls")).status_code == 200
    assert (await client.post("/oauth/revoke", auth=(crm[0], "no"), data={"token": token})).status_code == 401
    assert (await client.post("/oauth/revoke", auth=crm, data={})).json()["error"] == "invalid_request"


async def test_a_revoked_integration_is_out_at_once(world: World, crm: Credentials) -> None:
    reader = await _reader(world, crm)
    await manage.revoke_integration(world.parts, world.at_console, crm[0])
    assert (await reader.get("/api/v1/calls")).status_code == 401
    assert (await ask(world, crm)).json()["error"] == "invalid_client"


async def test_a_rotated_secret_leaves_time_to_change_over(world: World, crm: Credentials) -> None:
    second = await _rotated(world, crm)
    assert {(await ask(world, (crm[0], secret))).status_code for secret in (crm[1], second)} == {200}
    third = await _rotated(world, crm)
    codes = [(await ask(world, (crm[0], secret))).status_code for secret in (crm[1], second, third)]
    assert codes == [401, 200, 200]


async def _rotated(world: World, crm: Credentials) -> str:
    secret = await manage.rotate(world.parts, world.at_console, crm[0])
    assert isinstance(secret, str)  # nobody has to agree here
    return secret


async def test_the_limit_counts_parallel_tries(
    world: World, crm: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "TRIES_OF_ONE", 5)
    wrong = (crm[0], new_secret(Prefix.CLIENT_SECRET))
    answers = await asyncio.gather(*(ask(world, wrong) for _ in range(9)))
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [401] * 5 + [429] * 4
    limited = next(answer for answer in answers if answer.status_code == 429)
    assert limited.headers["Retry-After"] == "900"
    assert limited.json()["code"] == "too_many"


async def test_a_token_in_the_address_is_not_taken(world: World, crm: Credentials) -> None:
    token = (await ask(world, crm)).json()["access_token"]
    client = await world.client()
    assert (await client.get("/api/v1/calls", params={"access_token": token})).status_code == 401


async def test_discovery_names_this_server(world: World) -> None:
    client = await world.client()
    server = (await client.get("/.well-known/oauth-authorization-server")).json()
    assert server["issuer"] == URL
    assert server["token_endpoint"] == f"{URL}/oauth/token"
    resource = (await client.get("/.well-known/oauth-protected-resource")).json()
    assert resource["authorization_servers"] == [URL]


async def _reader(world: World, credentials: Credentials) -> httpx.AsyncClient:
    token = (await ask(world, credentials)).json()["access_token"]
    return await world.client({"Authorization": f"Bearer {token}"})
