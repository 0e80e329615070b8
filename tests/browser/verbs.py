"""What people do on the pages, so that tests read as their stories."""

from playwright.async_api import Locator, Page, Request, expect

from tests.browser.site import PASSWORD, Site

SOUNDS = """() => {
  const { paused, seeking, readyState } = document.querySelector("audio");
  return !paused && !seeking && readyState > HTMLMediaElement.HAVE_CURRENT_DATA;
}"""


class Visitor:
    def __init__(self, page: Page, site: Site) -> None:
        self.page = page
        self.site = site
        self.requests: list[Request] = []
        self.errors: list[str] = []
        page.on("request", self._note)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on(
            "console", lambda message: self.errors.append(message.text) if message.type == "error" else None
        )

    def _note(self, request: Request) -> None:
        self.requests.append(request)

    async def visit(self, path: str) -> None:
        await self.page.goto(self.site.url + path)

    async def sign_in(self, who: str, password: str = PASSWORD) -> None:
        await self.visit("/sign-in")
        await self.page.get_by_label("E-mail").fill(self.site.email(who))
        await self.page.get_by_label("Password").fill(password)
        async with self.page.expect_navigation():
            await self.page.get_by_role("button", name="Sign in").click()

    async def open_call(self, name: str, query: str = "") -> None:
        await self.visit(f"/calls/{self.site.calls[name]}{query}")

    async def search(self, words: str) -> None:
        """Type, and wait until the results are those of these words."""
        await self.box.fill(words)
        await expect(self.page).to_have_title(f"{words} - search - Call Archive")

    async def play(self) -> None:
        """Press Play, and wait until the sound moves on."""
        await self.player.get_by_role("button", name="Play", exact=True).click()
        await self.hear()

    async def hear(self, seconds: float = 0.5) -> None:
        """Wait until so much has sounded."""
        await self.page.wait_for_function(SOUNDS)
        began = await self.second()
        await self.page.wait_for_function(
            "end => document.querySelector('audio').currentTime > end", arg=began + seconds
        )

    async def second(self) -> float:
        return float(await self.page.evaluate("document.querySelector('audio').currentTime"))

    @property
    def box(self) -> Locator:
        return self.page.get_by_role("searchbox", name="Search every call")

    @property
    def rows(self) -> Locator:
        return self.page.locator(".hit")

    @property
    def player(self) -> Locator:
        return self.page.get_by_role("group", name="Player")

    @property
    def slider(self) -> Locator:
        return self.page.get_by_role("slider", name="Position in the call")

    def asked(self, part: str) -> list[Request]:
        """The requests so far whose address holds `part`."""
        return [request for request in self.requests if part in request.url]
