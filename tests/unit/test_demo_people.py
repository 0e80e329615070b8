"""The demo's people: one for each role, and what they did before somebody looks."""

from datetime import date
from pathlib import Path

import pytest

from archive.policy.actions import Role
from infra.demo.calls import DemoCall, DemoContentError
from infra.demo.load import HERE, load_calls
from infra.demo.people import DemoPeople, Outcome, load_people

TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def calls() -> dict[str, DemoCall]:
    return {call.id: call for call in load_calls()}


@pytest.fixture(scope="module")
def people() -> DemoPeople:
    return load_people()


def test_there_is_one_person_for_each_role(people: DemoPeople) -> None:
    assert sorted(person.role for person in people.person) == sorted(Role)
    assert len(people.password) >= 10


def test_the_manager_sees_northwind_and_the_agent_is_one_of_the_calls(
    people: DemoPeople, calls: dict[str, DemoCall]
) -> None:
    by_role = {person.role: person for person in people.person}
    assert by_role[Role.PARTNER_MANAGER].scope == "partner:Northwind"
    assert by_role[Role.TEAM_LEAD].scope.removeprefix("team:") in {call.team for call in calls.values()}
    emails = {call.agent_entry.email for call in calls.values() if call.agent_entry}
    assert by_role[Role.AGENT].email in emails


def test_the_integration_may_push_and_pull(people: DemoPeople) -> None:
    assert people.integration.name == "Demo CRM"
    actions = ["find", "read_call", "read_transcript", "listen", "download", "upload"]
    assert list(people.integration.actions) == actions


def test_visits_are_many_and_by_all(people: DemoPeople) -> None:
    assert 10 <= len(people.visit) <= 24
    assert {visit.who for visit in people.visit} == {person.email for person in people.person}
    assert any(visit.outcome is Outcome.REFUSED for visit in people.visit)


def test_visits_name_calls_that_exist(people: DemoPeople, calls: dict[str, DemoCall]) -> None:
    named = {visit.call for visit in people.visit} | {
        visit.reads_audit.call for visit in people.visit if visit.reads_audit
    }
    assert named - {None} <= set(calls)


def test_a_visit_by_nobody_is_refused(tmp_path: Path) -> None:
    text = (HERE / "people.toml").read_text().replace('who = "dana', 'who = "donna', 1)
    (tmp_path / "people.toml").write_text(text)
    with pytest.raises(DemoContentError, match="nobody there"):
        load_people(tmp_path)
