"""What the templates of access and of reach show: as `views`, with nothing left to decide."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from archive.http.pages.missing import Until
from archive.http.pages.views import Choice, Link


class ReachRow(Struct, frozen=True, kw_only=True):
    """A grant: `who` holds it, on the page of a call; `where` and `calls` on that of a person. `end`: where it is
    ended, by those who may."""

    what: str
    where: str = ""
    calls: str = ""
    who: str = ""
    who_href: str = ""
    kind: str = ""
    members: tuple[str, ...] = ()
    since: datetime
    until: datetime | None
    ended_at: datetime | None = None
    standing: str
    reason: str
    by: str
    group: str = ""
    glass: bool = False
    sealed: bool = False
    asked: bool = False
    end: str = ""


class ReachView(Struct, frozen=True, kw_only=True):
    title: str
    about: str
    rows: tuple[ReachRow, ...]
    disabled: bool = False


class CallReachView(Struct, frozen=True, kw_only=True):
    """`href`: of the call, for those who may see it. `give`: the form that lets somebody hear it. `partial`: only the
    grants that name the call are shown."""

    uid: str
    title: str
    href: str
    about: str
    sealed: bool
    rows: tuple[ReachRow, ...]
    give: Until | None
    partial: bool
    problem: str = ""
    typed: Mapping[str, str] = {}


class RequestView(Struct, frozen=True, kw_only=True):
    """`what`: in words; `comes_to`: what a grant comes to. `days`: the end that may be granted."""

    uid: str
    who: str
    what: str
    href: str
    comes_to: str
    until: datetime
    reason: str
    asked_at: datetime
    days: Until
    direct: bool
    problem: str = ""


class MineView(Struct, frozen=True, kw_only=True):
    uid: str
    what: str
    until: datetime
    reason: str
    asked_at: datetime
    state: str
    tone: str
    answer: str
    waits: bool


class GlassView(Struct, frozen=True, kw_only=True):
    uid: str
    who: str
    where: str
    since: datetime
    until: datetime | None
    ended_at: datetime | None
    reason: str
    over: bool
    unseen: bool
    ends: bool


class BreakView(Struct, frozen=True, kw_only=True):
    """The form by which the glass is broken; `minutes` 0: it isn't."""

    minutes: int
    where: tuple[Choice, ...]
    password: bool
    code: bool


class AccessView(Struct, frozen=True, kw_only=True):
    """`problems` by form. `looks`: whether the page asks whom to look at, `calls`: and which call."""

    done: str = ""
    looks: bool
    calls: bool
    requests: tuple[RequestView, ...]
    more_requests: str = ""
    changes: int
    looks_at_changes: bool
    glass: tuple[GlassView, ...]
    broken: BreakView | None
    mine: tuple[MineView, ...]
    more_mine: str = ""
    abouts: tuple[Choice, ...]
    ask: Until
    links: tuple[Link, ...] = ()
    problems: Mapping[str, str] = {}
    typed: Mapping[str, str] = {}

    @property
    def unseen(self) -> bool:
        """Whether emergency access waits to be seen by whoever reads."""
        return any(one.unseen for one in self.glass)


class FoundView(Struct, frozen=True):
    """People whom a name may mean."""

    typed: str
    people: tuple[Link, ...]
