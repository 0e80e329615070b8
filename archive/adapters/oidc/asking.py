"""Asking a provider over HTTP: with a limit on size and on time, and with errors that name it."""

import asyncio
import ssl
from collections.abc import Mapping
from functools import cache

import httpx

from archive.errors import Unavailable

MOST_BYTES = 256 * 1024
SECONDS = 10.0
"""For one question and its whole answer."""

REMEDY = "Sign in another way, or try again later."


@cache
def _certificates() -> ssl.SSLContext:
    """Whom to trust: read once, for it takes longer than asking."""
    return httpx.create_ssl_context()


class Asker:
    """Asks one provider, whom `label` names in errors. Redirects are not followed: each address is the provider's own
    word. Answers come uncompressed, so that their size is what it seems."""

    def __init__(self, label: str) -> None:
        self.label = label
        self._client = httpx.AsyncClient(
            timeout=SECONDS, headers={"Accept-Encoding": "identity"}, verify=_certificates()
        )

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> bytes:
        """The body of a 200. Raises `Unavailable` for any other answer."""
        answer = await self.ask("GET", url, headers)
        if answer.status_code != httpx.codes.OK:
            raise self.away(f"answered {answer.status_code} to {answer.request.url.path}.")
        return answer.content

    async def ask(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: str | None = None
    ) -> httpx.Response:
        """Whatever it answers. Raises `Unavailable` when it doesn't, or takes too long or too much room."""
        request = self._client.build_request(method, url, headers=headers, content=body)
        try:
            async with asyncio.timeout(SECONDS):
                answer = await self._client.send(request, stream=True)
                try:
                    content = await self._content(answer)
                finally:
                    await answer.aclose()
        except (httpx.HTTPError, TimeoutError) as error:
            raise self.away("can't be reached.") from error
        return httpx.Response(answer.status_code, content=content, request=request)

    def away(self, detail: str) -> Unavailable:
        return Unavailable(self.label, detail, REMEDY)

    async def close(self) -> None:
        await self._client.aclose()

    async def _content(self, answer: httpx.Response) -> bytes:
        content = bytearray()
        async for chunk in answer.aiter_raw():
            content += chunk
            if len(content) > MOST_BYTES:
                raise self.away(f"answered with more than {MOST_BYTES // 1024} KiB.")
        return bytes(content)
