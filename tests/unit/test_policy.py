"""Decisions: who may do what, until when, and the reason that stands in the log."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec import Struct, structs

from archive.policy.actions import ROLE_ACTIONS, Action, Role
from archive.policy.decide import Decision, Reason, decide, may, resolve_scope, speech_scope
from archive.policy.principal import Grant, Principal, PrincipalKind
from archive.policy.scope import (
    AllCalls,
    CallIds,
    Intersection,
    Nothing,
    OwnCalls,
    Partner,
    Scope,
    Team,
    Union,
    Unsealed,
    contains,
    ids_of,
    is_empty,
    reaches_all,
    union,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SPEECH = {Action.FIND, Action.READ_CALL, Action.READ_TRANSCRIPT, Action.LISTEN}


class Place(Struct, frozen=True):
    id: int = 1
    partner_id: int | None = 1
    team_id: int | None = 1
    client_id: int | None = 1
    agent_id: int | None = 1
    sealed: bool = False


def grant(scope: Scope, role: Role | None = Role.PARTNER_MANAGER, *actions: Action, **more: object) -> Grant:
    values = {
        "id": 1,
        "uid": "g",
        "scope": scope,
        "role": role,
        "actions": frozenset(actions),
        "since": NOW,
        "until": None,
        "reason": "",
        "granted_by": "somebody",
    }
    return Grant(**{**values, **more})  # type: ignore[arg-type]


def person(*grants: Grant, **more: object) -> Principal:
    values = {"id": 1, "uid": "u", "kind": PrincipalKind.PERSON, "name": "Jo", "grants": grants}
    return Principal(**{**values, **more})  # type: ignore[arg-type]


OURS = Partner(frozenset({1}))


def test_a_grant_reaches_its_calls_and_no_others() -> None:
    given = grant(OURS)
    jo = person(given)
    assert decide(jo, Action.LISTEN, Place(), NOW) == Decision(True, Reason.GRANTED, given)
    assert decide(jo, Action.LISTEN, Place(partner_id=2), NOW) == Decision(False, Reason.OUT_OF_SCOPE)
    assert decide(jo, Action.LISTEN, Place(partner_id=None), NOW) == Decision(False, Reason.OUT_OF_SCOPE)
    assert decide(jo, Action.DELETE, Place(), NOW) == Decision(False, Reason.NO_GRANT)
    assert decide(jo, Action.LISTEN, None, NOW) == Decision(False, Reason.NOT_THERE)


def test_nobody_without_a_grant_may_do_anything() -> None:
    for action in Action:
        assert resolve_scope(person(), action, NOW) == Nothing()
        assert not may(person(), action, NOW)
        assert not decide(person(), action, Place(), NOW).allowed


def test_a_grant_holds_from_its_beginning_to_before_its_end() -> None:
    until = NOW + timedelta(days=1)
    jo = person(grant(OURS, until=until))
    moments = [NOW - timedelta.resolution, NOW, until - timedelta.resolution, until]
    assert [decide(jo, Action.FIND, Place(), at).allowed for at in moments] == [False, True, True, False]
    assert [may(jo, Action.FIND, at) for at in moments] == [False, True, True, False]


def test_a_revoked_grant_and_a_disabled_person_give_nothing() -> None:
    revoked = person(grant(AllCalls(), revoked_at=NOW))
    assert decide(revoked, Action.FIND, Place(), NOW) == Decision(False, Reason.NO_GRANT)
    disabled = person(grant(AllCalls()), disabled_at=NOW)
    assert decide(disabled, Action.FIND, Place(), NOW) == Decision(False, Reason.DISABLED)
    assert resolve_scope(disabled, Action.FIND, NOW) == Nothing()


def test_a_token_narrows_and_never_widens() -> None:
    narrowed = person(grant(OURS), narrowed=frozenset({Action.FIND, Action.DELETE}))
    assert decide(narrowed, Action.FIND, Place(), NOW).allowed
    assert decide(narrowed, Action.LISTEN, Place(), NOW) == Decision(False, Reason.TOKEN_SCOPE)
    assert decide(narrowed, Action.DELETE, Place(), NOW) == Decision(False, Reason.NO_GRANT)
    nothing = structs.replace(narrowed, narrowed=frozenset())
    assert [action for action in Action if may(nothing, action, NOW)] == []


def test_a_sealed_call_is_reached_by_those_who_may_seal_and_by_grants_that_name_it() -> None:
    sealed = Place(sealed=True)
    assert not decide(person(grant(AllCalls())), Action.LISTEN, sealed, NOW).allowed
    assert decide(person(grant(AllCalls(), Role.COMPLIANCE)), Action.LISTEN, sealed, NOW).allowed
    assert decide(person(grant(CallIds(frozenset({1})))), Action.LISTEN, sealed, NOW).allowed
    assert not decide(person(grant(CallIds(frozenset({2})))), Action.LISTEN, sealed, NOW).allowed


def test_sealing_one_partners_calls_opens_no_others() -> None:
    """The right to seal comes with its scope: a second, wider grant without it stays unsealed."""
    jo = person(grant(OURS, None, Action.LISTEN, Action.SEAL), grant(AllCalls()))
    assert decide(jo, Action.LISTEN, Place(sealed=True), NOW).allowed
    assert not decide(jo, Action.LISTEN, Place(partner_id=2, sealed=True), NOW).allowed


def test_words_need_find_and_read_transcript_together_on_the_same_call() -> None:
    jo = person(
        grant(OURS, None, Action.FIND),
        grant(Team(frozenset({1})), None, Action.READ_TRANSCRIPT),
    )
    words = speech_scope(jo, NOW)
    assert contains(words, Place())
    assert not contains(words, Place(team_id=2))
    assert not contains(words, Place(partner_id=2))
    assert speech_scope(person(grant(AllCalls(), None, Action.FIND)), NOW) == Nothing()
    assert speech_scope(person(grant(AllCalls(), None, Action.READ_TRANSCRIPT)), NOW) == Nothing()


def test_scope_and_decision_say_the_same() -> None:
    jo = person(grant(OURS), grant(Team(frozenset({2})), Role.TEAM_LEAD), grant(OwnCalls(frozenset({3}))))
    places = [
        Place(partner_id=partner, team_id=team, agent_id=agent, sealed=sealed)
        for partner in (1, 2, None)
        for team in (1, 2, None)
        for agent in (1, 3, None)
        for sealed in (False, True)
    ]
    for action in Action:
        scope = resolve_scope(jo, action, NOW)
        for place in places:
            assert contains(scope, place) == decide(jo, action, place, NOW).allowed


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.ADMINISTRATOR])
def test_who_runs_or_reads_the_log_hears_and_finds_nothing(role: Role) -> None:
    assert not ROLE_ACTIONS[role] & (SPEECH | {Action.DOWNLOAD, Action.EXPORT})


def test_roles_hold_what_the_product_promises() -> None:
    assert ROLE_ACTIONS[Role.PARTNER_MANAGER] == SPEECH | {Action.UPLOAD, Action.COMMENT, Action.GRANT}
    assert ROLE_ACTIONS[Role.TEAM_LEAD] == SPEECH | {Action.EDIT, Action.COMMENT, Action.REVIEW}
    assert ROLE_ACTIONS[Role.AGENT] == SPEECH | {Action.COMMENT}
    assert ROLE_ACTIONS[Role.AUDITOR] == {Action.READ_AUDIT}
    assert set(Action) - ROLE_ACTIONS[Role.COMPLIANCE] == {
        Action.UPLOAD,
        Action.EDIT,
        Action.COMMENT,
        Action.REVIEW,
        Action.GRANT,
        Action.MANAGE_PEOPLE,
        Action.MANAGE_SYSTEM,
    }
    assert [role for role in Role if Action.DELETE in ROLE_ACTIONS[role]] == [Role.COMPLIANCE]


def test_a_role_decides_alone_where_there_is_one() -> None:
    """Actions beside a role are not added to it: a grant is a role or actions."""
    assert not grant(AllCalls(), Role.AUDITOR, Action.LISTEN).gives(Action.LISTEN)
    assert grant(AllCalls(), None, Action.LISTEN).gives(Action.LISTEN)


@pytest.mark.parametrize(
    "scope",
    [
        Nothing(),
        Partner(frozenset()),
        Team(frozenset()),
        OwnCalls(frozenset()),
        CallIds(frozenset()),
        Union(()),
        Intersection(()),
        Union((Nothing(), OwnCalls(frozenset()))),
        Intersection((AllCalls(), Nothing())),
        Unsealed(Nothing()),
    ],
)
def test_every_empty_scope_is_known_as_empty_and_gives_nothing(scope: Scope) -> None:
    assert is_empty(scope)
    assert not contains(scope, Place())
    assert not may(person(grant(scope)), Action.FIND, NOW)


@pytest.mark.parametrize(
    ("scope", "everything"),
    [
        (AllCalls(), True),
        (Unsealed(AllCalls()), True),
        (Union((Unsealed(AllCalls()), Unsealed(OURS))), True),
        (Intersection((AllCalls(), OURS)), False),
        (Union((OURS, Team(frozenset({1})))), False),
        (Intersection(()), False),
        (Nothing(), False),
    ],
)
def test_a_scope_spans_everything_only_if_a_part_of_it_does(scope: Scope, everything: bool) -> None:
    assert reaches_all(scope) is everything


def test_a_scope_names_the_partners_and_teams_by_which_it_reaches() -> None:
    scope = Union((Unsealed(OURS), Intersection((Partner(frozenset({2})), Team(frozenset({7})))), AllCalls()))
    assert ids_of(scope, Partner) == {1, 2}
    assert ids_of(scope, Team) == {7}
    assert ids_of(AllCalls(), Partner) == frozenset()


def test_a_union_lists_ids_of_one_kind_together() -> None:
    """Somebody with a grant for each of 500 partners searches by one condition, not by 500."""
    scope = resolve_scope(person(*(grant(Partner(frozenset({at}))) for at in range(500))), Action.FIND, NOW)
    assert scope == Unsealed(Partner(frozenset(range(500))))
    assert union([OURS, Team(frozenset({7})), Partner(frozenset({2}))]) == Union(
        (Partner(frozenset({1, 2})), Team(frozenset({7})))
    )
    assert union(
        [Unsealed(OURS), Unsealed(AllCalls()), OwnCalls(frozenset({3})), OwnCalls(frozenset({4}))]
    ) == Union((Unsealed(AllCalls()), OwnCalls(frozenset({3, 4}))))
