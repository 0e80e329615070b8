"""What the templates show, ready to be written down: words, addresses and tones, and nothing to decide."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct


class Badge(Struct, frozen=True):
    """A state by icon and word; `tone` only adds colour."""

    icon: str
    text: str
    tone: str = ""


class Note(Struct, frozen=True):
    """A sentence about the page: `bad`, `warn` or plain, with a way on where there is one."""

    text: str
    tone: str = ""
    href: str = ""
    link: str = ""
    retry: bool = False


class Choice(Struct, frozen=True):
    """One option of a select."""

    value: str
    label: str
    on: bool = False


class Link(Struct, frozen=True):
    label: str
    href: str
    current: bool = False


# ---- search ----------------------------------------------------------------------------------------------------


class Piece(Struct, frozen=True):
    text: str
    hit: bool


class MomentView(Struct, frozen=True):
    """A passage that matches; `at` seconds, where hearing begins (3 s early)."""

    at: float
    clock: str
    href: str
    speaker: str
    side: str
    pieces: tuple[Piece, ...]


class Mark(Struct, frozen=True):
    """A moment's place on a strip 200 wide."""

    x: int
    side: str


class Row(Struct, frozen=True, kw_only=True):
    uid: str
    href: str
    client: str
    partner: str
    started_at: datetime
    duration: str
    icon: str
    kind: str
    agent: str
    badges: tuple[Badge, ...] = ()
    moments: tuple[MomentView, ...] = ()
    marks: tuple[Mark, ...] = ()
    missing: str = ""
    hears: bool = False


class Chip(Struct, frozen=True):
    """A filter in force; `href` leads to the page without it."""

    label: str
    value: str
    href: str


class FacetChoice(Struct, frozen=True):
    label: str
    href: str
    count: int | None = None
    on: bool = False


class FacetView(Struct, frozen=True):
    label: str
    choices: tuple[FacetChoice, ...]


class EmptyView(Struct, frozen=True):
    heading: str
    text: str
    lifts: tuple[Link, ...] = ()


class SearchView(Struct, frozen=True, kw_only=True):
    title: str
    query: str
    count: str
    chips: tuple[Chip, ...] = ()
    sorts: tuple[Link, ...] = ()
    notes: tuple[Note, ...] = ()
    rows: tuple[Row, ...] = ()
    facets: tuple[FacetView, ...] = ()
    empty: EmptyView | None = None
    next: str = ""
    since: str = ""
    until: str = ""
    phone: str = ""
    lengths: tuple[Choice, ...] = ()
    kept: tuple[tuple[str, str], ...] = ()


# ---- call ------------------------------------------------------------------------------------------------------


class SegmentView(Struct, frozen=True, kw_only=True):
    """`words`: where each timed word begins, as `character:second` pairs. `turn`: another speaker than before."""

    start: float
    end: float
    clock: str
    href: str
    speaker: str
    side: str
    text: str
    words: str = ""
    turn: bool = True
    current: bool = False


class StepView(Struct, frozen=True):
    """`tone`: past, now or later."""

    state: str
    label: str
    tone: str


class Lane(Struct, frozen=True):
    side: str
    label: str


class Fact(Struct, frozen=True):
    label: str
    value: str = ""
    href: str = ""
    time: datetime | None = None


class ListenView(Struct, frozen=True):
    person: str
    opened_at: datetime
    delivered: str
    reported: str
    reason: str = ""


class HeardView(Struct, frozen=True):
    """`everyone`: not the reader's own listens only. `more`: there are others than those of this page."""

    everyone: bool = False
    summary: str = ""
    listens: tuple[ListenView, ...] = ()
    more: bool = False


class ListensView(Struct, frozen=True):
    """`title` and `href` are the call's."""

    title: str
    href: str
    heard: HeardView
    next: str = ""


class WhyView(Struct, frozen=True):
    """Asks for a reason. `explanation`: why it is asked; `forms` of a case number, where one is."""

    explanation: str
    forms: str = ""


class SealView(Struct, frozen=True):
    """`names`: whether people may be named who reach the call still."""

    sealed: bool
    names: bool


class CallView(Struct, frozen=True, kw_only=True):
    uid: str
    title: str
    heading: str
    started_at: datetime
    duration: str
    seconds: float
    icon: str
    kind: str
    state: str
    start: float = 0.0
    start_clock: str = "0:00"
    query: str = ""
    badges: tuple[Badge, ...] = ()
    labels: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    steps: tuple[StepView, ...] = ()
    player: bool = False
    sides: tuple[str, ...] = ()
    lanes: tuple[Lane, ...] = ()
    segments: tuple[SegmentView, ...] = ()
    no_words: str = ""
    back: str = ""
    why_listen: WhyView | None = None
    why_read: WhyView | None = None
    why_download: WhyView | None = None
    seal: SealView | None = None
    wrong: str = ""
    problem: str = ""
    typed: Mapping[str, str] = {}
    facts: tuple[Fact, ...] = ()
    downloads: tuple[Link, ...] = ()
    heard: HeardView = HeardView()
    history: str = ""
    access: str = ""


# ---- forms -----------------------------------------------------------------------------------------------------


class WayIn(Struct, frozen=True):
    """A company's sign-in."""

    label: str
    href: str


class SignInView(Struct, frozen=True):
    """`passwords`: whom the form for passwords is for; `everybody`, `one`, or nobody."""

    next: str
    email: str = ""
    problem: str = ""
    note: Note | None = None
    ways: tuple[WayIn, ...] = ()
    passwords: str = "everybody"


class LeavingView(Struct, frozen=True):
    """`address`: where to sign out at the provider."""

    address: str


class SetupView(Struct, frozen=True):
    shortest: int
    name: str = ""
    email: str = ""
    problem: str = ""


class WelcomeStep(Struct, frozen=True):
    heading: str
    text: str
    command: str = ""
    href: str = ""
    link: str = ""


class WelcomeView(Struct, frozen=True):
    steps: tuple[WelcomeStep, ...]


class UploadView(Struct, frozen=True, kw_only=True):
    most_bytes: int
    partners: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    kinds: tuple[Choice, ...]
    directions: tuple[Choice, ...]
    notes: tuple[Note, ...] = ()


class ErrorView(Struct, frozen=True):
    heading: str
    text: str
    advice: str = ""
    repeat: bool = False
