"""People who come in, and are put out, on a running archive: in the server world two API processes are asked in turn,
so that what one of them remembered would show. test_embedded.py and test_servers.py run it.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx

from archive.identity import totp
from archive.identity.half_way import TRIES
from archive.identity.sign_in import TRIES_OF_ONE
from tests.integration.archives import PASSWORD, Archive
from tests.parts import unique
from tests.security.accounts import shown_codes, shown_secret

AT_ONCE = 4
NEW = "another long sentence for tests"


class People:
    def test_an_invitation_is_printed_and_lets_one_in(self, archive: Archive) -> None:
        email = f"{unique('eve')}@example.com"
        words = ("people", "invite", email, "--name", "Eve", "--role", "auditor", "--scope", "all")
        link = archive.console(*words)["link"]
        with _nobody(archive) as eve, _nobody(archive) as second:
            path = httpx.URL(link).path
            assert eve.get(path).status_code == 200
            answers = _at_once(lambda who: who.post(path, data={"password": NEW}), eve, second)
            assert sorted(answer.status_code for answer in answers) == [303, 404]
            assert sorted([_signed_in(eve), _signed_in(second)]) == [False, True]

    def test_tries_at_once_are_counted_one_by_one_over_all_processes(self, archive: Archive) -> None:
        email = archive.add_person("Tamara", "auditor", "all")
        form = {"email": email, "password": "wrong", "next": "/"}
        statuses = _tried(archive, TRIES_OF_ONE + 5, lambda who: who.post("/sign-in", data=form))
        assert statuses == [401] * TRIES_OF_ONE + [429] * 5

    def test_one_time_codes_count_once_over_all_processes(self, archive: Archive) -> None:
        email = archive.add_person("Tom", "auditor", "all")
        with archive.browser(email) as tom:
            assert tom.post("/account/codes", data={"password": PASSWORD}).status_code == 303
            secret = shown_secret(tom.get("/account/codes"))
            confirmed = tom.post("/account/codes/first", data={"code": _code(secret)})
            recovery = shown_codes(confirmed)[0]
        with _half_way(archive, email) as first, _half_way(archive, email) as second:
            answers = _at_once(lambda who: _show(who, recovery), first, second)
            assert sorted(answer.status_code for answer in answers) == [303, 422]
        with _half_way(archive, email) as guesser:
            cookies = dict(guesser.cookies)
        # One of the tries was the second use of the recovery code; the first, a success, began the count anew.
        statuses = _tried(archive, TRIES + 5, lambda who: _show(who, "no code"), cookies)
        assert statuses.count(429) in {5, 6}
        assert set(statuses) == {422, 429}

    def test_a_disabled_person_is_out_of_all_processes_at_the_next_request(self, archive: Archive) -> None:
        email = archive.add_person("Dora", "auditor", "all")
        reset = archive.console("people", "reset", email)["link"]
        with archive.browser(email) as dora, archive.browser(email) as again, _nobody(archive) as nobody:
            for browser in (dora, again):
                assert all(_signed_in(browser) for _ in archive.ports)
            assert archive.run("people", "disable", email).returncode == 0
            for browser in (dora, again):
                assert not any(_signed_in(browser) for _ in archive.ports)
            path = httpx.URL(reset).path
            assert {nobody.get(path).status_code for _ in archive.ports} == {404}
            form = {"email": email, "password": PASSWORD, "next": "/"}
            assert {nobody.post("/sign-in", data=form).status_code for _ in archive.ports} == {401}

            assert archive.run("people", "enable", email).returncode == 0
            assert not any(_signed_in(dora) for _ in archive.ports)
            assert nobody.get(path).status_code == 404
            link = archive.console("people", "reset", email)["link"]
            assert nobody.post(httpx.URL(link).path, data={"password": NEW}).status_code == 303
            assert all(_signed_in(nobody) for _ in archive.ports)

    def test_a_changed_password_ends_other_sessions_in_all_processes(self, archive: Archive) -> None:
        email = archive.add_person("Cleo", "auditor", "all")
        with archive.browser(email) as here, archive.browser(email) as there:
            assert all(_signed_in(there) for _ in archive.ports)
            changed = here.post("/account/password", data={"old": PASSWORD, "new": NEW})
            assert changed.status_code == 303
            assert not any(_signed_in(there) for _ in archive.ports)
            assert all(_signed_in(here) for _ in archive.ports)


def _nobody(archive: Archive) -> httpx.Client:
    browser = archive.client()
    browser.headers["Origin"] = archive.url
    return browser


@contextmanager
def _half_way(archive: Archive, email: str) -> Iterator[httpx.Client]:
    """The password was right; a code is asked for."""
    with _nobody(archive) as browser:
        answer = browser.post("/sign-in", data={"email": email, "password": PASSWORD, "next": "/"})
        assert answer.headers["location"].startswith("/one-time-code")
        yield browser


def _show(browser: httpx.Client, code: str) -> httpx.Response:
    return browser.post("/one-time-code", data={"code": code, "next": "/"})


def _code(secret: str) -> str:
    return totp.code_of(secret, int(time.time()) // totp.STEP)


def _signed_in(browser: httpx.Client) -> bool:
    return browser.get("/api/v1/sessions").status_code == httpx.codes.OK


def _at_once(ask: Callable[[httpx.Client], httpx.Response], *browsers: httpx.Client) -> list[httpx.Response]:
    with ThreadPoolExecutor(len(browsers)) as threads:
        return list(threads.map(ask, browsers))


def _tried(
    archive: Archive,
    times: int,
    ask: Callable[[httpx.Client], httpx.Response],
    cookies: dict[str, str] | None = None,
) -> list[int]:
    """The statuses in order, of `times` tries by a few browsers at once, each at a process of its own."""

    def tries(number: int) -> list[int]:
        share = len(range(number, times, AT_ONCE))
        with archive.client(archive.ports[number % len(archive.ports)]) as browser:
            browser.headers["Origin"] = archive.url
            browser.cookies.update(cookies or {})
            return [ask(browser).status_code for _ in range(share)]

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return sorted(status for found in threads.map(tries, range(AT_ONCE)) for status in found)
