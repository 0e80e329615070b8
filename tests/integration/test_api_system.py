"""Health, measurements, problems and the docs, on a whole application."""

import httpx
import pytest
from msgspec import structs

from archive.errors import Unavailable
from archive.http.observe import Observed
from archive.identity.secrets import Prefix, new_secret
from archive.logs import JsonLines
from archive.ports import Database
from tests.world import World

pytestmark = pytest.mark.anyio


class Away:
    """A database that can't be reached."""

    def write(self) -> "Away":
        return self

    read = write

    async def __aenter__(self) -> None:
        raise Unavailable("Database", "It can't be reached.", "Start it.")

    async def __aexit__(self, *_: object) -> None: ...

    async def check(self) -> None:
        raise Unavailable("Database", "It can't be reached.", "Start it.")

    async def close(self) -> None: ...


@pytest.fixture
async def client(world: World) -> httpx.AsyncClient:
    return await world.client()


def take_away_the_database(world: World) -> None:
    away: Database = Away()  # type: ignore[assignment]
    context = world.app.state.context
    world.app.state.context = structs.replace(context, parts=structs.replace(context.parts, database=away))


async def test_alive_even_when_nothing_else_is(world: World, client: httpx.AsyncClient) -> None:
    take_away_the_database(world)
    assert (await client.get("/healthz")).json() == {"status": "ok"}


async def test_ready_names_each_component(client: httpx.AsyncClient) -> None:
    answer = await client.get("/readyz")
    states = {one["name"]: one["state"] for one in answer.json()["components"]}
    assert answer.status_code == 200
    assert (states["database"], states["recordings"], states["queue"]) == ("ok", "ok", "degraded")


async def test_not_ready_says_why_and_what_to_do(world: World, client: httpx.AsyncClient) -> None:
    take_away_the_database(world)
    answer = await client.get("/readyz")
    (database,) = [one for one in answer.json()["components"] if one["name"] == "database"]
    assert answer.status_code == 503
    assert (database["state"], database["remedy"]) == ("down", "Start it.")


async def test_with_the_database_away_no_byte_of_sound_leaves(world: World) -> None:
    call = await world.call()
    crm = await world.integration()
    take_away_the_database(world)
    for path in ("", "/recording", "/transcript", "/waveform"):
        answer = await crm.get(f"/api/v1/calls/{call.uid}{path}")
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert (answer.json()["component"], answer.json()["remedy"]) == ("Database", "Start it.")


async def test_measurements_are_for_loopback_alone(world: World) -> None:
    near = await world.client()
    assert "archive_calls" in (await near.get("/metrics")).text
    assert (await near.get("/metrics", headers={"X-Forwarded-For": "192.0.2.1"})).status_code == 404
    transport = httpx.ASGITransport(app=world.app, client=("192.0.2.1", 5))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as far:
        assert (await far.get("/metrics")).status_code == 404


async def test_measurements_by_token(world: World, client: httpx.AsyncClient) -> None:
    context = world.app.state.context
    world.app.state.context = structs.replace(
        context, settings=structs.replace(context.settings, metrics_token="s3cret")
    )
    assert (await client.get("/metrics")).status_code == 401
    assert (await client.get("/metrics", headers={"Authorization": "Bearer wrong"})).status_code == 401
    assert (await client.get("/metrics", headers={"Authorization": "Bearer s3cret"})).status_code == 200


async def test_requests_are_counted_by_route_and_logged_without_secrets(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="archive.requests")
    transport = httpx.ASGITransport(app=Observed(world.app))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as watched:
        await watched.get("/api/v1/suggest?q=q1u2", headers={"Cookie": "session=c3o4"})
        await watched.get("/setup/l5i6")
        await watched.get("/no/such/p7a8")
        counts = (await watched.get("/metrics")).text
    assert 'archive_requests_total{method="GET",route="/api/v1/suggest",status="401"} 1' in counts
    logged = [JsonLines().format(record) for record in caplog.records if record.name == "archive.requests"]
    assert len(logged) == 4
    for secret in ("q1u2", "c3o4", "l5i6", "p7a8"):
        assert secret not in str(logged) + counts


async def test_the_docs_need_nobody_elses_files(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "//" not in page.text.replace("<!doctype", "")
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert (await client.get("/docs/start.js")).headers["content-type"].startswith("text/javascript")
    assert (await client.get("/docs/..%2fapp.py")).status_code == 404
    assert (await client.get("/openapi.json")).json()["openapi"] == "3.1.0"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("PUT", "/api/v1/calls", 405, "method_not_allowed"),
        ("HEAD", "/api/v1/calls", 405, None),
        ("GET", "/api/v1/calls/", 401, "not_signed_in"),
    ],
)
async def test_what_leads_nowhere_is_a_problem(
    client: httpx.AsyncClient, method: str, path: str, status: int, code: str | None
) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == status
    if code:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == code


async def test_what_nobody_foresaw_is_told_to_nobody(
    world: World, client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Away):
        def read(self) -> "Away":
            raise RuntimeError("secret")

    context = world.app.state.context
    parts = structs.replace(context.parts, database=Broken())
    world.app.state.context = structs.replace(context, parts=parts)
    answer = await client.get("/api/v1/calls", headers={"Cookie": f"session={new_secret(Prefix.SESSION)}"})
    assert (answer.status_code, answer.json()["code"]) == (500, "error")
    assert "secret" not in answer.text
    assert "unforeseen error" in caplog.text


async def test_every_answer_forbids_sniffing_and_scripts(client: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/api/v1/calls", "/nowhere", "/sign-in"):
        headers = (await client.get(path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
