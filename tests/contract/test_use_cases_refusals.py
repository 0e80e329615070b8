"""Refusals, and reading the log: who asked for what, and why not, stands in the log before the answer."""

from datetime import UTC, datetime

import pytest
from msgspec import structs

from archive.calls import history
from archive.calls.call import Consent
from archive.calls.catalogue import view
from archive.errors import Forbidden, NotFound, Unavailable
from archive.ids import uuid7
from archive.policy.actions import Action, Role
from archive.policy.scope import Nothing
from archive.ports import EventFilter
from tests.fakes import BrokenLog
from tests.story import Story

pytestmark = pytest.mark.anyio

READ = frozenset({Action.READ_CALL})


@pytest.mark.parametrize(
    ("why", "reason"),
    [
        ("another partner", "out_of_scope"),
        ("no grant", "no_grant"),
        ("disabled", "disabled"),
        ("narrowed", "token_scope"),
        ("revoked", "no_grant"),
        ("sealed", "out_of_scope"),
        ("absent", "not_there"),
    ],
)
async def test_a_denial_is_an_event_with_its_reason_and_answers_as_absence_does(
    story: Story, why: str, reason: str
) -> None:
    call = await story.received("Northwind", consent=Consent.REFUSED if why == "sealed" else Consent.AGREED)
    caller = await story.caller({Action.UPLOAD} if why == "no grant" else READ, _scope(why))
    if why == "disabled":
        async with story.parts.database.write() as work:
            await work.principals.disable(caller.principal.id)
        caller = await story.again(caller)
    if why == "revoked":
        caller = await story.revoke(caller)
    if why == "narrowed":
        narrowed = structs.replace(caller.principal, narrowed=frozenset({Action.LISTEN}))
        caller = structs.replace(caller, principal=narrowed)
    asked = uuid7() if why == "absent" else call.uid
    with pytest.raises(NotFound) as refused:
        await view(story.parts, caller, asked)
    assert (type(refused.value), refused.value.detail) == (NotFound, NotFound().detail)
    (denied,) = await story.events("call.denied")
    assert (denied.outcome, denied.reason_code, denied.call) == ("denied", reason, asked)
    assert denied.details == {"action": "read_call"}
    assert denied.actor["id"] == caller.principal.uid
    assert denied.texts["origin.address"] == "192.0.2.7"
    assert await story.events("call.viewed") == []


def _scope(why: str) -> str:
    return "Contoso" if why == "another partner" else "Northwind"


async def test_an_id_that_was_made_up_stays_out_of_the_events_bytes(story: Story) -> None:
    caller = await story.caller(READ)
    for asked in ("ada@example.com", "\x00", "x" * 70_000, "' OR 1=1 --"):
        with pytest.raises(NotFound):
            await view(story.parts, caller, asked)
    denied = await story.events("call.denied")
    assert [(event.call, event.object["id"], event.reason_code) for event in denied] == [
        (None, None, "not_there")
    ] * 4
    assert denied[0].texts["details.asked"] == "ada@example.com"


async def test_a_refusal_that_cannot_be_written_is_not_an_answer(story: Story) -> None:
    broken = structs.replace(story.parts, database=BrokenLog(story.parts.database, "call.denied"))
    with pytest.raises(Unavailable):
        await view(broken, await story.caller(READ), uuid7())


# ---- reading the log ----


async def test_reading_the_log_is_in_the_log(story: Story) -> None:
    call, auditor = await story.received(), await story.caller(Role.AUDITOR)
    shown = await history.events(story.parts, auditor, EventFilter(call=call.uid))
    assert [event.type for event in shown] == ["audit.read", "call.uploaded"]
    assert shown[0].actor.id == auditor.principal.uid
    assert shown[0].details == {"call": call.uid}


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.PARTNER_MANAGER])
async def test_others_do_not_read_it_and_their_try_is_in_it(story: Story, role: Role) -> None:
    call, caller = await story.received(), await story.caller(role)
    for use in (
        history.events(story.parts, caller, EventFilter(call=call.uid)),
        history.event(story.parts, caller, uuid7()),
    ):
        with pytest.raises(Forbidden):
            await use
    tries = await story.events("audit.read")
    assert [(event.outcome, event.actor["id"]) for event in tries] == [("denied", caller.principal.uid)] * 2


async def test_a_grant_on_no_call_at_all_opens_no_log(story: Story) -> None:
    with pytest.raises(Forbidden):
        await history.events(story.parts, await story.caller({Action.READ_AUDIT}, Nothing()), EventFilter())


async def test_without_its_event_the_log_is_not_read(story: Story) -> None:
    broken = structs.replace(story.parts, database=BrokenLog(story.parts.database, "audit.read"))
    with pytest.raises(Unavailable):
        await history.events(broken, await story.caller(Role.AUDITOR), EventFilter())


async def test_what_a_reader_typed_stays_out_of_the_events_bytes(story: Story) -> None:
    auditor = await story.caller(Role.AUDITOR)
    since = datetime(2026, 1, 1, tzinfo=UTC)
    await history.events(
        story.parts, auditor, EventFilter(actor="ada@example.com", call="typed", since=since)
    )
    (event,) = await story.events("audit.read")
    assert event.call is None
    assert event.details["since"] == "2026-01-01T00:00:00Z"
    assert event.texts["details.actor"] == "ada@example.com"
    assert set(event.details["actor"]) == {"sha256"}
    with pytest.raises(NotFound):
        await history.event(story.parts, auditor, "ada@example.com")
    assert (await story.events("audit.read"))[-1].texts["details.event"] == "ada@example.com"


async def test_an_event_is_shown_with_names_texts_and_its_exact_bytes(story: Story) -> None:
    uploader, auditor = await story.caller({Action.UPLOAD}), await story.caller(Role.AUDITOR)
    call = (await story.upload(uploader, external_id="7")).call
    (listed,) = [
        event
        for event in await history.events(story.parts, auditor, EventFilter(call=call.uid))
        if event.type == "call.uploaded"
    ]
    shown = await history.event(story.parts, auditor, listed.id)
    assert shown == listed
    assert (shown.actor.name, shown.origin.address) == ("Jo", "192.0.2.7")
    assert shown.details["external_id"] == "7"
    assert b"192.0.2.7" not in shown.body
