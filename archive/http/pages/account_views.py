"""What the templates of signing in and of one's own account show: as `views`, with nothing left to decide."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from archive.http.pages.views import WayIn


class SecretView(Struct, frozen=True):
    """For an authenticator app: the secret in groups, to be typed, and a link that opens an app on this device."""

    grouped: str
    address: str


class CodeView(Struct, frozen=True):
    """Asks for a code; with `secret`, for the first one of a new authenticator. `action` is where the form goes."""

    action: str
    next: str
    secret: SecretView | None = None
    problem: str = ""


class RecoveryView(Struct, frozen=True):
    """Codes that are shown this once, and where to go on."""

    codes: tuple[str, ...]
    next: str


class LinkView(Struct, frozen=True):
    """`invited` or reset; `password`: whether one can be set here; `ways`: the companies' sign-ins."""

    name: str
    email: str
    invited: bool
    password: bool
    shortest: int
    problem: str = ""
    ways: tuple[WayIn, ...] = ()


class SessionView(Struct, frozen=True):
    uid: str
    device: str
    address: str
    created_at: datetime
    seen_at: datetime
    this: bool


class ProgramRow(Struct, frozen=True):
    """A program that acts for a person. `may`: actions in words."""

    id: str
    name: str
    may: str
    since: datetime
    used_at: datetime | None


class AccountView(Struct, frozen=True, kw_only=True):
    """`problems` by form: what went wrong with it, in a sentence. `done` says what just went well."""

    name: str
    email: str
    sessions: tuple[SessionView, ...]
    issuers: tuple[str, ...] = ()
    programs: tuple[ProgramRow, ...] = ()
    password: bool
    codes: bool
    codes_left: str
    shortest: int
    problems: Mapping[str, str] = {}
    done: str = ""


class MyListenView(Struct, frozen=True):
    """`href` is empty for a call that the person may no longer see."""

    title: str
    href: str
    opened_at: datetime
    delivered: str
    reported: str
    reason: str


class MyListensView(Struct, frozen=True):
    listens: tuple[MyListenView, ...]
    next: str
