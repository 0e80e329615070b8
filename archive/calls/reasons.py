"""When somebody must say why: before hearing, taking away or reading a call."""

from collections.abc import Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta
from typing import Annotated

from msgspec import Meta, Struct

from archive.calls.call import Call, Kind
from archive.errors import Invalid
from archive.policy.actions import Action, Role

KEPT = timedelta(hours=12)
"""So long a reason counts for whatever its person does with the call, from the seat that they said it from."""

SHORTEST, LONGEST = 3, 500
"""Characters of a reason."""

GUARDED = (Action.LISTEN, Action.DOWNLOAD, Action.READ_TRANSCRIPT)
"""What a rule may ask a reason for."""

Mask = Annotated[str, Meta(min_length=1, max_length=60)]
"""A case number's form: `#` stands for a digit, `@` for a letter, anything else for itself (`CASE-#####`).

No regular expression: one that somebody mistypes, or means ill, can keep a processor busy for hours."""


class ReasonRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Demands a reason where all that it names fits; what is empty fits everything.

    `roles`: whoever holds one of them is asked, whichever grant lets them. `partners` are public ids. `masks`: forms of
    a case number, one of which the reason must have; empty: any text will do. `explanation` is shown where the reason
    is asked for."""

    actions: frozenset[Action]
    roles: frozenset[Role] = frozenset()
    partners: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    kinds: frozenset[Kind] = frozenset()
    masks: tuple[Mask, ...] = ()
    explanation: str = ""


class ReasonRequired(Invalid):
    """Say why first."""

    code = "reason_required"


def demanding(
    rules: Iterable[ReasonRule], roles: AbstractSet[Role], action: Action, call: Call
) -> list[ReasonRule]:
    """The rules that ask whoever holds these roles for a reason before they do `action` on the call."""
    return [rule for rule in rules if binds(rule, roles, action) and _fits(rule, call)]


def binds(rule: ReasonRule, roles: AbstractSet[Role], action: Action) -> bool:
    """Whether the rule asks whoever holds these roles for a reason before they do `action`, on any call at all."""
    return action in rule.actions and (not rule.roles or not rule.roles.isdisjoint(roles))


def leaving(
    rules: Iterable[ReasonRule], roles: AbstractSet[Role], before: Call, after: Call
) -> list[ReasonRule]:
    """The rules that ask whoever holds these roles on a call as it was before an edit, and no more as it is after."""
    return [
        rule
        for rule in rules
        if any(binds(rule, roles, action) for action in rule.actions)
        and _fits(rule, before)
        and not _fits(rule, after)
    ]


def satisfies(rule: ReasonRule, reason: str | None, standing: str | None = None) -> bool:
    """Whether a reason, or else a program's standing purpose, is what the rule asks for. A case number is one of this
    call: no standing purpose stands in for it."""
    if rule.masks:
        return reason is not None and any(_matches(reason, mask) for mask in rule.masks)
    return len(reason or standing or "") >= SHORTEST


def required(rules: Sequence[ReasonRule], reason: str | None) -> ReasonRequired:
    """What is asked for, and why."""
    masks = tuple(dict.fromkeys(mask for rule in rules for mask in rule.masks))
    explanation = " ".join(rule.explanation for rule in rules if rule.explanation)
    return ReasonRequired(_asked(masks, reason), field="reason", explanation=explanation or None, masks=masks)


def weakens(old: ReasonRule, new: ReasonRule | None) -> bool:
    """Whether `new` in the place of `old` might let somebody go without a reason, or with a lesser one."""
    if new is None or not old.actions <= new.actions:
        return True
    names = ("roles", "partners", "labels", "kinds")
    narrower = any(_narrower(getattr(old, name), getattr(new, name)) for name in names)
    return narrower or _laxer(old.masks, new.masks)


def _fits(rule: ReasonRule, call: Call) -> bool:
    partner = call.partner.uid if call.partner else None
    return (
        (not rule.partners or partner in rule.partners)
        and (not rule.labels or not rule.labels.isdisjoint(call.labels))
        and (not rule.kinds or call.kind in rule.kinds)
    )


def _matches(reason: str, mask: str) -> bool:
    return len(reason) == len(mask) and all(map(_stands_for, mask, reason))


def _stands_for(form: str, letter: str) -> bool:
    match form:
        case "#":
            return letter.isascii() and letter.isdigit()
        case "@":
            return letter.isalpha()
        case _:
            return form.lower() == letter.lower()


def _asked(masks: Sequence[str], reason: str | None) -> str:
    if masks:
        forms = " or ".join(masks)
        said = "That is not the number of a case." if reason else "Say first for which case this is."
        return f"{said} Its form is {forms}, where # is a digit and @ a letter."
    return f"Say why first, in {SHORTEST} to {LONGEST} characters."


def _narrower(old: Collection[object], new: Collection[object]) -> bool:
    """Empty is the widest."""
    return bool(new) and not (old and set(old) <= set(new))


def _laxer(old: Sequence[str], new: Sequence[str]) -> bool:
    if old:
        return not new or not set(new) <= set(old)
    return any(len(mask) < SHORTEST for mask in new)
