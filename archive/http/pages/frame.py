"""What every page stands in: who is signed in, what they may open, in which zone and theme they read."""

from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from archive.http.pages.standing import ALONE, Standing
from archive.http.pages.texts import Texts
from archive.policy.actions import Action
from archive.policy.decide import may
from archive.policy.principal import Principal

ACCESS = "/access"
ENTRIES: tuple[tuple[str, str, Action | None], ...] = (
    ("entry.upload", "/upload", Action.UPLOAD),
    ("entry.audit", "/audit", Action.READ_AUDIT),
    ("entry.access", ACCESS, None),
    ("entry.people", "/people", Action.MANAGE_PEOPLE),
    ("entry.system", "/system", Action.MANAGE_SYSTEM),
)
"""The bar's pages in order, each with the action that opens it; None: everybody signed in. Search is the box itself."""

BESIDE = {ACCESS: ("/reach",), "/people": ("/groups", "/integrations", "/partners", "/clients", "/teams")}
"""Pages that an entry leads to by a way of its own."""

THEMES = ("light", "dark")


class Entry(Struct, frozen=True):
    """`waiting`: how much there waits for whoever reads."""

    label: str
    href: str
    current: bool
    waiting: int = 0


class Frame(Struct, frozen=True, kw_only=True):
    """`theme` None: as the system has it. `path` is the page's own, with its query."""

    path: str
    now: datetime
    zone: ZoneInfo
    theme: str | None = None
    person: Principal | None = None
    finds: bool = False
    standing: Standing = ALONE
    entries: tuple[Entry, ...] = ()

    @property
    def home(self) -> str:
        """Search for those who may find calls, else the first page they may open."""
        if self.finds or not self.entries:
            return "/"
        return next((entry.href for entry in self.entries if entry.href != ACCESS), ACCESS)

    @property
    def initials(self) -> str:
        names = self.person.name.split() if self.person else []
        return "".join(name[0] for name in (names[:1] + names[1:][-1:])).upper()


def framed(
    t: Texts,
    *,
    path: str,
    now: datetime,
    zone: ZoneInfo,
    theme: str | None,
    person: Principal | None,
    standing: Standing = ALONE,
) -> Frame:
    here, waiting = path.split("?", maxsplit=1)[0], {ACCESS: standing.tasks.count}
    entries = [
        Entry(t(label), href, here.startswith((href, *BESIDE.get(href, ()))), waiting.get(href, 0))
        for label, href, action in ENTRIES
        if person and (action is None or may(person, action, now))
    ]
    return Frame(
        path=path,
        now=now,
        zone=zone,
        theme=theme if theme in THEMES else None,
        person=person,
        standing=standing,
        finds=bool(person and may(person, Action.FIND, now)),
        entries=tuple(entries),
    )
