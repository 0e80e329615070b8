"""What the page of a call asks before it is heard, read or taken away, and what of its forms was refused."""

from collections.abc import Collection, Mapping

from msgspec import Struct

from archive.calls import grounds
from archive.calls.call import Call
from archive.calls.caller import Caller
from archive.calls.reasons import ReasonRequired
from archive.http.pages.rendering import texts
from archive.http.pages.views import WhyView
from archive.policy.actions import Action
from archive.ports import Parts


class Asked(Struct, frozen=True):
    """What the caller would be asked for before each; None where they may go on."""

    listen: ReasonRequired | None = None
    read: ReasonRequired | None = None
    download: ReasonRequired | None = None


class Wrong(Struct, frozen=True):
    """A form of the page that was refused: which, why, and what was typed."""

    form: str = ""
    problem: str = ""
    typed: Mapping[str, str] = {}


async def asked_of(parts: Parts, caller: Caller, call: Call, actions: Collection[Action]) -> Asked:
    """For those of the actions that the caller may do."""
    async with parts.database.read() as work:
        found = {action: await grounds.demanded(work, caller, call, action) for action in actions}
    return Asked(found.get(Action.LISTEN), found.get(Action.READ_TRANSCRIPT), found.get(Action.DOWNLOAD))


def why_view(asked: Asked, one: ReasonRequired | None) -> WhyView | None:
    """Of `one` of those that stand in `asked`."""
    if one is None:
        return None
    masks = one.facts["masks"]
    forms = texts()("why.or").join(masks) if isinstance(masks, tuple) else ""
    return WhyView(str(one.facts["explanation"] or _explanation(asked)), forms)


def _explanation(asked: Asked) -> str:
    """What a rule without words of its own asks before: what of it this reader would do."""
    t = texts()
    *most, last = [t(f"why.done.{name}") for name in asked.__struct_fields__ if getattr(asked, name)]
    return t("why.explanation", done=t("why.or").join([", ".join(most), last] if most else [last]))
