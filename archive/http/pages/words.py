"""How calls are named and described on every page: headings, kinds, states, whose side somebody is on."""

from archive.calls.call import WORKING, Call, Kind, State, title
from archive.http.pages import times
from archive.http.pages.frame import Frame
from archive.http.pages.rendering import texts
from archive.http.pages.times import Form
from archive.http.pages.views import Badge

SIDES = {"agent": "agent", "client": "client", "customer": "client", "caller": "client"}
EARLY = 3.0
"""Seconds that hearing a moment begins before it."""


def title_of(call: Call, frame: Frame) -> str:
    return title(call, times.shown(call.started_at, Form.SHORT, frame.zone, frame.now))


def client_of(call: Call) -> str:
    t = texts()
    if call.client is None:
        return t("call.unknown")
    return call.client.name or call.client.phone or t("call.unknown")


def partner_of(call: Call) -> str:
    return call.partner.name if call.partner else texts()("call.unassigned")


def heading_of(call: Call) -> str:
    """Client Ltd called Northwind, with Agent A."""
    t = texts()
    heading = t(f"call.{_form(call)}", client=client_of(call), partner=partner_of(call))
    return t("call.with", heading=heading, agent=call.agent.name) if call.agent else heading


def _form(call: Call) -> str:
    if call.kind is not Kind.PHONE:
        return call.kind.value
    return call.direction.value if call.direction else "undirected"


def icon_of(call: Call) -> str:
    if call.kind is Kind.PHONE and call.direction:
        return call.direction.value
    return call.kind.value


def kind_of(call: Call) -> str:
    """As the icon: `inbound` says phone, too."""
    if call.kind is Kind.PHONE and call.direction:
        return texts()(f"direction.{call.direction.value}")
    return texts()(f"kind.{call.kind.value}")


def badges_of(call: Call) -> tuple[Badge, ...]:
    t = texts()
    badges = []
    if call.state is State.FAILED:
        badges.append(Badge("failed", t("state.failed"), "bad"))
    if call.state in WORKING:
        badges.append(Badge("working", t(f"state.{call.state.value}"), "working"))
    if call.sealed:
        badges.append(Badge("sealed", t("state.sealed")))
    if call.state is State.READY and call.transcript is None:
        badges.append(Badge("file", t("state.no_words")))
    return tuple(badges)


def side_of(call: Call, speaker: str | None, channel: int | None = None) -> str:
    """`agent`, `client`, or nothing where neither channel nor name tells."""
    if channel is not None and channel < len(call.channels):
        return SIDES.get(call.channels[channel].casefold(), "")
    name = (speaker or "").casefold()
    if call.agent and name == call.agent.name.casefold():
        return "agent"
    if call.client and name == call.client.name.casefold():
        return "client"
    return SIDES.get(name, "")


def speaker_of(speaker: str | None, side: str) -> str:
    if speaker and speaker.casefold() not in SIDES:
        return speaker
    return texts()(f"side.{side or 'unknown'}")


def second(at: float) -> str:
    """Seconds as an address writes them: 18, 18.4, 18.42."""
    return f"{at:.2f}".rstrip("0").removesuffix(".")
