"""An archive with companies' sign-ins, and what browsers do at them; for the attacks on both."""

from typing import Any

import httpx
from msgspec import structs

from archive.adapters.oidc import OidcProvider
from archive.bootstrap import company
from archive.policy.principal import Principal
from archive.settings import Creation, ProviderSettings
from tests.misbehaving import CLIENT_ID, Misbehaving
from tests.world import ORIGIN, World

AUDIENCE = "urn:call-archive"


class Companies:
    """`acme` makes people of whoever signs in there first, `other` takes those who were invited."""

    def __init__(self, world: World, acme: Misbehaving, other: Misbehaving) -> None:
        self.world = world
        self.at = {"acme": acme, "other": other}
        self.providers: dict[str, OidcProvider] = {}

    def connect(self, **more: Any) -> None:
        """(Again) from the settings, `more` among acme's: as after a restart."""
        acme = {"api_audience": AUDIENCE, "create": Creation.FIRST_SIGN_IN, **more}
        self.providers = {
            "acme": self._provider(self._settings("acme", **acme)),
            "other": self._provider(self._settings("other")),
        }
        self.world.parts = structs.replace(self.world.parts, providers=self.providers)
        state = self.world.app.state
        state.context = structs.replace(state.context, parts=self.world.parts)

    async def go(self, browser: httpx.AsyncClient, name: str = "acme", **query: str) -> dict[str, str]:
        """To the provider, and sign in there; what comes back to the archive in the address."""
        answer = await browser.get(f"/sign-in/{name}", params=query)
        assert answer.status_code == 303, answer.text
        return self.at[name].visit(answer.headers["location"])

    async def come_in(
        self, browser: httpx.AsyncClient | None = None, name: str = "acme", **query: str
    ) -> httpx.Response:
        """The whole way; the archive's last answer."""
        browser = browser or await self.world.client()
        return await self.back(browser, await self.go(browser, name, **query), name)

    async def back(
        self, browser: httpx.AsyncClient, brought: dict[str, str], name: str = "acme"
    ) -> httpx.Response:
        return await browser.get(f"/sign-in/{name}/callback", params=brought)

    async def signed_in(self, name: str = "acme", **query: str) -> httpx.AsyncClient:
        browser = await self.world.client(ORIGIN)
        answer = await self.come_in(browser, name, **query)
        assert answer.status_code == 303, answer.text
        return browser

    async def person(self, email: str = "ann@example.com") -> Principal | None:
        async with self.world.parts.database.read() as work:
            return await work.principals.by_email(email)

    async def linked(self, name: str = "acme", subject: str = "ann") -> int | None:
        async with self.world.parts.database.read() as work:
            return await work.sign_ins.linked(self.at[name].issuer, subject)

    def _settings(self, name: str, **more: Any) -> ProviderSettings:
        return ProviderSettings(
            name=name, label=name.capitalize(), issuer=self.at[name].issuer, client_id=CLIENT_ID, **more
        )

    def _provider(self, settings: ProviderSettings) -> OidcProvider:
        return company(self.world.settings, settings, self.now)

    def now(self) -> float:
        return self.world.clock.time.timestamp()

    async def close(self) -> None:
        for provider in self.providers.values():
            await provider.close()


async def open_to(browser: httpx.AsyncClient) -> bool:
    """Whether the browser is signed in."""
    return (await browser.get("/api/v1/calls")).status_code == 200


def refused(answer: httpx.Response) -> bool:
    """Back at the sign-in page, without a session."""
    return answer.status_code == 401 and "session" not in answer.cookies and 'role="alert"' in answer.text
