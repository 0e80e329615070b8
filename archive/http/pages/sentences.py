"""Events as sentences: who did what, to which call, and what is known beside it. Pure."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from archive.audit.event import EventType
from archive.calls.call import Call
from archive.calls.call import title as title_of
from archive.calls.history import NAMELESS, ShownActor, ShownEvent
from archive.http.pages import times
from archive.http.pages.office_views import EventView
from archive.http.pages.rendering import texts

Calls = Mapping[str, Call]
"""By public id, the calls among the events that the reader may see."""
Names = Mapping[str, str]
"""Of principals, by public id."""

PRINCIPALS = frozenset({"person", "integration", "group"})
REFUSALS = frozenset(
    {
        EventType.SESSION_DENIED,
        EventType.TOKEN_DENIED,
        EventType.TOKEN_REUSED,
        EventType.LISTEN_DENIED,
        EventType.SEARCH_MISMATCH,
    }
)
"""What is a refusal by its kind, and told as one."""

NAMING = ("to", "member", "asked_by", "agreed_by")
"""The details that hold a principal's public id."""


def event_view(event: ShownEvent, calls: Calls, names: Names) -> EventView:
    return EventView(
        id=event.id,
        time=event.time.isoformat(),
        clock=times.in_utc(event.time),
        tone="" if event.outcome == "allowed" else event.outcome,
        who=_who(event.actor),
        sentence=sentence(event),
        call=_call(event.call, calls) if event.call else "",
        call_href=f"/audit/calls/{event.call}" if event.call else "",
        asides=tuple(asides(event, names)),
        raw=_pretty(event.body),
    )


def sentence(event: ShownEvent) -> str:
    """What the actor did; the call it was done to follows."""
    t = texts()
    details = event.details
    match event.type:
        case EventType.CALL_DENIED if _text(details, "action"):
            return t("event.call.denied", doing=t(f"doing.{details['action']}"))
        case EventType.SEARCH_PERFORMED if _text(details, "query"):
            return t("event.search.words", words=details["query"])
        case EventType.AUDIT_READ if event.outcome == "denied":
            return t("event.audit.denied")
        case EventType.AUDIT_READ if event.call:
            return t("event.audit.call")
        case EventType.ARCHIVE_DENIED:
            return t("event.archive.denied", doing=t(f"doing.{details['action']}"))
        case EventType.CALL_DENIED:
            return t("event.call.denied", doing=t("doing.upload"))
        case type if event.outcome == "denied" and type not in REFUSALS:
            return _refused(type)
        case EventType.SESSION_ENDED if "of" in details:
            return t("event.session.ended_of")
        case type if event.call and t.has(f"event.{type}_call"):
            return t(f"event.{type}_call")
    return t(f"event.{event.type}")


def _refused(type: str) -> str:
    """Of what is told as done where it was allowed."""
    t = texts()
    return (
        t(f"event.{type}.denied")
        if t.has(f"event.{type}.denied")
        else t("event.denied", what=t(f"type.{type}"))
    )


def asides(event: ShownEvent, names: Names) -> Iterator[str]:
    t = texts()
    if event.on_behalf_of:
        yield t("audit.on_behalf", name=_who(event.on_behalf_of))
    if event.reason_code:
        yield _reason(event.reason_code)
    yield from _details(event, names)
    if event.purpose:
        yield t("audit.reason", reason=event.purpose)
    if event.origin.address:
        yield event.origin.address
    if event.leaf is not None:
        yield t("audit.leaf", leaf=event.leaf)


def _details(event: ShownEvent, names: Names) -> Iterator[str]:
    t = texts()
    details = event.details
    match event.type:
        case EventType.LISTEN_CLOSED:
            played, sent = (times.clock(details[name] / 1000) for name in ("reported_ms", "delivered_ms"))
            yield t("aside.listened", reported=played, delivered=sent)
        case EventType.SEARCH_PERFORMED:
            yield t("search.count", count=details["total"])
            if details["shown"]:
                yield t("aside.shown", count=len(details["shown"]))
        case EventType.SESSION_DENIED if _text(details, "email"):
            yield t("aside.as", email=details["email"])
        case EventType.CALL_UPLOADED | EventType.RENDITION_MADE | EventType.RECORDING_DELIVERED:
            yield times.size(details["bytes"])
        case EventType.RECORDING_DOWNLOADED:
            yield t(f"aside.{details['what']}")
        case EventType.TRANSCRIPT_READ | EventType.TRANSCRIPT_ADDED:
            yield t("aside.version", version=details["version"])
    yield from _asked(event)
    yield from _principals(event, names)


def _asked(event: ShownEvent) -> Iterator[str]:
    """Why access was asked for, or a call sealed, what was answered, until when somebody took it."""
    t, details = texts(), event.details
    match event.type:
        case EventType.GRANT_ASKED | EventType.CALL_SEALED | EventType.CALL_UNSEALED if _text(
            details, "reason"
        ):
            yield t("audit.reason", reason=details["reason"])
        case EventType.GRANT_APPROVED | EventType.GRANT_REFUSED if _text(details, "answer"):
            yield t("aside.answer", answer=details["answer"])
        case EventType.GLASS_BROKEN if _text(details, "until"):
            yield t("aside.until", time=times.in_utc(datetime.fromisoformat(details["until"])))


def _principals(event: ShownEvent, names: Names) -> Iterator[str]:
    """Whom it concerns beside the actor: to whom something was given, who entered a group, who asked and agreed."""
    t = texts()
    details = event.details
    if _text(details, "to"):
        yield from _grant(details, names)
    if member := _text(details, "member"):
        yield t("aside.member", name=_named(member, names))
    if event.object.kind in PRINCIPALS and event.object.id:
        yield _named(event.object.id, names)
    if not event.call and (where := _text(details, "where")):
        yield t("aside.where", where=_where(where))
    if agreed := _text(details, "agreed_by"):
        yield t("aside.both", asked=_named(details["asked_by"], names), agreed=_named(agreed, names))


def _grant(details: Mapping[str, Any], names: Names) -> Iterator[str]:
    t = texts()
    yield t("aside.to", name=_named(details["to"], names))
    if role := details.get("role"):
        yield t(f"role.{role}")
    if actions := details.get("actions"):
        yield ", ".join(action.replace("_", " ") for action in actions)
    if reason := _text(details, "reason"):
        yield t("audit.reason", reason=reason)


def _where(scope: str) -> str:
    """A scope as the record has it, in words; one of several parts as it stands there."""
    t = texts()
    kind, _, names = scope.partition(":")
    if kind == "call":
        return t("scope.calls", count=names.count(",") + 1)
    key = f"scope.{kind}s" if names else f"scope.{kind}"
    several = " and " in names or ":" in names
    return t(key, names=names) if t.has(key) and not several else scope


def about(event: ShownEvent) -> Iterator[str]:
    """The principals that an event names beside its actor, by public id."""
    if event.object.kind in PRINCIPALS and event.object.id:
        yield event.object.id
    yield from filter(None, (_text(event.details, name) for name in NAMING))


def _named(uid: str, names: Names) -> str:
    """The console has no name of its own; which of its users it was stands in the event's origin."""
    return names.get(uid) or NAMELESS.get(uid) or uid


def _who(actor: ShownActor) -> str:
    t = texts()
    if actor.name:
        return actor.name
    return t("audit.somebody") if actor.id else t("audit.unknown")


def _call(uid: str, calls: Calls) -> str:
    """Client - partner, start; the id alone for a call that is gone, or not the reader's to see."""
    call = calls.get(uid)
    return title_of(call, times.in_utc(call.started_at)[:16]) if call else uid


def _reason(code: str) -> str:
    t = texts()
    return t(f"reason.{code}") if t.has(f"reason.{code}") else code.replace("_", " ")


def _text(details: Mapping[str, Any], name: str) -> str:
    """A text of the event; nothing where it was erased, and only its hash stands there."""
    value = details.get(name)
    return value if isinstance(value, str) else ""


def _pretty(body: bytes) -> str:
    return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
