"""What the page of access shows: gathered for whoever reads it."""

from datetime import datetime, timedelta
from itertools import islice

from msgspec import Struct

from archive.http.context import acting, context_of
from archive.http.pages.access_views import AccessView, BreakView, GlassView, MineView, RequestView
from archive.http.pages.answers import AnyRequest, frame_of
from archive.http.pages.frame import Frame
from archive.http.pages.managing import scope_shown
from archive.http.pages.missing import USUALLY, Until, until_of
from archive.http.pages.rendering import texts
from archive.http.pages.views import Choice, Link
from archive.http.pages.words import title_of
from archive.identity import approving, glass, reach, requests
from archive.identity.approving import Asked
from archive.identity.reach import ended_at
from archive.identity.requests import LONGEST
from archive.identity.tasks import Tasks
from archive.policy.actions import Action
from archive.policy.decide import decide, may
from archive.policy.principal import Principal
from archive.ports import About, AccessRequest, BrokenGlass, RequestState, Work

SHOWN = 50
TONES = {RequestState.WAITING: "working", RequestState.GRANTED: "good", RequestState.REFUSED: "bad"}
GLASS = ("call", "client", "partner", "all")


class Reader(Struct, frozen=True):
    frame: Frame
    who: Principal

    def may(self, *actions: Action) -> bool:
        return any(may(self.who, action, self.frame.now) for action in actions)


async def hub_view(request: AnyRequest) -> AccessView:
    (parts, caller), frame = acting(request), frame_of(request)
    reader = Reader(frame, caller.principal)
    waiting = await approving.waiting(parts, caller, 0, SHOWN)
    mine = await requests.mine(parts, caller, None, SHOWN)
    broken = await glass.lately(parts, caller)
    looks = await reach.looks_after(parts, caller)
    manages = reader.may(Action.MANAGE_PEOPLE)
    tasks: Tasks = frame.standing.tasks
    async with parts.database.read() as work:
        return AccessView(
            looks=looks,
            calls=manages or reader.may(Action.APPROVE),
            requests=tuple([await _request(work, reader, one) for one in waiting]),
            changes=tasks.changes,
            looks_at_changes=manages or reader.may(Action.APPROVE),
            glass=tuple([await _glass(work, reader, one) for one in broken]),
            broken=await _break(request) if manages else None,
            mine=tuple(_mine(one) for one in islice(mine, SHOWN)),
            abouts=tuple(Choice(one.value, texts()(f"about.{one.value}")) for one in About),
            ask=until_of(frame, LONGEST),
            links=tuple(_links(reader)),
        )


def _links(reader: Reader) -> list[Link]:
    t = texts()
    own = [Link(t("frame.reach"), "/reach")]
    if reader.may(Action.MANAGE_PEOPLE, Action.APPROVE):
        own.append(Link(t("changes.title"), "/access/changes"))
        own.append(Link(t("reasons.title"), "/access/reasons"))
    return own


async def _request(work: Work, reader: Reader, asked: Asked) -> RequestView:
    one, share = asked.request, asked.share
    names = await work.principals.named({one.by})
    return RequestView(
        uid=one.uid,
        who=names.get(one.by, ""),
        what=_what(reader, asked),
        href=f"/calls/{share.call.uid}/access" if share and share.call else "",
        comes_to=texts()("scope.calls", count=asked.calls or 0),
        until=last(one.until),
        reason=one.reason,
        asked_at=one.asked_at,
        days=_days(reader.frame, share.until if share else one.until),
        direct=bool(share and share.direct),
    )


def _what(reader: Reader, asked: Asked) -> str:
    """A call by its name, for those who may see it; else as it was asked for."""
    call = asked.share.call if asked.share else None
    if call and decide(reader.who, Action.READ_CALL, call, reader.frame.now).allowed:
        return title_of(call, reader.frame)
    return asked_for(asked.request)


def asked_for(one: AccessRequest) -> str:
    return texts()(f"access.for_{one.about.value}", what=one.asked)


def _days(frame: Frame, until: datetime) -> Until:
    """The last day that counts whole, or in part, before `until`."""
    longest = last(until) - frame.now
    return until_of(frame, longest, max(longest, USUALLY))


def last(until: datetime) -> datetime:
    """The last moment before it: what lasts until midnight lasts until the day before."""
    return until - timedelta(microseconds=1)


def _mine(one: AccessRequest) -> MineView:
    return MineView(
        uid=one.uid,
        what=asked_for(one),
        until=last(one.until),
        reason=one.reason,
        asked_at=one.asked_at,
        state=texts()(f"request.{one.state.value}"),
        tone=TONES.get(one.state, ""),
        answer=one.answer or "",
        waits=one.state is RequestState.WAITING,
    )


async def _glass(work: Work, reader: Reader, broken: BrokenGlass) -> GlassView:
    grant, now = broken.grant, reader.frame.now
    over = not grant.in_force(now)
    others = broken.holder.uid != reader.who.uid
    return GlassView(
        uid=grant.uid,
        who=broken.holder.name,
        where=await scope_shown(work, grant.scope),
        since=grant.since,
        until=grant.until,
        ended_at=ended_at(grant) if over else None,
        reason=grant.reason,
        over=over,
        unseen=broken.seen_at is None and others and reader.may(Action.APPROVE),
        ends=not over and others and reader.may(Action.APPROVE),
    )


async def _break(request: AnyRequest) -> BreakView | None:
    """None while some is in force, or once the day's are used up."""
    (parts, caller), context = acting(request), context_of(request)
    if frame_of(request).standing.glass:
        return None
    password, code = await glass.wants(parts, caller, context.rules)
    return BreakView(
        minutes=context.settings.break_glass_minutes,
        where=tuple(Choice(one, texts()(f"glass.{one}")) for one in GLASS),
        password=password,
        code=code,
    )
