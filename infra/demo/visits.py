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
        for browser in self._browsers.values():
            await browser.post("/sign-out")
        await self._open.aclose()

    async def make(self, visit: Visit) -> None:
        """Raises FillError if the archive lets in where it should refuse, or the other way round."""
        browser = await self._browser(visit.who)
        if visit.search:
            _page(await browser.get("/", params={"q": visit.search}))
        if visit.call:
            await self._open_call(browser, visit, self._calls[visit.call])
        if visit.reads_audit:
            _page(await browser.get("/audit", params=self._condition(visit.reads_audit)))

    async def _browser(self, email: str) -> httpx.AsyncClient:
        if email not in self._browsers:
            browser = await self._open.enter_async_context(_browser(self._url))
            await _sign_in(browser, email, self._people.password)
            self._browsers[email] = browser
        return self._browsers[email]

    async def _open_call(self, browser: httpx.AsyncClient, visit: Visit, uid: str) -> None:
        page = await browser.get(f"/calls/{uid}")
        if visit.outcome is Outcome.REFUSED:
            if page.status_code != HTTPStatus.NOT_FOUND:
                raise FillError(f"{visit.who} should not reach {visit.call}, and got {page.status_code}")
            return
        _page(page)
        if visit.listens:
            await _hear(browser, uid, visit)

    def _condition(self, reading: AuditReading) -> dict[str, str]:
        wanted = {"call": self._calls[reading.call] if reading.call else "", "actor": reading.person or ""}
        return {name: value for name, value in wanted.items() if value}


def _browser(url: str) -> httpx.AsyncClient:
    headers = {"User-Agent": AGENT, "Origin": url}
    return httpx.AsyncClient(
        base_url=url, headers=headers, trust_env=False, timeout=60.0, follow_redirects=True
    )


async def _sign_in(browser: httpx.AsyncClient, email: str, password: str) -> None:
    _page(await browser.get("/sign-in"))
    _page(await browser.post("/sign-in", data={"email": email, "password": password, "next": "/"}))


async def _hear(browser: httpx.AsyncClient, uid: str, visit: Visit) -> None:
    opening = {"reason": visit.reason} if visit.reason else {}
    listen = checked(await browser.post(f"/api/v1/calls/{uid}/listens", json=opening))
    at = datetime.now(UTC)
    for passage in visit.listens:
        await _play(browser, listen, passage, at)
        at += timedelta(seconds=passage.seconds)
    _page(await browser.delete(f"/api/v1/listens/{listen['id']}"))


async def _play(browser: httpx.AsyncClient, listen: dict[str, Any], passage: Passage, at: datetime) -> None:
    """The passage's bytes by ranges, each as long as the archive gives it, then what was played."""
    _, total = await _range(browser, listen["audio_url"], 0, FIRST_BYTES)
    end = min(passage.start + passage.seconds, listen["duration"])
    byte, last = (int(total * second / listen["duration"]) for second in (passage.start, end))
    while byte < last:
        byte, _ = await _range(browser, listen["audio_url"], byte, last)
    played = {"start": passage.start, "end": end, "at": at.isoformat(), "wall": end - passage.start}
    _page(await browser.post(f"/api/v1/listens/{listen['id']}/progress", json={"played": [played]}))


async def _range(browser: httpx.AsyncClient, url: str, start: int, end: int) -> tuple[int, int]:
    """Where the answer to a request for bytes [start, end) ended, and how many the sound has in all."""
    answer = await browser.get(url, headers={"Range": f"bytes={start}-{end - 1}"})
    if answer.status_code != HTTPStatus.PARTIAL_CONTENT:
        raise FillError(f"{url}: {answer.status_code} {answer.text}")
    return start + len(answer.content), int(answer.headers["Content-Range"].partition("/")[2])


def _page(answer: httpx.Response) -> None:
    if not answer.is_success:
        raise FillError(f"{answer.request.method} {answer.request.url.path}: {answer.status_code}")
