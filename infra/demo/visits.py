"""The visits of people.toml, made as a browser makes them: sign-in form, pages, listens, ranges of sound.

Only the time is not waited for: a player would take a passage's seconds to play it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import httpx

from infra.demo.people import AuditReading, DemoPeople, Outcome, Passage, Visit
from infra.demo.sending import FillError, checked

FIRST_BYTES = 16 * 1024
"""What a player fetches to learn where in the file a second lies."""

AGENT = "Mozilla/5.0 (demo visitor)"


class Visitors:
    """The demo's people at their browsers; each signs in once. `calls` maps a demo call's id to the archive's."""

    def __init__(self, url: str, people: DemoPeople, calls: Mapping[str, str]) -> None:
        self._url, self._people, self._calls = url, people, calls
        self._browsers: dict[str, httpx.AsyncClient] = {}
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Visitors:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def make(self, visit: Visit) -> None:
        """Raises FillError if the archive lets in where it should refuse, or the other way round."""
        browser = await self._browser(visit.who)
        if visit.search:
            _check(await browser.get("/", params={"q": visit.search}))
        if visit.call:
            await self._open_call(browser, visit, self._calls[visit.call])
        if visit.reads_audit:
            await self._read_audit(browser, visit.reads_audit)

    async def _browser(self, email: str) -> httpx.AsyncClient:
        if email not in self._browsers:
            headers = {"User-Agent": AGENT, "Origin": self._url}
            browser = httpx.AsyncClient(base_url=self._url, headers=headers, trust_env=False, timeout=60.0)
            await self._open.enter_async_context(browser)
            form = {"email": email, "password": self._people.password, "next": "/"}
            _check(await browser.get("/sign-in"))
            _check(await browser.post("/sign-in", data=form))
            self._browsers[email] = browser
        return self._browsers[email]

    async def _open_call(self, browser: httpx.AsyncClient, visit: Visit, uid: str) -> None:
        page = await browser.get(f"/calls/{uid}")
        if visit.outcome is Outcome.REFUSED:
            if page.status_code != HTTPStatus.NOT_FOUND:
                raise FillError(f"{visit.who} should not reach {visit.call}, and got {page.status_code}")
            return
        _check(page)
        if visit.listens:
            await _hear(browser, uid, visit)

    async def _read_audit(self, browser: httpx.AsyncClient, reading: AuditReading) -> None:
        if reading.call:
            _check(await browser.get(f"/audit/calls/{self._calls[reading.call]}"))
        else:
            names = {person.email: person.name for person in self._people.person}
            _check(
                await browser.get("/audit", params={"actor": names[reading.person]} if reading.person else {})
            )


async def _hear(browser: httpx.AsyncClient, uid: str, visit: Visit) -> None:
    opening = {"reason": visit.reason} if visit.reason else {}
    listen = checked(await browser.post(f"/api/v1/calls/{uid}/listens", json=opening))
    at = datetime.now(UTC)
    for passage in visit.listens:
        await _play(browser, listen, passage, at)
        at += timedelta(seconds=passage.seconds)
    _check(await browser.delete(f"/api/v1/listens/{listen['id']}"))


async def _play(browser: httpx.AsyncClient, listen: dict[str, Any], passage: Passage, at: datetime) -> None:
    """The passage's bytes by ranges, each as long as the archive gives it, then what was played."""
    _, total = await _range(browser, listen["audio_url"], 0, FIRST_BYTES)
    end = min(passage.start + passage.seconds, listen["duration"])
    byte, last = (int(total * second / listen["duration"]) for second in (passage.start, end))
    while byte < last:
        byte, _ = await _range(browser, listen["audio_url"], byte, last)
    played = {"start": passage.start, "end": end, "at": at.isoformat(), "wall": end - passage.start}
    _check(await browser.post(f"/api/v1/listens/{listen['id']}/progress", json={"played": [played]}))


async def _range(browser: httpx.AsyncClient, url: str, start: int, end: int) -> tuple[int, int]:
    """Where the answer to a request for bytes [start, end) ended, and how many the sound has in all."""
    answer = await browser.get(url, headers={"Range": f"bytes={start}-{end - 1}"})
    if answer.status_code != HTTPStatus.PARTIAL_CONTENT:
        raise FillError(f"{url}: {answer.status_code} {answer.text}")
    return start + len(answer.content), int(answer.headers["Content-Range"].partition("/")[2])


def _check(answer: httpx.Response) -> None:
    if answer.is_error:
        raise FillError(f"{answer.request.method} {answer.request.url.path}: {answer.status_code}")
