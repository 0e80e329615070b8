"""What every page stands in: who is signed in, what they may open, in which zone and theme they read."""

from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from archive.http.pages.texts import Texts
from archive.policy.actions import Action
from archive.policy.decide import may
from archive.policy.principal import Principal

ENTRIES = (
    ("entry.upload", "/upload", Action.UPLOAD),
    ("entry.audit", "/audit", Action.READ_AUDIT),
    ("entry.people", "/people", Action.MANAGE_PEOPLE),
    ("entry.system", "/system", Action.MANAGE_SYSTEM),
)
"""The bar's pages in order, each with the action that opens it. Search is the box itself."""

BESIDE = {"/people": ("/groups", "/integrations", "/partners", "/clients", "/teams")}
"""Pages that an entry leads to by a way of its own."""

THEMES = ("light", "dark")


class Entry(Struct, frozen=True):
    label: str
    href: str
    current: bool


class Frame(Struct, frozen=True, kw_only=True):
    """`theme` None: as the system has it. `path` is the page's own, with its query."""

    path: str
    now: datetime
    zone: ZoneInfo
    theme: str | None = None
    person: Principal | None = None
    finds: bool = False
    entries: tuple[Entry, ...] = ()

    @property
    def home(self) -> str:
        """Search for those who may find calls, else the first page they may open."""
        return "/" if self.finds or not self.entries else self.entries[0].href

    @property
    def initials(self) -> str:
        names = self.person.name.split() if self.person else []
        return "".join(name[0] for name in (names[:1] + names[1:][-1:])).upper()


def framed(
    t: Texts, *, path: str, now: datetime, zone: ZoneInfo, theme: str | None, person: Principal | None
) -> Frame:
    entries = [
        Entry(t(label), href, path.split("?", maxsplit=1)[0].startswith((href, *BESIDE.get(href, ()))))
        for label, href, action in ENTRIES
        if person and may(person, action, now)
    ]
    return Frame(
        path=path,
        now=now,
        zone=zone,
        theme=theme if theme in THEMES else None,
        person=person,
        finds=bool(person and may(person, Action.FIND, now)),
        entries=tuple(entries),
    )
