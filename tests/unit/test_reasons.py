"""When a reason is asked for, which one will do, and what weakens a rule."""

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import structs

from archive.calls.call import Call, Kind, Named, Recording, State
from archive.calls.reasons import ReasonRule, demanding, required, satisfies, weakens
from archive.policy.actions import Action, Role

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
CALL = Call(
    id=1,
    uid="c",
    kind=Kind.PHONE,
    direction=None,
    started_at=MARCH,
    received_at=MARCH,
    state=State.READY,
    recording=Recording("blob", "ab", 1),
    registration_id=0,
    partner=Named(7, "northwind", "Northwind"),
    labels=("complaint", "q3"),
)
LISTEN = frozenset({Action.LISTEN})


def rule(**given: Any) -> ReasonRule:
    return ReasonRule(**{"actions": LISTEN, **given})


COMPLIANCE = frozenset({Role.COMPLIANCE})


@pytest.mark.parametrize(
    "names",
    [
        {},
        {"roles": frozenset({Role.COMPLIANCE, Role.AGENT})},
        {"partners": frozenset({"northwind"})},
        {"labels": frozenset({"complaint", "other"})},
        {"kinds": frozenset({Kind.PHONE})},
    ],
)
def test_a_rule_asks_where_all_that_it_names_fits(names: dict[str, Any]) -> None:
    assert demanding([rule(**names)], COMPLIANCE, Action.LISTEN, CALL)
    assert not demanding([rule(**names)], COMPLIANCE, Action.DOWNLOAD, CALL)
    elsewhere = structs.replace(CALL, kind=Kind.VOICEMAIL, labels=("q3",), partner=None)
    assert bool(demanding([rule(**names)], {Role.TEAM_LEAD}, Action.LISTEN, elsewhere)) is (not names)


def test_who_holds_no_role_is_asked_by_rules_for_everybody() -> None:
    assert not demanding([rule(roles=frozenset({Role.AGENT}))], set(), Action.LISTEN, CALL)
    assert demanding([rule()], set(), Action.LISTEN, CALL)


def test_one_role_of_several_is_enough_to_be_asked() -> None:
    held = COMPLIANCE | {Role.TEAM_LEAD}
    assert demanding([rule(roles=COMPLIANCE)], held, Action.LISTEN, CALL)


@pytest.mark.parametrize(
    ("masks", "reason", "will_do"),
    [
        ((), "why", True),
        ((), "no", False),
        ((), None, False),
        (("CASE-###",), "case-123", True),
        (("CASE-###",), "CASE-12", False),
        (("CASE-###",), "CASE-1234", False),
        (("CASE-###",), "about CASE-123", False),
        (("CASE-###",), "CASE-12x", False),
        (("CASE-###",), "CASE-12\u0663", False),
        (("CASE-###", "@@/#"), "ab/7", True),
        (("@@/#",), "a1/7", False),
        ((".*",), "anything", False),
    ],
)
def test_a_reason_is_text_or_exactly_one_of_the_masks(
    masks: tuple[str, ...], reason: str | None, will_do: bool
) -> None:
    assert satisfies(rule(masks=masks), reason) is will_do


def test_a_standing_purpose_is_no_case_number() -> None:
    assert satisfies(rule(), None, "billing")
    assert not satisfies(rule(masks=("@@@@@@@",)), None, "billing")


def test_the_refusal_says_what_is_asked() -> None:
    asked = required([rule(masks=("A-#",), explanation="For the regulator."), rule(masks=("B-#",))], "x")
    assert asked.facts == {"explanation": "For the regulator.", "masks": ("A-#", "B-#")}
    assert "A-# or B-#" in asked.detail
    assert "3 to 500" in required([rule()], None).detail


AGENT, BOTH = frozenset({Role.AGENT}), frozenset({Role.AGENT, Role.COMPLIANCE})


@pytest.mark.parametrize(
    ("old", "new", "weaker"),
    [
        (rule(), None, True),
        (rule(), rule(), False),
        (rule(), rule(explanation="Because."), False),
        (rule(), rule(actions=LISTEN | {Action.DOWNLOAD}), False),
        (rule(actions=LISTEN | {Action.DOWNLOAD}), rule(), True),
        (rule(roles=AGENT), rule(roles=BOTH), False),
        (rule(roles=AGENT), rule(), False),
        (rule(roles=BOTH), rule(roles=AGENT), True),
        (rule(), rule(roles=BOTH), True),
        (rule(), rule(kinds=frozenset({Kind.PHONE})), True),
        (rule(labels=frozenset({"a"})), rule(labels=frozenset({"b"})), True),
        (rule(partners=frozenset({"a"})), rule(partners=frozenset({"a", "b"})), False),
        (rule(), rule(masks=("CASE-#",)), False),
        (rule(), rule(masks=("#",)), True),
        (rule(masks=("CASE-#",)), rule(), True),
        (rule(masks=("CASE-#",)), rule(masks=("CASE-#", "X")), True),
        (rule(masks=("A-##", "B-##")), rule(masks=("A-##",)), False),
    ],
)
def test_what_weakens_a_rule(old: ReasonRule, new: ReasonRule | None, weaker: bool) -> None:
    assert weakens(old, new) is weaker
