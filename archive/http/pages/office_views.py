"""What the templates of the log and of health show: as `views`, with nothing left to decide."""

from datetime import datetime

from msgspec import Struct

from archive.http.pages.views import Choice, Note


class AuditFilter(Struct, frozen=True, kw_only=True):
    """A control of the audit list: a select where it has choices, else an input with suggestions."""

    name: str
    label: str
    type: str = "text"
    value: str = ""
    hint: str = ""
    choices: tuple[Choice, ...] = ()
    options: tuple[Choice, ...] = ()


class EventView(Struct, frozen=True, kw_only=True):
    id: str
    time: str
    clock: str
    tone: str
    who: str
    sentence: str
    call: str = ""
    call_href: str = ""
    asides: tuple[str, ...] = ()
    raw: str


class AuditView(Struct, frozen=True, kw_only=True):
    title: str
    heading: str
    events: tuple[EventView, ...]
    filters: tuple[AuditFilter, ...] = ()
    notes: tuple[Note, ...] = ()
    narrowed: bool = False
    about: str = ""
    about_href: str = ""
    next: str = ""


class ComponentView(Struct, frozen=True, kw_only=True):
    name: str
    state: str
    icon: str
    tone: str
    detail: str = ""
    remedy: str = ""


class Number(Struct, frozen=True):
    label: str
    value: str


class FailedView(Struct, frozen=True):
    """A call that failed, by its id: the administrator sees no names."""

    uid: str
    received_at: datetime
    reason: str
    retryable: bool


class SystemView(Struct, frozen=True, kw_only=True):
    heading: str
    checked_at: datetime
    components: tuple[ComponentView, ...]
    numbers: tuple[Number, ...] = ()
    failed: tuple[FailedView, ...] = ()
    retryable: bool = False
