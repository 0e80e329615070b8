"""What waits for somebody is told with every page: it costs little, on both databases."""

import pytest

from archive.calls.caller import Caller
from archive.identity import grants
from archive.identity.grants import Giving
from archive.identity.tasks import tasks
from archive.policy.actions import Action, Role
from archive.ports import PendingChange
from tests.story import Story

pytestmark = pytest.mark.anyio

HEAR = Giving(scope="all", actions=frozenset({Action.FIND, Action.LISTEN}), reason="Cover")


async def ask(story: Story, by: Caller, times: int) -> None:
    """For changes that wait for a second person."""
    for _ in range(times):
        gains = await story.caller({Action.UPLOAD})
        assert isinstance(await grants.give(story.parts, by, gains.principal.uid, HEAR), PendingChange)


async def cost(story: Story, who: Caller, statements: list[str]) -> int:
    statements.clear()
    await tasks(story.parts, who)
    return len(statements)


async def test_whoever_decides_on_nothing_pays_nothing(story: Story, statements: list[str]) -> None:
    for role in (Role.AGENT, Role.AUDITOR):
        assert await cost(story, await story.caller(role), statements) == 0


async def test_of_changes_those_are_counted_that_one_may_agree_to(story: Story) -> None:
    first, second = [await story.caller(Role.ADMINISTRATOR) for _ in range(2)]
    boss = await story.caller(Role.COMPLIANCE)
    await ask(story, first, 2)
    assert [(await tasks(story.parts, one)).changes for one in (boss, second, first)] == [2, 0, 0]


async def test_those_who_approve_are_looked_up_once_for_all_changes(
    story: Story, statements: list[str]
) -> None:
    first, second = [await story.caller(Role.ADMINISTRATOR) for _ in range(2)]
    for _ in range(4):
        boss = await story.caller(Role.COMPLIANCE)
    await ask(story, first, 1)
    one = await cost(story, second, statements)
    await ask(story, first, 4)
    assert await cost(story, second, statements) == one
    assert await cost(story, boss, statements) == 3  # requests, changes, broken glass
