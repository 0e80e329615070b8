"""Attacks on one-time codes, passwords, links and sessions of one's own account."""

import asyncio

import httpx
import pytest
from msgspec import structs

from archive.http.app import create_app
from archive.identity import links, manage, totp
from archive.identity.half_way import LIFE, TRIES
from archive.identity.invitations import invite
from archive.identity.limits import WINDOW
from archive.identity.manage import Giving
from archive.identity.sign_in import REFUSED
from archive.policy.actions import Role
from archive.policy.principal import Principal
from tests.security.accounts import (
    browser,
    code_now,
    show_code,
    show_password,
    shown_codes,
    shown_secret,
    signed_in,
    with_codes,
    wrong,
)
from tests.world import PASSWORD, PlainPasswords, World

pytestmark = pytest.mark.anyio

NEW = "another long sentence"


# ---- one-time codes --------------------------------------------------------------------------------------------


async def test_a_password_alone_opens_no_session_of_whoever_has_codes(world: World) -> None:
    person, secret, _ = await with_codes(world)
    client = await browser(world)
    answer = await show_password(client, person)
    assert (answer.status_code, answer.headers["location"]) == (303, "/one-time-code?next=/")
    assert "session" not in client.cookies
    assert not await signed_in(client)
    assert (await client.get("/account")).status_code == 303

    answer = await show_code(client, code_now(world, secret))
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "half-way" not in client.cookies
    assert await signed_in(client)


async def test_a_code_is_used_once(world: World) -> None:
    """Replay: by whoever looked over the shoulder, or listened in."""
    person, secret, _ = await with_codes(world)
    first, second = await browser(world), await browser(world)
    for client in (first, second):
        await show_password(client, person)
    code = code_now(world, secret)
    assert (await show_code(first, code)).status_code == 303
    refused = await show_code(second, code)
    assert refused.status_code == 422
    assert "wrong, or was used already" in refused.text
    earlier = totp.code_of(secret, int(world.clock().timestamp()) // totp.STEP - 1)
    assert (await show_code(second, earlier)).status_code == 422
    assert [event.reason_code for event in await world.events("session.denied")] == ["wrong_code"] * 2


async def test_a_code_is_used_once_however_many_use_it_at_once(world: World) -> None:
    person, secret, _ = await with_codes(world)
    clients = [await browser(world) for _ in range(4)]
    for client in clients:
        await show_password(client, person)
    code = code_now(world, secret)
    answers = await asyncio.gather(*(show_code(client, code) for client in clients))
    assert sorted(answer.status_code for answer in answers) == [303, 422, 422, 422]


async def test_a_recovery_code_is_used_once(world: World) -> None:
    person, _, codes = await with_codes(world)
    assert len(set(codes)) == 10
    for client, status in ((await browser(world), 303), (await browser(world), 422)):
        await show_password(client, person)
        assert (await show_code(client, codes[0].lower().replace("-", " "))).status_code == status
    assert len(await world.events("recovery.used")) == 1
    client = await world.signed_in(person)
    assert "9 recovery codes are left." in (await client.get("/account")).text


async def test_the_half_way_secret_is_the_browsers_own_and_ends(world: World) -> None:
    person, secret, _ = await with_codes(world)
    client, other = await browser(world), await browser(world)
    await show_password(client, person)
    assert (await show_code(other, code_now(world, secret))).headers["location"] == "/sign-in?next=/"
    other.cookies.set("session", client.cookies["half-way"])  # it is no session
    assert not await signed_in(other)
    assert (await client.get(f"/links/{client.cookies['half-way']}")).status_code == 404  # and no link
    world.clock.forward(seconds=LIFE.total_seconds() + 1)
    assert (await show_code(client, code_now(world, secret))).headers["location"] == "/sign-in?next=/"
    assert not await signed_in(client)


async def test_codes_can_not_be_guessed_from_many_addresses(world: World) -> None:
    person, secret, _ = await with_codes(world)
    statuses = []
    for _ in range(TRIES + 2):
        client = await browser(world)
        await show_password(client, person)
        statuses.append((await show_code(client, wrong(code_now(world, secret)))).status_code)
    assert statuses == [422] * TRIES + [429] * 2
    assert (await show_code(client, code_now(world, secret))).status_code == 429  # even the right one
    reasons = [event.reason_code for event in await world.events("session.denied")]
    assert reasons.count("too_many") == 1


async def test_parallel_guesses_are_counted_one_by_one(world: World) -> None:
    person, secret, _ = await with_codes(world)
    client = await browser(world)
    await show_password(client, person)
    guess = wrong(code_now(world, secret))
    answers = await asyncio.gather(*(show_code(client, guess) for _ in range(TRIES + 5)))
    assert sorted(answer.status_code for answer in answers) == [422] * TRIES + [429] * 5


async def test_a_session_that_was_set_beforehand_ends_once_the_code_is_right(world: World) -> None:
    person, secret, _ = await with_codes(world)
    client = await world.signed_in(person)
    before = client.cookies["session"]
    await show_password(client, person)
    assert client.cookies["session"] == before
    await show_code(client, code_now(world, secret))
    assert client.cookies["session"] != before
    stolen = await world.client(cookies={"session": before})
    assert not await signed_in(stolen)


async def test_codes_are_set_up_with_the_password_and_removed_with_password_and_code(world: World) -> None:
    person, secret, _ = await with_codes(world)
    client = await world.signed_in(person)
    removing = "/account/codes/remove"
    for given in (
        {"password": "wrong", "code": code_now(world, secret)},
        {"password": PASSWORD, "code": wrong(code_now(world, secret))},
        {"password": PASSWORD},
    ):
        assert (await client.post(removing, data=given)).status_code == 422
    before = client.cookies["session"]
    given = {"password": PASSWORD, "code": code_now(world, secret)}
    assert (await client.post(removing, data=given)).status_code == 303
    assert client.cookies["session"] != before
    assert (await client.post("/account/codes", data={"password": "wrong"})).status_code == 422
    denied = [
        e for e in await world.events("authenticator.added", "authenticator.removed") if e.outcome == "denied"
    ]
    assert [event.reason_code for event in denied] == [
        "wrong_password",
        "wrong_code",
        "wrong_code",
        "wrong_password",
    ]
    assert (await show_password(await browser(world), person)).headers["location"] == "/"


async def test_a_second_app_does_not_come_by_a_session_alone(world: World) -> None:
    """An open session, taken over, can't exchange the app."""
    person, secret, _ = await with_codes(world)
    client = await world.signed_in(person)
    assert (await client.post("/account/codes", data={"password": PASSWORD})).status_code == 409
    assert (await client.get("/account/codes")).headers["location"] == "/account"
    assert (
        await client.post("/account/codes/first", data={"code": code_now(world, secret)})
    ).status_code == 303


async def test_new_recovery_codes_end_the_old_ones(world: World) -> None:
    person, secret, old = await with_codes(world)
    client = await world.signed_in(person)
    given = {"password": PASSWORD, "code": code_now(world, secret)}
    answer = await client.post("/account/codes/recovery", data=given)
    new = shown_codes(answer)
    assert len(new) == 10
    assert not set(new) & set(old)
    trying = await browser(world)
    await show_password(trying, person)
    assert (await show_code(trying, old[1])).status_code == 422
    assert (await show_code(trying, new[1])).status_code == 303


async def test_whose_role_takes_codes_sets_them_up_before_anything_else(world: World) -> None:
    settings = structs.replace(world.settings, totp_required_for="administrator, compliance")
    world.app = create_app(world.parts, settings)
    auditor, officer = await world.add_person(Role.AUDITOR), await world.add_person(Role.COMPLIANCE)
    assert (await show_password(await browser(world), auditor)).headers["location"] == "/"

    client = await browser(world)
    assert (await show_password(client, officer)).headers["location"] == "/one-time-code?next=/"
    assert not await signed_in(client)
    shown = await client.get("/one-time-code")
    secret = shown_secret(shown)
    assert shown_secret(await client.get("/one-time-code")) == secret  # what was scanned
    assert (await show_code(client, wrong(code_now(world, secret)))).status_code == 422
    assert not await signed_in(client)
    confirmed = await show_code(client, code_now(world, secret))
    assert len(shown_codes(confirmed)) == 10
    assert await signed_in(client)
    world.clock.forward(seconds=2 * totp.STEP)
    again = await browser(world)
    await show_password(again, officer)
    assert 'id="secret"' not in (await again.get("/one-time-code")).text


# ---- what sign-in tells ----------------------------------------------------------------------------------------


async def test_wrong_password_and_unknown_user_are_indistinguishable(world: World) -> None:
    """Also for whoever has one-time codes, and for whoever comes by the company's sign-in alone."""
    plain, (coded, _, _) = await world.add_person(Role.AUDITOR), await with_codes(world)
    async with world.parts.database.write() as work:
        company = await work.principals.add_person("company@example.com", "Company")
    hasher = world.parts.passwords
    assert isinstance(hasher, PlainPasswords)
    answers = []
    for email in ("nobody@example.com", plain.email, coded.email, company.email):
        hasher.verified.clear()
        form = {"email": str(email), "password": "wrong", "next": "/"}
        answer = await (await browser(world)).post("/sign-in", data=form)
        assert len(hasher.verified) == 1  # the same path: one hash for each
        answers.append((answer.status_code, answer.text.replace(str(email), ""), _headers(answer)))
    assert answers == [answers[0]] * 4
    assert answers[0][0] == 401
    assert REFUSED in answers[0][1]


async def test_passwords_switched_off_let_in_one_person_alone(world: World) -> None:
    ann, bob = await world.add_person(Role.AUDITOR), await world.add_person(Role.ADMINISTRATOR)
    open_since = await world.signed_in(ann)
    settings = structs.replace(
        world.settings, local_accounts=False, break_glass_administrator=str(bob.email).upper()
    )
    world.app = create_app(world.parts, settings)

    refused = await show_password(await browser(world), ann)
    unknown = await (await browser(world)).post(
        "/sign-in", data={"email": "x@example.com", "password": "wrong"}
    )
    assert refused.status_code == unknown.status_code == 401
    assert refused.text.replace(str(ann.email), "") == unknown.text.replace("x@example.com", "")
    assert (await world.events("session.denied"))[1].reason_code == "passwords_off"
    assert (await show_password(await browser(world), bob)).status_code == 303

    there = await world.client(cookies=open_since.cookies)
    assert not await signed_in(there)
    link = await links.make(world.parts, world.at_console, ann.uid)
    assert (await (await browser(world)).post(f"/links/{link}", data={"password": NEW})).status_code == 403


# ---- passwords -------------------------------------------------------------------------------------------------


async def test_a_changed_password_ends_every_other_session_and_rotates_ones_own(world: World) -> None:
    ann = await world.add_person(Role.AUDITOR)
    here, there = await world.signed_in(ann), await world.signed_in(ann)
    thief = await world.client(cookies={"session": here.cookies["session"]})
    link = await links.make(world.parts, world.at_console, ann.uid)
    (own,) = [one["id"] for one in (await here.get("/api/v1/sessions")).json()["items"] if one["current"]]

    answer = await here.post("/account/password", data={"old": PASSWORD, "new": NEW})
    assert (answer.status_code, answer.headers["location"]) == (303, "/account?done=password")
    assert [await signed_in(client) for client in (here, there, thief)] == [True, False, False]
    assert [one["id"] for one in (await here.get("/api/v1/sessions")).json()["items"]] == [
        own
    ]  # the same session
    assert (await (await browser(world)).get(f"/links/{link}")).status_code == 404
    assert (await show_password(await browser(world), ann)).status_code == 401
    assert (await show_password(await browser(world), ann, NEW)).status_code == 303
    assert [e.reason_code for e in await world.events("session.ended")] == ["password_changed"]


async def test_a_password_is_not_guessed_from_an_open_session(world: World) -> None:
    ann = await world.add_person(Role.AUDITOR)
    client = await world.signed_in(ann)
    guesses = [client.post("/account/password", data={"old": f"guess {n}", "new": NEW}) for n in range(12)]
    answers = await asyncio.gather(*guesses)
    assert sorted(answer.status_code for answer in answers) == [422] * 10 + [429] * 2
    refused = await client.post("/account/password", data={"old": PASSWORD, "new": NEW})
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == str(int(WINDOW.total_seconds()))
    world.clock.forward(seconds=WINDOW.total_seconds())
    assert (await client.post("/account/password", data={"old": PASSWORD, "new": NEW})).status_code == 303


@pytest.mark.parametrize(
    ("old", "new"), [("wrong", NEW), (PASSWORD, "short"), (PASSWORD, PASSWORD), ("", "")]
)
async def test_a_refused_change_says_why_and_changes_nothing(world: World, old: str, new: str) -> None:
    ann = await world.add_person(Role.AUDITOR)
    client = await world.signed_in(ann)
    answer = await client.post("/account/password", data={"old": old, "new": new})
    assert answer.status_code == 422
    assert 'id="problem-password"' in answer.text
    assert (await show_password(await browser(world), ann)).status_code == 303


# ---- links -----------------------------------------------------------------------------------------------------


async def test_a_link_is_used_once_however_many_use_it_at_once(world: World) -> None:
    ann = await world.add_person(Role.AUDITOR)
    elsewhere = await world.signed_in(ann)
    link = await _link(world, ann)
    clients = [await browser(world) for _ in range(4)]
    for client in clients:  # a mail scanner looks, and uses nothing up
        assert (await client.get(f"/links/{link}")).status_code == 200
    answers = await asyncio.gather(
        *(client.post(f"/links/{link}", data={"password": NEW}) for client in clients)
    )
    assert sorted(answer.status_code for answer in answers) == [303, 404, 404, 404]
    assert sum([await signed_in(client) for client in clients]) == 1
    assert not await signed_in(elsewhere)
    assert len(await world.events("link.used")) == len(await world.events("password.changed")) == 1


async def test_a_new_link_ends_the_one_before_and_each_ends_by_itself(world: World) -> None:
    ann = await world.add_person(Role.AUDITOR)
    old, new = await _link(world, ann), await _link(world, ann)
    client = await browser(world)
    assert [(await client.get(f"/links/{one}")).status_code for one in (old, new, "nonsense")] == [
        404,
        200,
        404,
    ]
    world.clock.forward(hours=24)
    assert (await client.post(f"/links/{new}", data={"password": NEW})).status_code == 404


async def test_an_invitation_lets_somebody_in_who_never_had_a_password(world: World) -> None:
    giving = Giving(scope="all", role=Role.AUDITOR)
    invited = await invite(world.parts, world.at_console, name="Eve", email="eve@example.com", giving=giving)
    assert (await show_password(await browser(world), invited.person, "")).status_code == 401
    client = await browser(world)
    world.clock.forward(hours=71)
    assert "Eve" in (await client.get(f"/links/{invited.secret}")).text
    assert (await client.post(f"/links/{invited.secret}", data={"password": "short"})).status_code == 422
    assert (await client.post(f"/links/{invited.secret}", data={"password": NEW})).status_code == 303
    assert await signed_in(client)
    made, used = (await world.events("link.made"))[0], (await world.events("link.used"))[0]
    assert (made.actor.kind, made.details["purpose"]) == ("console", "invitation")
    assert used.actor.id == invited.person.uid


async def test_a_reset_leaves_one_time_codes_unless_it_says_so(world: World) -> None:
    person, secret, _ = await with_codes(world)
    client = await browser(world)
    answer = await client.post(f"/links/{await _link(world, person)}", data={"password": NEW})
    assert answer.headers["location"] == "/one-time-code?next=/"
    assert not await signed_in(client)
    assert (await show_code(client, code_now(world, secret))).status_code == 303

    lost = await browser(world)
    link = await links.make(world.parts, world.at_console, person.uid, codes=True)
    assert (await lost.post(f"/links/{link}", data={"password": PASSWORD})).headers["location"] == "/"
    assert await signed_in(lost)
    assert not await signed_in(client)
    assert len([e for e in await world.events("authenticator.removed") if e.outcome == "allowed"]) == 1


async def test_a_link_of_a_disabled_person_opens_nothing(world: World) -> None:
    ann = await world.add_person(Role.AUDITOR)
    link = await _link(world, ann)
    await manage.disable_person(world.parts, world.at_console, str(ann.email))
    client = await browser(world)
    assert (await client.post(f"/links/{link}", data={"password": NEW})).status_code == 404
    await manage.enable_person(world.parts, world.at_console, str(ann.email))
    assert (await client.post(f"/links/{link}", data={"password": NEW})).status_code == 404
    assert (await show_password(client, ann)).status_code == 401  # the password went, too
    assert (await client.post(f"/links/{await _link(world, ann)}", data={"password": NEW})).status_code == 303


# ---- sessions --------------------------------------------------------------------------------------------------


async def test_sessions_are_told_with_device_and_address_and_the_others_end(world: World) -> None:
    ann = await world.add_person(Role.AUDITOR)
    here, there = await browser(world), await browser(world)
    there.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    for client in (there, here):
        await show_password(client, ann)
    current, other = (await here.get("/api/v1/sessions")).json()["items"]
    assert (current["current"], other["current"]) == (True, False)
    assert (other["browser"], other["system"], other["provider"]) == ("Firefox", "Linux", None)
    assert other["address"] == "127.0.0.1"
    assert "Firefox on Linux" in (await here.get("/account")).text

    assert (await here.delete("/api/v1/sessions")).status_code == 204
    assert [await signed_in(client) for client in (here, there)] == [True, False]


async def test_programs_see_and_end_no_sessions(world: World) -> None:
    program = await world.integration()
    assert (await program.get("/api/v1/sessions")).status_code == 403
    assert (await program.delete("/api/v1/sessions")).status_code == 403


async def test_the_account_page_is_for_whoever_is_signed_in(world: World) -> None:
    nobody = await browser(world)
    for path in ("/account", "/account/codes", "/account/listens"):
        answer = await nobody.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?next={path}")
    program = await world.integration()
    assert (await program.get("/account")).status_code == 403
    assert (await program.post("/account/password", data={"old": "", "new": NEW})).status_code == 403


async def test_a_forged_forwarded_address_is_not_logged(world: World) -> None:
    ann = await world.add_person(Role.AUDITOR)
    client = await browser(world)
    forged = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9", "X-Real-IP": "203.0.113.9"}
    client.headers.update(forged)
    await show_password(client, ann, "wrong")
    await show_password(client, ann)
    events = await world.events("session.opened", "session.denied")
    assert {event.origin.address for event in events} == {"127.0.0.1"}
    assert [one["address"] for one in (await client.get("/api/v1/sessions")).json()["items"]] == ["127.0.0.1"]


async def test_a_cross_site_change_of_ones_account_is_refused(world: World) -> None:
    ann = await world.add_person(Role.AUDITOR)
    client = await world.signed_in(ann)
    client.headers["Origin"] = "https://evil.example"
    for path in (
        "/account/password",
        "/account/codes",
        "/account/sessions/end",
        "/one-time-code",
        "/links/x",
    ):
        assert (await client.post(path, data={"old": PASSWORD, "new": NEW})).status_code == 403
    assert (await client.delete("/api/v1/sessions")).status_code == 403


async def _link(world: World, person: Principal) -> str:
    made = await links.make(world.parts, world.at_console, person.uid)
    assert isinstance(made, str)
    return made


def _headers(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in {"date", "content-length"}}
