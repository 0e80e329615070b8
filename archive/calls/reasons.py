"""When somebody must say why: before hearing, taking away or reading a call."""

from typing import Annotated

from msgspec import Meta, Struct

from archive.calls.call import Kind
from archive.policy.actions import Action, Role

Mask = Annotated[str, Meta(min_length=1, max_length=60)]
"""A case number's form: `#` stands for a digit, `@` for a letter, anything else for itself (`CASE-#####`).

No regular expression: one that somebody mistypes, or means ill, can keep a processor busy for hours."""


class ReasonRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Demands a reason where all that it names fits; what is empty fits everything.

    `roles` are of the grant that lets somebody; `partners` are public ids. `masks`: forms of a case number, one of
    which the reason must have; empty: any text will do. `explanation` is shown where the reason is asked for."""

    actions: frozenset[Action]
    roles: frozenset[Role] = frozenset()
    partners: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    kinds: frozenset[Kind] = frozenset()
    masks: tuple[Mask, ...] = ()
    explanation: str = ""
