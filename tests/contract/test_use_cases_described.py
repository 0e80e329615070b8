"""Changes that wait, as the second person is shown them, on both databases."""

import pytest

from archive.calls.caller import Caller
from archive.identity import changes, grants
from archive.identity.described import Described, all_described
from archive.identity.grants import Giving
from archive.policy.actions import Action, Role
from archive.ports import PendingChange
from tests.story import Story

pytestmark = pytest.mark.anyio

HEAR = frozenset({Action.FIND, Action.LISTEN})


async def ask(story: Story, by: Caller, scope: str) -> PendingChange:
    gains = await story.caller({Action.UPLOAD})
    giving = Giving(scope=scope, actions=HEAR, reason="Cover")
    asked = await grants.give(story.parts, by, gains.principal.uid, giving)
    assert isinstance(asked, PendingChange)
    return asked


async def shown(story: Story, caller: Caller) -> list[Described]:
    waiting = await changes.waiting(story.parts, caller)
    async with story.parts.database.read() as work:
        return await all_described(work, caller, waiting)


async def cost(story: Story, caller: Caller, statements: list[str]) -> int:
    statements.clear()
    assert all(one.scope for one in await shown(story, caller))
    return len(statements)


async def test_a_list_of_changes_asks_as_little_as_one(story: Story, statements: list[str]) -> None:
    first, second = [await story.caller(Role.ADMINISTRATOR) for _ in range(2)]
    for _ in range(3):
        boss = await story.caller(Role.COMPLIANCE)
    places = [await story.ready(name, external_id=name) for name in ("Northwind", "Contoso", "Fabrikam")]
    assert all(places)
    await ask(story, first, "partner:Northwind")
    lookers = (boss, second)
    one = [await cost(story, looker, statements) for looker in lookers]
    for scope in ("partner:Northwind", "partner:Contoso", "partner:Fabrikam", "all"):
        await ask(story, first, scope)
    assert [await cost(story, looker, statements) for looker in lookers] == one
    assert max(one) < 25
