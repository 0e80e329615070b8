"""Every route x every role x a call that isn't theirs: nothing comes out, and the same as for one that doesn't exist.

The same request on an own call comes first, so that a broken request can't pass for a refusal.
"""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute
from msgspec import Struct

from archive.ids import uuid7
from archive.policy.actions import ROLE_ACTIONS, Action, Role
from archive.policy.principal import Principal
from tests.security.test_access_routes import ON_ACCESS
from tests.security.test_administration_routes import NAMES_TOLD, ON_OFFICE
from tests.security.test_asking_routes import ON_ASKING
from tests.world import World

pytestmark = pytest.mark.anyio

A = Action
OWN, FOREIGN = "Northwind", "Contoso"
WHY = {"reason": "case 4711"}
AUDIO = {"audio": ("a.wav", b"RIFF", "audio/wav")}


class Route(Struct, frozen=True):
    """A route on one call (`call_id`): by which actions it opens, and what a good request brings."""

    actions: tuple[Action, ...]
    request: dict[str, Any] = {}


ON_CALLS: dict[tuple[str, str], Route] = {
    ("GET", "/api/v1/calls/{call_id}"): Route((A.READ_CALL,)),
    ("PATCH", "/api/v1/calls/{call_id}"): Route((A.EDIT,), {"json": {"note": "heard"}}),
    ("DELETE", "/api/v1/calls/{call_id}"): Route((A.DELETE,)),
    ("POST", "/api/v1/calls/{call_id}/retry"): Route((A.EDIT, A.UPLOAD)),
    ("GET", "/api/v1/calls/{call_id}/transcript"): Route((A.READ_TRANSCRIPT,)),
    ("PUT", "/api/v1/calls/{call_id}/transcript"): Route(
        (A.EDIT, A.UPLOAD),
        {"content": b"WEBVTT\n\n00:00.000 --> 00:01.000\nhello\n", "headers": {"Content-Type": "text/vtt"}},
    ),
    ("GET", "/api/v1/calls/{call_id}/waveform"): Route((A.READ_CALL,)),
    ("GET", "/api/v1/calls/{call_id}/listens"): Route((A.READ_CALL,)),
    ("POST", "/api/v1/calls/{call_id}/listens"): Route((A.LISTEN,), {"json": WHY}),
    ("POST", "/api/v1/calls/{call_id}/reasons"): Route(
        (A.LISTEN, A.DOWNLOAD, A.READ_TRANSCRIPT), {"json": WHY}
    ),
    ("POST", "/api/v1/calls/{call_id}/seal"): Route((A.SEAL,), {"json": WHY}),
    ("DELETE", "/api/v1/calls/{call_id}/seal"): Route((A.SEAL,), {"json": WHY}),
    ("GET", "/api/v1/calls/{call_id}/recording"): Route((A.DOWNLOAD,), {"headers": {"Range": "bytes=0-9"}}),
    ("HEAD", "/api/v1/calls/{call_id}/recording"): Route(
        (A.DOWNLOAD,), {"headers": {"If-None-Match": '"x"'}}
    ),
    ("GET", "/calls/{call_id}"): Route((A.READ_CALL,)),
    ("GET", "/calls/{call_id}/state"): Route((A.READ_CALL,)),
    ("GET", "/calls/{call_id}/listens"): Route((A.READ_CALL,)),
    ("POST", "/calls/{call_id}/retry"): Route((A.EDIT, A.UPLOAD)),
    ("POST", "/calls/{call_id}/reasons"): Route((A.LISTEN, A.DOWNLOAD, A.READ_TRANSCRIPT), {"data": WHY}),
    ("POST", "/calls/{call_id}/seal"): Route((A.SEAL,), {"data": WHY}),
    ("POST", "/calls/{call_id}/unseal"): Route((A.SEAL,), {"data": WHY}),
}

NOT_NOW = {
    ("POST", "/api/v1/calls/{call_id}/retry"),
    ("POST", "/calls/{call_id}/retry"),
    ("DELETE", "/api/v1/calls/{call_id}/seal"),
    ("POST", "/calls/{call_id}/unseal"),
}
"""Of these, what a call that is neither failed nor sealed refuses to everybody."""

ON_LISTENS: dict[tuple[str, str], dict[str, Any]] = {
    ("GET", "/api/v1/listens/{listen_id}/audio"): {"headers": {"Range": "bytes=0-9"}},
    ("HEAD", "/api/v1/listens/{listen_id}/audio"): {},
    ("POST", "/api/v1/listens/{listen_id}/progress"): {"json": {"played": []}},
    ("DELETE", "/api/v1/listens/{listen_id}"): {},
}

BY_RIGHT: dict[tuple[str, str], tuple[str, Route]] = {
    ("GET", "/api/v1/audit/events"): ("audit.read", Route((A.READ_AUDIT,))),
    ("GET", "/api/v1/audit/calls/{call_id}"): ("audit.read", Route((A.READ_AUDIT,))),  # outlives the call
    ("GET", "/api/v1/people"): ("archive.denied", Route((A.MANAGE_PEOPLE,))),
    ("GET", "/api/v1/integrations"): ("archive.denied", Route((A.MANAGE_PEOPLE,))),
    ("POST", "/api/v1/integrations"): (
        "archive.denied",
        Route((A.MANAGE_PEOPLE,), {"json": {"name": "x", "grant": {"actions": ["upload"], "scope": "all"}}}),
    ),
    ("POST", "/api/v1/calls"): (
        "call.denied",
        Route(
            (A.UPLOAD,),
            {
                "files": {
                    "metadata": (None, b'{"started_at": "2026-02-10T09:00:00Z", "partner": "Northwind"}')
                }
                | AUDIO
            },
        ),
    ),
    ("GET", "/api/v1/reason-rules"): ("archive.denied", Route((A.MANAGE_PEOPLE,))),
    ("POST", "/api/v1/reason-rules"): (
        "archive.denied",
        Route((A.MANAGE_PEOPLE,), {"json": {"actions": ["listen"]}}),
    ),
    ("PUT", "/api/v1/reason-rules/{rule_id}"): (
        "archive.denied",
        Route((A.MANAGE_PEOPLE,), {"json": {"actions": ["listen", "download"]}}),
    ),
    ("DELETE", "/api/v1/reason-rules/{rule_id}"): ("archive.denied", Route((A.MANAGE_PEOPLE,))),
    ("GET", "/access/reasons"): ("archive.denied", Route((A.MANAGE_PEOPLE,))),
    ("POST", "/access/reasons"): (
        "archive.denied",
        Route((A.MANAGE_PEOPLE,), {"data": {"action": "listen"}}),
    ),
    ("POST", "/access/reasons/{rule_id}/end"): ("archive.denied", Route((A.MANAGE_PEOPLE,))),
    ("GET", "/audit"): ("audit.read", Route((A.READ_AUDIT,))),
    ("GET", "/audit/calls/{call_id}"): ("audit.read", Route((A.READ_AUDIT,))),
    ("GET", "/people"): ("archive.denied", Route((A.MANAGE_PEOPLE,))),
    ("GET", "/welcome"): ("archive.denied", Route((A.MANAGE_PEOPLE,))),
    ("GET", "/system"): ("archive.denied", Route((A.MANAGE_SYSTEM,))),
    ("POST", "/system/retry"): ("archive.denied", Route((A.MANAGE_SYSTEM,))),
    ("GET", "/upload"): ("call.denied", Route((A.UPLOAD,))),
    ("POST", "/upload"): (
        "call.denied",
        Route(
            (A.UPLOAD,), {"files": AUDIO, "data": {"started_at": "2026-02-10T09:00", "partner": "Northwind"}}
        ),
    ),
}
"""Routes that one right opens, on whichever calls; and the type of the event that tells of a refusal."""

ON_INTEGRATIONS: dict[tuple[str, str], dict[str, Any]] = {
    ("GET", "/api/v1/integrations/{integration_id}"): {},
    ("PATCH", "/api/v1/integrations/{integration_id}"): {"json": {"purpose": "another"}},
    ("POST", "/api/v1/integrations/{integration_id}/secrets"): {},
    ("DELETE", "/api/v1/integrations/{integration_id}"): {},
}
"""Routes on one integration (`integration_id`), for those who manage people."""

OF_ONESELF = {
    ("GET", "/api/v1/authorizations"),
    ("DELETE", "/api/v1/authorizations/{authorization_id}"),
    ("POST", "/account/programs/{authorization_id}/end"),
    ("GET", "/oauth/authorize"),
    ("POST", "/oauth/authorize"),
}
"""What lets programs act for oneself: `test_programs.py`."""

TO_ANYBODY = {
    ("GET", "/api/v1/calls"),
    ("GET", "/api/v1/grants"),  # `test_access_routes.py`
    ("GET", "/api/v1/search"),
    ("GET", "/api/v1/suggest"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
    ("GET", "/docs"),
    ("GET", "/docs/{name}"),
    ("POST", "/oauth/token"),
    ("POST", "/oauth/revoke"),
    ("GET", "/.well-known/oauth-authorization-server"),
    ("GET", "/.well-known/oauth-protected-resource"),
    ("GET", "/"),
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("GET", "/sign-in/{provider}"),
    ("GET", "/sign-in/{provider}/callback"),
    ("POST", "/sign-in/{provider}/backchannel-logout"),
    ("POST", "/sign-out"),
    ("POST", "/theme"),
    ("GET", "/setup/{secret}"),
    ("POST", "/setup/{secret}"),
    ("GET", "/one-time-code"),
    ("POST", "/one-time-code"),
    ("GET", "/links/{secret}"),
    ("POST", "/links/{secret}"),
    ("GET", "/assets/{fingerprint}/{name}"),
    ("GET", "/{rest}"),
}
"""Lists and searches hold nothing of others (below); the rest tells nothing of any call."""

ON_PEOPLE: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/api/v1/people/{person_id}/links"): {},
}
"""Routes on one person (`person_id`), for those who manage people."""

OWN_ACCOUNT = {
    ("GET", "/api/v1/sessions"),
    ("DELETE", "/api/v1/sessions"),
    ("DELETE", "/api/v1/sessions/{session_id}"),
    ("GET", "/account"),
    ("GET", "/account/listens"),
    ("POST", "/account/password"),
    ("GET", "/account/codes"),
    ("POST", "/account/codes"),
    ("POST", "/account/codes/first"),
    ("POST", "/account/codes/recovery"),
    ("POST", "/account/codes/remove"),
    ("POST", "/account/sessions/end"),
    ("POST", "/account/sessions/{session_id}/end"),
}
"""What everybody may do with their own sign-in, from a session; test_account.py tries it on others'."""

FIRST_RULE = "00000000-0000-7000-8000-000000000001"
"""That compliance says why: every archive begins with it."""

ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def served(app: Litestar) -> Iterator[tuple[str, str]]:
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for method in route.methods - {"OPTIONS"}:
                yield method, re.sub(r":\w+", "", route.path)


async def test_every_route_stands_in_a_table(world: World) -> None:
    assert {
        *ON_CALLS,
        *ON_LISTENS,
        *ON_INTEGRATIONS,
        *ON_ACCESS,
        *ON_ASKING,
        *OF_ONESELF,
        *BY_RIGHT,
        *TO_ANYBODY,
        *ON_PEOPLE,
        *ON_OFFICE,
        *NAMES_TOLD,
        *OWN_ACCOUNT,
    } == set(served(world.app))


@pytest.mark.parametrize(("role", "method", "path"), [(role, *key) for role in Role for key in BY_RIGHT])
async def test_what_takes_a_right_is_refused_to_others_and_their_try_is_logged(
    world: World, role: Role, method: str, path: str
) -> None:
    call, person = await world.call(OWN), await _somebody(world, role)
    client = await world.signed_in(person)
    told, route = BY_RIGHT[method, path]
    answer = await _ask(client, method, path, call.uid, route)
    denied = [event for event in await world.events(actor=person.uid) if event.outcome == "denied"]
    if ROLE_ACTIONS[role] & set(route.actions):
        assert answer.status_code in {200, 201, 204, 303}, answer.text
        assert denied == []
    else:
        assert answer.status_code == 403
        assert [(event.type, event.reason_code) for event in denied] == [(told, "no_grant")]


@pytest.mark.parametrize(("role", "method", "path"), [(role, *key) for role in Role for key in ON_CALLS])
async def test_a_foreign_call_is_a_call_that_does_not_exist(
    world: World, role: Role, method: str, path: str
) -> None:
    own, foreign = await world.call(OWN), await world.call(FOREIGN)
    client = await world.signed_in(await _somebody(world, role))
    route = ON_CALLS[method, path]

    allowed = bool(ROLE_ACTIONS[role] & set(route.actions))
    await client.post(f"/api/v1/calls/{own.uid}/reasons", json=WHY)
    at_home = await _ask(client, method, path, own.uid, route)
    assert (at_home.is_success or at_home.has_redirect_location) is (
        allowed and (method, path) not in NOT_NOW
    ), at_home.text
    assert at_home.status_code in ({200, 201, 204, 206, 303, 409, 422} if allowed else {403, 404})

    before = len(await world.events("call.denied", "listen.denied", call=foreign.uid))
    abroad = await _ask(client, method, path, foreign.uid, route)
    nowhere = await _ask(client, method, path, uuid7(), route)
    assert abroad.status_code == nowhere.status_code == 404
    assert _without_id(abroad) == _without_id(nowhere)
    assert _without_date(abroad) == _without_date(nowhere)
    assert len(await world.events("call.denied", "listen.denied", call=foreign.uid)) == before + 1


@pytest.mark.parametrize(("method", "path"), ON_LISTENS)
async def test_a_listen_belongs_to_one_person_and_session(world: World, method: str, path: str) -> None:
    call = await world.call(OWN)
    owner = await world.add_person(Role.COMPLIANCE)
    first, again = await world.signed_in(owner), await world.signed_in(owner)
    other = await world.person(Role.COMPLIANCE)
    opened = (await first.post(f"/api/v1/calls/{call.uid}/listens", json=WHY)).json()

    for stranger in (again, other):
        answer = await _on_listen(stranger, method, path, opened["id"])
        assert answer.status_code == 404
        assert not answer.headers.get("content-range")
    assert (await _on_listen(first, method, path, opened["id"])).is_success
    assert (await _on_listen(first, method, path, uuid7())).status_code == 404


@pytest.mark.parametrize(
    ("role", "method", "path"), [(role, *key) for role in Role for key in ON_INTEGRATIONS]
)
async def test_integrations_are_managed_by_those_who_manage_people(
    world: World, role: Role, method: str, path: str
) -> None:
    client_id, _ = await world.add_integration()
    person = await world.person(role)
    answer = await person.request(
        method, path.format(integration_id=client_id), **ON_INTEGRATIONS[method, path]
    )
    assert answer.is_success == (A.MANAGE_PEOPLE in ROLE_ACTIONS[role])
    assert answer.is_success or answer.status_code == 403
    assert bool(await world.events("archive.denied")) is not answer.is_success


@pytest.mark.parametrize(("role", "method", "path"), [(role, *key) for role in Role for key in ON_PEOPLE])
async def test_people_are_managed_by_those_who_manage_people(
    world: World, role: Role, method: str, path: str
) -> None:
    client, other = await world.person(role), await world.add_person(Role.AUDITOR)
    answer = await client.request(method, path.format(person_id=other.uid), **ON_PEOPLE[method, path])
    assert answer.is_success == (A.MANAGE_PEOPLE in ROLE_ACTIONS[role])
    assert answer.is_success or answer.status_code == 403
    assert bool(await world.events("archive.denied")) is not answer.is_success


async def test_lists_and_searches_hold_nothing_of_others(world: World) -> None:
    own, foreign = await world.call(OWN, note="lorry"), await world.call(FOREIGN, note="lorry")
    manager = await world.person(Role.PARTNER_MANAGER, OWN)
    assert [item["id"] for item in (await manager.get("/api/v1/calls")).json()["items"]] == [own.uid]
    for params in (
        {"partner": FOREIGN},
        {"partner": "Nobody"},
        {"partner": foreign.partner.uid if foreign.partner else ""},
    ):
        listed = await manager.get("/api/v1/calls", params=params)
        assert listed.json() == {"items": [], "next": None}
    assert (await manager.get("/api/v1/suggest", params={"q": "cont"})).json()["items"] == []


async def test_a_grant_that_was_revoked_ends_a_listen_at_once(world: World) -> None:
    call = await world.call(OWN)
    person = await world.add_person(Role.PARTNER_MANAGER, OWN)
    client = await world.signed_in(person)
    opened = (await client.post(f"/api/v1/calls/{call.uid}/listens")).json()
    piece = {"Range": "bytes=0-9"}
    assert (await client.get(opened["audio_url"], headers=piece)).status_code == 206

    async with world.parts.database.write() as work:
        await work.principals.revoke(person.grants[0].id)
    refused = await client.get(opened["audio_url"], headers=piece)
    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")


async def _somebody(world: World, role: Role) -> Principal:
    return await world.add_person(role, *([] if role is Role.ADMINISTRATOR else [OWN]))


async def _ask(client: httpx.AsyncClient, method: str, path: str, uid: str, route: Route) -> httpx.Response:
    path = path.replace("{call_id}", uid).replace("{rule_id}", FIRST_RULE)
    return await client.request(method, path, **route.request)


async def _on_listen(client: httpx.AsyncClient, method: str, path: str, uid: str) -> httpx.Response:
    return await client.request(method, path.replace("{listen_id}", uid), **ON_LISTENS[method, path])


def _without_id(answer: httpx.Response) -> str:
    """The body; pages name their own address."""
    return ID.sub("", answer.text)


def _without_date(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name != "date"}
