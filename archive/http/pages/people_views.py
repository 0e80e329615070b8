"""What the templates of people, groups, programs and names show: as `views`, with nothing left to decide."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from archive.http.pages.frame import Entry
from archive.http.pages.giving import GiveView
from archive.http.pages.views import Choice


class GrantRow(Struct, frozen=True, kw_only=True):
    """`what` and `where` in words; `calls`: how many it comes to, where that was counted. `by`, `group`: names."""

    id: str
    what: str
    where: str
    calls: str
    since: datetime
    until: datetime | None
    ended: bool
    coming: bool
    reason: str
    by: str
    group: str
    group_href: str


class Listed(Struct, frozen=True, kw_only=True):
    """A row of a list: somebody, a group or a program, and what they may."""

    name: str
    href: str
    under: str = ""
    may: tuple[str, ...] = ()
    aside: str = ""
    since: datetime | None = None
    over: str = ""


class ListView(Struct, frozen=True, kw_only=True):
    """`q` None: this list isn't searched."""

    title: str
    sections: tuple[Entry, ...]
    count: str = ""
    rows: tuple[Listed, ...]
    more: str = ""
    q: str | None = None
    empty: str
    problem: str = ""
    done: str = ""
    given: Mapping[str, str] = {}


class AddPersonView(Struct, frozen=True, kw_only=True):
    sections: tuple[Entry, ...]
    name: str
    email: str
    invite: bool
    give: GiveView


class SigningInView(Struct, frozen=True, kw_only=True):
    """`ways` in sentences; `sessions` too; `any`: there is one to end. `link`: which kind could be made."""

    ways: tuple[str, ...]
    last: datetime | None
    sessions: str
    any: bool
    link: str
    codes: bool


class PersonView(Struct, frozen=True, kw_only=True):
    """`problems` by form. `link` is shown this once. `oneself`: nobody changes their own."""

    id: str
    sections: tuple[Entry, ...]
    name: str
    email: str
    given_name: str
    given_email: str
    disabled_at: datetime | None
    created_at: datetime | None
    oneself: bool
    grants: tuple[GrantRow, ...]
    waiting: tuple[str, ...]
    groups: tuple[Choice, ...]
    signing_in: SigningInView
    give: GiveView
    problems: Mapping[str, str] = {}
    done: str = ""
    link: str = ""


class MemberRow(Struct, frozen=True):
    """`by`: the company's sign-in that says so; empty where a person did."""

    id: str
    name: str
    email: str
    by: str
    since: datetime
    oneself: bool


class ClaimRow(Struct, frozen=True):
    provider: str
    value: str


class GroupView(Struct, frozen=True, kw_only=True):
    """`providers`: the companies' sign-ins whose claims may be mapped."""

    id: str
    sections: tuple[Entry, ...]
    name: str
    given_name: str
    members: tuple[MemberRow, ...]
    claims: tuple[ClaimRow, ...]
    providers: tuple[str, ...]
    grants: tuple[GrantRow, ...]
    waiting: tuple[str, ...]
    belongs: bool
    give: GiveView
    given: Mapping[str, str] = {}
    problems: Mapping[str, str] = {}
    done: str = ""


class ProgramForm(Struct, frozen=True, kw_only=True):
    """What is registered of a program, in a form."""

    name: str
    purpose: str
    redirect_uris: str
    for_people: tuple[Choice, ...]
    requests: str
    public: bool = False


class AddProgramView(Struct, frozen=True, kw_only=True):
    sections: tuple[Entry, ...]
    form: ProgramForm
    give: GiveView


class ProgramView(Struct, frozen=True, kw_only=True):
    """`secret` is shown this once."""

    id: str
    sections: tuple[Entry, ...]
    name: str
    purpose: str
    public: bool
    revoked_at: datetime | None
    used_at: datetime | None
    created_at: datetime | None
    limit: str
    etag: str
    form: ProgramForm
    grants: tuple[GrantRow, ...]
    waiting: tuple[str, ...]
    give: GiveView
    problems: Mapping[str, str] = {}
    done: str = ""
    secret: str = ""


class NameRow(Struct, frozen=True):
    """`problem`: why it wasn't renamed to `typed`."""

    id: str
    name: str
    external_id: str
    etag: str
    typed: str
    problem: str = ""


class NamesView(Struct, frozen=True, kw_only=True):
    """`kind`: partner, client or team."""

    kind: str
    sections: tuple[Entry, ...]
    rows: tuple[NameRow, ...]
    q: str
    more: str
    given: Mapping[str, str] = {}
    problem: str = ""
    done: str = ""
