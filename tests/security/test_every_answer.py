"""Whatever anybody asks of any route, by the schema or against it: no fault of ours, no answer that the schema doesn't
describe, and nothing of a call that isn't theirs.

Schemathesis makes the requests from the committed document, once; each role then sends all of them to a world in which
somebody else's call is marked wherever a call can say something.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import cycle
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from msgspec import Struct
from requests import Request
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from archive.calls.placing import AgentGiven, ClientGiven
from archive.http import openapi
from archive.ids import uuid7
from archive.policy.actions import ROLE_ACTIONS, Action, Role
from archive.policy.scope import AllCalls
from tests.security.test_access_routes import there
from tests.world import URL, World

Operation = APIOperation[Any, Any, Any, Any]
Case = schemathesis.Case[Any]

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(900)]

SIZE = "ARCHIVE_TEST_REQUESTS"
EACH = int(os.environ.get(SIZE, "2"))
"""So many requests for each operation by the schema, and as many against it."""

INTEGRATION = "integration"
OWN = "Northwind"
MARK = "zwyrtek"
"""Stands in all that is said of the foreign call, and on it."""

OUTSIDE = "kwiecista"
"""The same, in what its source calls it; the log tells that."""

SAID = b"WEBVTT\n\n00:00.000 --> 00:01.000\nzwyrtekspoken came late\n"
LATER = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
"""First what changes nothing, last what takes away."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


class Planted(Struct, frozen=True):
    """`ids`: what stands in an address, each in turn. `secret` is in no answer; `named` in none but to those who manage
    names; `logged` in none but from the log; `both` may be in either."""

    ids: Mapping[str, tuple[str, ...]]
    secret: frozenset[str]
    named: frozenset[str]
    logged: frozenset[str]
    both: frozenset[str]


@pytest.mark.parametrize("role", [*Role, INTEGRATION])
async def test_every_answer_is_described_and_holds_nothing_foreign(world: World, role: str) -> None:
    planted = await plant(world)
    client = await somebody(world, role)
    client.event_hooks = {}  # what is described is looked at here, of all answers
    told: Counter[int] = Counter()
    faults: list[str] = []
    ids = {name: cycle(known) for name, known in planted.ids.items()}
    for case in requests():
        _place(case, {name: next(known) for name, known in ids.items()})
        answer = await client.request(**_sent(case))
        world.clock.forward(seconds=0.1)
        faults += [*_undescribed(case, answer), *_foreign(case, answer, role, planted)]
        told[answer.status_code // 100] += 1
    assert not faults, "\n\n".join(faults)
    assert told[2] > 10, told
    assert told[4] > told[2], told


@pytest.mark.parametrize(
    "address", ["search?partner=%00", "calls?source=%00", "audit/events?actor=%00", "people?q=a%00"]
)
async def test_a_nul_in_an_address_is_refused(world: World, address: str) -> None:
    """Schemathesis found that it was told of as a body's fault is (422), which these routes have none of."""
    compliance = await world.person(Role.COMPLIANCE)
    answer = await compliance.get(f"/api/v1/{address}")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


async def plant(world: World) -> Planted:
    """A call of somebody else's, heard by them, and one that is one's own."""
    own = await world.call(OWN)
    foreign = await world.call(
        f"{MARK} Freight",
        client=ClientGiven(name=f"{MARK} client", phone="+48555019283", external_id=f"{MARK}-9"),
        agent=AgentGiven(name=f"{MARK} agent", email=f"{MARK}@example.com"),
        team=f"{MARK} team",
        labels=(f"{MARK} label",),
        note=f"a note of {MARK}",
        external_id=f"{OUTSIDE}-1",
        source=f"{OUTSIDE} source",
    )
    editor = await world.integration(Action.EDIT)
    address = f"/api/v1/calls/{foreign.uid}/transcript"
    await editor.put(address, content=SAID, headers={"Content-Type": "text/vtt"})
    async with world.parts.database.read() as work:
        known = await work.calls.select([foreign.id], AllCalls())
    call = known[foreign.id]
    await world.index(call)
    hearer = await world.person(Role.COMPLIANCE)
    opened = await hearer.post(f"/api/v1/calls/{foreign.uid}/listens", json={"reason": "case 4711"})
    assert opened.status_code == 201, opened.text
    access, (integration, _) = await there(world), await world.add_integration()
    assert call.partner is not None
    assert call.client is not None
    assert call.agent is not None
    assert call.team is not None
    names = (call.partner.uid, call.client.uid, call.team.uid)
    ids = {name: (one, uuid7()) for name, one in access.items()} | {
        "call_id": (foreign.uid, own.uid, foreign.uid),
        "listen_id": (opened.json()["id"],),
        "name_id": names,
        "integration_id": (integration,),
    }
    return Planted(
        ids=ids,
        secret=frozenset({f"{MARK}spoken", "+48555019283", f"{MARK} label", f"note of {MARK}"}),
        named=frozenset({MARK, *names[1:]}),
        logged=frozenset({OUTSIDE, foreign.uid, call.agent.uid, opened.json()["id"]}),
        both=frozenset(names[:1]),
    )


async def somebody(world: World, role: str) -> httpx.AsyncClient:
    if role == INTEGRATION:
        actions = ROLE_ACTIONS[Role.PARTNER_MANAGER] | {Action.EDIT, Action.DOWNLOAD}
        return await world.integration(*actions, scope=f"partner:{OWN}")
    return await world.person(Role(role), *([] if role == Role.ADMINISTRATOR else [OWN]))


def _undescribed(case: Case, answer: httpx.Response) -> Iterator[str]:
    try:
        case.validate_response(answer, checks=CHECKS)
    except FailureGroup as found:
        yield (
            "\n".join(map(str, found.exceptions)) + f"\n{case.method} {answer.url} {answer.request.content!r}"
        )


def _foreign(case: Case, answer: httpx.Response, role: str, planted: Planted) -> Iterator[str]:
    """What the request itself said may come back."""
    may = ROLE_ACTIONS[Role(role)] if role in set(Role) else frozenset()
    manages, reads = Action.MANAGE_PEOPLE in may, Action.READ_AUDIT in may and "/audit/" in case.path
    hidden = planted.secret
    hidden |= frozenset() if manages else planted.named
    hidden |= frozenset() if reads else planted.logged
    hidden |= frozenset() if manages or reads else planted.both
    asked, said = str(answer.request.url).lower(), answer.text.lower()
    for word in hidden:
        if word in said and word not in asked:
            around = said[max(0, said.index(word) - 300) : said.index(word) + 100]
            yield f"{case.method} {asked} tells {role} of {word}: …{around}…"


# ---- requests --------------------------------------------------------------------------------------------------


@cache
def requests() -> tuple[Case, ...]:
    schema = schemathesis.openapi.from_dict(json.loads(openapi.FILE.read_text(encoding="utf-8")))
    operations = []
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operations.append(found.ok())
    operations.sort(key=lambda operation: LATER.index(operation.method.upper()))
    return tuple(case for operation in operations for case in _cases(operation))


def _cases(operation: Operation) -> Iterator[Case]:
    yield from _made(operation, GenerationMode.POSITIVE)
    if operation.body or operation.query or operation.headers:  # else nothing can be wrong but the address
        yield from _made(operation, GenerationMode.NEGATIVE)


def _made(operation: Operation, mode: GenerationMode) -> list[Case]:
    cases: list[Case] = []

    @settings(
        max_examples=EACH,
        derandomize=SIZE not in os.environ,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def make(case: Case) -> None:
        cases.append(case)

    make()
    return cases


def _place(case: Case, ids: Mapping[str, str]) -> None:
    """Real ids in place of made up ones, and none of the credentials that the schema suggests."""
    for name in case.path_parameters or {}:
        case.path_parameters[name] = ids.get(name, uuid7())
    case.cookies.clear()
    for name in [name for name in case.headers or {} if name.lower() == "authorization"]:
        del case.headers[name]


def _sent(case: Case) -> dict[str, Any]:
    """For httpx, as requests would send it: schemathesis writes its cases for that."""
    told = case.as_transport_kwargs(base_url=URL)
    prepared = Request(**told).prepare()
    return {
        "method": prepared.method,
        "url": prepared.url,
        "headers": dict(prepared.headers),
        "content": prepared.body or b"",
    }
